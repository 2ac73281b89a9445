// One shared group (section 4.8.2): its members, and the queue of what none of them can be sent now. A message goes to a
// member that is ready, by the strategy of the broker (sharing.ts); if none is, it waits here, and whichever member is ready first takes
// from the front. Where a key ties the message to one of the connected members, it is given to that one at once, and waits in its own queue.
//
// While the group has a persistent member with QoS 1 or 2, the group is a recipient in the store: what waits is kept there. A persistent member
// that takes a message becomes its recipient under a new number, in the turn in which the group has it settled. A member that ends with its
// connection borrows a QoS 1 message: the group stays owed it until the member has acknowledged it, and has it back if the
// member ends before. A QoS 2 message that such a member is sent belongs to it from then on: nobody else may get it [MQTT-4.8.2-5].
// When the last such persistent member leaves, what waits stays for the others, and the group leaves the store with the last of it.
// When the last member leaves, the group is over, and what waits is dropped.
// A message that a member refuses goes to nobody else either [MQTT-4.8.2-6].

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type QoS } from '../packet/packet.ts';
import type { GroupKey, GroupRecord, MessageId, QueueSize, Recipient } from '../store/contract.ts';
import { SharedGroup } from '../topic/shared-group.ts';
import type { TopicFilter } from '../topic/topic-filter.ts';
import type { Waiter } from './admission.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import { DeliveryQueue } from '../store/delivery-queue.ts';
import { isExpired } from '../store/expiry.ts';
import { DroppedMessages } from './dropped-messages.ts';
import type { QueueLimitName } from './queue-limits.ts';
import { formOf, lower, type RouteTarget, sharedTarget } from './route.ts';
import { type Addressing, newDelivery, type SessionDelivery, storedDelivery } from './session-delivery.ts';
import { type Members, selectFor, SHARING, type Sharing } from './sharing.ts';
import type { Subscription } from './subscription.ts';

/** A shared group with what waits for it. */
export class GroupQueue implements Waiter {
  private readonly broker: BrokerState;
  /** As requested: `$share/...`. */
  readonly requested: string;
  readonly filter: TopicFilter;
  readonly queue: DeliveryQueue<SessionDelivery>;
  /** Its name in the store; 0: what waits is in memory alone. */
  key: GroupKey;
  readonly isEnding: boolean;
  private readonly members: Members;
  private readonly sharing: Sharing;
  /** Persistent members with QoS 1 or 2. */
  private keepers: number;
  /** Members that are connected. */
  private present: number;
  /** Messages that members have borrowed. */
  private lent: number;
  private isOver: boolean;
  private drops: DroppedMessages | undefined;
  /** What the store is told, by the form of the message. */
  private readonly recipientForms: (readonly [Recipient] | undefined)[];

  constructor(broker: BrokerState, name: string, requested: string, filter: TopicFilter) {
    this.broker = broker;
    this.requested = requested;
    this.filter = filter;
    this.queue = new DeliveryQueue(broker, this, storedDelivery);
    this.key = 0;
    this.isEnding = false;
    this.members = new SharedGroup(name, filter);
    this.sharing = SHARING[broker.rules.sharedSubscriptionStrategy];
    this.keepers = 0;
    this.present = 0;
    this.lent = 0;
    this.isOver = false;
    this.drops = undefined;
    this.recipientForms = [undefined, undefined, undefined, undefined];
  }

  /** How many members there are. */
  get size(): number {
    return this.members.size;
  }

  /** How many members are connected. */
  get presentCount(): number {
    return this.present;
  }

  /** How many messages members have borrowed. */
  get lentCount(): number {
    return this.lent;
  }

  /** The sessions that are members. */
  sessions(): Iterable<ClientSession> {
    return this.members.members();
  }

  /** Whether a message of QoS 1 or 2 can wait here: for a persistent member, or for one that is connected. */
  get canWait(): boolean {
    return this.key !== 0 || this.present > 0;
  }

  /** Puts back what a store remembered. */
  restore({ key }: GroupRecord, size: QueueSize): void {
    this.key = key;
    this.queue.restore(size);
    if (size.messages > 0) this.broker.router.noteHungry(this);
  }

  /** Takes a member in, or gives it new options. */
  add(session: ClientSession, subscription: Subscription): void {
    const target = sharedTarget(session, subscription);
    const previous = this.members.add(session, target);
    if (previous === undefined && session.isPresent) this.present++;
    this.keepers += Number(keeps(target)) - Number(previous !== undefined && keeps(previous));
    session.joinGroup(this);
    if (this.keepers > 0 && this.key === 0) this.enterStore();
    this.rest();
  }

  /** Lets a member go. With the last one the group is to end. */
  remove(session: ClientSession): void {
    const target = this.members.options(session);
    if (target === undefined) return;
    this.members.remove(session);
    session.leaveGroup(this);
    if (session.isPresent) this.present--;
    if (keeps(target)) this.keepers--;
    if (this.members.size > 0) this.rest();
  }

