// CONNACK (section 3.2).

import { decodeConnackProperties } from './decode-properties.ts';
import type { ConnackPacket } from './packet.ts';
import type { PacketReader } from './packet-reader.ts';
import { NO_CONNACK_PROPERTIES } from './properties.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { REASON_CODES } from './reason-code-table.ts';

/**
 * Reads a CONNACK.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82).
 */
export function decodeConnack(reader: PacketReader, version: ProtocolVersion): ConnackPacket {
  const flags = reader.u8('the Connect Acknowledge Flags');
  // [MQTT-3.2.2-1] MQTT 3.1 has no such flags, only a byte that is not used.
  if (flags > 1 && version !== 3) throw reader.malformed('MQTT-3.2.2-1', 'reserved Connect Acknowledge Flags are set');
  const sessionPresent = flags === 1 && version !== 3;
  const reasonCode = reader.u8('the Connect Reason Code');
  // [MQTT-3.2.2-8]
  if (!REASON_CODES[version === 5 ? 'connack' : 'connectReturnCode'].has(reasonCode))
    throw reader.badReason('MQTT-3.2.2-8', reasonCode);
  // [MQTT-3.2.2-6]
  if (sessionPresent && reasonCode !== 0)
    throw reader.violation('MQTT-3.2.2-6', 'Session Present is set with a refusal');
  const properties = version === 5 ? decodeConnackProperties(reader) : NO_CONNACK_PROPERTIES;
  reader.finish();
  return { kind: 'connack', sessionPresent, reasonCode, properties };
}
