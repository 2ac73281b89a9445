// One client's session as the broker keeps it: the QoS machine (session/), the queue of what does not fit its window yet, the subscriptions,
// the Will, and how long it outlives its connection. What the machine asks for goes to the connection's gate, and to the store.
//
// Order: QoS 1 and 2 messages go through the queue whenever anything is in it, so that none overtakes another.
// A session is persistent if `key` is not 0: then the store knows it, and its queue (delivery-queue.ts). Whether that has room
// was asked before the message was taken (admission.ts). The queue of any other session is in memory, has an end, and
// what does not fit is dropped, counted and said.

import { assert } from '../base/assert.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Identity } from '../auth/contract.ts';
import type { Message } from '../packet/message.ts';
import type { PublishPacket, QoS } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Answer, SessionOutput } from '../session/output.ts';
import { Session } from '../session/session.ts';
import type { Batch, MessageId, QueueSize, SessionKey } from '../store/contract.ts';
import type { Waiter } from './admission.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import type { Connection } from './connection.ts';
import { DeliveryQueue } from '../store/delivery-queue.ts';
import { isExpired } from '../store/expiry.ts';
import { DroppedMessages } from './dropped-messages.ts';
import type { GroupQueue } from './group-queue.ts';
import type { OwedMessages } from './owed-messages.ts';
import { publishFromClient, sendRefusal } from './publishing.ts';
import type { QueueLimitName } from './queue-limits.ts';
import { lower, type RouteTarget } from './route.ts';
import { type Addressing, newDelivery, type SessionDelivery, storedDelivery } from './session-delivery.ts';
import type { Subscription } from './subscription.ts';
import type { SetWill } from './wills.ts';

/** What bounds what waits in memory. */
export const TRANSIENT_LIMITS = 'transientQueueMessagesMax, transientQueueBytesMax';

/** The state of one client on this broker (section 4.1). */
export class ClientSession implements SessionOutput<SessionDelivery>, Waiter, Timed {
  private readonly broker: BrokerState;

  // Lives as long as the session.
  readonly clientId: string;
  /** Its name in the store; 0: it ends with its connection. */
  readonly key: SessionKey;
  readonly machine: Session<SessionDelivery>;
  /** By requested filter; made with the first one. At most `subscriptionsMax`. */
  subscriptions: Map<string, Subscription> | undefined;
  /** How long it outlives its connection. */
  expiryInterval: Millis;
  readonly queue: DeliveryQueue<SessionDelivery>;
  /** The shared groups that it is a member of; made with the first one. */
  private groups: Set<GroupQueue> | undefined;
  /** It is about to end at a limit of its queue. */
  isEnding: boolean;
  /** Set with CONNECT, taken out when it is published or cancelled. */
  will: SetWill | undefined;
  /** Between connections: when the session ends. */
  expiresAt: Millis | undefined;
  deadline: Millis;
  deadlineIndex: number;

  private drops: DroppedMessages | undefined;
  // Lives as long as the connection.
  identity: Identity;
  connection: Connection | undefined;
  /** Whether the connection has been opened, and the groups know. */
  isPresent: boolean;
  /** Retained messages that its subscriptions are still to be given; `undefined`: none. */
  owed: OwedMessages | undefined;
  /** How many of these wait for its reader. */
  owedNow: number;
  /** A place in the window became free: the queue may go on. */
  private windowMoved: boolean;

  constructor(broker: BrokerState, identity: Identity, key: SessionKey, expiryInterval: Millis) {
    this.broker = broker;
    this.clientId = identity.clientId;
    this.key = key;
    this.machine = new Session<SessionDelivery>(this, broker.tuning.packetIdMax);
    this.subscriptions = undefined;
    this.expiryInterval = expiryInterval;
    this.queue = new DeliveryQueue(broker, this, storedDelivery);
    this.groups = undefined;
    this.isEnding = false;
    this.will = undefined;
    this.expiresAt = undefined;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
    this.drops = undefined;
    this.identity = identity;
    this.connection = undefined;
    this.isPresent = false;
    this.owed = undefined;
    this.owedNow = 0;
    this.windowMoved = false;
  }

