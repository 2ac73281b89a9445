// The small records of the store, byte for byte as they lie in their rows: sessions, subscriptions, groups, Wills, clock
// marks. A field that may be absent has a bit in the flags before it. What is in a row's key is not in the record
// again. Moments are in store time (timeline.ts); `offset` is how far that is ahead of the clock of this run.
//
// | record       | fields                                                                             |
// |--------------|------------------------------------------------------------------------------------|
// | session      | flags (1 has a principal, 2 disconnected), client id [, principal], expiry         |
// |              | interval (double) [, disconnectedAt (double)]                                      |
// | subscription | flags (1 and 2 QoS, 4 No Local, 8 Retain As Published, 16 and 32 Retain Handling), |
// |              | identifier (varint)                                                                |
// | group        | filter                                                                             |
// | will         | flags (1 has a principal), client id [, principal], delay interval (varint), body  |
// |              | (message-record.ts)                                                                |
// | clock mark   | store time, wall, boot time (doubles), boot id                                     |
//
// The schema's version is the version of these records, too.

import type { ByteWriter } from '../../base/byte-writer.ts';
import { millis } from '../../base/millis.ts';
import type { QoS } from '../../packet/packet.ts';
import type { GroupRecord, SessionRecord, SubscriptionRecord, WillRecord } from '../contract.ts';
import type { ClockMark } from '../timeline.ts';
import { type BodyReader, writeBody } from './message-body.ts';
import { VARINT_BYTES_MAX, writeF64, writeVarint } from './number-writer.ts';
import { type RecordCursor, RecordError } from './record-cursor.ts';

const PRINCIPAL = 1;
const DISCONNECTED = 2;
const QOS = 3;
const NO_LOCAL = 4;
const RETAIN_AS_PUBLISHED = 8;
const RETAIN_HANDLING_SHIFT = 4;

/** Writes a session, but for its key. */
export function writeSessionRecord(writer: ByteWriter, record: SessionRecord, offset: number): void {
  const { principal, disconnectedAt } = record;
  writer.reserve(1);
  writer.u8((principal === undefined ? 0 : PRINCIPAL) | (disconnectedAt === undefined ? 0 : DISCONNECTED));
  writer.text(record.clientId);
  if (principal !== undefined) writer.text(principal);
  writer.reserve(16);
  writeF64(writer, record.expiryInterval);
  if (disconnectedAt !== undefined) writeF64(writer, disconnectedAt + offset);
}

/** Reads what `writeSessionRecord` wrote. */
export function readSessionRecord(cursor: RecordCursor, key: number, offset: number): SessionRecord {
  const flags = cursor.u8();
  const record: SessionRecord = {
    key,
    clientId: cursor.text(),
    principal: (flags & PRINCIPAL) === 0 ? undefined : cursor.text(),
    expiryInterval: millis(cursor.f64()),
    disconnectedAt: (flags & DISCONNECTED) === 0 ? undefined : millis(cursor.f64() - offset),
  };
  cursor.finish();
  return record;
}

/** Writes a subscription, but for its filter. */
export function writeSubscriptionRecord(writer: ByteWriter, { options, identifier }: SubscriptionRecord): void {
  writer.reserve(1 + VARINT_BYTES_MAX);
  writer.u8(
    options.qos |
      (options.noLocal ? NO_LOCAL : 0) |
      (options.retainAsPublished ? RETAIN_AS_PUBLISHED : 0) |
      (options.retainHandling << RETAIN_HANDLING_SHIFT),
  );
  writeVarint(writer, identifier);
}

/** Reads what `writeSubscriptionRecord` wrote. */
export function readSubscriptionRecord(cursor: RecordCursor, filter: string): SubscriptionRecord {
  const flags = cursor.u8();
  const identifier = cursor.varint();
  cursor.finish();
  return {
    filter,
    options: {
      qos: belowThree(flags & QOS),
      noLocal: (flags & NO_LOCAL) !== 0,
      retainAsPublished: (flags & RETAIN_AS_PUBLISHED) !== 0,
      retainHandling: belowThree(flags >> RETAIN_HANDLING_SHIFT),
    },
    identifier,
  };
}

/** Writes a group, but for its key. */
export function writeGroupRecord(writer: ByteWriter, record: GroupRecord): void {
  writer.text(record.filter);
}

/** Reads what `writeGroupRecord` wrote. */
export function readGroupRecord(cursor: RecordCursor, key: number): GroupRecord {
  const filter = cursor.text();
  cursor.finish();
  return { key, filter };
}

/** Writes a Will. */
export function writeWillRecord(writer: ByteWriter, { clientId, principal, will }: WillRecord): void {
  writer.reserve(1);
  writer.u8(principal === undefined ? 0 : PRINCIPAL);
  writer.text(clientId);
  if (principal !== undefined) writer.text(principal);
  writer.reserve(VARINT_BYTES_MAX);
  writeVarint(writer, will.delayInterval);
  writeBody(writer, will, will.topic, undefined);
}

/** Reads what `writeWillRecord` wrote. */
export function readWillRecord(cursor: RecordCursor, bodies: BodyReader): WillRecord {
  const flags = cursor.u8();
  const clientId = cursor.text();
  const principal = (flags & PRINCIPAL) === 0 ? undefined : cursor.text();
  const delayInterval = cursor.varint();
  const { topic, payload, qos, retain, properties } = bodies.read(cursor, undefined, 0);
  return { clientId, principal, will: { topic, payload, qos, retain, delayInterval, properties } };
}

/** Writes a clock mark. */
export function writeClockMarkRecord(writer: ByteWriter, mark: ClockMark): void {
  writer.reserve(24);
  writeF64(writer, mark.storeTime);
  writeF64(writer, mark.wall);
  writeF64(writer, mark.boot.time);
  writer.text(mark.boot.id);
}

/** Reads what `writeClockMarkRecord` wrote. */
export function readClockMarkRecord(cursor: RecordCursor): ClockMark {
  const storeTime = millis(cursor.f64());
  const wall = millis(cursor.f64());
  const time = millis(cursor.f64());
  const id = cursor.text();
  cursor.finish();
  return { storeTime, wall, boot: { id, time } };
}

function belowThree(value: number): QoS {
  if (value === 0 || value === 1 || value === 2) return value;
  throw new RecordError('an option has a value that there is not');
}
