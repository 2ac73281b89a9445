// One client's session as the broker keeps it: the QoS machine (session/), the queue of what does not
// fit its window yet, the subscriptions, the Will, and how long it outlives its connection. It carries
// out what the machine asks for: packets go to the connection's gate, changes to the store.
//
// Order: QoS 1 and 2 messages go through the queue whenever anything is in it, so that none overtakes
// another. Everything in memory has a bound (`limits.ts`); what does not fit is refused before anybody
// heard "yes" (`isQueueFull`), or dropped, counted and said.
// A session is persistent if `key` is not 0: then the store knows it.

import { assert } from '../base/assert.ts';
import { type Millis, millis } from '../base/millis.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Identity } from '../auth/contract.ts';
import type { Message } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type PublishPacket, type QoS, type Will } from '../packet/packet.ts';
import type { PacketId } from '../packet/packet-id.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Answer, SessionOutput } from '../session/output.ts';
import { Session } from '../session/session.ts';
import type { SessionKey } from '../store/contract.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import type { Connection } from './connection.ts';
import { DroppedMessages } from './dropped-messages.ts';
import { publishFromClient } from './publishing.ts';
import type { RouteTarget } from './route.ts';
import type { SessionDelivery } from './session-delivery.ts';
import type { Subscription } from './subscription.ts';

/** The parts of a target that a delivery needs. */
type Addressing = Pick<RouteTarget, 'subscriptionIdentifiers' | 'sharedFilter'>;

/** How a retained message is addressed to a subscription. */
export function addressing(subscription: Subscription): Addressing {
  return {
    subscriptionIdentifiers: subscription.identifier === 0 ? NO_SUBSCRIPTION_IDENTIFIERS : [subscription.identifier],
    sharedFilter: '',
  };
}

/** The state of one client on this broker (section 4.1). */
export class ClientSession implements SessionOutput<SessionDelivery>, Timed {
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
  private readonly queue: RingQueue<SessionDelivery>;
  private queueBytes: number;
  /** Set with CONNECT, taken out when it is published or cancelled. */
  will: Will | undefined;
  /** Between connections: when the session ends. */
  expiresAt: Millis | undefined;
  /** Between connections: when the Will is published. */
  willDueAt: Millis | undefined;
  deadline: Millis;
  deadlineIndex: number;

  private drops: DroppedMessages | undefined;

  // Lives as long as the connection.
  identity: Identity;
  connection: Connection | undefined;
  /** Retained messages of QoS 0 that wait for the reader, and for nothing else; made when the first one does. */
  private unsentRetained: RingQueue<SessionDelivery> | undefined;
  /** A place in the window became free: the queue may go on. */
  private windowMoved: boolean;

  constructor(broker: BrokerState, identity: Identity, key: SessionKey, expiryInterval: Millis) {
    this.broker = broker;
    this.clientId = identity.clientId;
    this.key = key;
    this.machine = new Session<SessionDelivery>(this);
    this.subscriptions = undefined;
    this.expiryInterval = expiryInterval;
    this.queue = new RingQueue();
    this.queueBytes = 0;
    this.will = undefined;
    this.expiresAt = undefined;
    this.willDueAt = undefined;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
    this.drops = undefined;
    this.identity = identity;
    this.connection = undefined;
    this.unsentRetained = undefined;
    this.windowMoved = false;
  }

  /** The client in a sentence: its identifier in quotes, with every odd character escaped. */
  get name(): string {
    return JSON.stringify(this.clientId);
  }

  /** Whether a client is there to send to. */
  get isConnected(): boolean {
    return this.machine.isConnected;
  }

  /** Whether a message would leave at once. */
  get isReady(): boolean {
    return this.queue.length === 0 && this.machine.canPublish() && this.connection?.isCongested === false;
  }

  /** Messages that wait for the window, the reader or the client. */
  get queueLength(): number {
    return this.queue.length;
  }

  /** Whether the queue has no room for so many more copies of such a message. hot: */
  isQueueFull(message: Message, copies: number, now: Millis): boolean {
    if (this.hasRoom(message, copies)) return false;
    this.dropExpired(now);
    return !this.hasRoom(message, copies);
  }

