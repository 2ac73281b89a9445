// DISCONNECT and AUTH (sections 3.14 and 3.15). Both may be as short as nothing at all, which says
// Reason Code 0 and no properties. Which codes they may carry depends on who sends.

import { decodeAuthProperties, decodeDisconnectProperties } from './decode-properties.ts';
import type { AuthPacket, DisconnectPacket } from './packet.ts';
import type { PacketReader } from './packet-reader.ts';
import type { Direction } from './packet-type.ts';
import { NO_AUTH_PROPERTIES, NO_DISCONNECT_PROPERTIES } from './properties.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { REASON_CODES } from './reason-code-table.ts';

const NORMAL_DISCONNECTION: DisconnectPacket = Object.freeze({
  kind: 'disconnect',
  reasonCode: 0,
  properties: NO_DISCONNECT_PROPERTIES,
});

/**
 * Reads a DISCONNECT.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82).
 */
export function decodeDisconnect(
  reader: PacketReader,
  version: ProtocolVersion,
  receives: Direction,
): DisconnectPacket {
  if (version !== 5) reader.finish();
  // Section 3.14.2.1.
  if (reader.isAtEnd) return NORMAL_DISCONNECTION;
  const reasonCode = reader.u8('the Disconnect Reason Code');
  // [MQTT-3.14.2-1]
  const codes = receives === 'from-client' ? REASON_CODES.disconnectFromClient : REASON_CODES.disconnectFromServer;
  if (!codes.has(reasonCode)) throw reader.badReason('MQTT-3.14.2-1', reasonCode);
  // Section 3.14.2.2.1: without a Property Length there are no properties.
  const properties = reader.isAtEnd ? NO_DISCONNECT_PROPERTIES : decodeDisconnectProperties(reader);
  // [MQTT-3.14.2-2]
  if (properties.sessionExpiryInterval !== undefined && receives === 'from-server') {
    throw reader.violation('MQTT-3.14.2-2', 'a Server has sent a Session Expiry Interval');
  }
  reader.finish();
  return { kind: 'disconnect', reasonCode, properties };
}

/**
 * Reads an AUTH. Its Authentication Method may be missing in one form only: the empty packet, which says success.
 * @throws {ProtocolError} `malformed-packet` (0x81), `protocol-error` (0x82).
 */
export function decodeAuth(reader: PacketReader, receives: Direction): AuthPacket {
  const isEmpty = reader.isAtEnd;
  const reasonCode = isEmpty ? 0 : reader.u8('the Authenticate Reason Code');
  // [MQTT-3.15.2-1]
  const codes = receives === 'from-client' ? REASON_CODES.authFromClient : REASON_CODES.authFromServer;
  if (!codes.has(reasonCode)) throw reader.badReason('MQTT-3.15.2-1', reasonCode);
  const properties = reader.isAtEnd ? NO_AUTH_PROPERTIES : decodeAuthProperties(reader);
  reader.finish();
  // Section 3.15.2.2.2. [MQTT-4.12.0-5]
  if (properties.authenticationMethod === undefined && !isEmpty) {
    throw reader.violation('MQTT-4.12.0-5', 'there is no Authentication Method');
  }
  return { kind: 'auth', reasonCode, properties };
}
