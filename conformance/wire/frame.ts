// What a stream of bytes is cut into: one frame for each MQTT Control Packet (section 2.1). Nothing is judged here
// but the Remaining Length, without which no frame has an end.
// It shares no code with src/packet: what the suite says of a broker must not rest on the codec under test.

/** A Control Packet as it stood on the wire. */
export interface Frame {
  /** The packet type, 0 to 15 (section 2.1.2). */
  readonly type: number;
  /** The four flag bits (section 2.1.3). */
  readonly flags: number;
  /** What follows the fixed header. */
  readonly body: Uint8Array;
  /** All of it. */
  readonly bytes: Uint8Array;
  /** The Remaining Length had no end within four bytes: everything that came after is in here. */
  readonly isEndless: boolean;
}

/** Cuts a stream into frames. */
export class FrameSplitter {
  private rest: Uint8Array;

  constructor() {
    this.rest = new Uint8Array(0);
  }

  /** Bytes that are no whole frame yet. */
  get pending(): Uint8Array {
    return this.rest;
  }

  /** Takes a chunk; returns the frames that are complete now. */
  push(chunk: Uint8Array): readonly Frame[] {
    const bytes = new Uint8Array(this.rest.length + chunk.length);
    bytes.set(this.rest);
    bytes.set(chunk, this.rest.length);
    const frames: Frame[] = [];
    let start = 0;
    for (;;) {
      const frame = firstFrame(bytes.subarray(start));
      if (frame === undefined) break;
      frames.push(frame);
      start += frame.bytes.length;
    }
    this.rest = bytes.slice(start);
    return frames;
  }
}

function firstFrame(bytes: Uint8Array): Frame | undefined {
  let length = 0;
  for (let count = 0; count < 4; count++) {
    const digit = bytes[1 + count];
    if (digit === undefined) return undefined;
    length += (digit & 0x7f) * 128 ** count;
    if (digit >= 0x80) continue;
    const start = 2 + count;
    if (bytes.length < start + length) return undefined;
    return frameOf(bytes.slice(0, start + length), start, false);
  }
  return frameOf(bytes.slice(), bytes.length, true);
}

function frameOf(bytes: Uint8Array, start: number, isEndless: boolean): Frame {
  const first = bytes[0] ?? 0;
  return { type: first >> 4, flags: first & 0x0f, body: bytes.subarray(start), bytes, isEndless };
}
