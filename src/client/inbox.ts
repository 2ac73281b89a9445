// Messages on their way to the application: each goes to `onMessage`, and is acknowledged when that has
// returned or the promise that it returned is fulfilled. Acknowledgements may come in any order; the
// session puts them in the order of arrival.
// Bound: so many messages may be with `onMessage` at a time; then reading stops. What a rejected promise
// or an exception leaves unacknowledged, the broker sends again on the next connection of the session.

import type { PublishPacket } from '../packet/packet.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ACKNOWLEDGE_LATER } from '../session/output.ts';
import type { Receipt } from '../session/session.ts';
import { type ReceivedMessage, receivedMessage } from './received-message.ts';

/** Takes a message. */
export type MessageHandler = (message: ReceivedMessage) => void | Promise<void>;

/** Who stands behind an inbox. */
export interface InboxOwner {
  /** The receipt for the message being delivered. */
  receipt(packet: PublishPacket): Receipt | undefined;
  /** A message is finished; `receipt` is `undefined` for QoS 0. */
  finished(receipt: Receipt | undefined): void;
  /** `onMessage` failed. */
  handlerFailed(error: unknown): void;
  /** Enough messages are with the application. */
  stopReading(): void;
  /** It has caught up. */
  goOnReading(): void;
}

/** Reading stops with so many messages, and goes on with half of them. */
const HANDLING_MARK = 1_000;

/** The messages of one connection that the application has not finished. */
export class Inbox {
  private readonly handler: MessageHandler | undefined;
  private readonly owner: InboxOwner;
  private handlingCount: number;

  constructor(handler: MessageHandler | undefined, owner: InboxOwner) {
    this.handler = handler;
    this.owner = owner;
    this.handlingCount = 0;
  }

  /** Hands a message to the application; the answer is the session's. hot: */
  deliver(packet: PublishPacket, topic: string): ReasonCode | typeof ACKNOWLEDGE_LATER {
    // [MQTT-4.5.0-2]: what nobody wants is acknowledged all the same.
    if (this.handler === undefined) return Reason.success;
    let handling: Promise<void> | void;
    try {
      handling = this.handler(receivedMessage(packet, topic));
    } catch (error) {
      this.owner.handlerFailed(error);
      return ACKNOWLEDGE_LATER;
    }
    // Callers without types return all sorts of things.
    if (typeof handling?.then !== 'function') return Reason.success;
    this.waitFor(handling, this.owner.receipt(packet));
    return ACKNOWLEDGE_LATER;
  }

  private waitFor(handling: Promise<void>, receipt: Receipt | undefined): void {
    this.handlingCount++;
    if (this.handlingCount === HANDLING_MARK) this.owner.stopReading();
    handling.then(
      () => {
        this.handlingCount--;
        this.owner.finished(receipt);
        if (this.handlingCount === HANDLING_MARK / 2) this.owner.goOnReading();
      },
      (error: unknown) => this.owner.handlerFailed(error),
    );
  }
}
