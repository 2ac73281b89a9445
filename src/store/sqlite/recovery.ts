// Hands out at a start everything that the broker must know (answers.ts), while the books come back (restoring.ts).
// Records go on as they stand in the rows; of queues only the sizes, of messages only those in flight.

import type * as Sqlite from 'node:sqlite';

import {
  Item,
  writeClockMark,
  writeExactlyOnce,
  writeInFlight,
  writeKeyed,
  writeQueue,
  writeRetained,
  writeSubscription,
} from './answers.ts';
import type { Ledger } from './ledger.ts';
import { isExactlyOnce, packetIdOf, type Sending } from './progress.ts';
import type { QueueReader } from './queue-reader.ts';
import type { RecipientQueue } from './recipient-queue.ts';
import type { Chunks, RowCount } from './recovery-sink.ts';
import { type Restoring, ROWS_PER_REPORT } from './restoring.ts';
import { eachRetained } from './retained-rows.ts';
import { keyedRow, SELECT, subscriptionRow } from './rows.ts';
import { damagedRow } from './store-fault.ts';

/** Where the states of deliveries in flight stand in `IN_FLIGHT_STATES`. */
const AWAITING_PUBACK = 0;
const AWAITING_PUBREC = 1;
const AWAITING_PUBCOMP = 2;

/** Hands out what a database holds. */
export class Recovery {
  private readonly ledger: Ledger;
  private readonly restoring: Restoring;
  private readonly reader: QueueReader;
  private readonly rows: RowCount;
  private readonly database: Sqlite.DatabaseSync;
  private readonly chunks: Chunks;

  constructor(
    ledger: Ledger,
    restoring: Restoring,
    reader: QueueReader,
    rows: RowCount,
    database: Sqlite.DatabaseSync,
    chunks: Chunks,
  ) {
    this.database = database;
    this.ledger = ledger;
    this.restoring = restoring;
    this.reader = reader;
    this.rows = rows;
    this.chunks = chunks;
  }

  /**
   * Hands out everything but retained messages, and restores the books.
   * @throws {StoreFault} 'damaged'.
   */
  recoverSessions(): void {
    const { restoring, chunks, ledger, rows } = this;
    for (const table of ['progress', 'session', 'subscription', 'page', 'retained']) rows.expect(table);
    restoring.restoreProgress();
    rows.expect('message', `id > ${restoring.indexedTo}`);
    if (restoring.clockMark !== undefined) {
      writeClockMark(chunks.next(), restoring.clockMark);
      ledger.clockMarks = 1;
    }
    restoring.compare('meta', ledger.clockMarks, restoring.totals.clockMarks);
    restoring.each('session', SELECT.keyed('session'), (row) => {
      const session = keyedRow('session', row);
      restoring.addRecipient(session, 'session');
      writeKeyed(chunks.next(), Item.session, session.key, session.record);
    });
    restoring.each('subscription', SELECT.subscription, (row) => {
      const { session, filter, record } = subscriptionRow(row);
      if (ledger.recipients.get(session)?.kind !== 'session') {
        throw damagedRow(
          'subscription',
          `filter ${JSON.stringify(filter)} of session ${session}`,
          'there is no such session',
        );
      }
      writeSubscription(chunks.next(), session, filter, record);
      ledger.subscriptions++;
    });
    restoring.compare('subscription', ledger.subscriptions, restoring.totals.subscriptions);
    restoring.each('group_queue', SELECT.keyed('group_queue'), (row) => {
      const group = keyedRow('group_queue', row);
      restoring.addRecipient(group, 'group');
      writeKeyed(chunks.next(), Item.group, group.key, group.record);
    });
    restoring.restoreQueues();
    for (const queue of ledger.recipients.values()) this.recoverQueue(queue);
    this.recoverWills();
    chunks.flush();
  }

  /**
   * Hands out the retained messages.
   * @throws {StoreFault} 'damaged'.
   */
  recoverRetained(): void {
    const { chunks, ledger } = this;
    eachRetained(this.database, ({ name, record }) => {
      writeRetained(chunks.next(), name, record);
      if (++ledger.retained % ROWS_PER_REPORT === 0) this.rows.add(ROWS_PER_REPORT);
    });
    chunks.flush();
    this.restoring.compare('retained', ledger.retained, this.restoring.totals.retained);
  }

  private recoverQueue(queue: RecipientQueue): void {
    const waiting = this.restoring.waiting.get(queue);
    if (waiting !== undefined) writeQueue(this.chunks.next(), queue.key, waiting.messages, waiting.bytes);
    const { sent, received, exactlyOnceIds } = queue.progress;
    if (exactlyOnceIds !== undefined) {
      writeExactlyOnce(this.chunks.next(), queue.key, exactlyOnceIds, exactlyOnceIds.size);
    }
    // Those past PUBREC first.
    for (const sendings of [received, sent]) {
      if (sendings !== undefined) this.recoverInFlight(queue, sendings, sendings === received);
    }
  }

  private recoverInFlight(queue: RecipientQueue, sendings: ReadonlyMap<number, Sending>, isReceived: boolean): void {
    const ids = Array.from(sendings.keys());
    this.reader.readMessages(queue.key, ids, (index) => {
      const sending = sendings.get(ids[index] as number) as Sending; // It is one of its keys.
      const awaitingFirst = isExactlyOnce(sending) ? AWAITING_PUBREC : AWAITING_PUBACK;
      const writer = this.chunks.next();
      writeInFlight(writer, queue.key, isReceived ? AWAITING_PUBCOMP : awaitingFirst, packetIdOf(sending));
      return writer;
    });
  }

  private recoverWills(): void {
    this.restoring.each('will', SELECT.keyed('will'), (row) => {
      const { key, record } = keyedRow('will', row);
      this.ledger.wills.add(key);
      this.ledger.sawKey(key);
      writeKeyed(this.chunks.next(), Item.will, key, record);
    });
    this.restoring.compare('will', this.ledger.wills.size, this.restoring.totals.wills);
  }
}