  /**
   * Takes a message for this client: sends it now, queues it, or drops it with a reason. hot:
   * @param messageId  Its name in the store if this session is a recipient there; else 0.
   */
  offer(message: Message, qos: QoS, retain: boolean, address: Addressing, messageId: number, now: Millis): void {
    const { subscriptionIdentifiers, sharedFilter } = address;
    const delivery: SessionDelivery = { message, qos, retain, subscriptionIdentifiers, sharedFilter, messageId };
    const connection = this.connection;
    if (qos === 0) {
      // QoS 0 is not stored for absent clients.
      if (connection === undefined || !this.machine.isConnected) return;
      // [MQTT-4.6.0-5]: a retained one of the same topic may wait.
      if (this.unsentRetained !== undefined) this.pump(now);
      if (connection.isCongested) this.dropped().addSlow(message.topic);
      else if (this.mayReceive(delivery)) this.machine.publish(delivery, now);
      return;
    }
    if (this.queue.length === 0 && this.machine.canPublish() && connection?.isCongested === false) {
      if (this.mayReceive(delivery)) this.machine.publish(delivery, now);
      return;
    }
    this.enqueue(this.queue, delivery, now);
  }

  /**
   * Takes a retained message for a subscription, to be sent by the next `pump`. With QoS 1 and 2 behind what already
   * waits; with QoS 0 it does not wait for the window, lest a newer message of its topic overtake it [MQTT-4.6.0-5].
   */
  offerRetained(message: Message, qos: QoS, address: Addressing, messageId: number, now: Millis): void {
    const { subscriptionIdentifiers, sharedFilter } = address;
    const delivery: SessionDelivery = { message, qos, retain: true, subscriptionIdentifiers, sharedFilter, messageId };
    this.enqueue(qos === 0 ? (this.unsentRetained ??= new RingQueue()) : this.queue, delivery, now);
  }

  /** Puts back what a store remembered as queued. */
  restoreQueued(delivery: SessionDelivery): void {
    this.queue.push(delivery);
    this.queueBytes += delivery.message.payload.length;
  }

  /** Before the machine opens a connection: drops what was in flight and may not be sent on this one [MQTT-3.1.2-25]. */
  prepareResume(now: Millis): void {
    this.machine.forEachInFlight((delivery, state, id) => {
      const reason = state === 'sent' ? this.refusal(delivery) : undefined;
      if (reason === undefined) return;
      this.dropped().add(delivery.message.topic, reason);
      this.machine.abandon(id, Reason.success, now);
    });
  }

  /** Sends from the queue as far as the window and the reader allow. */
  pump(now: Millis): void {
    this.windowMoved = false;
    const connection = this.connection;
    if (connection === undefined || !this.machine.isConnected) return;
    if (this.unsentRetained !== undefined) this.sendFrom(this.unsentRetained, connection, now);
    if (this.unsentRetained?.length === 0) this.unsentRetained = undefined;
    this.sendFrom(this.queue, connection, now);
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
    if (this.unsentRetained === undefined) return;
    // QoS 0 is not stored for absent clients.
    for (let next = this.unsentRetained.shift(); next !== undefined; next = this.unsentRetained.shift()) {
      this.queueBytes -= next.message.payload.length;
    }
    this.unsentRetained = undefined;
  }