  /** The last member has left: the group is over. */
  end(): void {
    this.isOver = true;
    if (this.queue.messages > 0) this.dropped().addAbandoned([], this.queue.messages);
    this.queue.clear();
    if (this.key !== 0) this.broker.store.deleteGroup(this.key);
  }

  /** A member has connected. What waits is for `feed`. */
  memberCame(): void {
    this.present++;
  }

  /** A member's connection is over. */
  memberLeft(): void {
    this.present--;
    this.rest();
  }

  /**
   * Who gets the message: one of those who can be sent it now, or the one that it is tied to; nobody, as long as others wait before it.
   * @param reached  How often each session is sent this message already.
   * @param publisher  The client that published it.
   */
  choose(
    message: Message,
    reached: (session: ClientSession) => number,
    publisher: string | undefined,
  ): RouteTarget | undefined {
    if (message.qos > 0 && this.queue.messages > 0) return undefined;
    const { members, sharing } = this;
    const isReady = (session: ClientSession, target: RouteTarget): boolean => {
      const qos = lower(message.qos, target.qos);
      if (!session.isReadyFor(qos, 1)) return false;
      const copies = reached(session);
      return copies === 0 || session.isReadyFor(qos, copies + 1);
    };
    const key = sharing.keyOf(message, publisher);
    if (key !== undefined) {
      return this.targetOf(
        selectFor(
          key,
          members,
          (session, target) => this.mayWaitFor(session, target, message) || isReady(session, target),
        ),
      );
    }
    const ready = sharing.select(members, isReady);
    // QoS 0 does not wait: a slow reader's turn is lost, counted and said.
    return this.targetOf(ready ?? (message.qos === 0 ? members.select((session) => session.isPresent) : undefined));
  }

  /** What the store is told when a message waits for the group. */
  recipients(message: Message): readonly [Recipient] {
    const form = formOf(message);
    return (this.recipientForms[form] ??= [
      {
        key: this.key,
        qos: message.qos === 2 ? 2 : 1,
        retain: message.retain,
        subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
        sharedFilter: '',
      },
    ]);
  }

  /** Whether a member borrows a message rather than having it: one of QoS 1, where the group is in the store and the member is not. */
  lendsTo({ session, qos }: RouteTarget, message: Message): boolean {
    return this.key !== 0 && session.key === 0 && lower(message.qos, qos) === 1;
  }

  /** Lends a message that has just been stored for the group to a member that is ready, as nobody waits before it. */
  lendAtOnce(message: Message, messageId: MessageId, target: RouteTarget, now: Millis): void {
    this.queue.passBy(messageId);
    this.lend(message, messageId, target, now);
  }

  /**
   * Takes a message of QoS 1 or 2 that has to wait.
   * @param messageId  Its name in the store, if the group is a recipient there; else 0.
   */
  enqueue(message: Message, messageId: MessageId): void {
    const { queue } = this;
    const payloadBytes = message.payload.length;
    if (messageId === 0) {
      const { transientQueueMessagesMax, transientQueueBytesMax } = this.broker.limits;
      if (queue.messages >= transientQueueMessagesMax || queue.bytes + payloadBytes > transientQueueBytesMax) {
        this.dropped().addQueueFull(message.topic, 'transientQueueMessagesMax, transientQueueBytesMax');
        return;
      }
    }
    if (queue.messages === 0) this.broker.router.noteHungry(this);
    if (this.present > 0 || this.key === 0) queue.add(waiting(message, messageId));
    else queue.count(payloadBytes);
  }

  /** Gives what waits to the members that are ready. */
  feed(now: Millis): void {
    this.give(now);
    this.rest();
  }

