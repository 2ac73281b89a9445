// The first byte of a packet: its type in the upper four bits, its flags in the lower (section 2.1).
// Whether a first byte may stand there depends on the byte, the version and who sends: all of it
// is one table, looked up once per packet, so that a wrong first byte is refused before a second one is read.

import type { ProtocolError } from './protocol-error.ts';
import { malformed, violation } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { versionName } from './protocol-version.ts';

/** The MQTT Control Packet types (section 2.1.2). */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Who sends what this side receives. */
export type Direction = 'from-client' | 'from-server';

const NAMES = [
  'type 0',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const;

const CLIENT_SENDS = [1, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15];
const SERVER_SENDS = [2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 15];

const Verdict = { good: 0, noSuchType: 1, wrongDirection: 2, reservedFlags: 3, qos3: 4, dupWithoutQos: 5 } as const;
type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** One row of 256 verdicts per direction and version. */
const VERDICTS: Uint8Array = buildVerdicts();

/** The name of a packet by its first byte, as the specification writes it. */
export function packetName(firstByte: number): string {
  return NAMES[firstByte >>> 4] ?? 'type 0';
}

/** Whether a packet of this version may begin with this byte when it comes from there. */
export function isFirstByteGood(firstByte: number, direction: Direction, version: ProtocolVersion): boolean {
  // hot:
  return VERDICTS[(rowOf(direction, version) << 8) | firstByte] === Verdict.good;
}

/** What to answer to a first byte for which `isFirstByteGood` said no. */
export function firstByteError(firstByte: number, direction: Direction, version: ProtocolVersion): ProtocolError {
  const name = packetName(firstByte);
  const flags = `0x${(firstByte & 15).toString(16)}`;
  switch (judge(firstByte, direction, version)) {
    case Verdict.noSuchType:
      return malformed('', `A packet of type ${firstByte >>> 4} does not exist in ${versionName(version)}`);
    case Verdict.wrongDirection:
      return violation(
        '',
        `${name} is never sent by a ${direction === 'from-client' ? 'Client' : 'Server'} in ${versionName(version)}`,
      );
    case Verdict.qos3:
      return malformed('MQTT-3.3.1-4', 'PUBLISH: both QoS bits are set');
    case Verdict.dupWithoutQos:
      return violation('MQTT-3.3.1-2', 'PUBLISH: the DUP flag is set on QoS 0');
    default:
      return malformed(flagStatement(firstByte >>> 4), `${name}: the fixed header has the flags ${flags}`);
  }
}

function rowOf(direction: Direction, version: ProtocolVersion): number {
  return (direction === 'from-client' ? 0 : 3) + version - 3;
}

function buildVerdicts(): Uint8Array {
  const verdicts = new Uint8Array(6 * 256);
  for (const direction of ['from-client', 'from-server'] as const) {
    for (const version of [3, 4, 5] as const) {
      const row = rowOf(direction, version) << 8;
      for (let firstByte = 0; firstByte < 256; firstByte++)
        verdicts[row | firstByte] = judge(firstByte, direction, version);
    }
  }
  return verdicts;
}

function judge(firstByte: number, direction: Direction, version: ProtocolVersion): Verdict {
  const type = firstByte >>> 4;
  const flags = firstByte & 15;
  if (type === 0 || (type === PacketType.auth && version !== 5)) return Verdict.noSuchType;
  if (!(direction === 'from-client' ? CLIENT_SENDS : SERVER_SENDS).includes(type)) return Verdict.wrongDirection;
  // Before 5.0 only a Client disconnects with a packet.
  if (type === PacketType.disconnect && direction === 'from-server' && version !== 5) return Verdict.wrongDirection;
  if (type === PacketType.publish) {
    // [MQTT-3.3.1-4] [MQTT-3.3.1-2]
    if ((flags & 6) === 6) return Verdict.qos3;
    return (flags & 14) === 8 ? Verdict.dupWithoutQos : Verdict.good;
  }
  // [MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1]
  if (type !== PacketType.pubrel && type !== PacketType.subscribe && type !== PacketType.unsubscribe) {
    return flags === 0 ? Verdict.good : Verdict.reservedFlags;
  }
  // In MQTT 3.1 these three carry QoS 1, and DUP when they are sent again.
  return flags === 2 || (version === 3 && flags === 10) ? Verdict.good : Verdict.reservedFlags;
}

function flagStatement(type: number): string {
  switch (type) {
    case PacketType.pubrel:
      return 'MQTT-3.6.1-1';
    case PacketType.subscribe:
      return 'MQTT-3.8.1-1';
    case PacketType.unsubscribe:
      return 'MQTT-3.10.1-1';
    case PacketType.disconnect:
      return 'MQTT-3.14.1-1';
    case PacketType.auth:
      return 'MQTT-3.15.1-1';
    default:
      return 'MQTT-2.1.3-1';
  }
}
