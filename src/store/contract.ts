// What must outlive the process, as the broker sees it: a sequence of small changes, each of which
// belongs to a numbered batch, and an announcement that everything up to some batch is durable.
//
// The calls are synchronous and never wait: the broker says what changed and goes on; what may leave
// only after a change is durable is held back by broker/commit.ts, by batch number. Batch numbers only
// grow. All changes of one turn of the event loop become durable together: after a crash all of them are there, or none.
// A change to something the store does not know (an ended session) is a bug of the caller.
// The contract names no file and no thread: memory/ keeps it in Maps, sqlite/ (to come) on disk.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { SubscriptionOptions, Will } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';

/** The number of a batch of changes; 0 is durable from the start. */
export type Batch = number;

/** Names a session inside the store: given by the broker, never used twice. */
export type SessionKey = number;

/** Names a message inside the store: given by the broker, growing in order of publication. */
export type MessageId = number;

/** A session that outlives its connection. */
export interface SessionRecord {
  readonly key: SessionKey;
  readonly clientId: string;
  /** Who owns it; `undefined`: anonymous. */
  readonly principal: string | undefined;
  /** How long it outlives its connection; `Infinity` is not used: the broker caps it. */
  readonly expiryInterval: Millis;
  /** When its connection ended, on the wall clock; `undefined` while connected. */
  readonly disconnectedAt: Millis | undefined;
}

/** One subscription of a session. */
export interface SubscriptionRecord {
  /** As requested, with `$share/...` if shared. */
  readonly filter: string;
  readonly options: SubscriptionOptions;
  /** 0: none. */
  readonly identifier: number;
}

/** One session that is owed a message, and how it is to get it. */
export interface Recipient {
  readonly session: SessionKey;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The shared subscription filter that chose this session; '' for its own subscription. */
  readonly sharedFilter: string;
}

/** Where a QoS 2 message came from, so that its repetition is recognised after a restart. */
export interface Origin {
  readonly session: SessionKey;
  readonly id: PacketId;
}

/** How far a delivery has come; a QoS 1 or 2 packet identifier goes with the last three. */
export type DeliveryState = 'queued' | 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp';

/** A delivery as it is found at a start. */
export interface RecoveredDelivery {
  readonly messageId: MessageId;
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly sharedFilter: string;
  readonly state: DeliveryState;
  /** `undefined` while queued. */
  readonly id: PacketId | undefined;
}

/** A session as it is found at a start. */
export interface RecoveredSession {
  readonly record: SessionRecord;
  readonly subscriptions: readonly SubscriptionRecord[];
  /** In flight first: those past PUBREC in order of PUBREC, the others in order of sending. Then queued, in order of publication. */
  readonly deliveries: readonly RecoveredDelivery[];
  /** QoS 2 identifiers from the client that wait for PUBREL. */
  readonly exactlyOnceIds: readonly PacketId[];
  /** The Will of the connection that was open, or whose delay was running; `undefined`: none. */
  readonly will: Will | undefined;
}

/** Everything that a store holds. */
export interface Recovered {
  readonly sessions: readonly RecoveredSession[];
  readonly retained: readonly Message[];
  /** The highest numbers in use. */
  readonly sessionKeyMax: SessionKey;
  readonly messageIdMax: MessageId;
}

/** The store of one broker. */
export interface Store {
  /**
   * Reads everything back. Called once, before any change.
   * @param onDurable  Told each time `durable` has grown, in a turn of its own: never from inside a change, whose caller is in the
   * middle of a packet. What is durable when the change returns need not be told.
   */
  open(onDurable: (durable: Batch) => void): Promise<Recovered>;

  /** Everything up to this batch is durable. */
  readonly durable: Batch;

  /** Creates the session or replaces its record. */
  saveSession(record: SessionRecord): Batch;
  /** Ends the session: subscriptions, deliveries, identifiers and Will go with it. */
  deleteSession(session: SessionKey): Batch;
  /** Adds the subscription or replaces the one with the same filter. */
  saveSubscription(session: SessionKey, subscription: SubscriptionRecord): Batch;
  /** Removes the subscription with this filter. */
  deleteSubscription(session: SessionKey, filter: string): Batch;

  /** Adds a message that these sessions are owed. With an `origin` also if nobody is: the identifier must be remembered. */
  append(id: MessageId, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): Batch;
  /** The session has the message, or will never get it. */
  settle(session: SessionKey, message: MessageId): Batch;
  /** The message goes out under this packet identifier. */
  recordSending(session: SessionKey, message: MessageId, id: PacketId): Batch;
  /** PUBREC came for the message. */
  recordReceived(session: SessionKey, message: MessageId): Batch;
  /** PUBREL came for a QoS 2 message of the session: the identifier is forgotten. */
  recordReleased(session: SessionKey, id: PacketId): Batch;

  /** Sets the retained message of `message.topic`. */
  saveRetained(message: Message): Batch;
  /** Removes the retained message of the topic. */
  deleteRetained(topic: string): Batch;

  /** Sets the Will of the session's connection. */
  saveWill(session: SessionKey, will: Will): Batch;
  /** The Will was published or cancelled; there may be none. */
  deleteWill(session: SessionKey): Batch;

  /** Makes everything durable, announces it, and lets go of what it holds. */
  close(): Promise<void>;
}