  private give(now: Millis): void {
    const { queue } = this;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      const expired = isExpired(next.message, now);
      const target = expired ? undefined : this.firstReady(next.message);
      if (!expired && target === undefined) break;
      queue.shift();
      if (target === undefined) this.dropQueued(next, 'expired');
      else this.hand(next, target, now);
    }
    if (this.present > 0) queue.readAhead();
    if (queue.messages === 0) this.leaveStoreIfDone();
  }

  /** A member has acknowledged a message that it had borrowed, or refused it, or will never get it. */
  settleLent(messageId: MessageId): void {
    if (this.isOver) return;
    this.lent--;
    this.broker.settle(this.key, messageId);
    this.rest();
  }

  /** A member ended before it acknowledged what it had borrowed. Says whether there is somebody left to get it. */
  takeBack(message: Message, messageId: MessageId): boolean {
    if (this.isOver) return false;
    this.lent--;
    this.broker.router.noteHungry(this);
    this.queue.putBack(waiting(message, messageId));
    return true;
  }

  // What the queue and its limits ask for.

  queueRead(): void {
    // What nobody is there to take was read for a reason: to look for what has expired.
    this.give(this.broker.clock.monotonic());
    this.broker.elision.releaseMoved();
  }

  queuePassed(mark: number): void {
    this.dropped().sayGrowth(mark);
  }

  dropQueued({ message, messageId }: SessionDelivery, reason: 'expired' | 'displaced'): void {
    this.dropped().add(message.topic, reason);
    if (messageId !== 0) this.broker.settle(this.key, messageId);
  }

  dropOffered(message: Message, limit: QueueLimitName): void {
    this.dropped().addQueueFull(message.topic, limit);
  }

  endAtLimit(limit: QueueLimitName): void {
    this.dropped().sayQueueGoes(this.queue.messagesKept, limit);
    this.queue.giveWay(this.queue.messagesKept, this.queue.bytesKept);
  }

  private firstReady(message: Message): RouteTarget | undefined {
    const isReady = (session: ClientSession, { qos }: RouteTarget): boolean =>
      session.isReadyFor(lower(message.qos, qos), 1);
    // Nobody is tied to a busy member any more: what waits here would hold up all the others.
    const key = this.sharing.keyOf(message, undefined);
    return this.targetOf(
      key === undefined ? this.sharing.select(this.members, isReady) : selectFor(key, this.members, isReady),
    );
  }

  /**
   * Whether a message that is tied to a member may wait in that member's own queue. Not where the store would have it for the group and not
   * for the member: there it has to be sent at once.
   */
  private mayWaitFor(session: ClientSession, { qos }: RouteTarget, message: Message): boolean {
    if (!session.isPresent || session.isEnding) return false;
    // QoS 0 does not wait: it is sent, or dropped, counted and said.
    if (message.qos === 0) return true;
    return qos > 0 && (session.key !== 0 || this.key === 0);
  }

  private targetOf(session: ClientSession | undefined): RouteTarget | undefined {
    return session === undefined ? undefined : this.members.options(session);
  }

  /** Gives a message that has waited to a member that is ready. */
  private hand({ message, messageId }: SessionDelivery, target: RouteTarget, now: Millis): void {
    const { broker } = this;
    const recipients = target.recipients(message);
    if (recipients.length > 0) {
      const memberMessageId = broker.router.nextMessageId();
      broker.store.append(memberMessageId, message, recipients, undefined);
      if (messageId !== 0) broker.settle(this.key, messageId);
      target.session.sendNow(message, target, memberMessageId, undefined, now);
      return;
    }
    if (messageId !== 0 && this.lendsTo(target, message)) {
      this.lend(message, messageId, target, now);
      return;
    }
    if (messageId !== 0) this.giveForGood(messageId, lower(message.qos, target.qos), target.session);
    target.session.sendNow(message, target, 0, undefined, now);
  }

  private lend(message: Message, messageId: MessageId, target: RouteTarget, now: Millis): void {
    this.lent++;
    target.session.sendNow(message, target, messageId, this, now);
  }

  /** The message is the member's from now on. */
  private giveForGood(messageId: MessageId, qos: QoS, session: ClientSession): void {
    this.broker.settle(this.key, messageId);
    // Nobody else may get a QoS 2 message once the member may have seen it [MQTT-4.8.2-5], not even after a crash: it waits for what is
    // settled to be durable. The batch of that is the batch of any other change of this turn; a group never has a Will.
    if (qos === 2) session.holdDeliveries(this.broker.store.deleteWill(this.key));
  }

  /** Lets go of what is not needed any more. */
  private rest(): void {
    // What is lent is queued to the store: read again from the start it would come twice. What came before the store knew the group is here alone.
    if (this.present === 0 && this.lent === 0 && this.queue.peek()?.messageId !== 0) this.queue.letGo();
    this.leaveStoreIfDone();
  }

  /** Nothing waits any more, and the store need not keep what comes. */
  private leaveStoreIfDone(): void {
    const { broker, queue } = this;
    if (queue.messages > 0) return;
    broker.router.noteFed(this);
    if (this.key === 0 || this.keepers > 0 || this.lent > 0) return;
    broker.store.deleteGroup(this.key);
    this.key = 0;
  }

  private enterStore(): void {
    this.key = this.broker.nextRecipientKey();
    this.recipientForms.fill(undefined);
    this.broker.store.saveGroup({ key: this.key, filter: this.requested });
    this.queue.becomeStored();
  }

  private dropped(): DroppedMessages {
    return (this.drops ??= new DroppedMessages(this.broker, 'shared subscription', this.requested));
  }
}

/** Whether the store is to keep what waits for this member. */
function keeps({ session, qos }: RouteTarget): boolean {
  return session.key !== 0 && qos > 0;
}

/** A message as it waits for whoever gets it. */
function waiting(message: Message, messageId: MessageId): SessionDelivery {
  return newDelivery(message, message.qos, message.retain, NOBODY_YET, messageId, undefined);
}

const NOBODY_YET: Addressing = { subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS, sharedFilter: '' };
