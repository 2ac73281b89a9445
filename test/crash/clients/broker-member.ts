// The broker as one of those that are killed: `vouch start` on one data directory, behind the relay.

import { BrokerProcess, type BrokerStart } from '../broker-process.ts';
import type { Chronicle } from '../chronicle.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Member } from './member.ts';
import type { Relay } from './relay.ts';

/** A broker, over all its lives. */
export class BrokerMember implements Member {
  readonly kind = 'broker';
  readonly name = 'broker';
  readonly random: SeededRandom;
  private readonly directory: string;
  private readonly startHow: BrokerStart;
  private readonly relay: Relay;
  private readonly chronicle: Chronicle;
  private readonly hasWork: () => boolean;
  private broker: BrokerProcess | undefined;
  private portNow: number | undefined;

  /** @param hasWork  Whether anybody waits for this broker. */
  constructor(
    directory: string,
    start: BrokerStart,
    relay: Relay,
    chronicle: Chronicle,
    random: SeededRandom,
    hasWork: () => boolean,
  ) {
    this.random = random;
    this.directory = directory;
    this.startHow = start;
    this.relay = relay;
    this.chronicle = chronicle;
    this.hasWork = hasWork;
    this.broker = undefined;
    this.portNow = undefined;
  }

  get isUp(): boolean {
    return this.broker !== undefined;
  }

  get isAtStake(): boolean {
    return this.hasWork();
  }

  /** Where it listens, for who does not go through the relay; `undefined`: nowhere. */
  get port(): number | undefined {
    return this.portNow;
  }

  /** What it has said, of late. */
  get said(): string {
    return this.broker?.said ?? 'nothing: it does not run';
  }

  async start(): Promise<void> {
    const broker = BrokerProcess.spawn(this.directory, this.startHow);
    this.broker = broker;
    void broker.ended.then(({ code }) => {
      if (!broker.isToldToEnd) this.chronicle.fail(new Error(`The broker ended by itself, with code ${code}.`));
    });
    try {
      const port = await broker.port();
      if (this.broker === broker) this.listens(port);
    } catch (error) {
      // Unless it was killed while it started.
      if (this.broker === broker) this.chronicle.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async kill(): Promise<void> {
    await this.leave()?.kill();
  }

  async stop(): Promise<void> {
    const broker = this.leave();
    broker?.signal('SIGTERM');
    const ending = await broker?.ended;
    if (ending?.code !== 0) this.chronicle.complain(`The broker ended with code ${ending?.code} at SIGTERM.`);
  }

  /** It is about to end: nobody is led to it any more. */
  private leave(): BrokerProcess | undefined {
    const { broker } = this;
    this.broker = undefined;
    this.listens(undefined);
    return broker;
  }

  private listens(port: number | undefined): void {
    this.portNow = port;
    this.relay.leadTo(port);
  }
}
