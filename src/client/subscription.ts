// One subscription of the application, and its messages on their way to it: to `onMessage`, or into a buffer from which a loop
// takes them. Until the broker has granted it, messages are held: retained ones may come before SUBACK, and others may be of an
// earlier process's subscriptions, and must not be lost with this one, should the broker refuse it.
// Bound: what is held is what the broker sends ahead of SUBACK; to stop reading then would be to wait for ever.

import { UsageError } from '../base/errors.ts';
import type { UserProperty } from '../packet/properties.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Arrival } from './arrival.ts';
import type { SubscribeOptions, Subscription } from './client.ts';
import { handOver } from './hand-over.ts';
import { MessageBuffer } from './message-buffer.ts';
import type { MessageHandler, ReceivedMessage } from './received-message.ts';

/** Who stands behind a subscription. */
export interface SubscriptionOwner {
  handlerFailed(error: unknown): void;
  /** So many messages more wait to be iterated; below 0: fewer. */
  buffered(change: number): void;
  /** The application has ended it: unsubscribes. */
  ended(subscription: LiveSubscription): Promise<void>;
}

/** A message that came before the broker had granted the subscription. */
export interface HeldMessage {
  readonly arrival: Arrival;
  /** It came before the broker was asked, so that the subscription is not why it came. */
  readonly isOlder: boolean;
}

/** The one implementation of `Subscription`. */
export class LiveSubscription implements Subscription {
  readonly filters: readonly string[];
  /** For each SUBSCRIBE. */
  readonly userProperties: readonly UserProperty[] | undefined;
  private readonly owner: SubscriptionOwner;
  private readonly handler: MessageHandler | undefined;
  private readonly acknowledges: 'automatic' | 'manual';
  private readonly failed: (error: unknown) => void;
  private readonly buffer: MessageBuffer;
  private codes: readonly ReasonCode[];
  private state: 'asked' | 'live' | 'ended' | 'closed';
  private wasSent: boolean;
  private held: HeldMessage[];
  private ending: Promise<void> | undefined;
  /** Ends listening to the signal. */
  private release: () => void;

  /**
   * @param filters  As the application wrote them; one may stand there twice.
   * @throws {UsageError} `invalid-option`.
   */
  constructor(filters: readonly string[], options: SubscribeOptions, owner: SubscriptionOwner) {
    const { onMessage, acknowledge = 'automatic' } = options;
    if (acknowledge !== 'automatic' && acknowledge !== 'manual') {
      const given = JSON.stringify(acknowledge);
      throw new UsageError('invalid-option', `acknowledge takes 'automatic' or 'manual'; got ${given}.`);
    }
    this.filters = filters;
    this.userProperties = options.userProperties;
    this.owner = owner;
    this.handler = onMessage;
    this.acknowledges = acknowledge;
    this.failed = (error) => owner.handlerFailed(error);
    this.buffer = new MessageBuffer(acknowledge, (change) => owner.buffered(change));
    this.codes = [];
    this.state = 'asked';
    this.wasSent = false;
    this.held = [];
    this.ending = undefined;
    this.release = () => undefined;
  }

  get granted(): readonly ReasonCode[] {
    return this.codes;
  }

  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage, undefined, undefined> {
    if (this.handler !== undefined) {
      throw new UsageError('invalid-argument', 'The messages of this subscription go to onMessage.');
    }
    return this.buffer.iterate();
  }

  end(): Promise<void> {
    this.ending ??= this.endNow();
    return this.ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  /** A message for it. hot: */
  take(arrival: Arrival): void {
    if (this.state === 'live') {
      if (this.handler === undefined) this.buffer.push(arrival);
      else handOver(this.handler, arrival, this.acknowledges, this.failed);
    } else if (this.state === 'asked') {
      this.held.push({ arrival, isOlder: !this.wasSent });
    } else if (this.state === 'ended') {
      // Whoever got the message before has ended this one.
      arrival.ack();
    }
  }

  /** The broker is being asked; messages that come from now on may come because of it. */
  sent(): void {
    this.wasSent = true;
  }

  /** The broker's answer to a filter, now or on a later connection. */
  answered(filter: string, code: ReasonCode): void {
    this.codes = this.filters.map((each, index) => (each === filter ? code : (this.codes[index] ?? code)));
  }

  /**
   * The broker has granted some of it: from here on messages go to the application, those that were held first.
   * @param signal  When it is aborted, the subscription ends.
   */
  start(signal: AbortSignal | undefined): void {
    if (this.state !== 'asked') return;
    this.state = 'live';
    // Nobody waits for this end, and it does not fail.
    const onAbort = (): void => void this.end();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.release = () => signal?.removeEventListener('abort', onAbort);
    for (const { arrival } of this.takeHeld()) this.takeUnlessClosed(arrival);
  }

  /** A handler may have failed over an earlier one, and closed the client. */
  private takeUnlessClosed(arrival: Arrival): void {
    if (this.state !== 'closed') this.take(arrival);
  }

  /** It does not come about; what was held is the caller's. */
  giveUp(): readonly HeldMessage[] {
    if (this.state === 'asked') this.state = 'ended';
    return this.takeHeld();
  }

  /** The client is over; what was held is the caller's. */
  close(error: Error | undefined): readonly HeldMessage[] {
    if (this.state === 'ended') return [];
    this.state = 'closed';
    this.release();
    this.buffer.close(error);
    return this.takeHeld();
  }

  private async endNow(): Promise<void> {
    if (this.state === 'closed') return;
    this.state = 'ended';
    this.release();
    const left = this.owner.ended(this);
    this.buffer.end();
    await left;
  }

  private takeHeld(): readonly HeldMessage[] {
    const { held } = this;
    this.held = [];
    return held;
  }
}
