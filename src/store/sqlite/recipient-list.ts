// Who gets a message, as queues: read off its record (message-record.ts). Messages of one topic mostly have the same
// recipients, byte for byte; so long lists are remembered by their bytes and not read again. What is remembered is bounded,
// and forgotten when a recipient ends.

import { assert } from '../../base/assert.ts';
import { RecordCursor } from './record-cursor.ts';
import { RecipientReader } from './message-record.ts';
import type { RecipientQueue } from './recipient-queue.ts';

/** Shorter lists are read as quickly as they are compared. */
const REMEMBERED_BYTES_MIN = 16;
/** Lists remembered, each under the bits of its hash. */
const SLOTS = 64;
/** Longer lists are read each time. */
const REMEMBERED_BYTES_MAX = 65_536;
/** So many bytes, from both ends of a list, tell most lists apart. */
const HASHED_BYTES = 16;

/** The recipients of a message. Never written to while somebody reads it. */
export interface RecipientList {
  readonly queues: RecipientQueue[];
  /** How each gets it, see `RecipientFlag`. */
  readonly flags: number[];
}

/** A list with the bytes that it was read from. */
interface Remembered extends RecipientList {
  readonly bytes: Uint8Array;
}

/** Reads the recipients of one message after the other. */
export class RecipientLists {
  /** How many bytes of payload the message has. */
  payloadBytes: number;
  private readonly recipients: ReadonlyMap<number, RecipientQueue>;
  private readonly unknown: 'none' | 'passed-over';
  private readonly cursor: RecordCursor;
  private readonly reader: RecipientReader;
  private readonly slots: (Remembered | undefined)[];
  /** The result for lists that are not remembered; reused. */
  private readonly short: RecipientList;

  /** @param unknown  Whether a message may name recipients that are not there: an old message may, they have ended. */
  constructor(recipients: ReadonlyMap<number, RecipientQueue>, unknown: 'none' | 'passed-over') {
    this.payloadBytes = 0;
    this.recipients = recipients;
    this.unknown = unknown;
    this.cursor = new RecordCursor();
    this.reader = new RecipientReader();
    this.slots = [];
    this.short = { queues: [], flags: [] };
  }

  /**
   * Reads the recipients of a message.
   * @returns A list that is good until the next call.
   * @throws {RecordError}
   */
  read(bytes: Uint8Array, start: number, end: number): RecipientList {
    // hot:
    const { cursor } = this;
    cursor.reset(bytes, start, end);
    this.payloadBytes = cursor.varint();
    const listBytes = cursor.varint();
    const from = cursor.position;
    if (listBytes < REMEMBERED_BYTES_MIN || listBytes > REMEMBERED_BYTES_MAX) {
      this.short.queues.length = 0;
      this.short.flags.length = 0;
      this.readList(this.short, bytes, start, end);
      return this.short;
    }
    const slot = hash(bytes, from, from + listBytes) % SLOTS;
    const known = this.slots[slot];
    if (known !== undefined && isSame(known.bytes, bytes, from, listBytes)) return known;
    const list = { queues: [], flags: [], bytes: bytes.slice(from, from + listBytes) };
    this.readList(list, bytes, start, end);
    this.slots[slot] = list;
    return list;
  }

  /** A recipient is no more. */
  forget(): void {
    this.slots.length = 0;
  }

  /** hot: */
  private readList(list: RecipientList, bytes: Uint8Array, start: number, end: number): void {
    const { reader } = this;
    reader.reset(bytes, start, end);
    while (reader.next()) {
      const queue = this.recipients.get(reader.key);
      if (queue === undefined) {
        assert(this.unknown === 'passed-over', 'a message has recipients that are stored');
        continue;
      }
      list.queues.push(queue);
      list.flags.push(reader.flags);
    }
  }
}

/** hot: */
function isSame(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

/** FNV-1a over both ends. hot: */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0x811c9dc5 ^ (end - start);
  for (let i = 0; i < HASHED_BYTES; i++) {
    sum = Math.imul(sum ^ (bytes[start + i] as number), 0x01000193);
    sum = Math.imul(sum ^ (bytes[end - 1 - i] as number), 0x01000193);
  }
  return sum >>> 0;
}
