// What a store holds, as plainly as it can be said: lists that are searched from end to end. It is what the suite
// believes, and it shares nothing with any store.

import { unreachable } from '../../src/base/assert.ts';
import type { Message } from '../../src/packet/message.ts';
import type { PacketId } from '../../src/packet/packet-id.ts';
import type {
  GroupRecord,
  InFlightState,
  MessageId,
  Origin,
  PageSize,
  QueuedDelivery,
  QueuePage,
  Recipient,
  RecipientKey,
  RecoveredDelivery,
  SessionRecord,
  StoreStatistics,
  SubscriptionRecord,
  WillRecord,
} from '../../src/store/contract.ts';
import type { Contents } from './store-contents.ts';
import type { Change } from './store-history.ts';

interface ModelSession {
  record: SessionRecord;
  readonly subscriptions: Map<string, SubscriptionRecord>;
  readonly exactlyOnceIds: Set<PacketId>;
}

/** One message that one recipient is owed. */
export interface ModelDelivery {
  readonly messageId: MessageId;
  readonly message: Message;
  readonly recipient: Recipient;
  state: 'queued' | InFlightState;
  id: PacketId | undefined;
}

/** A store in the simplest form. */
export class StoreModel {
  readonly sessions: Map<RecipientKey, ModelSession>;
  readonly groups: Map<RecipientKey, GroupRecord>;
  readonly wills: Map<RecipientKey, WillRecord>;
  readonly retained: Map<string, Message>;
  /** In order of publication. */
  deliveries: ModelDelivery[];
  /** Whether a recipient was deleted that was owed something. */
  hasLostDeliveries: boolean;
  /** Of `deliveries`: those in flight, in the order in which they came into their state. */
  private moved: ModelDelivery[];
  /** Messages that must be written even if everybody settles them: in some way something else hangs on them. */
  private readonly needed: Set<MessageId>;

  constructor() {
    this.sessions = new Map();
    this.groups = new Map();
    this.wills = new Map();
    this.retained = new Map();
    this.deliveries = [];
    this.hasLostDeliveries = false;
    this.moved = [];
    this.needed = new Set();
  }

  apply(change: Change): void {
    switch (change.kind) {
      case 'saveSession': {
        const known = this.sessions.get(change.record.key);
        if (known !== undefined) known.record = change.record;
        else
          this.sessions.set(change.record.key, {
            record: change.record,
            subscriptions: new Map(),
            exactlyOnceIds: new Set(),
          });
        return;
      }
      case 'deleteSession':
        this.sessions.delete(change.key);
        this.wills.delete(change.key);
        return this.dropAll(change.key);
      case 'saveSubscription':
        return void this.session(change.key).subscriptions.set(change.subscription.filter, change.subscription);
      case 'deleteSubscription':
        return void this.session(change.key).subscriptions.delete(change.filter);
      case 'saveGroup':
        return void this.groups.set(change.record.key, change.record);
      case 'deleteGroup':
        this.groups.delete(change.key);
        return this.dropAll(change.key);
      case 'append':
        return this.append(change.messageId, change.message, change.recipients, change.origin);
      case 'settle':
        return this.drop(this.delivery(change.key, change.messageId));
      case 'recordSending':
        return this.move(this.delivery(change.key, change.messageId), change.id);
      case 'recordReceived':
        return this.move(this.delivery(change.key, change.messageId), undefined);
      case 'recordReleased':
        return void this.session(change.key).exactlyOnceIds.delete(change.id);
      case 'saveRetained':
        return void this.retained.set(change.message.topic, change.message);
      case 'deleteRetained':
        return void this.retained.delete(change.topic);
      case 'saveWill':
        return void this.wills.set(change.key, change.will);
      case 'deleteWill':
        return void this.wills.delete(change.key);
      default:
        return unreachable(change);
    }
  }

  session(key: RecipientKey): ModelSession {
    const session = this.sessions.get(key);
    if (session === undefined) throw new Error(`there is no session ${key}`);
    return session;
  }

  /** Whether a store may leave a message unwritten that nobody is owed any more. */
  mayElide(messageId: MessageId): boolean {
    return !this.needed.has(messageId) && this.deliveries.every((each) => each.messageId !== messageId);
  }

