// A client and the model of a broker, with everything between them in the hands of a test: each packet, each commit of the client's
// store, each acknowledgement of the application is a step, and between any two of them the connection may break, the
// process of the client may end, or the broker may lose the session. At the end `finish` lets everything happen that still can, and
// what has become of each message is there to be judged.
// The store is a JournalStore: what was not durable at a crash never happened.

import assert from 'node:assert/strict';

import { unreachable } from '../../src/base/assert.ts';
import { SILENT_LOG } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import type { ClientParts } from '../../src/client/parts.ts';
import type { ReceivedMessage } from '../../src/client/received-message.ts';
import type { Store } from '../../src/store/contract.ts';
import { JournalStore } from '../broker/journal-store.ts';
import { ModelBroker } from './model-broker.ts';
import { ModelWire } from './model-wire.ts';

/** What can happen next, if it can. */
export type Step = 'broker reads' | 'broker sends' | 'client reads' | 'disk' | 'application' | 'time';

export const STEPS: readonly Step[] = ['broker reads', 'broker sends', 'client reads', 'disk', 'application', 'time'];

/** A message that the application has published. */
export interface Outward {
  readonly text: string;
  readonly qos: 1 | 2;
  isStored: boolean;
  /** `undefined`: nobody was told. */
  outcome: 'delivered' | 'ambiguous' | 'failed' | undefined;
}

/** A message that the broker has had for the client. */
export interface Inward {
  readonly text: string;
  readonly qos: 1 | 2;
  /** The broker lost it with its session before it was settled; the client may have it all the same. */
  isLost: boolean;
}

/** A message in the hands of the application. */
export interface Handed {
  readonly text: string;
  readonly qos: number;
  readonly key: number;
  /** The process that it was given to. */
  readonly process: number;
}

/** How an exchange is set up. */
export interface ExchangeOptions extends Pick<ConnectOptions, 'onAmbiguous' | 'inboxBytesMax' | 'outboxMessagesMax'> {
  /** Without one, the client must not crash. 'lying': calls durable what it loses in a crash. */
  readonly store: 'none' | 'honest' | 'lying';
  /** How many messages either side sends ahead; default: 65,535. */
  readonly receiveMaximum?: number;
}

