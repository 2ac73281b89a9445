// What must outlive the process, as the broker sees it: a sequence of small changes, each of which
// belongs to a numbered batch, and an announcement that everything up to some batch is durable.
//
// The calls are synchronous and never wait: the broker says what changed and goes on; what may leave
// only after a change is durable is held back by broker/commit.ts, by batch number. Batch numbers only
// grow. All changes of one turn of the event loop become durable together: after a crash all of them are there, or none.
// A change to something the store does not know (an ended session) is a bug of the caller.
//
// Queues live in the store. The broker keeps the head of a queue in memory, and asks for more (`read`) when it has
// sent that. A store need not keep anything of a queue in memory.
// Moments in the contract are on the broker's monotonic clock of this run, also those that an earlier run stored: a store that
// outlives the process translates them (timeline.ts).
// The contract names no file and no thread: memory/ keeps it in Maps, sqlite/ on disk.

import type { OperationError } from '../base/errors.ts';
import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { SubscriptionOptions, Will } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';

/** The number of a batch of changes; 0 is durable from the start. */
export type Batch = number;

/** Names a recipient of messages inside the store, a session or a shared group: given by the broker, never used twice. */
export type RecipientKey = number;

/** Names a session inside the store. */
export type SessionKey = RecipientKey;

/** Names a shared group inside the store. */
export type GroupKey = RecipientKey;

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
  /** When its connection ended; `undefined` while connected. */
  readonly disconnectedAt: Millis | undefined;
}

/** A shared group whose messages wait for a member. */
export interface GroupRecord {
  readonly key: GroupKey;
  /** As requested: `$share/...`. */
  readonly filter: string;
}

/** One subscription of a session. */
export interface SubscriptionRecord {
  /** As requested, with `$share/...` if shared. */
  readonly filter: string;
  readonly options: SubscriptionOptions;
  /** 0: none. */
  readonly identifier: number;
}

/** The Will of a connection. */
export interface WillRecord {
  readonly clientId: string;
  /** Who set it; `undefined`: anonymous. */
  readonly principal: string | undefined;
  readonly will: Will;
}

/** Who is owed a message, and how it is to get it. */
export interface Recipient {
  readonly key: RecipientKey;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The shared subscription filter that chose this session; '' for its own subscription, and for a group. */
  readonly sharedFilter: string;
}

/** Where a QoS 2 message came from, so that its repetition is recognised after a restart. */
export interface Origin {
  readonly session: SessionKey;
  readonly id: PacketId;
}

/** A message that a recipient is owed and whose sending has not begun. */
export interface QueuedDelivery {
  readonly messageId: MessageId;
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly sharedFilter: string;
}

/** How far a delivery has come whose sending has begun. */
export type InFlightState = 'awaiting-puback' | 'awaiting-pubrec' | 'awaiting-pubcomp';

/** A delivery in flight as it is found at a start. */
export interface RecoveredDelivery extends QueuedDelivery {
  readonly state: InFlightState;
  readonly id: PacketId;
}

/** How much waits in a queue. */
export interface QueueSize {
  readonly messages: number;
  /** Of payload. */
  readonly bytes: number;
}

/** A session as it is found at a start. */
export interface RecoveredSession {
  readonly record: SessionRecord;
  readonly subscriptions: readonly SubscriptionRecord[];
  /** Those past PUBREC in order of PUBREC, then the others in order of sending. */
  readonly inFlight: readonly RecoveredDelivery[];
  /** What waits besides. */
  readonly queue: QueueSize;
  /** QoS 2 identifiers from the client that wait for PUBREL. */
  readonly exactlyOnceIds: readonly PacketId[];
}

/** A shared group as it is found at a start. */
export interface RecoveredGroup {
  readonly record: GroupRecord;
  readonly queue: QueueSize;
}

/** A Will as it is found at a start: its connection was open, or its delay was running. */
export interface RecoveredWill extends WillRecord {
  /** The session whose Will it is; or the name of nothing else, if its connection had none that the store knows. */
  readonly key: RecipientKey;
}

/** Everything that a store holds, but for retained messages (`StoreOwner.restoreRetained`) and queues (`Store.read`). */
export interface Recovered {
  readonly sessions: readonly RecoveredSession[];
  readonly groups: readonly RecoveredGroup[];
  readonly wills: readonly RecoveredWill[];
  /** The highest numbers in use, and of messages also such as were durable and are settled, as long as one of their recipients lives. */
  readonly recipientKeyMax: RecipientKey;
  readonly messageIdMax: MessageId;
}

/** Some of a queue, oldest first. */
export interface QueuePage {
  readonly deliveries: readonly QueuedDelivery[];
  /** Whether this was all when `read` was called. */
  readonly isLast: boolean;
}

/** How much to read at most; at least one delivery is read if there is one. */
export interface PageSize {
  readonly messagesMax: number;
  /** Of payload. */
  readonly bytesMax: number;
}

