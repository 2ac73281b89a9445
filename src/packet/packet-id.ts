// The Packet Identifier (MQTT 5.0 section 2.2.1) as a brand.

/** A Packet Identifier: 1 to 65,535. */
export type PacketId = number & { readonly brand: 'PacketId' };

/** The highest Packet Identifier. */
export const PACKET_ID_MAX = 65_535;

/** Takes a number known to lie in 1 to 65,535; the decoder and the session's allocator are the only callers. */
export function packetId(value: number): PacketId {
  return value as PacketId;
}
