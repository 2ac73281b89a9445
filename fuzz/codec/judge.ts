// What every decoded packet and every refusal must be, whatever the bytes were: the rules of the specification about one
// packet, written down a second time, for values instead of bytes. A decoder that takes too much is found here.

import type { Packet, PublishPacket, SubscribePacket } from '../../src/packet/packet.ts';
import type { Direction } from '../../src/packet/packet-type.ts';
import { ProtocolError } from '../../src/packet/protocol-error.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { REASON_CODES } from '../../src/packet/reason-code-table.ts';
import { REQUIREMENT_IDS } from '../../conformance/requirements.ts';
import { expect } from '../engine/escape.ts';

const CLAIM = 'a decoded packet keeps the rules of its kind';
const REFUSAL = 'a refusal is a ProtocolError that the peer can be told';

const BY_CLIENT: readonly Packet['kind'][] = ['connect', 'subscribe', 'unsubscribe', 'pingreq'];
const BY_SERVER: readonly Packet['kind'][] = ['connack', 'suback', 'unsuback', 'pingresp'];

/** The lowest and the highest value of numbers in properties. */
const BOUNDS: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ['payloadFormatIndicator', [0, 1]],
  ['messageExpiryInterval', [0, 0xffff_ffff]],
  ['sessionExpiryInterval', [0, 0xffff_ffff]],
  ['receiveMaximum', [1, 65_535]],
  ['maximumPacketSize', [1, 0xffff_ffff]],
  ['topicAliasMaximum', [0, 65_535]],
  ['maximumQoS', [0, 1]],
  ['serverKeepAlive', [0, 65_535]],
  ['subscriptionIdentifier', [1, 268_435_455]],
]);
const USER_PROPERTIES_MAX = 1_000;

/**
 * Claims that a packet keeps the rules.
 * @throws {Escape} when it does not.
 */
export function judgePacket(packet: Packet, version: ProtocolVersion, receives: Direction): void {
  const { kind } = packet;
  const strangers = receives === 'from-client' ? BY_SERVER : BY_CLIENT;
  holds(!strangers.includes(kind), packet, 'it came from the wrong side');
  holds(version === 5 || kind !== 'auth', packet, 'AUTH is of 5.0');
  holds(
    version === 5 || kind !== 'disconnect' || receives === 'from-client',
    packet,
    'a 3.x Server sends no DISCONNECT',
  );
  if ('id' in packet && packet.id !== undefined) holds(isBetween(packet.id, 1, 65_535), packet, 'its identifier');
  if ('properties' in packet) judgeProperties(packet, packet.properties, kind === 'connect' ? packet.version : version);
  judgeTexts(packet, packet);
  judgeReasons(packet, version, receives);
  if (kind === 'publish') judgePublish(packet, receives);
  else if (kind === 'subscribe') judgeSubscribe(packet, version);
  else if (kind === 'unsubscribe')
    holds(packet.filters.length > 0 && !packet.filters.includes(''), packet, 'its filters');
  else if (kind === 'connect') judgeConnect(packet);
}

/**
 * Claims that what a decoder threw is for the peer.
 * @throws {Escape} when it is not.
 */
export function judgeRefusal(error: unknown, receives: Direction): asserts error is ProtocolError {
  if (!(error instanceof ProtocolError)) throw error;
  const { reasonCode, statement, message } = error;
  const codes =
    receives === 'from-client'
      ? REASON_CODES.disconnectFromServer.has(reasonCode) || REASON_CODES.connack.has(reasonCode)
      : REASON_CODES.disconnectFromClient.has(reasonCode);
  expect(codes && reasonCode >= 0x80, REFUSAL, () => `reason code 0x${reasonCode.toString(16)}: ${message}`);
  expect(statement === '' || REQUIREMENT_IDS.has(statement), REFUSAL, () => `no such statement: ${statement}`);
}

