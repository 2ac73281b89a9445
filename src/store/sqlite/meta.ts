// What there is once in a database, by name. Numbers are records of varints.

import { ByteWriter } from '../../base/byte-writer.ts';
import { VARINT_BYTES_MAX, writeVarint } from './number-writer.ts';
import { RecordCursor } from './record-cursor.ts';

/** The names of the rows of table `meta`. */
export const Meta = {
  /** Where the clocks stood (records.ts). */
  clockMark: 'clock_mark',
  /** Messages up to this one need not be looked at for recipients at a start. */
  indexedTo: 'indexed_to',
  /** How much there is, see `Totals`. */
  totals: 'totals',
} as const;

/**
 * How much there is, so that rows are missed that went without leaving a trace: a bit that changes in the number of rows of a
 * database page takes rows away, and nothing else of it looks wrong. Sessions and groups are not counted: each has
 * a row in `progress`, and each row there has its session or group.
 */
export interface Totals {
  /** No recipient had a higher key. */
  readonly recipientKeyMax: number;
  readonly messages: number;
  readonly deliveries: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly wills: number;
  readonly clockMarks: number;
}

/** The totals of a database without anything. */
export const NO_TOTALS: Totals = Object.freeze({
  recipientKeyMax: 0,
  messages: 0,
  deliveries: 0,
  subscriptions: 0,
  retained: 0,
  wills: 0,
  clockMarks: 0,
});

/** The record of a number. */
export function numberRecord(value: number): Uint8Array {
  return recordOf([value]);
}

/**
 * The number in a record.
 * @throws {RecordError}
 */
export function readNumberRecord(record: Uint8Array): number {
  const cursor = cursorOver(record);
  const value = cursor.varint();
  cursor.finish();
  return value;
}

/** The record of totals. */
export function totalsRecord(totals: Totals): Uint8Array {
  const { recipientKeyMax, messages, deliveries, subscriptions, retained, wills, clockMarks } = totals;
  return recordOf([recipientKeyMax, messages, deliveries, subscriptions, retained, wills, clockMarks]);
}

/**
 * The totals in a record.
 * @throws {RecordError}
 */
export function readTotalsRecord(record: Uint8Array): Totals {
  const cursor = cursorOver(record);
  const totals = {
    recipientKeyMax: cursor.varint(),
    messages: cursor.varint(),
    deliveries: cursor.varint(),
    subscriptions: cursor.varint(),
    retained: cursor.varint(),
    wills: cursor.varint(),
    clockMarks: cursor.varint(),
  };
  cursor.finish();
  return totals;
}

function recordOf(numbers: readonly number[]): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(numbers.length * VARINT_BYTES_MAX));
  for (const number of numbers) writeVarint(writer, number);
  return writer.bytes.subarray(0, writer.position);
}

function cursorOver(record: Uint8Array): RecordCursor {
  const cursor = new RecordCursor();
  cursor.reset(record, 0, record.length);
  return cursor;
}