/** `finish` does so many rounds at most. */
const ROUNDS_MAX = 10_000;

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** The world of one client. */
export class Exchange {
  readonly broker: ModelBroker;
  readonly published: Outward[];
  readonly sent: Inward[];
  readonly handed: Handed[];
  private readonly options: ExchangeOptions;
  private store: JournalStore;
  private client: Client | undefined;
  /** Counts processes. */
  private process: number;
  private now: number;
  private alarms: Alarm[];
  private wire: ModelWire | undefined;
  /** What is put off until the turn is over. */
  private atTurnEnd: (() => void)[];
  /** What the application has in hand: how each is acknowledged. */
  private inHand: (() => void)[];

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.broker = new ModelBroker();
    this.published = [];
    this.sent = [];
    this.handed = [];
    this.atTurnEnd = [];
    this.store = new JournalStore(options.store === 'lying', [], (task) => this.atTurnEnd.push(task));
    this.client = undefined;
    this.process = 0;
    this.now = 0;
    this.alarms = [];
    this.wire = undefined;
    this.inHand = [];
  }

  /** The first process, and the first session. */
  async begin(): Promise<this> {
    await this.startProcess();
    await this.finish();
    return this;
  }

  /** The application publishes a message. */
  async publish(qos: 1 | 2): Promise<void> {
    const { client } = this;
    if (client === undefined) return;
    const record: Outward = { text: `${this.published.length}`, qos, isStored: false, outcome: undefined };
    this.published.push(record);
    const publishing = client.publish(record.text, record.text, { qos });
    const { process } = this;
    publishing.stored.then(
      () => {
        // A process that is gone hears nothing.
        if (this.process === process) record.isStored = true;
      },
      () => undefined,
    );
    publishing.then(
      () => {
        if (this.process === process) record.outcome = 'delivered';
      },
      (error: unknown) => {
        if (this.process === process) record.outcome = failureOf(error);
      },
    );
    await this.turn();
  }

  /** The broker has a message for the client. */
  brokerPublish(qos: 1 | 2): void {
    const message: Inward = { text: `${this.sent.length}`, qos, isLost: false };
    if (this.broker.publish(message.text, qos)) this.sent.push(message);
  }

  /** Lets one thing happen; says whether it could. */
  async step(step: Step): Promise<boolean> {
    const hasHappened = this.tryStep(step);
    if (hasHappened) await this.turn();
    return hasHappened;
  }

  /** The connection breaks; what was on the way is lost. */
  async cut(): Promise<void> {
    this.wire?.close();
    this.wire = undefined;
    await this.turn();
  }

  /**
   * The broker loses its session, and the connection; the next CONNACK says so. Should that CONNACK be lost, or the process end before it
   * has written down what it means, no later one would say it, and nobody could tell any more: so all that is done when this returns.
   */
  async loseSession(): Promise<void> {
    const lost = this.broker.loseSession();
    for (const each of this.sent) if (lost.includes(each.text)) each.isLost = true;
    await this.cut();
    while (this.wire?.isAccepted !== true) {
      const hasHappened = (await this.step('broker reads')) || (await this.step('client reads'));
      if (!hasHappened) assert.ok(await this.step('time'), 'the client comes back');
    }
    while (await this.step('disk'));
  }

  /**
   * The process of the client ends, here and now, and another one begins.
   * @param more  So many more changes than those announced were durable.
   */
  async crash(more = 0): Promise<void> {
    assert.notEqual(this.options.store, 'none', 'a client without a store does not survive');
    this.process++;
    this.alarms = [];
    this.inHand = [];
    this.atTurnEnd = [];
    this.client = undefined;
    this.wire?.forget();
    this.wire = undefined;
    this.store = this.store.crash(more);
    await this.startProcess();
  }

  /** Lets everything happen that can, until nothing is left to do. */
  async finish(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let hasHappened = false;
      for (const step of STEPS) {
        if (step === 'time') continue;
        while (await this.step(step)) hasHappened = true;
      }
      if (hasHappened) continue;
      // Time passes when nothing else does.
      const isDone = this.wire?.isAccepted === true && this.client?.unsettledCount === 0 && this.broker.isIdle;
      if (isDone || !(await this.step('time'))) break;
    }
    assert.ok(this.wire?.isAccepted === true, 'the client is connected at the end');
  }

  /** Who is still owed something, here or there; '': nobody is. */
  get owed(): string {
    const owed: string[] = [];
    if (this.client?.unsettledCount !== 0) owed.push('the client waits for the broker');
    if (!this.broker.isIdle) owed.push('the broker waits for the client');
    if (this.inHand.length > 0) owed.push('the application has messages in hand');
    const { deliveries } = this.store.statistics();
    if (deliveries > 0) owed.push(`the store holds ${deliveries} messages`);
    return owed.join(', ');
  }

  private tryStep(step: Step): boolean {
    switch (step) {
      case 'broker reads':
        return this.wire?.brokerReads(this.broker, this.options.receiveMaximum) ?? false;
      case 'broker sends':
        return this.wire?.brokerSends(this.broker) ?? false;
      case 'client reads':
        return this.wire?.clientReads() ?? false;
      case 'disk':
        if (this.store.late === 0 || this.options.store === 'lying') return false;
        this.store.commit(1);
        return true;
      case 'application': {
        const acknowledge = this.inHand.shift();
        acknowledge?.();
        return acknowledge !== undefined;
      }
      case 'time':
        return this.ringNext();
      default:
        return unreachable(step);
    }
  }

  private async startProcess(): Promise<void> {
    const { store, receiveMaximum, ...more } = this.options;
    const { process } = this;
    const connecting = connect(
      {
        ...more,
        store: store === 'none' ? undefined : 'state',
        clientId: 'me',
        clean: false,
        startOffline: true,
        keepAliveSeconds: 0,
        receiveMaximum,
        reconnect: { delayMinMillis: 1, delayMaxMillis: 1 },
        onMessage: (message) => this.take(message, process),
      },
      this.parts(),
    );
    // A new store has to remember whose it is first.
    let isOpen = false;
    const opened = (): void => {
      isOpen = true;
    };
    connecting.then(opened, opened);
    while (!isOpen) if (!(await this.step('disk'))) await this.turn();
    const client = await connecting;
    // What an earlier process has published; topics are texts.
    client.on('undelivered', (topic, error) => {
      const record = this.published.find(({ text }) => text === topic);
      if (record !== undefined && this.process === process) record.outcome = failureOf(error);
    });
    this.client = client;
  }

  /** The application has a message until its step comes. */
  private take({ payload, qos, key }: ReceivedMessage, process: number): Promise<void> {
    if (this.process === process) this.handed.push({ text: new TextDecoder().decode(payload), qos, key, process });
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.process === process) this.inHand.push(resolve);
    return promise;
  }

  private parts(): ClientParts {
    const { store, process } = this;
    return {
      dial: (_target, handler) => {
        if (this.process !== process) return Promise.withResolvers<never>().promise;
        this.wire = new ModelWire(handler);
        return Promise.resolve(this.wire);
      },
      makeStore: (): Store => store,
      setAlarm: (delay, ring) => {
        const alarm: Alarm = { at: this.now + delay, ring };
        if (this.process === process) this.alarms.push(alarm);
        return () => {
          this.alarms = this.alarms.filter((each) => each !== alarm);
        };
      },
      clock: {
        monotonic: () => millis(this.now),
        wall: () => millis(this.now),
        boot: () => ({ id: '', time: millis(this.now) }),
      },
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count).fill(7) },
      log: SILENT_LOG,
    };
  }

  /** Lets every promise settle that can, and the turn end, until nothing is put off any more. */
  private async turn(): Promise<void> {
    do {
      const tasks = this.atTurnEnd;
      this.atTurnEnd = [];
      for (const task of tasks) task();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } while (this.atTurnEnd.length > 0);
  }

  private ringNext(): boolean {
    const [next] = this.alarms.toSorted((one, other) => one.at - other.at);
    if (next === undefined) return false;
    this.alarms = this.alarms.filter((each) => each !== next);
    this.now = Math.max(this.now, next.at);
    next.ring();
    return true;
  }
}

function failureOf(error: unknown): 'ambiguous' | 'failed' {
  return Reflect.get(Object(error), 'code') === 'ambiguous' ? 'ambiguous' : 'failed';
}
