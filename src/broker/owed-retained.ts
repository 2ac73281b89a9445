// The retained messages that one subscription is still to be given (MQTT 5.0 section 3.3.1.3). There may be a million, so they are looked for and
// sent in steps, and the broker goes on meanwhile. What was retained at the moment of subscribing is what the client gets, once each and
// before any newer message of its topic [MQTT-4.6.0-5]: before a message is routed, whoever is still owed the retained one of its topic gets that first.
// A message of QoS 1 or 2 is owed as soon as it is found: it goes into the session's queue. One of QoS 0 waits here for the reader.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { Recipient } from '../store/contract.ts';
import { isExpired } from '../store/expiry.ts';
import { matches } from '../topic/match.ts';
import type { TopicName } from '../topic/topic-name.ts';
import { admitToOne, limitToEndAt } from './admission.ts';
import type { BrokerState } from './broker-state.ts';
import { type ClientSession, TRANSIENT_LIMITS } from './client-session.ts';
import { lower } from './route.ts';
import { type Addressing, addressing } from './session-delivery.ts';
import type { Subscription } from './subscription.ts';

/** One step of the walk visits two messages at most; so many make one of ours. */
const WALK_STEPS = 16;

/** What one subscription is owed. */
export class OwedRetained {
  private readonly broker: BrokerState;
  private readonly session: ClientSession;
  private readonly subscription: Subscription;
  private readonly address: Addressing;
  private readonly walkOn: () => boolean;
  private isWalked: boolean;
  /** Topics that were found: the message that waits, of QoS 0; `undefined`: it has been given. When all are found, those that wait alone. */
  private readonly found: Map<string, Message | undefined>;
  /** Stands at the first that may wait. */
  private readonly inTurn: Iterator<[string, Message | undefined], undefined>;
  /** Messages that wait. */
  waiting: number;
  /** One for each QoS, made when it is needed. */
  private readonly recipients: { [Q in 1 | 2]?: readonly Recipient[] };

  constructor(broker: BrokerState, session: ClientSession, subscription: Subscription) {
    this.broker = broker;
    this.session = session;
    this.subscription = subscription;
    this.address = addressing(subscription);
    this.found = new Map();
    this.inTurn = this.found.entries();
    this.isWalked = false;
    this.waiting = 0;
    this.recipients = {};
    const { filter } = subscription;
    this.walkOn = broker.retained.inSteps(filter, (message) => this.find(message));
    // The broker's own are few.
    broker.systemTopics.match(filter, (message) => this.find(message));
  }

  /** Whether all are found. Before that none is sent but those that must be. */
  get isFound(): boolean {
    return this.isWalked;
  }

  /** Looks for more; false: all are found. */
  step(): boolean {
    for (let i = 0; i < WALK_STEPS && !this.isWalked; i++) this.isWalked = !this.walkOn();
    return !this.isWalked;
  }

  /** Sends the next message of QoS 0, if one waits; false: none waits any more. */
  sendNext(now: Millis): boolean {
    for (let next = this.inTurn.next(); next.done !== true; next = this.inTurn.next()) {
      const [topic, message] = next.value;
      this.found.delete(topic);
      if (message === undefined) continue;
      this.countWaiting(-1);
      this.session.sendRetained(message, this.address, now);
      break;
    }
    return this.waiting > 0;
  }

  /** A message of the topic is about to be routed: what is owed of the topic comes before it. */
  giveFirst(topic: TopicName, now: Millis): void {
    if (!this.isWalked && !this.found.has(topic) && matches(this.subscription.filter, topic)) {
      const message = this.broker.retained.get(topic);
      if (message === undefined) this.found.set(topic, undefined);
      else this.find(message);
    }
    const message = this.found.get(topic);
    // A reader that is congested does not get the newer one, either.
    if (message === undefined || this.session.connection?.isCongested !== false) return;
    this.found.set(topic, undefined);
    this.countWaiting(-1);
    this.session.sendRetained(message, this.address, now);
  }

  private countWaiting(difference: 1 | -1): void {
    this.waiting += difference;
    this.session.owedNow += difference;
  }

  private find(message: Message): void {
    const { broker, found, session, subscription } = this;
    const now = broker.clock.monotonic();
    const { topic } = message;
    if (found.has(topic) || isExpired(message, now)) return;
    const qos = lower(message.qos, subscription.options.qos); // [MQTT-3.8.4-8]
    if (qos > 0) {
      found.set(topic, undefined);
      this.queue(message, qos === 2 ? 2 : 1, now);
    } else if (session.owedNow >= broker.limits.transientQueueMessagesMax) {
      session.dropped().addQueueFull(topic, TRANSIENT_LIMITS);
    } else {
      // Their payload is that of the retained messages, which are in memory anyway.
      found.set(topic, message);
      this.countWaiting(1);
    }
  }

  /** With QoS 1 and 2 behind what waits already. For a persistent session it is an owed delivery like others. */
  private queue(message: Message, qos: 1 | 2, now: Millis): void {
    const { address, broker, recipients, session } = this;
    if (session.key === 0) return session.queueRetained(message, qos, address, 0, now);
    const ending = limitToEndAt(broker, session, message);
    if (ending !== undefined) return session.dropOffered(message, ending);
    const admission = admitToOne(broker, session, message, now);
    // No publisher can be told: the message is dropped, counted and said.
    if (admission?.refusedBy !== undefined) session.dropOffered(message, admission.refusedBy);
    else if (admission?.leavesOut(session) !== true) {
      const messageId = broker.router.nextMessageId();
      recipients[qos] ??= [{ key: session.key, qos, retain: true, ...address }];
      session.connection?.gate.holdAnswers(broker.store.append(messageId, message, recipients[qos], undefined));
      session.queueRetained(message, qos, address, messageId, now);
    }
    admission?.finish();
  }
}
