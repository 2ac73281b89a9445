// What the application wants to send, as packets and messages that MQTT has a place for and that this
// server takes. Nothing leaves from here; a call that cannot be carried out is refused before it takes an
// identifier or a place in a line.

import { OperationError, UsageError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import { millis } from '../base/millis.ts';
import { packetSize, publishSize } from '../packet/encode.ts';
import type { Message } from '../packet/message.ts';
import {
  type DisconnectPacket,
  NO_SUBSCRIPTION_IDENTIFIERS,
  type QoS,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubscribePacket,
} from '../packet/packet.ts';
import { packetId } from '../packet/packet-id.ts';
import {
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
  NO_USER_PROPERTIES,
  type UserProperty,
} from '../packet/properties.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import { REASON_CODES } from '../packet/reason-code-table.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import { bytesOf, checkInteger, checkMessageProperties, checkUserProperties } from './checks.ts';
import type { DisconnectOptions, PublishOptions, SubscribeOptions, SubscribeRequest } from './client.ts';
import type { Agreement } from './handshake.ts';
import { checkFilter, checkTopic } from './topics.ts';

/** A request before it has its packet identifier. */
const NO_ID = packetId(0);
/** What a Topic Alias adds to a PUBLISH. */
const ALIAS_BYTES = 3;

/**
 * Makes a message, without a look at any broker.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 */
export function outgoingMessage(
  topic: string,
  payload: string | Uint8Array,
  options: PublishOptions,
  version: ProtocolVersion,
  clock: Pick<Clock, 'monotonic'>,
): Message {
  const properties = checkMessageProperties(options.properties, version);
  const { messageExpiryInterval } = properties;
  return {
    topic: checkTopic(topic),
    payload: bytesOf(payload),
    qos: checkQoS(options.qos ?? 0),
    retain: options.retain ?? false,
    properties,
    expiresAt:
      messageExpiryInterval === undefined ? undefined : millis(clock.monotonic() + messageExpiryInterval * 1000),
  };
}

/** Why this broker would not take the message, as it has said: `rejected`, `too-large`; `undefined`: it would. hot: */
export function unsendable(message: Message, agreement: Agreement): OperationError | undefined {
  const { qos, retain, properties, topic } = message;
  // [MQTT-3.2.2-11]
  if (qos > agreement.maximumQoS) {
    return refused(Reason.qosNotSupported, `The broker takes QoS ${agreement.maximumQoS} at most, not ${qos}.`);
  }
  // [MQTT-3.2.2-14]
  if (retain && !agreement.retainAvailable) {
    return refused(Reason.retainNotSupported, 'The broker retains no messages.');
  }
  // Most messages are far below: then nobody need count, which takes 180 ns where properties are possible (Node 24).
  if (properties === NO_MESSAGE_PROPERTIES && plainSizeMax(message) <= agreement.maximumPacketSize) return undefined;
  const { version, sendAliasMaximum } = agreement.terms;
  // With or without its alias; nobody knows yet which it will be.
  const size = publishSize(version, message, {
    qos,
    retain,
    dup: false,
    id: NO_ID,
    topicAlias: 0,
    omitTopic: false,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    expiryInterval: properties.messageExpiryInterval,
  });
  const sizeMax = size + (sendAliasMaximum > 0 && qos < 2 ? ALIAS_BYTES : 0);
  return sizeMax <= agreement.maximumPacketSize
    ? undefined
    : tooLarge(sizeMax, `The message to ${JSON.stringify(topic)}`, agreement);
}

/** No PUBLISH without properties is larger: a header of 5 bytes, a topic in the longest of characters, identifier and alias. */
function plainSizeMax({ topic, payload }: Message): number {
  return 5 + (2 + 3 * topic.length) + 2 + (1 + ALIAS_BYTES) + payload.length;
}

/**
 * Completes what is to be subscribed to, without a look at any broker.
 * @param options  For all of it.
 * @throws {UsageError} `invalid-option`, `invalid-argument`: MQTT has no place for it, or this version has none.
 */
export function checkSubscriptions(
  requests: readonly (string | SubscribeRequest)[],
  options: Pick<SubscribeOptions, 'qos' | 'userProperties'>,
  version: ProtocolVersion,
): readonly SubscriptionRequest[] {
  // [MQTT-3.8.3-2]
  if (requests.length === 0) throw new UsageError('invalid-argument', 'subscribe needs at least one topic filter.');
  if (version !== 5 && options.userProperties !== undefined) throw lacking('userProperties', version);
  checkUserProperties(options.userProperties ?? NO_USER_PROPERTIES);
  const qos = checkQoS(options.qos ?? 0);
  return requests.map((request) =>
    subscriptionRequest(typeof request === 'string' ? { filter: request } : request, qos, version),
  );
}

/**
 * Makes a SUBSCRIBE of what `checkSubscriptions` has checked; its packet identifier is to be filled in.
 * @param identifier  Left out where the broker knows none.
 * @throws {OperationError} `rejected`, `too-large`: the server has said that it would not take it.
 */
export function outgoingSubscribe(
  subscriptions: readonly SubscriptionRequest[],
  identifier: number,
  userProperties: readonly UserProperty[],
  agreement: Agreement,
): SubscribePacket {
  for (const { filter } of subscriptions) checkAvailable(filter, agreement);
  const { version } = agreement.terms;
  const isKnown = version === 5 && agreement.subscriptionIdentifiers;
  const packet: SubscribePacket = {
    kind: 'subscribe',
    id: NO_ID,
    subscriptions,
    properties: { subscriptionIdentifier: isKnown ? identifier : undefined, userProperties },
  };
  checkSize(packetSize(packet, version), 'SUBSCRIBE', agreement);
  return packet;
}

/**
 * Checks the topic filters of an UNSUBSCRIBE.
 * @throws {UsageError} `invalid-argument`.
 */
export function checkUnsubscription(filters: readonly string[]): void {
  // [MQTT-3.10.3-2]
  if (filters.length === 0) throw new UsageError('invalid-argument', 'unsubscribe needs at least one topic filter.');
  for (const filter of filters) checkFilter(filter);
}

/**
 * Makes an UNSUBSCRIBE of what `checkUnsubscription` has checked; its packet identifier is to be filled in.
 * @throws {OperationError} `too-large`.
 */
export function outgoingUnsubscribe(filters: readonly string[], agreement: Agreement): UnsubscribePacket {
  const packet: UnsubscribePacket = { kind: 'unsubscribe', id: NO_ID, filters, properties: NO_UNSUBSCRIBE_PROPERTIES };
  checkSize(packetSize(packet, agreement.terms.version), 'UNSUBSCRIBE', agreement);
  return packet;
}

/**
 * Makes a DISCONNECT.
 * @param expiresAtOnce  The session ends with the connection, which DISCONNECT may not change any more (section 3.14.2.2.2).
 * @throws {UsageError} `invalid-option`.
 */
export function outgoingDisconnect(
  options: DisconnectOptions,
  version: ProtocolVersion,
  expiresAtOnce: boolean,
): DisconnectPacket {
  const { reasonCode = Reason.normalDisconnection, sessionExpirySeconds } = options;
  if (version !== 5 && (options.reasonCode !== undefined || sessionExpirySeconds !== undefined)) {
    throw lacking('reasonCode and sessionExpirySeconds', version);
  }
  // [MQTT-3.14.2-1]
  if (!REASON_CODES.disconnectFromClient.has(reasonCode)) {
    throw new UsageError('invalid-option', `A client does not disconnect with ${reasonName(reasonCode)}.`);
  }
  if (sessionExpirySeconds === undefined)
    return { kind: 'disconnect', reasonCode, properties: NO_DISCONNECT_PROPERTIES };
  checkInteger('sessionExpirySeconds', sessionExpirySeconds, 0, 4_294_967_295);
  if (expiresAtOnce && sessionExpirySeconds > 0) {
    throw new UsageError('invalid-option', 'A session that was to end with its connection cannot be kept any more.');
  }
  const properties = { ...NO_DISCONNECT_PROPERTIES, sessionExpiryInterval: sessionExpirySeconds };
  return { kind: 'disconnect', reasonCode, properties };
}

function subscriptionRequest(request: SubscribeRequest, qosUnsaid: QoS, version: ProtocolVersion): SubscriptionRequest {
  const { filter, qos = qosUnsaid, noLocal, retainAsPublished, retainHandling } = request;
  const kind = checkFilter(filter);
  if (version !== 5 && (noLocal ?? retainAsPublished ?? retainHandling) !== undefined) {
    throw lacking('noLocal, retainAsPublished and retainHandling', version);
  }
  // [MQTT-3.8.3-4]
  if (kind === 'shared' && noLocal === true) {
    throw new UsageError('invalid-option', 'noLocal has no meaning on a shared subscription.');
  }
  if (retainHandling !== undefined) checkInteger('retainHandling', retainHandling, 0, 2);
  return {
    filter,
    options: {
      qos: checkQoS(qos),
      noLocal: noLocal ?? false,
      retainAsPublished: retainAsPublished ?? false,
      retainHandling: retainHandling ?? 0,
    },
  };
}

function checkAvailable(filter: string, agreement: Agreement): void {
  if (!agreement.sharedSubscriptions && checkFilter(filter) === 'shared') {
    throw refused(Reason.sharedSubscriptionsNotSupported, 'The broker knows no shared subscriptions.');
  }
  if (!agreement.wildcardSubscriptions && /[+#]/.test(filter)) {
    throw refused(Reason.wildcardSubscriptionsNotSupported, 'The broker knows no wildcards.');
  }
}

/** Also for callers without types. */
function checkQoS(qos: QoS): QoS {
  if (qos === 0 || qos === 1 || qos === 2) return qos;
  throw new UsageError('invalid-option', `qos takes 0, 1 or 2; got ${String(qos)}.`);
}

/** [MQTT-3.2.2-15]. */
function checkSize(size: number, what: string, agreement: Agreement): void {
  if (size > agreement.maximumPacketSize) throw tooLarge(size, what, agreement);
}

function tooLarge(size: number, what: string, agreement: Agreement): OperationError {
  const sentence = `${what} would take ${size} bytes; the broker takes ${agreement.maximumPacketSize} at most.`;
  return new OperationError('too-large', sentence, Reason.packetTooLarge);
}

function refused(reasonCode: ReasonCode, sentence: string): OperationError {
  return new OperationError('rejected', sentence, reasonCode);
}

function lacking(what: string, version: ProtocolVersion): UsageError {
  return new UsageError('invalid-option', `${what} are of MQTT 5.0; ${versionName(version)} has no place for them.`);
}
