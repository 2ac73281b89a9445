// What was said on the connections of one play, for whoever wants to know why a check failed: each frame in hex, with
// its name, in the order in which it was seen.

import type { Frame } from '../wire/frame.ts';
import { packetName } from '../wire/types.ts';

const BYTES_SHOWN = 64;

/** The lines of one play. */
export class Transcript {
  private readonly entries: string[];

  constructor() {
    this.entries = [];
  }

  get lines(): readonly string[] {
    return this.entries;
  }

  /** Bytes that were sent; they may be no packets. */
  sent(connection: number, bytes: Uint8Array): void {
    this.entries.push(`${connection} > ${hex(bytes)}`);
  }

  received(connection: number, frame: Frame): void {
    const name = packetName(frame.type) ?? 'reserved';
    this.entries.push(`${connection} < ${hex(frame.bytes)}  ${name.toUpperCase()}`);
  }

  /** Anything else. */
  noted(connection: number, what: string): void {
    this.entries.push(`${connection} * ${what}`);
  }
}

function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, BYTES_SHOWN), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > BYTES_SHOWN ? `${shown} ... (${bytes.length} bytes)` : shown;
}