  /** Everything that is not settled leaves the session, which has ended: for other members of its groups, or for nobody. */
  abandonDeliveries(now: Millis): void {
    const abandoned: SessionDelivery[] = [];
    const lost: string[] = [];
    this.machine.forEachInFlight((delivery, state) => {
      if (state !== 'sent') return;
      if (delivery.qos === 1) abandoned.push(delivery);
      // A QoS 2 message that its member may have seen goes to nobody else [MQTT-4.8.2-5].
      else lost.push(delivery.message.topic);
    });
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) abandoned.push(next);
    this.queueBytes = 0;
    for (const { message, sharedFilter, qos } of abandoned) {
      if (qos === 0) continue;
      const mayGoOn = sharedFilter !== '' && !isExpired(message, now);
      if (!mayGoOn || !this.broker.router.handOver(sharedFilter, message, now)) lost.push(message.topic);
    }
    if (lost.length > 0) this.dropped().addAbandoned(lost);
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
    if (delivery.qos === 2 && id !== undefined && delivery.messageId !== 0)
      connection.gate.sendExactlyOnce(delivery, id, dup, now);
    else connection.writePublish(delivery, id, dup, topicAlias, omitTopic, now);
  }

  /** hot: */
  send(answer: Answer): boolean {
    return this.openConnection().gate.send(answer);
  }

  /** hot: */
  deliver(publish: PublishPacket, topic: string): ReasonCode {
    return publishFromClient(this.broker, this, publish, topic);
  }

  /** hot: */
  settle(delivery: SessionDelivery, reason: ReasonCode): void {
    this.windowMoved = true;
    if (delivery.messageId !== 0) this.broker.store.settle(this.key, delivery.messageId);
    if (reason >= 0x80) this.dropped().add(delivery.message.topic, 'refused-by-client', reason);
  }

  /** hot: */
  recordSending(delivery: SessionDelivery, id: PacketId): void {
    if (delivery.messageId === 0) return;
    const batch = this.broker.store.recordSending(this.key, delivery.messageId, id);
    if (delivery.qos === 2) this.openConnection().gate.holdDeliveries(batch);
  }

  recordReceived(delivery: SessionDelivery): void {
    this.windowMoved = true;
    if (delivery.messageId === 0) return;
    this.openConnection().gate.holdDeliveries(this.broker.store.recordReceived(this.key, delivery.messageId));
  }

  recordReleased(id: PacketId): void {
    if (this.key !== 0) this.openConnection().gate.holdAnswers(this.broker.store.recordReleased(this.key, id));
  }

  private dropped(): DroppedMessages {
    return (this.drops ??= new DroppedMessages(this.broker, this.clientId));
  }

  private openConnection(): Connection {
    assert(this.connection !== undefined, 'the machine speaks only while connected');
    return this.connection;
  }

  /** Sends from one of the queues as far as the window and the reader allow. */
  private sendFrom(queue: RingQueue<SessionDelivery>, connection: Connection, now: Millis): void {
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      if (connection.isCongested) return;
      if (next.qos > 0 && !this.machine.canPublish()) return;
      queue.shift();
      this.queueBytes -= next.message.payload.length;
      if (isExpired(next.message, now)) this.drop(next, 'expired');
      else if (this.mayReceive(next)) this.machine.publish(next, now);
    }
  }

  /** hot: */
  private hasRoom(message: Message, copies: number): boolean {
    const { limits } = this.broker;
    const length = this.queue.length + (this.unsentRetained?.length ?? 0);
    return (
      length + copies <= limits.sessionQueueMessagesMax &&
      this.queueBytes + copies * message.payload.length <= limits.sessionQueueBytesMax
    );
  }

  /** Makes room at the head of the queue. What expired further back is dropped when its turn comes. */
  private dropExpired(now: Millis): void {
    for (let next = this.queue.peek(); next !== undefined && isExpired(next.message, now); next = this.queue.peek()) {
      this.queue.shift();
      this.queueBytes -= next.message.payload.length;
      this.drop(next, 'expired');
    }
  }

  private enqueue(queue: RingQueue<SessionDelivery>, delivery: SessionDelivery, now: Millis): void {
    // For persistent sessions the router has asked before; a clean session's queue just has an end.
    if (this.isQueueFull(delivery.message, 1, now)) {
      this.drop(delivery, 'queue-full');
      return;
    }
    queue.push(delivery);
    this.queueBytes += delivery.message.payload.length;
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
  private drop(delivery: SessionDelivery, reason: 'queue-full' | 'expired' | 'too-large' | 'not-authorized'): void {
    this.dropped().add(delivery.message.topic, reason);
    if (delivery.messageId !== 0) this.broker.store.settle(this.key, delivery.messageId);
  }
}

/** Nobody may be sent it any more, if its sending has not begun [MQTT-3.3.2-5]. hot: */
function isExpired({ expiresAt }: Message, now: Millis): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
