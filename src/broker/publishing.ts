// How a message comes into the broker, from a client, a Will or the program that embeds it: may it,
// is it retained, whom does it reach, and what does the publisher hear.

import { type Millis, seconds } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { PublishPacket, Will } from '../packet/packet.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { Answer } from '../session/output.ts';
import type { Batch } from '../store/contract.ts';
import type { TopicName } from '../topic/topic-name.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { type Denial, denialOf } from './denial.ts';
import { refusalOfMessage } from './message-rules.ts';
import type { RetainedLimit } from './retained-messages.ts';
import type { Route } from './route.ts';
import type { Routed } from './routing.ts';

/** What there may be no room in. */
type NoRoom = Exclude<Routed['refusedBy'], undefined> | RetainedLimit;

/** The same in a sentence. That the store is full is said once (store-watch.ts). */
const NO_ROOM: { readonly [K in Exclude<NoRoom, 'store'>]: string } = {
  sessionQueueMessagesMax: 'A persistent session that must get the message has a full queue (sessionQueueMessagesMax).',
  sessionQueueBytesMax: 'A persistent session that must get the message has a full queue (sessionQueueBytesMax).',
  queuesMessagesMax: 'All queues together are full (queuesMessagesMax).',
  queuesBytesMax: 'All queues together are full (queuesBytesMax).',
  retainedMessagesMax: 'The broker keeps as many retained messages as it may (retainedMessagesMax).',
  retainedBytesMax: 'The retained messages take as much as they may (retainedBytesMax).',
  memoryMax: 'The broker has hardly any memory left for another retained message (memoryMax).',
};

/** What became of a message of nobody's connection. */
export interface Published {
  readonly reasonCode: ReasonCode;
  /** What makes it durable. */
  readonly after: Batch;
}

/**
 * Takes a client's PUBLISH. hot:
 * @returns the Reason Code for PUBACK and PUBREC; what that must wait for is at the connection's gate.
 */
export function publishFromClient(
  broker: BrokerState,
  session: ClientSession,
  publish: PublishPacket,
  topic: string,
): ReasonCode {
  const connection = session.connection;
  if (connection === undefined) return Reason.unspecifiedError;
  const { now } = connection;
  broker.counters.messagesReceived++;
  connection.outlet.traffic.messagesReceived++;
  broker.counters.payloadBytesReceived += publish.payload.length;
  const route = broker.router.lookUp(topic);
  if (route.topic === undefined) {
    const { reasonCode, why, limit } = route.refusal ?? {
      reasonCode: Reason.topicNameInvalid,
      why: '',
      limit: undefined,
    };
    if (limit !== undefined) broker.limitNews.count(limit);
    return refuse(broker, session, publish, topic, reasonCode, why);
  }
  const { qos, retain } = publish;
  if (!broker.authorizer.allowsAll && !broker.authorizer.allows(session.identity, 'publish', topic, qos, retain)) {
    return deny(broker, session, publish, topic);
  }
  if (publish.properties !== NO_MESSAGE_PROPERTIES) {
    const refusal = refusalOfMessage(broker, publish.properties, publish.payload);
    if (refusal !== undefined) return refuse(broker, session, publish, topic, refusal.reasonCode, refusal.why);
  }
  const message = messageOf(publish, topic, now);
  const keep = retain ? retaining(broker, route.topic, message) : undefined;
  if (typeof keep === 'string') return refuseForRoom(broker, session, publish, topic, keep);
  const origin =
    qos === 2 && session.key !== 0 && publish.id !== undefined ? { session: session.key, id: publish.id } : undefined;
  const { reasonCode, after, messageId, refusedBy } = broker.router.route(route, message, session, origin, keep, now);
  if (refusedBy !== undefined) return refuseForRoom(broker, session, publish, topic, refusedBy);
  if (qos > 0) connection.gate.holdAnswers(after, qos === 1 ? messageId : 0);
  else if (after > 0) connection.gate.noteLate(after);
  broker.events.messagePublished?.(message, session.clientId);
  return reasonCode;
}

/** Sends the acknowledgement of a message that was just refused, with the reason if the client wants to hear it. */
export function sendRefusal({ gate, outlet }: Connection, answer: Answer): boolean {
  const why = outlet.refusedWhy;
  outlet.refusedWhy = undefined;
  const isRefusal = answer.kind === 'puback' || answer.kind === 'pubrec';
  return gate.send(isRefusal ? outlet.explained(answer, why) : answer);
}

/**
 * Publishes a message of nobody's connection.
 * @param owner  The session that has the Client Identifier of the client whose Will it is; `undefined`: there is none, or it is no Will.
 */
export function publishMessage(
  broker: BrokerState,
  message: Message,
  owner: ClientSession | undefined,
  now: Millis,
): Published {
  const found: Route = broker.router.lookUp(message.topic);
  const route = owner === undefined ? found : found.ownedBy(owner);
  if (route.topic === undefined)
    return refused(broker, route.refusal?.reasonCode ?? Reason.topicNameInvalid, undefined);
  const keep = message.retain ? retaining(broker, route.topic, message) : undefined;
  if (typeof keep === 'string') return refused(broker, Reason.quotaExceeded, keep);
  const { reasonCode, after, refusedBy } = broker.router.route(route, message, undefined, undefined, keep, now);
  if (refusedBy !== undefined) return refused(broker, reasonCode, refusedBy);
  broker.events.messagePublished?.(message, undefined);
  return { reasonCode, after };
}

