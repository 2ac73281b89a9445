// What CONNECT and CONNACK come to: a refusal in words, or the terms of the connection with every limit
// that the server has set. Nothing here sends or waits.

import { OperationError } from '../base/errors.ts';
import { seconds } from '../base/millis.ts';
import { PACKET_SIZE_MAX } from '../packet/encode.ts';
import type { ConnackPacket, ConnectPacket, QoS } from '../packet/packet.ts';
import { violation } from '../packet/protocol-error.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import { ConnectReturnCode, Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { ConnectionTerms } from '../session/terms.ts';
import type { ConnectionFacts } from './client.ts';
import type { ServerAddress } from './redirecting.ts';

/** How many topics are abbreviated to a number, where the server allows as many. */
const TOPIC_ALIASES_MAX = 32;

/** What server and client have agreed on for one connection. */
export interface Agreement extends ConnectionFacts {
  /** The highest QoS that the server takes. */
  readonly maximumQoS: QoS;
  readonly retainAvailable: boolean;
  /** The largest packet that the server takes, in bytes. */
  readonly maximumPacketSize: number;
  readonly wildcardSubscriptions: boolean;
  readonly subscriptionIdentifiers: boolean;
  readonly sharedSubscriptions: boolean;
  readonly terms: ConnectionTerms;
}

/**
 * Reads the server's answer, which is no refusal.
 * @throws {ProtocolError} when the answer does not fit the question.
 */
export function agree(inFlightMax: number, connect: ConnectPacket, connack: ConnackPacket): Agreement {
  const { properties } = connack;
  // CONNACK of MQTT 3.1 does not say: the session is there, or as good as there, if it was not to be ended.
  const sessionPresent = connect.version === 3 ? !connect.clean : connack.sessionPresent;
  // [MQTT-3.2.2-2] [MQTT-3.2.2-4]: who asks for a new session has no state of an old one.
  if (connect.clean && sessionPresent)
    throw violation('MQTT-3.2.2-2', 'CONNACK: a session is present, but a new one was asked for.');
  // [MQTT-3.1.2-21] [MQTT-3.2.2-21]
  const keepAliveSeconds = properties.serverKeepAlive ?? connect.keepAlive;
  return {
    sessionPresent,
    clientId: properties.assignedClientIdentifier ?? connect.clientId,
    keepAliveSeconds,
    maximumQoS: properties.maximumQoS ?? 2,
    retainAvailable: properties.retainAvailable ?? true,
    maximumPacketSize: properties.maximumPacketSize ?? PACKET_SIZE_MAX,
    wildcardSubscriptions: properties.wildcardSubscriptionAvailable ?? true,
    subscriptionIdentifiers: properties.subscriptionIdentifierAvailable ?? true,
    sharedSubscriptions: properties.sharedSubscriptionAvailable ?? true,
    serverProperties: properties,
    terms: {
      version: connect.version,
      sendMaximum: Math.min(inFlightMax, properties.receiveMaximum ?? 65_535), // [MQTT-4.9.0-1]
      receiveMaximum: connect.properties.receiveMaximum ?? 65_535,
      // Mosquitto 2.0.11 sends up to twice as many QoS 2 messages as it is allowed, and works otherwise. What bounds us
      // is that reading stops while many messages are with the application (inbox.ts).
      receiveMaximumEnforced: false,
      sendAliasMaximum: Math.min(TOPIC_ALIASES_MAX, properties.topicAliasMaximum ?? 0), // [MQTT-3.2.2-17] [MQTT-3.2.2-18]
      receiveAliasMaximum: connect.properties.topicAliasMaximum ?? 0,
      keepAlive: seconds(keepAliveSeconds),
      keepAliveDuty: 'ping',
    },
  };
}

/**
 * A client without an Authentication Method takes nothing of one.
 * @throws {ProtocolError} `protocol-error`: CONNACK names one [MQTT-4.12.0-6].
 */
export function refuseMethod({ properties }: ConnackPacket): void {
  if (properties.authenticationMethod === undefined) return;
  throw violation('MQTT-4.12.0-6', 'CONNACK names an Authentication Method, and CONNECT did not.');
}

/** What a refused person can do about it. */
const ADVICE: ReadonlyMap<ReasonCode, string> = new Map([
  [Reason.unsupportedProtocolVersion, 'Try another protocol version.'],
  [Reason.clientIdentifierNotValid, 'Choose another client identifier.'],
  [Reason.badUserNameOrPassword, 'Check the user name and the password.'],
  [Reason.notAuthorized, 'Check the user name and the password, and what they allow.'],
  [Reason.serverUnavailable, 'Try again later.'],
  [Reason.serverBusy, 'Try again later.'],
  [Reason.connectionRateExceeded, 'Try again later.'],
  [Reason.qosNotSupported, 'Choose a lower QoS for the will.'],
  [Reason.retainNotSupported, 'Choose a will without the retain flag.'],
  [Reason.packetTooLarge, 'The will may be too large.'],
]);

/** The server's refusal in words, with its Reason Code (that of MQTT 5.0, whatever the version); `undefined`: it accepts. */
export function refusalOf(
  { host, port }: ServerAddress,
  connect: ConnectPacket,
  connack: ConnackPacket,
): OperationError | undefined {
  if (connack.reasonCode === Reason.success) return undefined;
  const { reasonString, serverReference } = connack.properties;
  const code = connect.version === 5 ? connack.reasonCode : reasonOfReturnCode(connack.reasonCode);
  const parts = [`The broker at ${host}, port ${port}, refused the connection: ${reasonName(code)}.`];
  if (reasonString !== undefined) parts.push(`It says: ${JSON.stringify(reasonString)}.`);
  if (serverReference !== undefined) parts.push(`It names another server: ${JSON.stringify(serverReference)}.`);
  if (code === Reason.unsupportedProtocolVersion) parts.push(`It was asked for ${versionName(connect.version)}.`);
  const advice = ADVICE.get(code);
  if (advice !== undefined) parts.push(advice);
  return new OperationError('connection-refused', parts.join(' '), code);
}

/** The Reason Code of MQTT 5.0 that says what a Connect Return Code of 3.x says. */
function reasonOfReturnCode(code: number): ReasonCode {
  switch (code) {
    case ConnectReturnCode.unacceptableProtocolVersion:
      return Reason.unsupportedProtocolVersion;
    case ConnectReturnCode.identifierRejected:
      return Reason.clientIdentifierNotValid;
    case ConnectReturnCode.serverUnavailable:
      return Reason.serverUnavailable;
    case ConnectReturnCode.badUserNameOrPassword:
      return Reason.badUserNameOrPassword;
    case ConnectReturnCode.notAuthorized:
      return Reason.notAuthorized;
    default:
      return Reason.unspecifiedError;
  }
}

/** What a server speaks in place of MQTT, by the first byte of its answer to CONNECT; `undefined`: who knows. */
export function foreignLanguage(firstByte: number | undefined): string | undefined {
  // The H of HTTP/1.1, and the type of a TLS record with an alert in it. Neither begins a packet of MQTT.
  if (firstByte === 0x48) return 'It speaks HTTP: is it another port, or WebSocket (ws://) that is meant?';
  if (firstByte === 0x15) return 'It speaks TLS: is it another port, or mqtts:// that is meant?';
  return undefined;
}

/** What may be wrong where a server does not answer CONNECT as it should. */
export function versionHint(version: ProtocolVersion): string {
  return version === 5
    ? 'It may know MQTT 3.1.1 only: try that version.'
    : `It may not know ${versionName(version)}: try another version.`;
}
