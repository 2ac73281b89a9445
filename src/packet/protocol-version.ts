// The three protocol levels as they stand in CONNECT.

/** The Protocol Level / Protocol Version byte: 3 is MQTT 3.1 (`MQIsdp`), 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** How people write a version. */
export function versionName(version: ProtocolVersion): string {
  return version === 5 ? 'MQTT 5.0' : version === 4 ? 'MQTT 3.1.1' : 'MQTT 3.1';
}

/** What the first two fields of a CONNECT say. */
export interface Protocol {
  readonly name: 'MQIsdp' | 'MQTT';
  /** As on the wire. */
  readonly level: number;
  readonly version: ProtocolVersion;
  /** The high bit of the level, by which bridges of other brokers make themselves known on 3.x. */
  readonly bridge: boolean;
}

/** Every protocol that is spoken here. */
export const PROTOCOLS: readonly Protocol[] = [
  { name: 'MQIsdp', level: 0x03, version: 3, bridge: false },
  { name: 'MQIsdp', level: 0x83, version: 3, bridge: true },
  { name: 'MQTT', level: 0x04, version: 4, bridge: false },
  { name: 'MQTT', level: 0x84, version: 4, bridge: true },
  { name: 'MQTT', level: 0x05, version: 5, bridge: false },
];