function judgePublish(packet: PublishPacket, receives: Direction): void {
  const { topic, topicAlias, qos, dup, id, subscriptionIdentifiers } = packet;
  holds(!/[#+]/.test(topic), packet, 'a wildcard in its topic');
  holds(topic !== '' || topicAlias > 0, packet, 'neither topic nor alias');
  holds(isBetween(topicAlias, 0, 65_535), packet, 'its alias');
  holds(isBetween(qos, 0, 2) && (qos > 0 || !dup), packet, 'its QoS or DUP');
  holds(qos > 0 === (id !== undefined), packet, 'an identifier where none belongs, or none');
  holds(subscriptionIdentifiers.length === 0 || receives === 'from-server', packet, 'subscription identifiers');
  holds(
    subscriptionIdentifiers.every((each) => isBetween(each, 1, 268_435_455)),
    packet,
    'a subscription identifier',
  );
}

function judgeSubscribe(packet: SubscribePacket, version: ProtocolVersion): void {
  holds(packet.subscriptions.length > 0, packet, 'no filter');
  for (const { filter, options } of packet.subscriptions) {
    const { qos, noLocal, retainAsPublished, retainHandling } = options;
    holds(filter !== '' && isBetween(qos, 0, 2) && isBetween(retainHandling, 0, 2), packet, 'a filter or its options');
    holds(!noLocal || !filter.startsWith('$share/'), packet, 'No Local on a Shared Subscription');
    holds(version === 5 || (!noLocal && !retainAsPublished && retainHandling === 0), packet, 'options of 5.0');
  }
}

function judgeConnect(packet: Extract<Packet, { readonly kind: 'connect' }>): void {
  const { version, bridge, will, userName, password, keepAlive } = packet;
  holds(isBetween(version, 3, 5) && !(bridge && version === 5), packet, 'its version');
  holds(version === 5 || password === undefined || userName !== undefined, packet, 'a password without a name');
  holds(isBetween(keepAlive, 0, 65_535), packet, 'its Keep Alive');
  if (will === undefined) return;
  holds(will.topic !== '' && !/[#+]/.test(will.topic) && isBetween(will.qos, 0, 2), packet, 'its Will');
  holds(isBetween(will.delayInterval, 0, version === 5 ? 0xffff_ffff : 0), packet, 'its Will Delay Interval');
  judgeProperties(packet, will.properties, version);
}

function judgeReasons(packet: Packet, version: ProtocolVersion, receives: Direction): void {
  switch (packet.kind) {
    case 'connack': {
      const { reasonCode, sessionPresent } = packet;
      holds(REASON_CODES[version === 5 ? 'connack' : 'connectReturnCode'].has(reasonCode), packet, 'its reason');
      holds(!sessionPresent || (reasonCode === 0 && version !== 3), packet, 'Session Present');
      return;
    }
    case 'puback':
    case 'pubrec':
      return holds(REASON_CODES.pubackOrPubrec.has(packet.reasonCode), packet, 'its reason');
    case 'pubrel':
    case 'pubcomp':
      return holds(REASON_CODES.pubrelOrPubcomp.has(packet.reasonCode), packet, 'its reason');
    case 'suback': {
      const codes = REASON_CODES[version === 5 ? 'suback' : 'subackReturnCode'];
      return holds(
        packet.reasonCodes.length > 0 && packet.reasonCodes.every((code) => codes.has(code)),
        packet,
        'reasons',
      );
    }
    case 'unsuback':
      holds(packet.reasonCodes.length > 0 === (version === 5), packet, 'how many reasons');
      return holds(
        packet.reasonCodes.every((code) => REASON_CODES.unsuback.has(code)),
        packet,
        'its reasons',
      );
    case 'disconnect': {
      const codes = receives === 'from-client' ? REASON_CODES.disconnectFromClient : REASON_CODES.disconnectFromServer;
      holds(codes.has(packet.reasonCode), packet, 'its reason');
      const expires = packet.properties.sessionExpiryInterval !== undefined;
      return holds(!expires || receives === 'from-client', packet, 'a Server sets no Session Expiry Interval');
    }
    case 'auth': {
      const codes = receives === 'from-client' ? REASON_CODES.authFromClient : REASON_CODES.authFromServer;
      const { reasonCode, properties } = packet;
      // The empty packet says success and nothing else (section 3.15.2.1), whoever sends it.
      const isPlain = reasonCode === 0 && properties.authenticationMethod === undefined;
      return holds(isPlain || (codes.has(reasonCode) && properties.authenticationMethod !== undefined), packet, 'AUTH');
    }
    default:
      return undefined;
  }
}

function judgeProperties(packet: Packet, properties: object, version: ProtocolVersion): void {
  for (const [name, value] of Object.entries(properties) as Iterable<[string, unknown]>) {
    if (value === undefined) continue;
    if (Array.isArray(value)) {
      holds(value.length <= USER_PROPERTIES_MAX && (version === 5 || value.length === 0), packet, `its ${name}`);
      continue;
    }
    holds(version === 5, packet, `${name} before 5.0`);
    const [least, most] = BOUNDS.get(name) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    if (typeof value === 'number') holds(isBetween(value, least, most), packet, `its ${name}`);
    if (name === 'responseTopic') holds(typeof value === 'string' && /^[^#+]+$/s.test(value), packet, 'Response Topic');
  }
}

/** Text is well-formed and without U+0000, wherever it stands. */
function judgeTexts(packet: Packet, value: unknown): void {
  if (typeof value === 'string') holds(value.isWellFormed() && !value.includes('\0'), packet, 'a text that is none');
  else if (Array.isArray(value)) for (const each of value) judgeTexts(packet, each);
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    for (const each of Object.values(value)) judgeTexts(packet, each);
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function holds(isKept: boolean, packet: Packet, what: string): void {
  expect(isKept, CLAIM, () => `${what}: ${JSON.stringify(packet)}`);
}
