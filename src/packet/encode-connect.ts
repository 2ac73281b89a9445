// Lays down the bodies of CONNECT and CONNACK (sections 3.1 and 3.2).

import { assert } from '../base/assert.ts';
import type { ByteWriter } from '../base/byte-writer.ts';
import { encodeProperties } from './encode-properties.ts';
import type { ConnackPacket, ConnectPacket, Will } from './packet.ts';
import { PROTOCOLS, type ProtocolVersion } from './protocol-version.ts';

/** Lays down what follows the fixed header of a CONNECT. Its version is the packet's own. */
export function encodeConnect(writer: ByteWriter, packet: ConnectPacket): void {
  const protocol = PROTOCOLS.find(({ version, bridge }) => version === packet.version && bridge === packet.bridge);
  assert(protocol !== undefined, 'a bridge makes itself known on MQTT 3.1 and 3.1.1 only');
  writer.text(protocol.name);
  writer.reserve(4);
  writer.u8(protocol.level);
  writer.u8(connectFlags(packet));
  writer.u16(packet.keepAlive);
  if (packet.version === 5) encodeProperties(writer, 'connect', packet.properties);
  // [MQTT-3.1.3-1]
  writer.text(packet.clientId);
  if (packet.will !== undefined) encodeWill(writer, packet.will, packet.version);
  if (packet.userName !== undefined) writer.text(packet.userName);
  if (packet.password !== undefined) writer.binary(packet.password);
}

/** Lays down what follows the fixed header of a CONNACK. */
export function encodeConnack(writer: ByteWriter, packet: ConnackPacket, version: ProtocolVersion): void {
  writer.reserve(2);
  // [MQTT-3.2.2-1] MQTT 3.1 has no Session Present flag.
  writer.u8(packet.sessionPresent && version !== 3 ? 1 : 0);
  writer.u8(packet.reasonCode);
  if (version === 5) encodeProperties(writer, 'connack', packet.properties);
}

function connectFlags({ clean, will, userName, password }: ConnectPacket): number {
  // [MQTT-3.1.2-3]
  let flags = clean ? 0x02 : 0;
  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  // [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19]
  if (password !== undefined) flags |= 0x40;
  if (userName !== undefined) flags |= 0x80;
  return flags;
}

function encodeWill(writer: ByteWriter, will: Will, version: ProtocolVersion): void {
  if (version === 5) {
    const willDelayInterval = will.delayInterval === 0 ? undefined : will.delayInterval;
    encodeProperties(writer, 'will', { ...will.properties, willDelayInterval });
  }
  writer.text(will.topic);
  writer.binary(will.payload);
}