/** What a store is doing and has done. What a deleted recipient was owed may count until it is cleared away. */
export interface StoreStatistics {
  readonly sessions: number;
  readonly groups: number;
  readonly retained: number;
  readonly wills: number;
  /** Messages that somebody is owed, each once. */
  readonly messages: number;
  /** What the recipients are owed, each for itself: queued and in flight. */
  readonly deliveries: number;
  /** On disk, all files; 0 in memory. */
  readonly fileBytes: number;
  /** Of these, the write-ahead log. */
  readonly logBytes: number;
  readonly commits: number;
  /** How long the latest commit took. */
  readonly commitMillisLast: Millis;
  readonly commitMillisMax: Millis;
  /** Messages that everybody had before they were written, so that they were not. */
  readonly messagesElided: number;
}

/** Who opens a store. Each method is called in a turn of its own, never from inside a change. */
export interface StoreOwner {
  /** During `open`: some of the retained messages, in no order. */
  restoreRetained(messages: readonly Message[]): void;
  /** During `open`: so much of the work is done, between 0 and 1. */
  opening(share: number): void;
  /** `durable` has grown. What is durable when the change returns need not be told. */
  durable(durable: Batch): void;
  /**
   * Whether there is room for more. While there is none, new messages are to be refused; what is settled and
   * recorded is still taken, from a reserve.
   */
  full(isFull: boolean): void;
  /** The store failed: nothing becomes durable any more, and what was not may be lost. Called once, with `store-failed`, or `store-full` when even the reserve does not suffice. */
  failed(error: OperationError): void;
}

/** The store of one broker. */
export interface Store {
  /**
   * Reads everything back. Called once, before any change.
   * @throws {OperationError} `store-in-use`, `store-damaged`, `store-not-accepted`, `store-newer`, `store-unavailable`, `store-failed`.
   */
  open(owner: StoreOwner): Promise<Recovered>;

  /** Everything up to this batch is durable. */
  readonly durable: Batch;

  /** Bytes of changes that are not durable yet. */
  readonly lateBytes: number;

  /** Creates the session or replaces its record. */
  saveSession(record: SessionRecord): Batch;
  /** Ends the session: subscriptions, deliveries, identifiers and Will go with it. */
  deleteSession(session: SessionKey): Batch;
  /** Adds the subscription or replaces the one with the same filter. */
  saveSubscription(session: SessionKey, subscription: SubscriptionRecord): Batch;
  /** Removes the subscription with this filter. */
  deleteSubscription(session: SessionKey, filter: string): Batch;

  /** Creates the queue of a shared group. */
  saveGroup(record: GroupRecord): Batch;
  /** Ends the group: what its queue holds goes with it. A member takes a message over by `append` under a new number and `settle`, in one turn. */
  deleteGroup(group: GroupKey): Batch;

  /**
   * Adds a message that these recipients are owed. With an `origin` also if nobody is: the identifier must be remembered.
   * @param recipients  Never written to afterwards; the same array again is cheaper than an equal one.
   */
  append(id: MessageId, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): Batch;
  /**
   * The recipient has the message, or will never get it. Nobody waits for that to be durable: it may take some milliseconds more.
   * @returns true if nobody is owed the message any more and it was not and will not be written: its acknowledgement has
   * nothing to wait for. Only of QoS 1, not retained, and settled by each of its recipients, all of them sessions: a member
   * that took it over from a group has it only when that is durable.
   */
  settle(recipient: RecipientKey, message: MessageId): boolean;
  /**
   * The message goes out under this packet identifier.
   * @param isAwaited  Whether something waits for that to be durable, as for QoS 2; if not (QoS 1), it may take some milliseconds more.
   */
  recordSending(session: SessionKey, message: MessageId, id: PacketId, isAwaited?: boolean): Batch;
  /** PUBREC came for the message. */
  recordReceived(session: SessionKey, message: MessageId): Batch;
  /** PUBREL came for a QoS 2 message of the session: the identifier is forgotten. */
  recordReleased(session: SessionKey, id: PacketId): Batch;

  /**
   * Reads from a queue: what the recipient is owed, whose sending has not begun and which is newer than `after` (0: from the oldest).
   * Every change before the call counts.
   * @param onRead  Called once, in a turn of its own; never after `failed` or `close`, nor if the recipient was deleted meanwhile.
   */
  read(recipient: RecipientKey, after: MessageId, size: PageSize, onRead: (page: QueuePage) => void): void;

  /** Sets the retained message of `message.topic`. */
  saveRetained(message: Message): Batch;
  /** Removes the retained message of the topic. */
  deleteRetained(topic: string): Batch;

  /** Sets the Will of a connection: under its session's key, or, if the store does not know the session, under a key of its own. */
  saveWill(key: RecipientKey, record: WillRecord): Batch;
  /** The Will was published or cancelled; there may be none. */
  deleteWill(key: RecipientKey): Batch;

  /** What is there, as of what is durable. */
  statistics(): StoreStatistics;

  /** Makes everything durable, announces it, and lets go of what it holds. */
  close(): Promise<void>;
}
