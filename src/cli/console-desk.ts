// What somebody at the console of `vouch connect` has before them: a client, which can be ended and made again, its subscriptions, what has
// come, and how it is shown. The commands (console-commands.ts) work on it; where its words appear is the affair of whoever made it.

import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { visible } from '../base/visible.ts';
import type { Client } from '../client/client.ts';
import type { ConnectOptions, WillOptions } from '../client/options.ts';
import type { ReceivedMessage } from '../client/received-message.ts';
import type { QoS } from '../packet/packet.ts';
import { reasonName } from '../packet/reason-codes.ts';
import type { MessageFormat } from './message-format.ts';

/** So many topics are remembered for completion. */
const TOPICS_MAX = 1_000;

/** What the desk is made with. */
export interface DeskParts {
  readonly options: ConnectOptions;
  /** Makes a client and connects it. */
  readonly connect: (options: ConnectOptions) => Promise<Client>;
  /** Shows a line or several; without a line break at the end. */
  readonly say: (text: string) => void;
  /** Shows bytes as they are. */
  readonly print: (bytes: Uint8Array) => void;
  readonly format: MessageFormat;
  /** Called when what the prompt says may have changed. */
  readonly changed: () => void;
}

/** One subscription of the console. */
export interface DeskSubscription {
  readonly filter: string;
  readonly qos: QoS;
  /** The broker's answer. */
  readonly granted: number;
  readonly messageCount: number;
}

/** The desk. */
export class Desk {
  format: MessageFormat;
  publishedCount: number;
  receivedCount: number;
  private readonly parts: DeskParts;
  private options: ConnectOptions;
  private current: Client | undefined;
  /** By filter. */
  private readonly taken: Map<string, DeskSubscription>;
  private readonly seen: Set<string>;

  constructor(parts: DeskParts) {
    this.parts = parts;
    this.options = parts.options;
    this.format = parts.format;
    this.publishedCount = 0;
    this.receivedCount = 0;
    this.current = undefined;
    this.taken = new Map();
    this.seen = new Set();
  }

  /** Whether there is a client that is not over. */
  get isOpen(): boolean {
    return this.current !== undefined && this.current.state !== 'closed';
  }

  /** The state of the client, in a word. */
  get state(): Client['state'] {
    return this.current?.state ?? 'closed';
  }

  /**
   * The client.
   * @throws {OperationError} `not-connected`: it is over.
   */
  get client(): Client {
    if (this.current !== undefined && this.current.state !== 'closed') return this.current;
    throw new OperationError('not-connected', 'There is no connection; "reconnect" makes one.');
  }

  get will(): WillOptions | undefined {
    return this.options.will;
  }

  get subscriptions(): readonly DeskSubscription[] {
    return [...this.taken.values()];
  }

  /** Topics that were published to or have come, and filters, for completion. */
  get topics(): readonly string[] {
    return [...this.seen];
  }

  /** Shows a line or several. */
  say(text: string): void {
    this.parts.say(text);
  }

  /** Connects, and subscribes to what there was before. */
  async open(): Promise<void> {
    const client = await this.parts.connect({
      ...this.options,
      onMessage: (message) => this.receive(message, undefined),
    });
    this.current = client;
    for (const event of ['connected', 'disconnected', 'closed'] as const) client.on(event, this.parts.changed);
    this.parts.changed();
    for (const { filter, qos } of this.subscriptions) await this.subscribe(filter, qos);
  }

  /** Ends the client; `isAbrupt`: so that the broker publishes the will. */
  async close(isAbrupt = false): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    await current.disconnect(isAbrupt ? { reasonCode: 0x04 } : {});
    this.parts.changed();
  }

  /** The will of the next connection. */
  setWill(will: WillOptions | undefined): void {
    this.options = { ...this.options, will };
  }

  /** Remembers a topic for completion. */
  remember(topic: string): void {
    if (this.seen.size < TOPICS_MAX) this.seen.add(topic);
  }

  /** Subscribes; the broker may say no, which is told. */
  async subscribe(filter: string, qos: QoS): Promise<DeskSubscription> {
    const count = this.taken.get(filter)?.messageCount ?? 0;
    const { granted } = await this.client.subscribe(filter, {
      qos,
      onMessage: (message) => this.receive(message, filter),
    });
    const subscription = { filter, qos, granted: granted[0] ?? 0, messageCount: count };
    if (subscription.granted < 0x80) this.taken.set(filter, subscription);
    this.remember(filter);
    return subscription;
  }

  /** Ends a subscription, of this console or of the session. */
  async unsubscribe(filter: string): Promise<string> {
    const [code = 0] = await this.client.unsubscribe(filter);
    this.taken.delete(filter);
    return reasonName(code);
  }

  private receive(message: ReceivedMessage, filter: string | undefined): void {
    this.receivedCount++;
    const subscription = filter === undefined ? undefined : this.taken.get(filter);
    if (subscription !== undefined) {
      this.taken.set(subscription.filter, { ...subscription, messageCount: subscription.messageCount + 1 });
    }
    this.remember(message.topic);
    this.parts.print(this.format(message));
  }
}

/** A log that tells its sentences at a desk. */
export function sayingLog(say: (text: string) => void, isDebug: boolean): Log {
  const tell = (sentence: string): void => say(visible(sentence));
  return { debug: isDebug ? tell : () => undefined, info: tell, warn: tell, error: tell };
}
