// A cursor over the changes of a batch (change.ts has the layout). `next` moves it from change to change; the
// fields then say what the change says, and hold no meaning for fields that it has not. Nothing is allocated
// per change, and records are ranges in the batch: they go to the disk as they are.
// What was elided is not shown: neither the append, nor what was recorded about it afterwards.

import { assert } from '../../base/assert.ts';
import { Change } from './change.ts';
import { RecordCursor } from './record-cursor.ts';

/** The changes of one batch after the other. */
export class ChangeReader {
  /** The batch. */
  bytes: Uint8Array;
  /** What this change does. */
  kind: Change;
  /** The recipient, session or group that it names. */
  key: number;
  /** The message that it names, or adds. */
  messageId: number;
  /** The packet identifier of `recordSending`, `recordReleased`, or of the origin of an `append`. */
  packetId: number;
  /** The session from which an appended message came with QoS 2; 0: none. */
  originKey: number;
  /** Where the record lies in `bytes`. */
  recordStart: number;
  recordEnd: number;
  /** Where the topic or filter lies in `bytes`. */
  textStart: number;
  textEnd: number;
  private readonly cursor: RecordCursor;
  private readonly elided: Set<number>;

  constructor() {
    this.cursor = new RecordCursor();
    this.elided = new Set();
    this.bytes = this.cursor.bytes;
    this.kind = Change.append;
    this.key = 0;
    this.messageId = 0;
    this.packetId = 0;
    this.originKey = 0;
    this.recordStart = 0;
    this.recordEnd = 0;
    this.textStart = 0;
    this.textEnd = 0;
  }

  /** Reads this batch from now on. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.cursor.reset(bytes, 0, bytes.length);
    if (this.elided.size > 0) this.elided.clear();
  }

  /** Moves to the next change that counts; false at the end. hot: */
  next(): boolean {
    const { cursor } = this;
    while (!cursor.isAtEnd) {
      this.kind = cursor.u8() as Change; // The writer writes no other bytes; `readFields` asserts it.
      this.readFields();
      if (this.counts()) return true;
    }
    return false;
  }

  /** The record, as a view into the batch. */
  record(): Uint8Array {
    return this.bytes.subarray(this.recordStart, this.recordEnd);
  }

  /** The topic or filter, in UTF-8, as a view into the batch. */
  text(): Uint8Array {
    return this.bytes.subarray(this.textStart, this.textEnd);
  }

  /** hot: */
  private readFields(): void {
    const { cursor } = this;
    switch (this.kind) {
      case Change.append:
      case Change.elided:
        return this.readAppend();
      case Change.settle:
      case Change.recordReceived:
        this.key = cursor.varint();
        this.messageId = cursor.varint();
        return;
      case Change.recordSending:
        this.key = cursor.varint();
        this.messageId = cursor.varint();
        this.packetId = cursor.varint();
        return;
      case Change.recordReleased:
        this.key = cursor.varint();
        this.packetId = cursor.varint();
        return;
      case Change.saveSession:
      case Change.saveGroup:
      case Change.saveWill:
        this.key = cursor.varint();
        return this.readRecord();
      case Change.deleteSession:
      case Change.deleteGroup:
      case Change.deleteWill:
        this.key = cursor.varint();
        return;
      case Change.saveSubscription:
        this.key = cursor.varint();
        this.readText();
        return this.readRecord();
      case Change.deleteSubscription:
        this.key = cursor.varint();
        return this.readText();
      case Change.saveRetained:
        this.readText();
        return this.readRecord();
      case Change.deleteRetained:
        return this.readText();
      case Change.clockMark:
        return this.readRecord();
      default:
        assert(false, 'a batch holds changes');
    }
  }

  /** hot: */
  private readAppend(): void {
    const { cursor } = this;
    this.messageId = cursor.varint();
    this.originKey = cursor.varint();
    this.packetId = this.originKey === 0 ? 0 : cursor.varint();
    this.readRecord();
  }

  /** hot: */
  private readRecord(): void {
    const length = this.cursor.u32();
    this.recordStart = this.cursor.skip(length);
    this.recordEnd = this.cursor.position;
  }

  /** hot: */
  private readText(): void {
    this.textStart = this.cursor.skipText();
    this.textEnd = this.cursor.position;
  }

  /** Whether the change is about something that was not elided. hot: */
  private counts(): boolean {
    switch (this.kind) {
      case Change.elided:
        this.elided.add(this.messageId);
        return false;
      case Change.settle:
      case Change.recordSending:
      case Change.recordReceived:
        return this.elided.size === 0 || !this.elided.has(this.messageId);
      default:
        return true;
    }
  }
}
