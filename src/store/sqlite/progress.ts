// How far a recipient has come with what it is owed, and its row. One mark says it for nearly everything: all older
// messages have left the queue. What left it out of turn are ranges ahead of the mark; what left it by being sent and
// is not settled yet is in flight. The QoS 2 identifiers from the same client stand here too, since they change
// with its packets.
//
// | part of the record | fields                                                                                      |
// |--------------------|---------------------------------------------------------------------------------------------|
// | mark               | message id                                                                                  |
// | ahead              | number of ranges; each: first id less the last number written, last id less the first       |
// | sent               | runs; each: length x 2 + QoS 2 bit, first id less the last one (signed), first packet id [, step]; then 0 |
// | received           | the same                                                                                    |
// | exactly once       | runs of packet ids; each: length, first packet id; then 0                                   |
//
// All numbers are varints. A run is entries whose ids are `step` apart (said if there are two or more) and whose packet
// ids follow each other: what a client is sent in one go.

import type { ByteWriter } from '../../base/byte-writer.ts';
import { IdRanges } from './id-ranges.ts';
import { VARINT_BYTES_MAX, writeSignedVarint, writeVarint } from './number-writer.ts';
import { type RecordCursor, RecordError } from './record-cursor.ts';

/** A packet identifier and whether its delivery is QoS 2, in one number. */
export type Sending = number;

/** How far one recipient has come. Absent collections are empty: most recipients have none of them. */
export interface Progress {
  /** All messages of the queue up to this one have left it. */
  mark: number;
  /** Messages that left the queue before older ones. */
  ahead: IdRanges | undefined;
  /** Messages in flight, in order of sending. */
  sent: Map<number, Sending> | undefined;
  /** Messages past PUBREC, in order of PUBREC. */
  received: Map<number, Sending> | undefined;
  /** QoS 2 identifiers from the client that wait for PUBREL. */
  exactlyOnceIds: Set<number> | undefined;
}

/** The progress of a recipient that has got nothing yet. */
export function noProgress(): Progress {
  return { mark: 0, ahead: undefined, sent: undefined, received: undefined, exactlyOnceIds: undefined };
}

/** Puts a packet identifier and a QoS into one number. hot: */
export function sendingOf(packetId: number, exactlyOnce: boolean): Sending {
  return packetId * 2 + (exactlyOnce ? 1 : 0);
}

/** The packet identifier of a sending. */
export function packetIdOf(sending: Sending): number {
  return sending >>> 1;
}

/** Whether a sending is QoS 2. */
export function isExactlyOnce(sending: Sending): boolean {
  return (sending & 1) === 1;
}

/** Writes the record. */
export function writeProgress(writer: ByteWriter, progress: Progress): void {
  const { mark, ahead, sent, received, exactlyOnceIds } = progress;
  writer.reserve(VARINT_BYTES_MAX);
  writeVarint(writer, mark);
  writeAhead(writer, ahead, mark);
  writeSendings(writer, sent);
  writeSendings(writer, received);
  writeIds(writer, exactlyOnceIds);
}

/**
 * Reads a record, to its end.
 * @throws {RecordError}
 */
export function readProgress(cursor: RecordCursor): Progress {
  const mark = cursor.varint();
  const ahead = readAhead(cursor, mark);
  const sent = readSendings(cursor);
  const received = readSendings(cursor);
  const exactlyOnceIds = readIds(cursor);
  cursor.finish();
  return { mark, ahead, sent, received, exactlyOnceIds };
}

function writeAhead(writer: ByteWriter, ahead: IdRanges | undefined, mark: number): void {
  const length = ahead?.length ?? 0;
  writer.reserve(VARINT_BYTES_MAX * (1 + 2 * length));
  writeVarint(writer, length);
  let last = mark;
  for (let index = 0; ahead !== undefined && index < length; index++) {
    writeVarint(writer, ahead.from(index) - last);
    last = ahead.to(index);
    writeVarint(writer, last - ahead.from(index));
  }
}

