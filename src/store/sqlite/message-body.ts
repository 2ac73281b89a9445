// The body of a message record, which only the broker reads: topic, properties and payload. The layout is in
// message-record.ts. Wills and retained messages are stored with the same body. Properties stand as in a
// PUBLISH of MQTT 5 (section 2.2.2), so that packet/ writes and reads them.
// Moments are in store time (timeline.ts): the caller says how far it is from the clock of this run.

import { ByteArena } from '../../base/byte-arena.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { copyBytes } from '../../base/copy-bytes.ts';
import { millis } from '../../base/millis.ts';
import { decodePublishProperties } from '../../packet/decode-properties.ts';
import { encodeProperties } from '../../packet/encode-properties.ts';
import type { Message } from '../../packet/message.ts';
import type { QoS } from '../../packet/packet.ts';
import { PacketReader } from '../../packet/packet-reader.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import { type RecordCursor, RecordError, textOf } from './record-cursor.ts';
import { writeF64 } from './number-writer.ts';

/** The bits of a body's flags. */
const QOS = 3;
const RETAIN = 4;
const EXPIRES = 8;

/** Flags and moment. */
const HEAD_BYTES = 9;

/** Up to here a loop beats `set` (base/copy-bytes.ts), which for a whole array needs no view besides. */
const LOOP_BYTES_MAX = 48;

/** What a message and a Will have in common. */
export interface Body {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties;
}

/**
 * Writes a body.
 * @param topic  `body.topic`, or '' where it is stored besides.
 * @param expiresAt  In store time.
 */
export function writeBody(writer: ByteWriter, body: Body, topic: string, expiresAt: number | undefined): void {
  // hot:
  const { payload, properties } = body;
  const length = payload.length;
  writer.reserve(HEAD_BYTES);
  writer.u8(body.qos | (body.retain ? RETAIN : 0) | (expiresAt === undefined ? 0 : EXPIRES));
  if (expiresAt !== undefined) writeF64(writer, expiresAt);
  writer.text(topic);
  writer.reserve(1 + length);
  if (properties === NO_MESSAGE_PROPERTIES) writer.u8(0);
  else encodeProperties(writer, 'publish', properties);
  writer.reserve(length);
  const { bytes, position } = writer;
  if (length > LOOP_BYTES_MAX) bytes.set(payload, position);
  else for (let i = 0; i < length; i++) bytes[position + i] = payload[i] as number;
  writer.position = position + length;
}

/** Reads bodies. What it returns are copies: the bytes may be reused. */
export class BodyReader {
  private readonly arena: ByteArena;
  /** The topic read last: queues are often of one topic. */
  private topic: string;
  private topicBytes: Uint8Array;
  private topicLength: number;

  constructor() {
    this.arena = new ByteArena();
    this.topic = '';
    this.topicBytes = new Uint8Array(256);
    this.topicLength = 0;
  }

  /**
   * Reads a body, which ends where the cursor ends.
   * @param topic  Where it is stored besides; `undefined`: the body has it.
   * @param offset  How far store time is ahead of the clock of this run.
   * @throws {RecordError}
   */
  read(cursor: RecordCursor, topic: string | undefined, offset: number): Message {
    // hot:
    const flags = cursor.u8();
    const expiresAt = (flags & EXPIRES) === 0 ? undefined : millis(cursor.f64() - offset);
    const stored = this.readTopic(cursor);
    const properties = readProperties(cursor);
    const payloadStart = cursor.skip(cursor.end - cursor.position);
    return {
      topic: topic ?? stored,
      payload: this.arena.copy(cursor.bytes, payloadStart, cursor.end),
      qos: qosOf(flags),
      retain: (flags & RETAIN) !== 0,
      properties,
      expiresAt,
    };
  }

  /** hot: */
  private readTopic(cursor: RecordCursor): string {
    const { bytes } = cursor;
    const start = cursor.skipText();
    const length = cursor.position - start;
    if (length !== this.topicLength || !this.isSameTopic(bytes, start)) {
      this.topic = textOf(bytes, start, cursor.position);
      if (length > this.topicBytes.length) this.topicBytes = new Uint8Array(length);
      copyBytes(bytes, start, cursor.position, this.topicBytes, 0);
      this.topicLength = length;
    }
    return this.topic;
  }

  private isSameTopic(bytes: Uint8Array, start: number): boolean {
    const { topicBytes } = this;
    for (let i = this.topicLength - 1; i >= 0; i--) if (topicBytes[i] !== bytes[start + i]) return false;
    return true;
  }
}

function readProperties(cursor: RecordCursor): MessageProperties {
  if (cursor.position < cursor.end && cursor.bytes[cursor.position] === 0) {
    cursor.position++;
    return NO_MESSAGE_PROPERTIES;
  }
  const reader = new PacketReader(cursor.bytes, cursor.position, cursor.end, 'a stored message');
  try {
    const { message } = decodePublishProperties(reader);
    cursor.position = reader.position;
    return message;
  } catch (error) {
    throw new RecordError('its properties are none', { cause: error });
  }
}

function qosOf(flags: number): QoS {
  const qos = flags & QOS;
  if (qos === 3) throw new RecordError('its QoS is 3');
  return qos as QoS; // 0, 1 or 2: what is left of two bits.
}
