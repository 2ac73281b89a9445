// What the application wants to send, as packets and messages that MQTT has a place for and that this
// server takes. Nothing leaves from here; a call that cannot be carried out is refused before it takes an
// identifier or a place in a line.

import { OperationError, UsageError } from '../base/errors.ts';
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
import { NO_DISCONNECT_PROPERTIES, NO_SUBSCRIBE_PROPERTIES, NO_UNSUBSCRIBE_PROPERTIES } from '../packet/properties.ts';
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
 * Makes a message.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 * @throws {OperationError} `rejected`, `too-large`: the server has said that it would not take it.
 */
export function outgoingMessage(
  topic: string,
  payload: string | Uint8Array,
  options: PublishOptions,
  agreement: Agreement,
): Message {
  const { version, sendAliasMaximum } = agreement.terms;
  const qos = checkQoS(options.qos ?? 0);
  const retain = options.retain ?? false;
  const properties = checkMessageProperties(options.properties, version);
  const message: Message = {
    topic: checkTopic(topic),
    payload: bytesOf(payload),
    qos,
    retain,
    properties,
    expiresAt: undefined,
  };
  // [MQTT-3.2.2-11]
  if (qos > agreement.maximumQoS) {
    throw refused(Reason.qosNotSupported, `The broker takes QoS ${agreement.maximumQoS} at most, not ${qos}.`);
  }
  // [MQTT-3.2.2-14]
  if (retain && !agreement.retainAvailable) throw refused(Reason.retainNotSupported, 'The broker retains no messages.');
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
  checkSize(size + (sendAliasMaximum > 0 ? ALIAS_BYTES : 0), `The message to ${JSON.stringify(topic)}`, agreement);
  return message;
}

/**
 * Makes a SUBSCRIBE; its packet identifier is to be filled in.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 * @throws {OperationError} `rejected`, `too-large`: the server has said that it would not take it.
 */
export function outgoingSubscribe(
  requests: readonly SubscribeRequest[],
  options: SubscribeOptions,
  agreement: Agreement,
): SubscribePacket {
  // [MQTT-3.8.3-2]
  if (requests.length === 0) throw new UsageError('invalid-argument', 'subscribe needs at least one topic filter.');
  const { identifier, userProperties } = options;
  if (agreement.terms.version !== 5 && (identifier !== undefined || userProperties !== undefined)) {
    throw lacking('identifier and userProperties', agreement.terms.version);
  }
  if (identifier !== undefined) checkInteger('identifier', identifier, 1, 268_435_455);
  if (identifier !== undefined && !agreement.subscriptionIdentifiers) {
    throw refused(Reason.subscriptionIdentifiersNotSupported, 'The broker knows no subscription identifiers.');
  }
  const packet: SubscribePacket = {
    kind: 'subscribe',
    id: NO_ID,
    subscriptions: requests.map((request) => subscriptionRequest(request, agreement)),
    properties: {
      subscriptionIdentifier: identifier,
      userProperties: checkUserProperties(userProperties ?? NO_SUBSCRIBE_PROPERTIES.userProperties),
    },
  };
  checkSize(packetSize(packet, agreement.terms.version), 'SUBSCRIBE', agreement);
  return packet;
}

/**
 * Makes an UNSUBSCRIBE; its packet identifier is to be filled in.
 * @throws {UsageError} `invalid-argument`.
 * @throws {OperationError} `too-large`.
 */
export function outgoingUnsubscribe(filters: readonly string[], agreement: Agreement): UnsubscribePacket {
  // [MQTT-3.10.3-2]
  if (filters.length === 0) throw new UsageError('invalid-argument', 'unsubscribe needs at least one topic filter.');
  for (const filter of filters) checkFilter(filter);
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

function subscriptionRequest(request: SubscribeRequest, agreement: Agreement): SubscriptionRequest {
  const { filter, qos = 0, noLocal, retainAsPublished, retainHandling } = request;
  const kind = checkFilter(filter);
  if (agreement.terms.version !== 5 && (noLocal ?? retainAsPublished ?? retainHandling) !== undefined) {
    throw lacking('noLocal, retainAsPublished and retainHandling', agreement.terms.version);
  }
  // [MQTT-3.8.3-4]
  if (kind === 'shared' && noLocal === true) {
    throw new UsageError('invalid-option', 'noLocal has no meaning on a shared subscription.');
  }
  if (kind === 'shared' && !agreement.sharedSubscriptions) {
    throw refused(Reason.sharedSubscriptionsNotSupported, 'The broker knows no shared subscriptions.');
  }
  if (!agreement.wildcardSubscriptions && /[+#]/.test(filter)) {
    throw refused(Reason.wildcardSubscriptionsNotSupported, 'The broker knows no wildcards.');
  }
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

/** Also for callers without types. */
function checkQoS(qos: QoS): QoS {
  if (qos === 0 || qos === 1 || qos === 2) return qos;
  throw new UsageError('invalid-option', `qos takes 0, 1 or 2; got ${String(qos)}.`);
}

/** [MQTT-3.2.2-15]. */
function checkSize(size: number, what: string, agreement: Agreement): void {
  if (size <= agreement.maximumPacketSize) return;
  const sentence = `${what} would take ${size} bytes; the broker takes ${agreement.maximumPacketSize} at most.`;
  throw new OperationError('too-large', sentence, Reason.packetTooLarge);
}

function refused(reasonCode: ReasonCode, sentence: string): OperationError {
  return new OperationError('rejected', sentence, reasonCode);
}

function lacking(what: string, version: ProtocolVersion): UsageError {
  return new UsageError('invalid-option', `${what} are of MQTT 5.0; ${versionName(version)} has no place for them.`);
}