  /** What `read` answers. */
  page(key: RecipientKey, after: MessageId, size: PageSize): QueuePage {
    const waiting = this.queue(key).filter(({ messageId }) => messageId > after);
    let count = 0;
    let bytes = 0;
    for (const { message } of waiting) {
      bytes += message.payload.length;
      if (count > 0 && (count >= size.messagesMax || bytes > size.bytesMax)) break;
      count++;
    }
    return { deliveries: waiting.slice(0, count), isLast: count === waiting.length };
  }

  /** What the next broker finds. */
  contents(): Contents {
    return {
      sessions: Array.from(this.sessions, ([key, session]) => ({
        record: session.record,
        subscriptions: Array.from(session.subscriptions.values()),
        inFlight: this.inFlight(key),
        queue: this.queue(key),
        exactlyOnceIds: Array.from(session.exactlyOnceIds),
      })),
      groups: Array.from(this.groups, ([key, record]) => ({ record, queue: this.queue(key) })),
      wills: Array.from(this.wills, ([key, will]) => ({ key, ...will })),
      retained: Array.from(this.retained.values()),
    };
  }

  /** What of the statistics follows from what is there. */
  counts(): Pick<StoreStatistics, 'sessions' | 'groups' | 'retained' | 'wills' | 'messages' | 'deliveries'> {
    return {
      sessions: this.sessions.size,
      groups: this.groups.size,
      retained: this.retained.size,
      wills: this.wills.size,
      messages: new Set(this.deliveries.map(({ messageId }) => messageId)).size,
      deliveries: this.deliveries.length,
    };
  }

  private append(
    messageId: MessageId,
    message: Message,
    recipients: readonly Recipient[],
    origin: Origin | undefined,
  ): void {
    for (const recipient of recipients)
      this.deliveries.push({ messageId, message, recipient, state: 'queued', id: undefined });
    if (origin !== undefined) this.session(origin.session).exactlyOnceIds.add(origin.id);
    // A group settles a message when a member takes it over: that it has it is not said by that.
    if (message.qos !== 1 || message.retain || recipients.some(({ key }) => this.groups.has(key)))
      this.needed.add(messageId);
  }

  private move(delivery: ModelDelivery, id: PacketId | undefined): void {
    if (id === undefined) {
      delivery.state = 'awaiting-pubcomp';
    } else {
      delivery.state = delivery.recipient.qos === 1 ? 'awaiting-puback' : 'awaiting-pubrec';
      delivery.id = id;
    }
    this.moved = [...this.moved.filter((each) => each !== delivery), delivery];
  }

  private drop(delivery: ModelDelivery): void {
    this.deliveries = this.deliveries.filter((each) => each !== delivery);
    this.moved = this.moved.filter((each) => each !== delivery);
  }

  private dropAll(key: RecipientKey): void {
    for (const { messageId, recipient } of this.deliveries) {
      if (recipient.key !== key) continue;
      this.hasLostDeliveries = true;
      this.needed.add(messageId);
    }
    this.deliveries = this.deliveries.filter(({ recipient }) => recipient.key !== key);
    this.moved = this.moved.filter(({ recipient }) => recipient.key !== key);
  }

  private delivery(key: RecipientKey, messageId: MessageId): ModelDelivery {
    const found = this.deliveries.find((each) => each.recipient.key === key && each.messageId === messageId);
    if (found === undefined) throw new Error(`${key} is not owed ${messageId}`);
    return found;
  }

  private queue(key: RecipientKey): readonly QueuedDelivery[] {
    return this.deliveries.filter(({ recipient, state }) => recipient.key === key && state === 'queued').map(asQueued);
  }

  private inFlight(key: RecipientKey): readonly RecoveredDelivery[] {
    const moved = this.moved.filter(({ recipient }) => recipient.key === key);
    const received = moved.filter(({ state }) => state === 'awaiting-pubcomp');
    const sent = moved.filter(({ state }) => state !== 'awaiting-pubcomp');
    return [...received, ...sent].map((each) => {
      if (each.state === 'queued' || each.id === undefined) throw new Error('what moved is in flight');
      return { ...asQueued(each), state: each.state, id: each.id };
    });
  }
}

function asQueued({ messageId, message, recipient }: ModelDelivery): QueuedDelivery {
  const { qos, retain, subscriptionIdentifiers, sharedFilter } = recipient;
  return { messageId, message, qos, retain, subscriptionIdentifiers, sharedFilter };
}
