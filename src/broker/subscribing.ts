// SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0 sections 3.8 to 3.11). Each Topic Filter is decided by itself and
// answered in its place [MQTT-3.8.4-5] [MQTT-3.8.4-6]; retained messages follow the subscription that
// asked for them. For a persistent session they are owed deliveries like others.

import type { Millis } from '../base/millis.ts';
import type {
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
} from '../packet/packet.ts';
import { NO_REASON_PROPERTIES } from '../packet/properties.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { Recipient } from '../store/contract.ts';
import { parseTopicFilter } from '../topic/topic-filter.ts';
import { admitToOne, limitToEndAt } from './admission.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { type Denial, denialOf } from './denial.ts';
import type { Refusal } from './message-rules.ts';
import { lower } from './route.ts';
import { addressing } from './session-delivery.ts';
import type { Subscription } from './subscription.ts';

/** SUBACK has one text for all its filters; it says this many different reasons at most. */
const WHYS_MAX = 4;

/** Handles SUBSCRIBE. */
export function subscribe(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  packet: SubscribePacket,
): void {
  const reasonCodes: ReasonCode[] = [];
  const whys = new Set<string>();
  const identifier = packet.properties.subscriptionIdentifier ?? 0;
  for (const request of packet.subscriptions) {
    const outcome = subscribeOne(broker, session, connection, request, identifier);
    reasonCodes.push(typeof outcome === 'number' ? outcome : heardAs(outcome.reasonCode, request, connection));
    if (typeof outcome !== 'number' && whys.size < WHYS_MAX) whys.add(outcome.why);
  }
  const suback: SubackPacket = { kind: 'suback', id: packet.id, reasonCodes, properties: NO_REASON_PROPERTIES };
  const why = whys.size === 0 ? undefined : Array.from(whys).join(' ');
  connection.gate.send(connection.outlet.explained(suback, why)); // [MQTT-3.8.4-1] [MQTT-3.8.4-2]
  session.pump(connection.now);
}

/** Handles UNSUBSCRIBE. */
export function unsubscribe(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  packet: UnsubscribePacket,
): void {
  const reasonCodes = packet.filters.map((filter) => unsubscribeOne(broker, session, connection, filter));
  const unsuback: UnsubackPacket = { kind: 'unsuback', id: packet.id, reasonCodes, properties: NO_REASON_PROPERTIES };
  connection.gate.send(unsuback); // [MQTT-3.10.4-4] [MQTT-3.10.4-5]
}

function subscribeOne(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  request: SubscriptionRequest,
  identifier: number,
): ReasonCode | Refusal {
  const { filter: requested, options } = request;
  const parsed = parseTopicFilter(requested, broker.limits.topicLevelsMax);
  if (parsed.kind !== 'plain' && parsed.kind !== 'shared') {
    return refuse(broker, session, requested, Reason.topicFilterInvalid, parsed.why);
  }
  if (
    !broker.authorizer.allowsAll &&
    !broker.authorizer.allows(session.identity, 'subscribe', requested, options.qos, false)
  ) {
    const clauses = 'The client may not subscribe to this filter';
    const denial = denialOf(broker, session.identity, 'subscribe', requested, options.qos, false, clauses);
    return refuse(broker, session, requested, Reason.notAuthorized, denial.forClient, denial);
  }
  const known = session.subscriptions?.has(requested) ?? false;
  if (!known && (session.subscriptions?.size ?? 0) >= broker.limits.subscriptionsMax) {
    return refuse(
      broker,
      session,
      requested,
      Reason.quotaExceeded,
      'The session has as many subscriptions as it may (subscriptionsMax).',
    );
  }
  const group = parsed.kind === 'shared' ? parsed.group : undefined;
  const subscription: Subscription = { requested, filter: parsed.filter, group, options, identifier };
  // Shared Subscriptions get no retained messages (section 4.8.2).
  const isForRetained = group === undefined && wantsRetained(options.retainHandling, !known);
  if (broker.isStoreFull && session.key !== 0 && isForRetained && owesRetained(broker, subscription, connection.now)) {
    const why = 'The store has no room for the retained messages that the session would be owed.';
    return refuse(broker, session, requested, Reason.quotaExceeded, why);
  }
  broker.sessions.subscribe(session, subscription);
  if (session.key !== 0) {
    connection.gate.holdAnswers(broker.store.saveSubscription(session.key, { filter: requested, options, identifier }));
  }
  if (isForRetained) sendRetained(broker, session, connection, subscription, connection.now);
  return options.qos; // [MQTT-3.8.4-7]
}

