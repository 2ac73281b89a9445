// Reads some of a queue from the database, as deliveries for the broker's thread (answers.ts).

import type * as Sqlite from 'node:sqlite';

import { ByteWriter } from '../../base/byte-writer.ts';
import { writeDelivery } from './answers.ts';
import { RecipientFlag, RecipientReader } from './message-record.ts';
import { MessageRows } from './message-rows.ts';
import { QueueSlice, type RecipientQueue } from './recipient-queue.ts';
import { RecordError } from './record-cursor.ts';
import { damagedRow } from './store-fault.ts';

/** What a delivery takes besides its payload, roughly: topic, properties, lengths. */
const BESIDES_BYTES = 96;

/** Some of a queue, oldest first. */
export interface EncodedPage {
  /** Deliveries without tags (answers.ts). Its buffer holds nothing else. */
  readonly deliveries: Uint8Array<ArrayBuffer>;
  /** Whether there was nothing more. */
  readonly isLast: boolean;
}

/** Reads queues, and messages in flight. */
export class QueueReader {
  private readonly messages: MessageRows;
  private readonly slice: QueueSlice;
  private readonly recipients: RecipientReader;

  constructor(database: Sqlite.DatabaseSync) {
    this.messages = new MessageRows(database);
    this.slice = new QueueSlice();
    this.recipients = new RecipientReader();
  }

  /**
   * Reads what is newer than `after`, at least one delivery if there is one.
   * @param bytesMax  Of payload.
   * @throws {StoreFault} 'damaged'.
   */
  readPage(queue: RecipientQueue, after: number, messagesMax: number, bytesMax: number): EncodedPage {
    const { slice } = this;
    slice.clear();
    const isLast = queue.collect(after, messagesMax, bytesMax, slice);
    const writer = new ByteWriter(new Uint8Array(slice.bytes + slice.count * BESIDES_BYTES));
    this.messages.read(slice.ids, slice.count, (record, index) => {
      this.write(writer, queue.key, slice.ids[index] as number, record, slice.flags[index]);
    });
    return { deliveries: writer.bytes.subarray(0, writer.position), isLast };
  }

  /**
   * Reads messages in any order, none twice.
   * @param write  Is handed the index of each before it is written, and returns where to.
   * @throws {StoreFault} 'damaged'.
   */
  readMessages(recipient: number, ids: readonly number[], write: (index: number) => ByteWriter): void {
    this.messages.read(ids, ids.length, (record, index) => {
      this.write(write(index), recipient, ids[index] as number, record, undefined);
    });
  }

  /**
   * Writes one delivery of a message. hot:
   * @param flags  How it goes to the recipient, if that is known; else it is looked up.
   */
  private write(
    writer: ByteWriter,
    recipient: number,
    id: number,
    record: Uint8Array,
    flags: number | undefined,
  ): void {
    const { recipients } = this;
    try {
      recipients.reset(record, 0, record.length);
      const isKnown = flags !== undefined && (flags & RecipientFlag.addressed) === 0;
      if (!isKnown && !this.moveTo(recipient)) {
        throw damagedRow('message', `id ${id}`, `recipient ${recipient} is owed it and is not named in it`);
      }
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      throw damagedRow('message', `id ${id}`, error.message);
    }
    const body = { bytes: record, start: recipients.bodyStart, end: record.length };
    const detail = { bytes: record, start: recipients.detailStart, end: recipients.detailEnd };
    writeDelivery(writer, id, flags ?? recipients.flags, detail, body);
  }

  /** Moves the reader to a recipient of the message. */
  private moveTo(recipient: number): boolean {
    const { recipients } = this;
    while (recipients.next()) if (recipients.key === recipient) return true;
    return false;
  }
}
