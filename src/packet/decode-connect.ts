// CONNECT (section 3.1). The protocol is read on its own first: which version
// a Client speaks must be known to refuse the rest of its CONNECT in words that it understands.
// Everything in a CONNECT is a copy: authentication takes its time, and the chunk is long gone by then.
// Whether a Client Identifier may be empty, and all that needs more than the packet, is the broker's affair.

import { NO_WILL_PROPERTIES, decodeConnectProperties, decodeWillProperties } from './decode-properties.ts';
import type { ConnectPacket, QoS, Will } from './packet.ts';
import type { PacketReader } from './packet-reader.ts';
import { NO_CONNECT_PROPERTIES } from './properties.ts';
import { ProtocolError } from './protocol-error.ts';
import { type Protocol, PROTOCOLS, type ProtocolVersion } from './protocol-version.ts';
import { Reason } from './reason-codes.ts';
import { hasWildcard, topicNameError } from './topic-name.ts';

/**
 * Reads Protocol Name and Protocol Version.
 * @throws {ProtocolError} `unsupported-protocol-version` (0x84), `malformed-packet` (0x81).
 */
export function decodeProtocol(reader: PacketReader): Protocol {
  const name = reader.text('the Protocol Name');
  // [MQTT-3.1.2-1]
  if (name !== 'MQTT' && name !== 'MQIsdp')
    throw unsupported('MQTT-3.1.2-1', `the Protocol Name is ${JSON.stringify(name.slice(0, 32))}`);
  const level = reader.u8('the Protocol Version');
  for (const protocol of PROTOCOLS) {
    if (protocol.name === name && protocol.level === level) return protocol;
  }
  // [MQTT-3.1.2-2]
  throw unsupported('MQTT-3.1.2-2', `the Protocol Version of ${name} is ${level}`);
}

const Flag = { reserved: 0x01, clean: 0x02, will: 0x04, willRetain: 0x20, password: 0x40, userName: 0x80 } as const;

/**
 * Reads what follows the protocol in a CONNECT.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82), `topic-name-invalid` (0x90).
 */
export function decodeConnect(reader: PacketReader, { version, bridge }: Protocol): ConnectPacket {
  const flags = reader.u8('the Connect Flags');
  checkFlags(reader, flags, version);
  const keepAlive = reader.u16('the Keep Alive');
  const properties = version === 5 ? decodeConnectProperties(reader) : NO_CONNECT_PROPERTIES;
  // Section 3.1.2.11.10.
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw reader.violation('', 'there is Authentication Data and no Authentication Method');
  }
  // [MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT-3.1.3-4]
  const clientId = reader.text('the Client Identifier');
  // [MQTT-3.1.2-9]
  const will = (flags & Flag.will) === 0 ? undefined : decodeWill(reader, flags, version);
  // [MQTT-3.1.2-17] [MQTT-3.1.3-12]
  const userName = isThere(reader, flags & Flag.userName, version) ? reader.text('the User Name') : undefined;
  // [MQTT-3.1.2-19]
  const password = isThere(reader, flags & Flag.password, version) ? reader.binary('the Password') : undefined;
  // [MQTT-3.1.2-16] [MQTT-3.1.2-18]
  reader.finish();
  return {
    kind: 'connect',
    version,
    bridge,
    clientId,
    clean: (flags & Flag.clean) !== 0,
    keepAlive,
    userName,
    password,
    will,
    properties,
  };
}

function checkFlags(reader: PacketReader, flags: number, version: ProtocolVersion): void {
  // [MQTT-3.1.2-3]
  if ((flags & Flag.reserved) !== 0) throw reader.malformed('MQTT-3.1.2-3', 'the reserved Connect Flag is set');
  const willQoS = (flags >>> 3) & 3;
  if ((flags & Flag.will) === 0) {
    // [MQTT-3.1.2-11]
    if (willQoS !== 0) throw reader.malformed('MQTT-3.1.2-11', 'there is a Will QoS and no Will');
    // [MQTT-3.1.2-13]
    if ((flags & Flag.willRetain) !== 0)
      throw reader.malformed('MQTT-3.1.2-13', 'Will Retain is set and there is no Will');
  }
  // [MQTT-3.1.2-12]
  if (willQoS === 3) throw reader.malformed('MQTT-3.1.2-12', 'the Will QoS is 3');
  // MQTT 3.1.1 [MQTT-3.1.2-22]; 5.0 allows it.
  if ((flags & Flag.password) !== 0 && (flags & Flag.userName) === 0 && version !== 5) {
    throw reader.malformed('MQTT-3.1.2-22', 'there is a Password and no User Name, which MQTT 3.1.1 forbids');
  }
}

/**
 * Whether the field for a flag follows. In MQTT 3.1 the Remaining Length takes precedence over the flags: a User Name
 * or Password may be missing though its flag is set, and such connections are to be let in.
 */
function isThere(reader: PacketReader, flag: number, version: ProtocolVersion): boolean {
  return flag !== 0 && !(version === 3 && reader.isAtEnd);
}

function decodeWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const { delayInterval, message } = version === 5 ? decodeWillProperties(reader) : NO_WILL_PROPERTIES;
  // [MQTT-3.1.3-11]
  const topic = reader.text('the Will Topic');
  // [MQTT-4.7.3-1]
  if (topic === '') throw topicNameError('MQTT-4.7.3-1', 'CONNECT: the Will Topic is empty');
  // [MQTT-4.7.0-1]
  if (hasWildcard(topic)) throw topicNameError('MQTT-4.7.0-1', 'CONNECT: the Will Topic contains a wildcard');
  const payload = reader.binary('the Will Payload');
  const qos = ((flags >>> 3) & 3) as QoS; // checkFlags has refused 3.
  return { topic, payload, qos, retain: (flags & Flag.willRetain) !== 0, delayInterval, properties: message };
}

function unsupported(statement: string, detail: string): ProtocolError {
  return new ProtocolError(
    'unsupported-protocol-version',
    Reason.unsupportedProtocolVersion,
    statement,
    `CONNECT: ${detail}`,
  );
}
