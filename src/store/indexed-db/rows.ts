// What stands in the tables, and how a store in memory is filled from them.
//
// | table        | key                     | row                                                           |
// |--------------|-------------------------|---------------------------------------------------------------|
// | meta         | 'state'                 | the clock mark, the highest message id                        |
// |              | 'lease'                 | whose the database is (occupancy.ts)                          |
// | session      | key                     | `SessionRecord`                                               |
// | subscription | [session, filter]       | `SubscriptionRecord`                                          |
// | group        | key                     | `GroupRecord`                                                 |
// | owed         | [recipient, message id] | the message, and how this recipient is to get it              |
// | sent         | [session, message id]   | under which identifier it was sent                            |
// | received     | [session, message id]   | that PUBREC has come                                          |
// | origin       | [session, packet id]    | nothing: the QoS 2 identifier waits for PUBREL                |
// | retained     | topic                   | the message                                                   |
// | will         | key                     | `WillRecord`                                                  |
//
// Moments are in store time (timeline.ts). Field names are what is stored: one that changes is another schema version. The rows are the
// browser's copies (structured clone), so that nobody else holds them.

import { assert } from '../../base/assert.ts';
import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type {
  GroupRecord,
  MessageId,
  Recipient,
  RecipientKey,
  SessionRecord,
  SubscriptionRecord,
  WillRecord,
} from '../contract.ts';
import type { MemoryStore } from '../memory/memory-store.ts';
import type { ClockMark } from '../timeline.ts';
import { completionOf, type Database, resultOf, TABLES, type TableName } from './database.ts';

/** The row 'state' of meta. */
export interface StateRow {
  readonly mark: ClockMark;
  /** Also of messages that are settled. */
  readonly messageIdMax: MessageId;
}

/** A row of owed. */
export interface OwedRow {
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly sharedFilter: string;
}

/** A row of sent. */
export interface SentRow {
  readonly id: PacketId;
  /** Grows with every sending and every PUBREC. */
  readonly order: number;
}

/** A row of received. */
export interface ReceivedRow {
  readonly order: number;
}

/** A row with its key. */
interface Keyed {
  readonly key: unknown;
  readonly row: unknown;
}

/** All rows of all tables. */
export type Rows = ReadonlyMap<TableName, readonly Keyed[]>;

/** Reads everything. */
export async function readRows(database: Database): Promise<Rows> {
  const transaction = database.transaction(TABLES, 'readonly');
  const completion = completionOf(transaction);
  const reading = TABLES.map(async (name): Promise<readonly [TableName, readonly Keyed[]]> => {
    const table = transaction.objectStore(name);
    const [keys, rows] = await Promise.all([resultOf(table.getAllKeys()), resultOf(table.getAll())]);
    assert(Array.isArray(keys) && Array.isArray(rows), 'getAll gives lists');
    return [name, keys.map((key: unknown, at): Keyed => ({ key, row: Reflect.get(rows, at) as unknown }))];
  });
  const [tables] = await Promise.all([Promise.all(reading), completion]);
  return new Map(tables);
}

/** The row 'state'; `undefined` in a new database. */
export function stateIn(rows: Rows): StateRow | undefined {
  // As written by `stateRow`; the schema version says so.
  return rows.get('meta')?.find(({ key }) => key === 'state')?.row as StateRow | undefined;
}

/**
 * Makes the changes that lead to what is in the rows.
 * @param offset  How far store time is ahead of the clock of this run.
 * @returns The order of the latest sending or PUBREC.
 */
export function restore(rows: Rows, offset: number, store: MemoryStore): number {
  // Every row is as this file's types say: they are put into the tables in one place, and the schema version says which.
  for (const { row } of rows.get('session') ?? []) store.saveSession(movedSession(row as SessionRecord, -offset));
  for (const { row } of rows.get('group') ?? []) store.saveGroup(row as GroupRecord);
  for (const { key, row } of rows.get('subscription') ?? []) {
    store.saveSubscription((key as SubscriptionKey)[0], row as SubscriptionRecord);
  }
  for (const { key, row } of rows.get('will') ?? []) store.saveWill(key as RecipientKey, row as WillRecord);
  for (const { row } of rows.get('retained') ?? []) store.saveRetained(movedMessage(row as Message, -offset));
  restoreMessages(rows, offset, store);
  for (const { key } of rows.get('origin') ?? []) {
    const [session, id] = key as OriginKey;
    store.restoreOrigin({ session, id });
  }
  return restoreProgress(rows, store);
}

/** A session's moments on another time. */
export function movedSession(record: SessionRecord, by: number): SessionRecord {
  const { disconnectedAt } = record;
  return disconnectedAt === undefined ? record : { ...record, disconnectedAt: millis(disconnectedAt + by) };
}

/** A message's moment on another time. */
export function movedMessage(message: Message, by: number): Message {
  const { expiresAt } = message;
  return expiresAt === undefined ? message : { ...message, expiresAt: millis(expiresAt + by) };
}

type SubscriptionKey = readonly [session: RecipientKey, filter: string];
type OwedKey = readonly [recipient: RecipientKey, message: MessageId];
type OriginKey = readonly [session: RecipientKey, id: PacketId];

/** A message that several are owed stands in several rows. */
function restoreMessages(rows: Rows, offset: number, store: MemoryStore): void {
  const found = new Map<MessageId, { readonly message: Message; readonly recipients: Recipient[] }>();
  for (const { key: owedKey, row } of rows.get('owed') ?? []) {
    const [key, id] = owedKey as OwedKey;
    const { message, ...terms } = row as OwedRow;
    const entry = found.get(id) ?? { message: movedMessage(message, -offset), recipients: [] };
    entry.recipients.push({ key, ...terms });
    found.set(id, entry);
  }
  const messages = Array.from(found).sort(([one], [other]) => one - other);
  let last = 0;
  for (const [id, { message, recipients }] of messages) {
    store.append(id, message, recipients, undefined);
    last = id;
  }
  const messageIdMax = stateIn(rows)?.messageIdMax ?? 0;
  // Of one that nobody is owed, the store remembers the number.
  if (messageIdMax > last) store.append(messageIdMax, NOTHING, [], undefined);
}

function restoreProgress(rows: Rows, store: MemoryStore): number {
  const sent = inOrder(rows, 'sent');
  for (const { key, row } of sent) store.recordSending(key[0], key[1], (row as SentRow).id);
  const received = inOrder(rows, 'received');
  for (const { key } of received) store.recordReceived(key[0], key[1]);
  return Math.max(sent.at(-1)?.row.order ?? 0, received.at(-1)?.row.order ?? 0);
}

function inOrder(
  rows: Rows,
  name: 'sent' | 'received',
): readonly { readonly key: OwedKey; readonly row: SentRow | ReceivedRow }[] {
  const found = (rows.get(name) ?? []).map(({ key, row }) => ({
    key: key as OwedKey,
    row: row as SentRow | ReceivedRow,
  }));
  return found.sort((one, other) => one.row.order - other.row.order);
}

const NOTHING: Message = {
  topic: '',
  payload: new Uint8Array(0),
  qos: 0,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
};
