// Messages on their way to the application: from the session machine to whoever has subscribed, until they are acknowledged.
// Without a store a message of QoS 1 or 2 is acknowledged to the broker when the application has acknowledged it. With one it goes
// through stored-inbox.ts first.

import type { Message } from '../packet/message.ts';
import type { PublishPacket } from '../packet/packet.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import { ACKNOWLEDGE_LATER } from '../session/output.ts';
import type { Receipt } from '../session/session.ts';
import type { Batch } from '../store/contract.ts';
import { Arrival } from './arrival.ts';
import type { ClientStore } from './client-store.ts';
import { Handling, type HandlingOwner } from './handling.ts';
import type { Settings } from './options.ts';
import type { StoredInbox } from './stored-inbox.ts';
import type { ClientTuning } from './tuning.ts';

/** Who stands behind an inbox. */
export interface InboxOwner extends HandlingOwner {
  /** The receipt for the message being delivered. */
  receipt(packet: PublishPacket): Receipt | undefined;
  /** The message may be acknowledged to the broker. */
  acknowledge(receipt: Receipt): void;
  /** The next acknowledgement waits for this batch. */
  holdAnswers(after: Batch): void;
}

/** What most clients have most of the time; never written to. */
const NO_RECEIPTS: Map<number, Receipt> = new Map();

/** The inbox of one client. */
export class Inbox {
  readonly handling: Handling;
  private readonly owner: InboxOwner;
  private readonly stored: StoredInbox | undefined;
  /** Without a store: what the broker waits for, by key, once the application has it. */
  private receipts: Map<number, Receipt>;
  private keyLast: number;
  private state: 'open' | 'stopped' | 'over';
  private readonly finished: (arrival: Arrival) => void;

  constructor(
    owner: InboxOwner,
    settings: Pick<Settings, 'connect' | 'inboxBytesMax'>,
    kept: ClientStore | undefined,
    { handlingMin, head }: ClientTuning,
  ) {
    const { connect, inboxBytesMax } = settings;
    const window = Math.max(connect.properties.receiveMaximum ?? 0, handlingMin);
    this.handling = new Handling(owner, window, !connect.clean);
    this.owner = owner;
    this.finished = (arrival) => this.finish(arrival);
    this.stored = kept?.newInbox(owner, this.handling, { bytesMax: inboxBytesMax, window, head }, this.finished);
    this.receipts = NO_RECEIPTS;
    this.keyLast = 0;
    this.state = 'open';
  }

  /** Takes a message; the answer is the session's. hot: */
  deliver(packet: PublishPacket, topic: string): ReasonCode | typeof ACKNOWLEDGE_LATER {
    const { qos, retain, dup, subscriptionIdentifiers, properties, id: packetId = 0 } = packet;
    const payload = packet.payload.slice();
    const message: Message = { topic, payload, qos, retain, properties, expiresAt: undefined };
    if (qos > 0 && this.stored !== undefined) return this.stored.store(packet, message);
    if (this.state !== 'open') return ACKNOWLEDGE_LATER;
    const key = qos === 0 ? 0 : ++this.keyLast;
    const coming = { qos, retain, dup, subscriptionIdentifiers, key, packetId };
    const arrival = new Arrival(message, coming, this.finished);
    this.handling.hand(arrival);
    if (qos === 0 || arrival.isFinished) return Reason.success;
    const receipt = this.owner.receipt(packet);
    if (receipt === undefined) return ACKNOWLEDGE_LATER;
    if (this.receipts === NO_RECEIPTS) this.receipts = new Map();
    this.receipts.set(key, receipt);
    return ACKNOWLEDGE_LATER;
  }

  /** More is durable, or there is room again. */
  pump(): void {
    this.stored?.pump();
  }

  /** Somebody has subscribed: what nobody wanted is offered again, and what waits behind it. */
  claim(): void {
    this.handling.claim();
    this.stored?.pump();
  }

  /** The connection is over: what was of QoS 1 and is nowhere but here will come again. */
  connectionEnded(): void {
    this.stored?.connectionEnded();
    const again = Array.from(this.receipts).filter(([, { qos }]) => qos === 1);
    for (const [key] of again) this.receipts.delete(key);
    this.handling.forget(again.map(([key]) => key));
  }

  /** The broker has lost the session: what it sent will not come again, and is acknowledged to nobody. */
  sessionLost(): void {
    this.stored?.sessionLost();
  }

  /** The client is about to end: nothing more is handed over. What is acknowledged still counts. */
  stop(): void {
    if (this.state === 'open') this.state = 'stopped';
    this.handling.stop();
    this.stored?.stop();
  }

  /** The client is over. */
  end(): void {
    this.stop();
    this.stored?.end();
    this.state = 'over';
  }

  /** Everybody who got it is done with it. hot: */
  private finish(arrival: Arrival): void {
    if (this.state === 'over' || !this.handling.finish(arrival) || arrival.qos === 0) return;
    if (this.stored !== undefined) {
      this.stored.finished(arrival.key);
      return;
    }
    const receipt = this.receipts.get(arrival.key);
    // Acknowledged while it is being delivered: the session is told by the return value.
    if (receipt === undefined) return;
    this.receipts.delete(arrival.key);
    this.owner.acknowledge(receipt);
  }
}
