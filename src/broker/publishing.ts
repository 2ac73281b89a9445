// How a message comes into the broker, from a client, a Will or the program that embeds it: may it,
// is it retained, whom does it reach, and what does the publisher hear.

import { type Millis, seconds } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { PublishPacket, Will } from '../packet/packet.ts';
import type { MessageProperties } from '../packet/properties.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { Batch } from '../store/contract.ts';
import type { TopicName } from '../topic/topic-name.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Route } from './route.ts';

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
  const route = broker.router.lookUp(topic);
  if (route.topic === undefined) {
    return refuse(
      broker,
      session,
      publish,
      topic,
      route.refusal?.reasonCode ?? Reason.topicNameInvalid,
      route.refusal?.why ?? '',
    );
  }
  const { qos, retain } = publish;
  if (!broker.authorizer.allowsAll && !broker.authorizer.allows(session.identity, 'publish', topic, qos, retain)) {
    return refuse(broker, session, publish, topic, Reason.notAuthorized, 'The client may not publish to this topic.');
  }
  const message = messageOf(publish, topic, now);
  if (retain && broker.retained.wouldOverflow(route.topic, message)) {
    return refuse(
      broker,
      session,
      publish,
      topic,
      Reason.quotaExceeded,
      'The broker keeps as many retained messages as it may (retainedMessagesMax).',
    );
  }
  const origin =
    qos === 2 && session.key !== 0 && publish.id !== undefined ? { session: session.key, id: publish.id } : undefined;
  const keep = retain ? retaining(broker, route.topic, message) : undefined;
  const { reasonCode, after } = broker.router.route(route, message, session, origin, keep, now);
  if (reasonCode >= 0x80) {
    return refuse(
      broker,
      session,
      publish,
      topic,
      reasonCode,
      'A persistent session that must get the message has a full queue (sessionQueueMessagesMax, sessionQueueBytesMax).',
    );
  }
  if (qos > 0) connection.gate.holdAnswers(after);
  broker.events.messagePublished?.(message, session.clientId);
  return reasonCode;
}

/** Publishes a message of nobody's connection. Returns the batch that makes it durable. */
export function publishMessage(
  broker: BrokerState,
  message: Message,
  publisher: ClientSession | undefined,
  now: Millis,
): { readonly reasonCode: ReasonCode; readonly after: Batch } {
  const route: Route = broker.router.lookUp(message.topic);
  if (route.topic === undefined) return { reasonCode: route.refusal?.reasonCode ?? Reason.topicNameInvalid, after: 0 };
  if (message.retain && broker.retained.wouldOverflow(route.topic, message)) {
    return { reasonCode: Reason.quotaExceeded, after: 0 };
  }
  const keep = message.retain ? retaining(broker, route.topic, message) : undefined;
  const { reasonCode, after } = broker.router.route(route, message, publisher, undefined, keep, now);
  if (reasonCode < 0x80) broker.events.messagePublished?.(message, publisher?.clientId);
  return { reasonCode, after };
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

/** What the router does to retain a message. A function of its own, so that others cost the hot path no closure. */
function retaining(broker: BrokerState, topic: TopicName, message: Message): () => Batch {
  return () => broker.retained.set(topic, message);
}

/** Says no: with a reason code to MQTT 5 (QoS 1 and 2), by closing a 3.x connection that waits for an answer, and in the log. */
function refuse(
  broker: BrokerState,
  session: ClientSession,
  publish: PublishPacket,
  topic: string,
  reasonCode: ReasonCode,
  why: string,
): ReasonCode {
  broker.counters.messagesRefused++;
  broker.log.warn(
    `Refused a QoS ${publish.qos} message of client ${session.name} to topic ${JSON.stringify(topic)}: ${reasonName(reasonCode)}. ${why}`,
    { clientId: session.clientId, topic, reasonCode },
  );
  const connection = session.connection;
  // 3.x has no way to say no, and an acknowledgement would be a lie.
  if (publish.qos > 0 && connection !== undefined && connection.version !== 5) {
    connection.closeBecause(
      reasonCode,
      `A QoS ${publish.qos} message was refused, which ${connection.versionName} cannot be told otherwise.`,
    );
  }
  return reasonCode;
}
