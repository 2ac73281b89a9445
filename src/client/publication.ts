// One call of `publish`: the promise that the application holds, and the delivery that goes through outbox and session. They are two
// objects because the delivery may be on disk alone for a while, and because nothing in this process waits for what
// an earlier one has published.
// Promises are made when somebody asks for them, which for most messages nobody does: a failure without a witness is then told as
// an event (`undelivered`), where a promise would have been an unhandled rejection.

import { OperationError } from '../base/errors.ts';
import type { Message } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type QoS } from '../packet/packet.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { Delivery } from '../session/output.ts';
import type { MessageId, QueuedDelivery } from '../store/contract.ts';
import type { Waiting } from '../store/delivery-queue.ts';
import type { Published, Publishing } from './client.ts';
import type { Agreement } from './handshake.ts';

/** The usual outcome. */
export const SENT: Published = Object.freeze({ reasonCode: Reason.success });

/** A message on its way to the broker. */
export interface Publication extends Delivery, Waiting {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** Its name in the client's store; 0: it is in memory alone. */
  readonly messageId: MessageId;
  /** Who waits for the end of it; `undefined`: it was published by an earlier process. */
  readonly handle: PublishHandle | undefined;
  /** What its size and QoS were checked against; `undefined`: nothing yet. */
  checkedFor: Agreement | undefined;
  /** It has left, on some connection. */
  isSent: boolean;
  /** What PUBREC said; 0x00 before it came, and after a restart. */
  answer: ReasonCode;
  /** Why it counts as failed once its handshake is over; `undefined`: it does not. */
  failure: Error | undefined;
}

/** Makes a delivery of what the application publishes. hot: */
export function newPublication(
  message: Message,
  messageId: MessageId,
  handle: PublishHandle | undefined,
  checkedFor: Agreement | undefined,
): Publication {
  const { qos, retain } = message;
  const subscriptionIdentifiers = NO_SUBSCRIPTION_IDENTIFIERS;
  return {
    message,
    qos,
    retain,
    subscriptionIdentifiers,
    messageId,
    handle,
    checkedFor,
    isSent: false,
    answer: Reason.success,
    failure: undefined,
  };
}

/**
 * A delivery as the client's store gave it back.
 * @param isSent  An earlier process may have sent it.
 */
export function storedPublication(
  { messageId, message, retain }: QueuedDelivery,
  handle: PublishHandle | undefined,
  isSent: boolean,
): Publication {
  return { ...newPublication({ ...message, retain }, messageId, handle, undefined), isSent };
}

/** Who makes handles. */
export interface HandleOwner {
  /** A message failed, and nobody has asked what becomes of it so far. */
  unwitnessed(handle: PublishHandle, error: Error): void;
}

/** What the application holds of a message. */
export class PublishHandle implements Publishing {
  readonly topic: string;
  /** Which calls of `settled` wait for it. */
  readonly epoch: number;
  /** Given up by the application; what is not sent yet is not to be. */
  isAborted: boolean;
  /** Called once when it is settled; for who has something to put away then. */
  onSettled: (() => void) | undefined;
  /** It has its place in the outbox when this is durable; `undefined`: it has none yet. */
  private storing: Promise<void> | PromiseWithResolvers<void> | undefined;
  private readonly owner: HandleOwner;
  private outcome: Published | Error | undefined;
  private waiting: PromiseWithResolvers<Published> | undefined;

  constructor(topic: string, epoch: number, owner: HandleOwner) {
    this.topic = topic;
    this.epoch = epoch;
    this.isAborted = false;
    this.onSettled = undefined;
    this.storing = undefined;
    this.owner = owner;
    this.outcome = undefined;
    this.waiting = undefined;
  }

  get [Symbol.toStringTag](): string {
    return 'Publishing';
  }

  get stored(): Promise<void> {
    if (this.storing === undefined) {
      const waiting = Promise.withResolvers<void>();
      // Whoever asked is told; that nobody looks any more is no news.
      waiting.promise.catch(() => undefined);
      if (this.outcome instanceof Error) waiting.reject(this.outcome);
      this.storing = waiting;
    }
    return this.storing instanceof Promise ? this.storing : this.storing.promise;
  }

  /** Whether it has an outcome. */
  get isSettled(): boolean {
    return this.outcome !== undefined;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise, made when it is asked for.
  then<T = Published, U = never>(
    onFulfilled?: ((published: Published) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: unknown) => U | PromiseLike<U>) | null,
  ): Promise<T | U> {
    return this.promise().then(onFulfilled, onRejected);
  }

  catch<U = never>(onRejected?: ((reason: unknown) => U | PromiseLike<U>) | null): Promise<Published | U> {
    return this.promise().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Published> {
    return this.promise().finally(onFinally);
  }

  /** The outbox has it, from the moment when `durable` is fulfilled. */
  storedWith(durable: Promise<void>): void {
    if (this.storing === undefined) this.storing = durable;
    else if (!(this.storing instanceof Promise)) this.storing.resolve(durable);
  }

  /** The delivery is over. The first end counts. */
  settle(outcome: Published | Error): void {
    if (this.outcome !== undefined) return;
    this.end(outcome);
    if (outcome instanceof Error && this.waiting === undefined) this.owner.unwitnessed(this, outcome);
  }

  /** The client is over, and the message stays in its store: whoever asks is told, and nobody else need be. */
  leave(outcome: Error): void {
    if (this.outcome === undefined) this.end(outcome);
  }

  /** Whether somebody has asked what becomes of it. */
  get isWitnessed(): boolean {
    return this.waiting !== undefined;
  }

  /** hot: */
  private end(outcome: Published | Error): void {
    this.outcome = outcome;
    this.onSettled?.();
    if (outcome instanceof Error) {
      if (this.storing !== undefined && !(this.storing instanceof Promise)) this.storing.reject(outcome);
      this.waiting?.reject(outcome);
    } else this.waiting?.resolve(outcome);
  }

  private promise(): Promise<Published> {
    if (this.waiting !== undefined) return this.waiting.promise;
    const { outcome } = this;
    // QoS 0 is settled before anybody can ask.
    if (outcome !== undefined && !(outcome instanceof Error)) return Promise.resolve(outcome);
    const waiting = Promise.withResolvers<Published>();
    this.waiting = waiting;
    if (outcome !== undefined) waiting.reject(outcome);
    return waiting.promise;
  }
}

/** What the broker's answer is for the application. */
export function outcomeOf(topic: string, reasonCode: ReasonCode): Published | Error {
  if (reasonCode === Reason.success) return SENT;
  if (reasonCode < 0x80) return { reasonCode };
  const sentence = `The broker refused the message to ${JSON.stringify(topic)}: ${reasonName(reasonCode)}.`;
  return new OperationError('rejected', sentence, reasonCode);
}
