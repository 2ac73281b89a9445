// The three protocol levels as they stand in CONNECT.

/** The Protocol Level / Protocol Version byte: 3 is MQTT 3.1 (`MQIsdp`), 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** How people write a version. */
export function versionName(version: ProtocolVersion): string {
  return version === 5 ? 'MQTT 5.0' : version === 4 ? 'MQTT 3.1.1' : 'MQTT 3.1';
}