/** [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] */
function wantsRetained(retainHandling: 0 | 1 | 2, isNew: boolean): boolean {
  return retainHandling === 0 || (retainHandling === 1 && isNew);
}

/** Whether the subscription is to get retained messages of QoS 1 or 2. */
function owesRetained(broker: BrokerState, { filter, options }: Subscription, now: Millis): boolean {
  let owes = false;
  broker.retained.match(filter, now, (message) => {
    if (lower(message.qos, options.qos) > 0) owes = true;
  });
  return owes;
}

function sendRetained(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  subscription: Subscription,
  now: Millis,
): void {
  const address = addressing(subscription);
  const recipients: { [Q in 1 | 2]?: readonly Recipient[] } = {};
  broker.retained.match(subscription.filter, now, (message) => {
    const qos = lower(message.qos, subscription.options.qos); // [MQTT-3.8.4-8]
    if (qos === 0 || session.key === 0) {
      session.offerRetained(message, qos, address, 0, now);
      return;
    }
    const ending = limitToEndAt(broker, session, message);
    if (ending !== undefined) {
      session.dropOffered(message, ending);
      return;
    }
    const admission = admitToOne(broker, session, message, now);
    // No publisher can be told: the message is dropped, counted and said.
    if (admission?.refusedBy !== undefined) session.dropOffered(message, admission.refusedBy);
    else if (admission?.leavesOut(session) !== true) {
      const messageId = broker.router.nextMessageId();
      recipients[qos] ??= [{ key: session.key, qos, retain: true, ...address }];
      connection.gate.holdAnswers(broker.store.append(messageId, message, recipients[qos], undefined));
      session.offerRetained(message, qos, address, messageId, now);
    }
    admission?.finish();
  });
}

function unsubscribeOne(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  filter: string,
): ReasonCode {
  // [MQTT-3.10.4-1]: compared character by character.
  const subscription = session.subscriptions?.get(filter);
  if (subscription === undefined) return Reason.noSubscriptionExisted;
  session.subscriptions?.delete(filter);
  broker.router.unsubscribe(session, subscription); // [MQTT-3.10.4-2]
  if (session.key !== 0) connection.gate.holdAnswers(broker.store.deleteSubscription(session.key, filter));
  return Reason.success;
}

/**
 * The Reason Code with which a client hears of a refusal. MQTT 3.1 has none, and says of a client that may not subscribe that the Server
 * "must therefore make a positive acknowledgement". Of other refusals it says nothing, and its clients hear of them as those of 3.1.1.
 */
function heardAs(reasonCode: ReasonCode, { options }: SubscriptionRequest, { version }: Connection): ReasonCode {
  return version === 3 && reasonCode === Reason.notAuthorized ? options.qos : reasonCode;
}

function refuse(
  broker: BrokerState,
  session: ClientSession,
  filter: string,
  reasonCode: ReasonCode,
  why: string,
  denial?: Denial,
): Refusal {
  broker.log.warn(
    `Refused the subscription of client ${session.name} to ${JSON.stringify(filter)}: ${reasonName(reasonCode)}. ${denial?.forLog ?? why}`,
    { clientId: session.clientId, filter, reasonCode, rule: denial?.rule },
  );
  return { reasonCode, why };
}