/** Counts a message that nobody's connection has to be told about. */
function refused(broker: BrokerState, reasonCode: ReasonCode, limit: NoRoom | undefined): Published {
  broker.counters.messagesRefused++;
  if (limit === 'store') broker.counters.messagesRefusedStoreFull++;
  return { reasonCode, after: 0 };
}

/** The message of a Will, published now (section 3.1.2.5): its expiry begins with its publication. */
export function messageOfWill(will: Will, now: Millis): Message {
  const { topic, payload, qos, retain, properties } = will;
  return { topic, payload, qos, retain, properties, expiresAt: expiry(properties, now) };
}

/** A payload of QoS 0 is a view: it is encoded for its subscribers before the chunk is reused. Others are kept already. hot: */
function messageOf(publish: PublishPacket, topic: string, now: Millis): Message {
  const { payload, qos, retain, properties } = publish;
  return { topic, payload, qos, retain, properties, expiresAt: expiry(properties, now) };
}

/** hot: */
function expiry(properties: MessageProperties, now: Millis): Millis | undefined {
  const { messageExpiryInterval } = properties;
  return messageExpiryInterval === undefined ? undefined : ((now + seconds(messageExpiryInterval)) as Millis);
}

/** What the router does to retain a message, once it is sure to be taken; or why there is no room for it. */
function retaining(broker: BrokerState, topic: TopicName, message: Message): (() => Batch) | NoRoom {
  const { retained } = broker;
  if (message.payload.length === 0 || !broker.isStoreFull) {
    const limit = retained.limitPassed(topic, message);
    if (limit === undefined) return () => retained.set(topic, message);
    broker.limitNews.count(limit);
    return limit;
  }
  if (message.qos > 0) return 'store';
  // A reserve that QoS 0 could fill would be none. Section 3.3.1.3 lets it pass without being kept; then none is kept.
  return () => {
    broker.counters.messagesNotRetained++;
    return retained.remove(topic);
  };
}

/** Says no for want of room. That the store is full is in the log already. */
function refuseForRoom(
  broker: BrokerState,
  session: ClientSession,
  publish: PublishPacket,
  topic: string,
  limit: NoRoom,
): ReasonCode {
  if (limit !== 'store') return refuse(broker, session, publish, topic, Reason.quotaExceeded, NO_ROOM[limit]);
  broker.counters.messagesRefused++;
  broker.counters.messagesRefusedStoreFull++;
  return sayNo(broker, session, publish, Reason.quotaExceeded, 'The store has no room.');
}

/** Says no to a client that may not. */
function deny(broker: BrokerState, session: ClientSession, publish: PublishPacket, topic: string): ReasonCode {
  const { qos, retain } = publish;
  const clauses = 'The client may not publish to this topic';
  const denial = denialOf(broker, session.identity, 'publish', topic, qos, retain, clauses);
  return refuse(broker, session, publish, topic, Reason.notAuthorized, denial.forClient, denial);
}

/** Says no, and why in the log: the 1st, 10th, 100th, ... time on one connection. */
function refuse(
  broker: BrokerState,
  session: ClientSession,
  publish: PublishPacket,
  topic: string,
  reasonCode: ReasonCode,
  why: string,
  denial?: Denial,
): ReasonCode {
  broker.counters.messagesRefused++;
  const count = session.connection === undefined ? 1 : ++session.connection.refusedCount;
  if (Number.isInteger(Math.log10(count))) {
    const which = count === 1 ? 'a' : `number ${count}, a`;
    broker.log.warn(
      `Refused ${which} QoS ${publish.qos} message of client ${session.name} to topic ${JSON.stringify(topic)}: ${reasonName(reasonCode)}. ${denial?.forLog ?? why}`,
      { clientId: session.clientId, topic, reasonCode, refused: count, rule: denial?.rule },
    );
  }
  return sayNo(broker, session, publish, reasonCode, why);
}

/**
 * How a client hears no. MQTT 5 by the Reason Code of PUBACK and PUBREC, and the reason in words. 3.x has no word for it, and an
 * acknowledgement would be a lie: its connection ends [MQTT-3.3.5-2], and only after a while if it is to find room when it tries again.
 * MQTT 3.1 leaves no choice where the client may not publish: the Server "must therefore make a positive acknowledgement". MQTT 3.1.1
 * leaves the choice between both [MQTT-3.3.5-2], and `deniedPublish311` makes it.
 */
function sayNo(
  { rules }: BrokerState,
  { connection }: ClientSession,
  { qos }: PublishPacket,
  reasonCode: ReasonCode,
  why: string,
): ReasonCode {
  if (qos === 0 || connection === undefined) return reasonCode;
  if (connection.version === 5) {
    connection.outlet.refusedWhy = why;
    return reasonCode;
  }
  const isAcknowledged = connection.version === 3 || rules.deniedPublish311 === 'acknowledge';
  if (isAcknowledged && reasonCode === Reason.notAuthorized) return Reason.success;
  const detail = `A QoS ${qos} message was refused, which ${connection.versionName} cannot be told otherwise.`;
  if (reasonCode === Reason.quotaExceeded) connection.holdPublisher(reasonCode, detail);
  else connection.closeBecause(reasonCode, detail);
  return reasonCode;
}
