// The store contract in Maps: nothing survives the process, and everything is "durable" at once.
// It is honest about the rest: a second broker opened on the same store finds every session, queue,
// handshake, retained message and Will where the first one left them. It is the model against which
// other stores are checked.
//
// Tests ask for `announces: 'when-told'`: changes then become durable only when `announce` says so, late
// and out of turn with everything, as on a disk.

import { assert } from '../../base/assert.ts';
import type { Message } from '../../packet/message.ts';
import type { Will } from '../../packet/packet.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import type {
  Batch,
  DeliveryState,
  MessageId,
  Origin,
  Recipient,
  Recovered,
  RecoveredDelivery,
  RecoveredSession,
  SessionKey,
  SessionRecord,
  Store,
  SubscriptionRecord,
} from '../contract.ts';

/** One message that a session is owed. */
interface Owed {
  readonly message: Message;
  readonly recipient: Recipient;
  state: DeliveryState;
  id: PacketId | undefined;
  /** Order of sending; 0 while queued. */
  sendingOrder: number;
}

/** One session with all that goes with it. */
interface StoredSession {
  record: SessionRecord;
  readonly subscriptions: Map<string, SubscriptionRecord>;
  /** In order of publication. */
  readonly owed: Map<MessageId, Owed>;
  readonly exactlyOnceIds: Set<PacketId>;
  will: Will | undefined;
}

/** How a memory store announces durability. */
export interface MemoryStoreOptions {
  readonly announces: 'at-once' | 'when-told';
}

/** A store that lives as long as the object. */
export class MemoryStore implements Store {
  /** The batch of the latest announcement. */
  durable: Batch;
  private readonly announces: 'at-once' | 'when-told';
  private readonly sessions: Map<SessionKey, StoredSession>;
  private readonly retained: Map<string, Message>;
  private onDurable: (durable: Batch) => void;
  private latest: Batch;
  private sendings: number;
  private messageIdMax: MessageId;
  private sessionKeyMax: SessionKey;

  constructor(options: MemoryStoreOptions = { announces: 'at-once' }) {
    this.announces = options.announces;
    this.sessions = new Map();
    this.retained = new Map();
    this.onDurable = () => {};
    this.durable = 0;
    this.latest = 0;
    this.sendings = 0;
    this.messageIdMax = 0;
    this.sessionKeyMax = 0;
  }

  /** The batch of the latest change; what `announce` takes to catch up. */
  get written(): Batch {
    return this.latest;
  }

  open(onDurable: (durable: Batch) => void): Promise<Recovered> {
    this.onDurable = onDurable;
    return Promise.resolve({
      sessions: Array.from(this.sessions.values(), recover),
      retained: Array.from(this.retained.values()),
      sessionKeyMax: this.sessionKeyMax,
      messageIdMax: this.messageIdMax,
    });
  }

  /** With `announces: 'when-told'`: everything up to the batch is now durable. */
  announce(batch: Batch): void {
    assert(batch <= this.latest && batch >= this.durable, 'an announced batch was written and not yet announced');
    this.durable = batch;
    this.onDurable(batch);
  }

  saveSession(record: SessionRecord): Batch {
    const known = this.sessions.get(record.key);
    if (known !== undefined) {
      known.record = record;
    } else {
      this.sessionKeyMax = Math.max(this.sessionKeyMax, record.key);
      this.sessions.set(record.key, {
        record,
        subscriptions: new Map(),
        owed: new Map(),
        exactlyOnceIds: new Set(),
        will: undefined,
      });
    }
    return this.changed();
  }

  deleteSession(session: SessionKey): Batch {
    const existed = this.sessions.delete(session);
    assert(existed, 'an ended session was stored');
    return this.changed();
  }

  saveSubscription(session: SessionKey, subscription: SubscriptionRecord): Batch {
    this.session(session).subscriptions.set(subscription.filter, subscription);
    return this.changed();
  }

  deleteSubscription(session: SessionKey, filter: string): Batch {
    this.session(session).subscriptions.delete(filter);
    return this.changed();
  }

  append(id: MessageId, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): Batch {
    assert(id > this.messageIdMax, 'message ids grow');
    this.messageIdMax = id;
    for (const recipient of recipients) {
      this.session(recipient.session).owed.set(id, {
        message,
        recipient,
        state: 'queued',
        id: undefined,
        sendingOrder: 0,
      });
    }
    if (origin !== undefined) this.session(origin.session).exactlyOnceIds.add(origin.id);
    return this.changed();
  }

  settle(session: SessionKey, message: MessageId): Batch {
    this.session(session).owed.delete(message);
    return this.changed();
  }

  recordSending(session: SessionKey, message: MessageId, id: PacketId): Batch {
    const owed = this.owed(session, message);
    owed.state = owed.recipient.qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec';
    owed.id = id;
    owed.sendingOrder = ++this.sendings;
    return this.changed();
  }

  recordReceived(session: SessionKey, message: MessageId): Batch {
    const owed = this.owed(session, message);
    owed.state = 'awaiting-pubcomp';
    owed.sendingOrder = ++this.sendings;
    return this.changed();
  }

  recordReleased(session: SessionKey, id: PacketId): Batch {
    this.session(session).exactlyOnceIds.delete(id);
    return this.changed();
  }

  saveRetained(message: Message): Batch {
    this.retained.set(message.topic, message);
    return this.changed();
  }

  deleteRetained(topic: string): Batch {
    this.retained.delete(topic);
    return this.changed();
  }

  saveWill(session: SessionKey, will: Will): Batch {
    this.session(session).will = will;
    return this.changed();
  }

  deleteWill(session: SessionKey): Batch {
    this.session(session).will = undefined;
    return this.changed();
  }

  close(): Promise<void> {
    if (this.durable < this.latest) this.announce(this.latest);
    return Promise.resolve();
  }

  private changed(): Batch {
    this.latest++;
    if (this.announces === 'at-once') this.durable = this.latest;
    return this.latest;
  }

  private session(key: SessionKey): StoredSession {
    const session = this.sessions.get(key);
    assert(session !== undefined, 'a change names a stored session');
    return session;
  }

  private owed(session: SessionKey, message: MessageId): Owed {
    const owed = this.session(session).owed.get(message);
    assert(owed !== undefined, 'a change names a message that the session is owed');
    return owed;
  }
}

function recover(session: StoredSession): RecoveredSession {
  const owed = Array.from(session.owed);
  // The sort is stable: those still queued keep their order, behind those in flight.
  owed.sort(([, a], [, b]) => (a.sendingOrder === b.sendingOrder ? 0 : place(a) - place(b)));
  return {
    record: session.record,
    subscriptions: Array.from(session.subscriptions.values()),
    deliveries: owed.map(recoverDelivery),
    exactlyOnceIds: Array.from(session.exactlyOnceIds),
    will: session.will,
  };
}

function place({ sendingOrder }: Owed): number {
  return sendingOrder === 0 ? Number.POSITIVE_INFINITY : sendingOrder;
}

function recoverDelivery([messageId, { message, recipient, state, id }]: [MessageId, Owed]): RecoveredDelivery {
  const { qos, retain, subscriptionIdentifiers, sharedFilter } = recipient;
  return { messageId, message, qos, retain, subscriptionIdentifiers, sharedFilter, state, id };
}