  /** The client in a sentence: its identifier in quotes, with every odd character escaped. */
  get name(): string {
    return JSON.stringify(this.clientId);
  }

  /** Whether so many copies of a message would leave at once. hot: */
  isReadyFor(qos: QoS, copies: number): boolean {
    const { connection, machine } = this;
    if (connection === undefined || !machine.isConnected || connection.isCongested || this.isEnding) return false;
    return qos === 0 || (this.queue.messages === 0 && machine.canPublish(copies));
  }

  /**
   * Takes a message for this client: sends it now, queues it, or drops it with a reason. hot:
   * @param messageId  Its name in the store if this session is a recipient there; else 0.
   */
  offer(message: Message, qos: QoS, retain: boolean, address: Addressing, messageId: MessageId, now: Millis): void {
    const { connection, queue } = this;
    if (qos === 0) {
      // QoS 0 is not stored for absent clients.
      if (connection === undefined || !this.machine.isConnected) return;
      if (connection.isCongested) {
        this.dropped().addSlow(message.topic, connection.whyCongested);
        return;
      }
    } else if (queue.messages > 0 || !this.machine.canPublish() || connection?.isCongested !== false) {
      this.enqueue(message, qos, retain, address, messageId, now);
      return;
    }
    const delivery = newDelivery(message, qos, retain, address, messageId, undefined);
    if (this.mayReceive(delivery)) this.machine.publish(delivery, now);
  }

  /**
   * Takes a message of a shared group, for which it was ready.
   * @param messageId  Its name in the store if this session, or the lender, is a recipient there; else 0.
   * @param lender  The group that is owed the message in the store until it is settled here.
   */
  sendNow(
    message: Message,
    target: RouteTarget,
    messageId: MessageId,
    lender: GroupQueue | undefined,
    now: Millis,
  ): void {
    const qos = lower(message.qos, target.qos);
    const retain = target.retainAsPublished && message.retain; // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    const delivery = newDelivery(message, qos, retain, target, messageId, lender);
    // An embedder that hears of a dropped message may publish another one, which takes the place in the window.
    if (qos > 0 && !this.machine.canPublish()) this.queue.add(delivery);
    else if (this.mayReceive(delivery)) this.machine.publish(delivery, now);
  }

  /** The QoS 2 messages that it is sent from here on wait for this batch. */
  holdDeliveries(after: Batch): void {
    this.openConnection().gate.holdDeliveries(after);
  }

  /** Takes a retained message of QoS 1 or 2 for a subscription, to be sent by the next `pump`, behind what waits already. */
  queueRetained(message: Message, qos: 1 | 2, address: Addressing, messageId: MessageId, now: Millis): void {
    this.enqueue(message, qos, true, address, messageId, now);
  }

  /** Sends one of QoS 0. It does not wait for the window. */
  sendRetained(message: Message, address: Addressing, now: Millis): void {
    this.sendOrDrop(newDelivery(message, 0, true, address, 0, undefined), now);
  }

  /** Puts back how much a store remembered as queued. */
  restoreQueue(size: QueueSize): void {
    this.queue.restore(size);
  }

  /** It has become a member of a shared group. */
  joinGroup(group: GroupQueue): void {
    (this.groups ??= new Set()).add(group);
  }

  /** It is no member any more. */
  leaveGroup(group: GroupQueue): void {
    this.groups?.delete(group);
  }