function readAhead(cursor: RecordCursor, mark: number): IdRanges | undefined {
  const length = cursor.varint();
  if (length === 0) return undefined;
  const ahead = new IdRanges();
  let last = mark;
  for (let left = length; left > 0; left--) {
    const from = last + cursor.varint();
    last = from + cursor.varint();
    ahead.push(from, last);
  }
  return ahead;
}

function writeSendings(writer: ByteWriter, sendings: ReadonlyMap<number, Sending> | undefined): void {
  if (sendings !== undefined) writeRuns(writer, sendings);
  writer.reserve(1);
  writer.u8(0);
}

function writeRuns(writer: ByteWriter, sendings: ReadonlyMap<number, Sending>): void {
  let [firstId, firstSending, step, length] = [0, 0, 0, 0];
  let [lastId, lastSending, idBefore] = [0, 0, 0];
  for (const [id, sending] of sendings) {
    const distance = id - lastId;
    // One packet id further is two, with the same lowest bit.
    const continues = length > 0 && sending === lastSending + 2 && (length === 1 ? distance > 0 : distance === step);
    if (continues) {
      step = distance;
      length++;
    } else {
      if (length > 0) writeRun(writer, length, firstId - idBefore, firstSending, step);
      idBefore = lastId;
      firstId = id;
      firstSending = sending;
      length = 1;
    }
    lastId = id;
    lastSending = sending;
  }
  if (length > 0) writeRun(writer, length, firstId - idBefore, firstSending, step);
}

function writeRun(writer: ByteWriter, length: number, distance: number, first: Sending, step: number): void {
  writer.reserve(4 * VARINT_BYTES_MAX);
  writeVarint(writer, length * 2 + (first & 1));
  writeSignedVarint(writer, distance);
  writeVarint(writer, packetIdOf(first));
  if (length > 1) writeVarint(writer, step);
}

function readSendings(cursor: RecordCursor): Map<number, Sending> | undefined {
  let sendings: Map<number, Sending> | undefined;
  let id = 0;
  for (let head = cursor.varint(); head !== 0; head = cursor.varint()) {
    sendings ??= new Map();
    const length = Math.floor(head / 2);
    // So a length that lies fills no memory.
    if (length > PACKET_IDS) throw new RecordError('more deliveries are in flight than there are packet identifiers');
    id += cursor.signedVarint();
    let sending = sendingOf(cursor.varint(), head % 2 === 1);
    const step = length > 1 ? cursor.varint() : 0;
    for (let entry = 0; entry < length; entry++) {
      if (entry > 0) id += step;
      sendings.set(id, sending);
      sending += 2;
    }
  }
  return sendings;
}

function writeIds(writer: ByteWriter, ids: ReadonlySet<number> | undefined): void {
  writer.reserve(VARINT_BYTES_MAX * (1 + 2 * (ids?.size ?? 0)));
  let [first, length] = [0, 0];
  for (const id of ids ?? NO_IDS) {
    if (length > 0 && id === first + length) {
      length++;
      continue;
    }
    if (length > 0) writeIdRun(writer, first, length);
    first = id;
    length = 1;
  }
  if (length > 0) writeIdRun(writer, first, length);
  writer.u8(0);
}

function writeIdRun(writer: ByteWriter, first: number, length: number): void {
  writeVarint(writer, length);
  writeVarint(writer, first);
}

function readIds(cursor: RecordCursor): Set<number> | undefined {
  let ids: Set<number> | undefined;
  for (let length = cursor.varint(); length !== 0; length = cursor.varint()) {
    ids ??= new Set();
    const first = cursor.varint();
    if (first + length > PACKET_IDS + 1) throw new RecordError('a packet identifier is larger than 65,535');
    for (let id = first; id < first + length; id++) ids.add(id);
  }
  return ids;
}

const PACKET_IDS = 65_535;
const NO_IDS: ReadonlySet<number> = new Set();
