// What the engine hands back, laid down in bytes so that it crosses a thread as one transferred buffer: what it
// finds at a start (chunks of items, the clock mark first), and pages of queues (deliveries). The engine
// copies ranges of rows into it and decodes nothing; sqlite-store.ts makes objects of it.
//
// | item         | fields                                                                       |
// |--------------|------------------------------------------------------------------------------|
// | clockMark    | record; the first item of all, absent in a new store                         |
// | session      | key, record                                                                  |
// | subscription | key of the session, filter, record                                           |
// | exactlyOnce  | key of the session, number of packet ids, the ids                            |
// | inFlight     | key of the session, state (0 PUBACK, 1 PUBREC, 2 PUBCOMP awaited), packet id, |
// |              | delivery; in the order of the contract                                       |
// | queue        | key of the recipient, messages, bytes                                        |
// | group        | key, record                                                                  |
// | will         | key, record                                                                  |
// | retained     | topic, record                                                                |
// | delivery     | message id, detail of the recipient, body as a record                        |
//
// An item begins with its tag, a delivery (the only thing in a page) has none. Forms as in change.ts: numbers are
// varints, texts MQTT strings, a record is preceded by its length in four bytes. A session comes before what
// belongs to it; else the order is free.

import type { ByteWriter } from '../../base/byte-writer.ts';
import { copyBytes } from '../../base/copy-bytes.ts';
import type { InFlightState } from '../contract.ts';
import { RecipientFlag } from './message-record.ts';
import { VARINT_BYTES_MAX, writeVarint } from './number-writer.ts';

/** The tag of each item. */
export const Item = {
  clockMark: 1,
  session: 2,
  subscription: 3,
  exactlyOnce: 4,
  inFlight: 5,
  queue: 6,
  group: 7,
  will: 8,
  retained: 9,
} as const;

/** What an item is. */
export type Item = (typeof Item)[keyof typeof Item];

/** The states of deliveries in flight, by their number in an item. */
export const IN_FLIGHT_STATES: readonly InFlightState[] = ['awaiting-puback', 'awaiting-pubrec', 'awaiting-pubcomp'];

/** A range of bytes. */
export interface Range {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Writes an item that is a record of its own. */
export function writeClockMark(writer: ByteWriter, record: Uint8Array): void {
  writer.reserve(1);
  writer.u8(Item.clockMark);
  writeRecord(writer, record);
}

/** Writes a session, a group or a Will. */
export function writeKeyed(
  writer: ByteWriter,
  item: typeof Item.session | typeof Item.group | typeof Item.will,
  key: number,
  record: Uint8Array,
): void {
  writeTag(writer, item, key);
  writeRecord(writer, record);
}

/** Writes a subscription. */
export function writeSubscription(writer: ByteWriter, session: number, filter: string, record: Uint8Array): void {
  writeTag(writer, Item.subscription, session);
  writer.text(filter);
  writeRecord(writer, record);
}

/** Writes the QoS 2 identifiers from a session's client that wait for PUBREL. */
export function writeExactlyOnce(writer: ByteWriter, session: number, ids: Iterable<number>, count: number): void {
  writeTag(writer, Item.exactlyOnce, session);
  writer.reserve((count + 1) * VARINT_BYTES_MAX);
  writeVarint(writer, count);
  for (const id of ids) writeVarint(writer, id);
}

/** Writes how much waits in a queue. */
export function writeQueue(writer: ByteWriter, recipient: number, messages: number, bytes: number): void {
  writeTag(writer, Item.queue, recipient);
  writer.reserve(2 * VARINT_BYTES_MAX);
  writeVarint(writer, messages);
  writeVarint(writer, bytes);
}

/** Writes the head of a delivery in flight; its delivery must follow. `state` is an index into `IN_FLIGHT_STATES`. */
export function writeInFlight(writer: ByteWriter, session: number, state: number, packetId: number): void {
  writeTag(writer, Item.inFlight, session);
  writer.reserve(1 + VARINT_BYTES_MAX);
  writer.u8(state);
  writeVarint(writer, packetId);
}

/** Writes a retained message. */
export function writeRetained(writer: ByteWriter, topic: string, record: Uint8Array): void {
  writer.reserve(1);
  writer.u8(Item.retained);
  writer.text(topic);
  writeRecord(writer, record);
}

/**
 * Writes a delivery.
 * @param flags  The recipient's, see `RecipientFlag`.
 * @param detail  Where the recipient's detail lies, if its flags say `addressed`; else it is not looked at.
 */
export function writeDelivery(
  writer: ByteWriter,
  messageId: number,
  flags: number,
  detail: Range | undefined,
  body: Range,
): void {
  // hot:
  const bodyLength = body.end - body.start;
  writer.reserve(VARINT_BYTES_MAX + 1 + 4 + bodyLength);
  writeVarint(writer, messageId);
  if (detail === undefined || (flags & RecipientFlag.addressed) === 0) {
    writer.u8(flags);
  } else {
    writer.reserve(detail.end - detail.start + 4 + bodyLength);
    copyInto(writer, detail);
  }
  writer.u32(bodyLength);
  copyInto(writer, body);
}

function writeTag(writer: ByteWriter, item: Item, key: number): void {
  writer.reserve(1 + VARINT_BYTES_MAX);
  writer.u8(item);
  writeVarint(writer, key);
}

function writeRecord(writer: ByteWriter, record: Uint8Array): void {
  writer.reserve(4 + record.length);
  writer.u32(record.length);
  writer.raw(record);
}

function copyInto(writer: ByteWriter, { bytes, start, end }: Range): void {
  copyBytes(bytes, start, end, writer.bytes, writer.position);
  writer.position += end - start;
}