  /** Before the machine opens a connection: drops what was in flight and may not be sent on this one [MQTT-3.1.2-25]. */
  prepareResume(now: Millis): void {
    this.isPresent = true;
    for (const group of this.groups ?? []) group.memberCame();
    this.machine.forEachInFlight((delivery, state, id) => {
      const reason = state === 'sent' ? this.refusal(delivery) : undefined;
      if (reason === undefined) return;
      this.dropped().addDelivery(delivery, reason, this.identity);
      this.machine.abandon(id, Reason.success, now);
    });
  }

  /** Sends from the queue as far as the window and the reader allow. */
  pump(now: Millis): void {
    this.windowMoved = false;
    if (!this.machine.isConnected || this.isEnding) return;
    this.owed?.send();
    this.sendQueue(now);
    this.queue.readAhead();
    if (this.groups !== undefined && this.queue.messages === 0) this.broker.router.feedGroups(this.groups, now);
  }

  /** Goes on with the queue if an acknowledgement made room. hot: after each chunk of the client's. */
  pumpIfMoved(now: Millis): void {
    if (this.windowMoved) this.pump(now);
  }

  /** The client reads again. */
  readerCaughtUp(now: Millis): void {
    this.drops?.caughtUp();
    this.pump(now);
  }

  /** The connection is over, and with it what lives only as long. */
  leaveConnection(): void {
    this.machine.close();
    this.connection = undefined;
    this.drops?.caughtUp();
    this.windowMoved = false;
    // QoS 0 is not stored for absent clients.
    this.owed?.forget();
    this.owedNow = 0;
    this.queue.letGo();
    if (!this.isPresent) return;
    this.isPresent = false;
    for (const group of this.groups ?? []) group.memberLeft();
  }

  /** The Will or the end of the session is due. */
  tick(now: Millis): void {
    this.broker.sessions.due(this, now);
  }

  // What the machine asks for.

  /** hot: */
  publish(
    delivery: SessionDelivery,
    id: PacketId | undefined,
    dup: boolean,
    topicAlias: number,
    omitTopic: boolean,
    now: Millis,
  ): void {
    const connection = this.openConnection();
    this.broker.counters.messagesSent++;
    const { qos, messageId, sharedFilter } = delivery;
    if (qos === 2 && id !== undefined && (messageId !== 0 || sharedFilter !== ''))
      connection.gate.sendExactlyOnce(delivery, id, dup, now);
    else connection.writePublish(delivery, id, dup, topicAlias, omitTopic, now);
  }

  /** hot: */
  send(answer: Answer): boolean {
    if (this.connection?.outlet.refusedWhy !== undefined) return sendRefusal(this.connection, answer);
    return this.openConnection().gate.send(answer);
  }

  /** hot: */
  deliver(publish: PublishPacket, topic: string): ReasonCode {
    return publishFromClient(this.broker, this, publish, topic);
  }

  /** hot: */
  settle(delivery: SessionDelivery, reason: ReasonCode): void {
    this.windowMoved = true;
    this.settleInStore(delivery);
    if (reason >= 0x80) this.dropped().add(delivery.message.topic, 'refused-by-client', reason);
  }

  /** hot: */
  recordSending(delivery: SessionDelivery, id: PacketId): void {
    if (delivery.messageId === 0 || delivery.lender !== undefined) return;
    const isAwaited = delivery.qos === 2;
    const batch = this.broker.store.recordSending(this.key, delivery.messageId, id, isAwaited);
    if (isAwaited) this.openConnection().gate.holdDeliveries(batch);
  }

  recordReceived(delivery: SessionDelivery): void {
    this.windowMoved = true;
    if (delivery.messageId === 0) return;
    this.openConnection().gate.holdDeliveries(this.broker.store.recordReceived(this.key, delivery.messageId));
  }

  recordReleased(id: PacketId): void {
    if (this.key !== 0) this.openConnection().gate.holdAnswers(this.broker.store.recordReleased(this.key, id));
  }

  // What the queue and its limits ask for.

  queueRead(): void {
    this.pump(this.broker.clock.monotonic());
    this.broker.elision.releaseMoved();
  }

