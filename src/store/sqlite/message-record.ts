// The record of a message: what a row of table `message` holds, byte for byte as the change-writer laid it down.
// First what the worker needs, who is owed it; then its body, which only the broker reads.
//
// | part        | fields                                                                                     |
// |-------------|--------------------------------------------------------------------------------------------|
// | head        | payload bytes (varint), bytes of all recipients with their count (varint), count (varint)  |
// | a recipient | key (signed varint, less the key before it, which is 0 at first), detail                   |
// | detail      | flags (1 QoS 2, 2 retain, 4 addressed) [, how many subscription identifiers, these         |
// |             | (varints), shared filter]                                                                  |
// | body        | flags (1 and 2 QoS, 4 retain, 8 expires) [, expiresAt in store time (double)], topic,      |
// |             | properties as in a PUBLISH of MQTT 5, payload to the end                                   |
//
// Of a retained message only the body is stored, and its topic is empty in it, since it is the row's key.

import type { ByteWriter } from '../../base/byte-writer.ts';
import { closeLength, openLength } from '../../packet/length-prefix.ts';
import type { Recipient } from '../contract.ts';
import { RecordCursor, RecordError } from './record-cursor.ts';
import { VARINT_BYTES_MAX, writeSignedVarint, writeVarint } from './number-writer.ts';

/** The bits of a recipient's flags. */
export const RecipientFlag = { exactlyOnce: 1, retain: 2, addressed: 4 } as const;

/** Writes the recipients of a message with what comes before them, but for the size of its payload. */
export function writeRecipients(writer: ByteWriter, recipients: readonly Recipient[]): void {
  // hot:
  const lengthAt = openLength(writer, 1);
  writer.reserve(VARINT_BYTES_MAX);
  writeVarint(writer, recipients.length);
  let before = 0;
  for (let i = 0; i < recipients.length; i++) {
    const recipient = recipients[i] as Recipient;
    writer.reserve(VARINT_BYTES_MAX + 1);
    writeSignedVarint(writer, recipient.key - before);
    writeDetail(writer, recipient);
    before = recipient.key;
  }
  closeLength(writer, lengthAt, 1);
}

/** hot: */
function writeDetail(writer: ByteWriter, recipient: Recipient): void {
  const { qos, retain, subscriptionIdentifiers, sharedFilter } = recipient;
  const flags = (qos === 2 ? RecipientFlag.exactlyOnce : 0) | (retain ? RecipientFlag.retain : 0);
  if (subscriptionIdentifiers.length === 0 && sharedFilter === '') {
    writer.u8(flags);
    return;
  }
  writer.u8(flags | RecipientFlag.addressed);
  writer.reserve((subscriptionIdentifiers.length + 1) * VARINT_BYTES_MAX);
  writeVarint(writer, subscriptionIdentifiers.length);
  for (const identifier of subscriptionIdentifiers) writeVarint(writer, identifier);
  writer.text(sharedFilter);
}

/** Reads the recipients of messages, one message after the other. Nothing is allocated per message. */
export class RecipientReader {
  /** How many bytes of payload the message has. */
  payloadBytes: number;
  /** How many recipients the message has. */
  count: number;
  /** Where the body begins; it ends with the record. */
  bodyStart: number;
  /** The recipient that `next` moved to. */
  key: number;
  /** Its flags, see `RecipientFlag`. */
  flags: number;
  /** Where its detail (flags and addressing) lies. */
  detailStart: number;
  detailEnd: number;
  private readonly cursor: RecordCursor;

  constructor() {
    this.cursor = new RecordCursor();
    this.payloadBytes = 0;
    this.count = 0;
    this.bodyStart = 0;
    this.key = 0;
    this.flags = 0;
    this.detailStart = 0;
    this.detailEnd = 0;
  }

  /**
   * Begins with the record that lies in the bytes from `start` to `end`.
   * @throws {RecordError} also later, from `next`.
   */
  reset(bytes: Uint8Array, start: number, end: number): void {
    // hot:
    const { cursor } = this;
    cursor.reset(bytes, start, end);
    this.payloadBytes = cursor.varint();
    const recipientBytes = cursor.varint();
    this.bodyStart = cursor.position + recipientBytes;
    if (this.bodyStart + this.payloadBytes > end) throw new RecordError('the message runs past its end');
    cursor.end = this.bodyStart;
    this.count = cursor.varint();
    this.key = 0;
  }

  /** Moves to the next recipient; false after the last. hot: */
  next(): boolean {
    const { cursor } = this;
    if (cursor.isAtEnd) return false;
    this.key += cursor.signedVarint();
    this.detailStart = cursor.position;
    this.flags = cursor.u8();
    if ((this.flags & RecipientFlag.addressed) !== 0) skipAddressing(cursor);
    this.detailEnd = cursor.position;
    return true;
  }
}

function skipAddressing(cursor: RecordCursor): void {
  for (let left = cursor.varint(); left > 0; left--) cursor.varint();
  cursor.skipText();
}
