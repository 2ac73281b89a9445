// The first packet that a Client sends must be CONNECT. What comes instead is mostly another
// protocol on the wrong port, and an operator is helped by being told which one.

import { isFirstByteGood, packetName } from './packet-type.ts';
import { malformed, ProtocolError, violation } from './protocol-error.ts';
import { Reason } from './reason-codes.ts';

/** The first byte of CONNECT. */
export const CONNECT_FIRST_BYTE = 0x10;

const STRANGERS: readonly { readonly opening: readonly number[]; readonly description: string }[] = [
  { opening: [0x16], description: 'this looks like a TLS handshake on a plain MQTT port' },
  ...['GET ', 'POST ', 'PUT ', 'HEAD ', 'OPTIONS ', 'PATCH ', 'DELETE '].map((verb) => ({
    opening: ascii(verb),
    description: 'this looks like an HTTP request on a plain MQTT port',
  })),
  { opening: ascii('PROXY '), description: 'this looks like a PROXY protocol header on a port that takes none' },
  {
    opening: [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51],
    description: 'this looks like a PROXY protocol header on a port that takes none',
  },
];

/** What to answer to a Client whose first byte, at `start`, is not that of CONNECT; more bytes help to tell what it is. */
export function openingError(bytes: Uint8Array, start: number, end: number): ProtocolError {
  const first = bytes[start] as number;
  const isPacket = isFirstByteGood(first, 'from-client', 5);
  // "P" is also the first byte of a PUBREC: a second one must tell.
  const stranger = isPacket && end - start === 1 ? undefined : describeStranger(bytes, start, end);
  // [MQTT-3.1.0-1]
  if (stranger !== undefined) return notMqtt(`The first packet is not CONNECT: ${stranger}`);
  if (isPacket) return violation('MQTT-3.1.0-1', `The first packet is ${packetName(first)}, not CONNECT`);
  // [MQTT-2.1.3-1]
  if (first >>> 4 === 1) return malformed('MQTT-2.1.3-1', 'CONNECT: the reserved flags of the fixed header are set');
  return notMqtt(`The first byte is 0x${first.toString(16).padStart(2, '0')}, which begins no CONNECT`);
}

function describeStranger(bytes: Uint8Array, start: number, end: number): string | undefined {
  return STRANGERS.find(({ opening }) => opensWith(bytes, start, end, opening))?.description;
}

function notMqtt(detail: string): ProtocolError {
  return new ProtocolError('not-mqtt', Reason.malformedPacket, 'MQTT-3.1.0-1', detail);
}

/** Whether what has come so far is the opening, or may still become it. */
function opensWith(bytes: Uint8Array, start: number, end: number, opening: readonly number[]): boolean {
  const length = Math.min(opening.length, end - start);
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== opening[i]) return false;
  }
  return true;
}

function ascii(text: string): readonly number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}