  queuePassed(mark: number): void {
    this.dropped().sayGrowth(mark);
  }

  dropQueued(delivery: SessionDelivery, reason: 'expired' | 'displaced'): void {
    this.drop(delivery, reason);
  }

  dropOffered(message: Message, limit: QueueLimitName): void {
    this.dropped().addQueueFull(message.topic, limit);
  }

  endAtLimit(limit: QueueLimitName, now: Millis): void {
    this.isEnding = true;
    this.dropped().sayQueueGoes(this.queue.messages, limit);
    this.queue.writeOff();
    this.broker.sessions.endSoon(this, now);
  }

  /** What it did not get. */
  dropped(): DroppedMessages {
    return (this.drops ??= new DroppedMessages(this.broker, 'client', this.clientId));
  }

  private openConnection(): Connection {
    assert(this.connection !== undefined, 'the machine speaks only while connected');
    return this.connection;
  }

  /** Sends from the queue as far as the window and the reader allow. */
  private sendQueue(now: Millis): void {
    const { connection, queue } = this;
    if (connection === undefined) return;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (connection.isCongested) return;
      if (next.qos > 0 && !this.machine.canPublish()) return;
      queue.shift();
      this.sendOrDrop(next, now);
    }
  }

  private sendOrDrop(delivery: SessionDelivery, now: Millis): void {
    if (isExpired(delivery.message, now)) this.drop(delivery, 'expired');
    else if (this.mayReceive(delivery)) this.machine.publish(delivery, now);
  }

  /** A message has to wait. */
  private enqueue(
    message: Message,
    qos: QoS,
    retain: boolean,
    address: Addressing,
    messageId: MessageId,
    now: Millis,
  ): void {
    const { queue } = this;
    const payloadBytes = message.payload.length;
    if (this.key === 0 && !this.hasTransientRoom(payloadBytes)) {
      queue.dropExpired(now);
      if (!this.hasTransientRoom(payloadBytes)) {
        this.dropped().addQueueFull(message.topic, TRANSIENT_LIMITS);
        return;
      }
    }
    if (this.connection === undefined || !queue.keeps(payloadBytes)) queue.count(payloadBytes);
    else queue.push(newDelivery(message, qos, retain, address, messageId, undefined));
  }

  private hasTransientRoom(payloadBytes: number): boolean {
    const { transientQueueMessagesMax, transientQueueBytesMax } = this.broker.limits;
    const { messages, bytes } = this.queue;
    return messages < transientQueueMessagesMax && bytes + payloadBytes <= transientQueueBytesMax;
  }

  /** Whether the message may be sent to this client at all; if not, it is dropped here. hot: */
  private mayReceive(delivery: SessionDelivery): boolean {
    const reason = this.refusal(delivery);
    if (reason === undefined) return true;
    this.drop(delivery, reason);
    return false;
  }

  /** Why the message may not be sent to this client; `undefined`: it may. hot: */
  private refusal(delivery: SessionDelivery): 'too-large' | 'not-authorized' | undefined {
    const connection = this.openConnection();
    if (connection.isTooLarge(delivery)) return 'too-large'; // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
    const { authorizer } = this.broker;
    if (authorizer.allowsAll) return undefined;
    const { message, qos, retain } = delivery;
    return authorizer.allows(this.identity, 'receive', message.topic, qos, retain) ? undefined : 'not-authorized';
  }

  /** The client will never get this message: counted, said, settled. */
  private drop(delivery: SessionDelivery, reason: 'displaced' | 'expired' | 'too-large' | 'not-authorized'): void {
    this.dropped().addDelivery(delivery, reason, this.identity);
    this.settleInStore(delivery);
  }

  /** hot: */
  private settleInStore({ messageId, lender }: SessionDelivery): void {
    if (messageId === 0) return;
    if (lender === undefined) this.broker.settle(this.key, messageId);
    else lender.settleLent(messageId);
  }
}
