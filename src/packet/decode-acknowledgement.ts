// The acknowledgements: PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK (sections 3.4 to 3.7, 3.9
// and 3.11). The first four have one layout. Of 5.0 they may end after the Packet Identifier, after
// the Reason Code, or have all of it; of 3.x they are two bytes.

import { decodeReasonProperties } from './decode-properties.ts';
import type {
  PubackPacket,
  PubcompPacket,
  PubrecPacket,
  PubrelPacket,
  SubackPacket,
  UnsubackPacket,
} from './packet.ts';
import { packetId } from './packet-id.ts';
import { PacketReader } from './packet-reader.ts';
import { NO_REASON_PROPERTIES } from './properties.ts';
import { violation } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { REASON_CODES, type ReasonOwner } from './reason-code-table.ts';
import type { ReasonCode } from './reason-codes.ts';

/** One of the four packets that carry a delivery of QoS 1 or 2 forward. */
export type DeliveryAcknowledgement = PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket;

interface Rule {
  readonly packet: string;
  readonly codes: ReadonlySet<ReasonCode>;
  /** The statement that a code outside of them breaks. */
  readonly statement: string;
}

const RULES: { readonly [K in DeliveryAcknowledgement['kind']]: Rule } = {
  puback: { packet: 'PUBACK', codes: REASON_CODES.pubackOrPubrec, statement: 'MQTT-3.4.2-1' },
  pubrec: { packet: 'PUBREC', codes: REASON_CODES.pubackOrPubrec, statement: 'MQTT-3.5.2-1' },
  pubrel: { packet: 'PUBREL', codes: REASON_CODES.pubrelOrPubcomp, statement: 'MQTT-3.6.2-1' },
  pubcomp: { packet: 'PUBCOMP', codes: REASON_CODES.pubrelOrPubcomp, statement: 'MQTT-3.7.2-1' },
};

/**
 * Decodes the body of PUBACK, PUBREC, PUBREL or PUBCOMP.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82).
 */
export function decodeDeliveryAcknowledgement(
  kind: DeliveryAcknowledgement['kind'],
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): DeliveryAcknowledgement {
  // hot:
  if (end - start !== 2) return decodeLong(kind, bytes, start, end, version);
  const id = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
  // [MQTT-2.2.1-5]
  if (id === 0) throw violation('MQTT-2.2.1-5', `${RULES[kind].packet}: the Packet Identifier is 0`);
  return { kind, id: packetId(id), reasonCode: 0, properties: NO_REASON_PROPERTIES };
}

/**
 * Reads a SUBACK.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82).
 */
export function decodeSuback(reader: PacketReader, version: ProtocolVersion): SubackPacket {
  // [MQTT-2.2.1-6]
  const id = reader.id('MQTT-2.2.1-6');
  const properties = version === 5 ? decodeReasonProperties(reader) : NO_REASON_PROPERTIES;
  // [MQTT-3.8.4-6] [MQTT-3.9.3-2]
  if (reader.isAtEnd) throw reader.violation('MQTT-3.8.4-6', 'there is no Reason Code');
  const reasonCodes = readReasonCodes(reader, version === 5 ? 'suback' : 'subackReturnCode', 'MQTT-3.9.3-2');
  return { kind: 'suback', id, reasonCodes, properties };
}

/**
 * Reads an UNSUBACK.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82).
 */
export function decodeUnsuback(reader: PacketReader, version: ProtocolVersion): UnsubackPacket {
  // [MQTT-2.2.1-6]
  const id = reader.id('MQTT-2.2.1-6');
  if (version !== 5) {
    reader.finish();
    return { kind: 'unsuback', id, reasonCodes: NO_REASON_CODES, properties: NO_REASON_PROPERTIES };
  }
  const properties = decodeReasonProperties(reader);
  // [MQTT-3.11.3-2]
  if (reader.isAtEnd) throw reader.violation('MQTT-3.11.3-2', 'there is no Reason Code');
  return { kind: 'unsuback', id, reasonCodes: readReasonCodes(reader, 'unsuback', 'MQTT-3.11.3-2'), properties };
}

const NO_REASON_CODES: readonly ReasonCode[] = Object.freeze([]);

function decodeLong(
  kind: DeliveryAcknowledgement['kind'],
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): DeliveryAcknowledgement {
  const { packet, codes, statement } = RULES[kind];
  const reader = new PacketReader(bytes, start, end, packet);
  const id = reader.id('MQTT-2.2.1-5');
  if (version !== 5) reader.finish();
  const reasonCode = reader.u8('the Reason Code');
  // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
  if (!codes.has(reasonCode)) throw reader.badReason(statement, reasonCode);
  // Section 3.4.2.2.1: without a Property Length there are no properties.
  const properties = reader.isAtEnd ? NO_REASON_PROPERTIES : decodeReasonProperties(reader);
  reader.finish();
  return { kind, id, reasonCode, properties };
}

function readReasonCodes(reader: PacketReader, owner: ReasonOwner, statement: string): readonly ReasonCode[] {
  const codes = REASON_CODES[owner];
  const list: ReasonCode[] = [];
  while (!reader.isAtEnd) {
    const code = reader.u8('a Reason Code');
    if (!codes.has(code)) throw reader.badReason(statement, code);
    list.push(code);
  }
  return list;
}
