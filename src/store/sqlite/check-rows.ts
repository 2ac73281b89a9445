// Looks at every row of a store: whether it holds by itself (its checksum, its record), and whether the tables agree
// with each other: what is named is there, and the pages of each queue name exactly the messages that wait in it. What
// is wrong is told to the view's `onDamage`. Memory is bounded by the number of recipients: queues are compared by how
// many messages they have and by a sum over the ids.

import { EntryCursor } from './entry-page.ts';
import { Meta } from './meta.ts';
import { owedMessages, type ProgressByKey, readProgressOf, stateOf } from './owed-messages.ts';
import { damagedRow } from './store-fault.ts';
import type { StoreView } from './store-view.ts';
import type { OnProgress } from './wal-check.ts';

/** What a store has. */
export interface StoreCounts {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly groups: number;
  readonly wills: number;
  readonly retained: number;
  /** Messages that somebody is owed, each once. */
  readonly messages: number;
  /** What the recipients are owed, each for itself. */
  readonly deliveries: number;
}

/** How many messages there are between two words about progress. */
const MESSAGES_PER_WORD = 1024;

/**
 * Checks all rows.
 * @throws whatever the view's `onDamage` throws.
 */
export function checkRows(view: StoreView, progress: OnProgress): StoreCounts {
  const sessions = new Set<number>();
  for (const { key } of view.sessions()) sessions.add(key);
  const groups = new Set<number>();
  for (const { key } of view.groups()) {
    groups.add(key);
    if (sessions.has(key)) damage(view, 'group_queue', `key ${key}`, 'a session has the same key');
  }
  let subscriptions = 0;
  for (const { session, filter } of view.subscriptions()) {
    subscriptions++;
    if (!sessions.has(session)) strayRow(view, 'subscription', `session ${session}, filter ${JSON.stringify(filter)}`);
  }
  const wills = countOf(view.wills());
  const retained = countOf(view.retained());
  view.clockMark();

  const byKey = readProgressOf(view, [...sessions, ...groups]);
  const ending = new Set(view.ending());
  for (const { key } of view.progress()) {
    if (!byKey.has(key) && !ending.has(key)) strayRow(view, 'progress', `recipient ${key}`);
  }
  const queues = readQueues(view, byKey, ending);
  const [messages, deliveries] = checkMessages(view, byKey, queues, progress);
  for (const [key, queue] of queues) compareQueue(view, key, queue);
  return { sessions: sessions.size, subscriptions, groups: groups.size, wills, retained, messages, deliveries };
}

/** What was found about one recipient's queue so far. */
interface FoundQueue {
  /** Messages up to this one stand in pages; newer ones need not. */
  pagesTo: number;
  /** What pages name less what messages say. */
  messages: number;
  /** The same of a sum over ids, so that one message is not taken for another. */
  idSum: number;
  /** Messages in flight that were not found yet. */
  inFlight: number;
}

/** What the pages say. */
function readQueues(view: StoreView, byKey: ProgressByKey, ending: ReadonlySet<number>): Map<number, FoundQueue> {
  const indexedTo = view.metaNumber(Meta.indexedTo);
  const queues = new Map<number, FoundQueue>();
  for (const [key, { sent, received }] of byKey) {
    const inFlight = (sent?.size ?? 0) + (received?.size ?? 0);
    queues.set(key, { pagesTo: indexedTo, messages: 0, idSum: 0, inFlight });
  }
  const entries = new EntryCursor();
  for (const page of view.pages()) {
    const [queue, progress] = [queues.get(page.recipient), byKey.get(page.recipient)];
    const name = `id ${page.id} of recipient ${page.recipient}`;
    if (queue === undefined) {
      if (!ending.has(page.recipient)) strayRow(view, 'page', name);
      continue;
    }
    entries.reset(page.entries, page.entries.length);
    view.attempt('page', name, () => {
      while (entries.next()) if (stateOf(progress, entries.id) === 'queued') count(queue, entries.id, 1);
    });
    queue.pagesTo = Math.max(queue.pagesTo, entries.id);
  }
  return queues;
}

/** What the messages say. @returns How many there are, and how many deliveries. */
function checkMessages(
  view: StoreView,
  byKey: ProgressByKey,
  queues: ReadonlyMap<number, FoundQueue>,
  progress: OnProgress,
): readonly [number, number] {
  let [messages, deliveries] = [0, 0];
  for (const { id, owed, read } of owedMessages(view, byKey)) {
    for (const { key, isQueued } of owed) {
      const queue = queues.get(key);
      if (queue === undefined) continue;
      if (!isQueued) queue.inFlight--;
      else if (id <= queue.pagesTo) count(queue, id, -1);
    }
    read();
    messages++;
    deliveries += owed.length;
    if (messages % MESSAGES_PER_WORD === 0) progress(view.shareBefore(id));
  }
  return [messages, deliveries];
}

function compareQueue(view: StoreView, key: number, { messages, idSum, inFlight }: FoundQueue): void {
  if (inFlight !== 0) {
    damage(view, 'progress', `recipient ${key}`, `messages that it has in flight and that are not there: ${inFlight}`);
  }
  if (messages > 0) {
    damage(view, 'message', `recipient ${key}`, `messages of its queue that are not there: ${messages}`);
  } else if (messages < 0) {
    damage(view, 'page', `recipient ${key}`, `messages that it is owed and that its queue does not name: ${-messages}`);
  } else if (idSum !== 0) {
    damage(view, 'page', `recipient ${key}`, 'its queue names other messages than those that it is owed');
  }
}

/** Counts a message in or out. hot: */
function count(queue: FoundQueue, id: number, sign: 1 | -1): void {
  queue.messages += sign;
  // Ids that follow each other do not cancel each other out.
  queue.idSum = (queue.idSum + sign * (Math.imul(id, id) ^ id)) | 0;
}

function countOf(rows: Iterable<unknown>): number {
  let found = 0;
  for (const _ of rows) found++;
  return found;
}

function strayRow(view: StoreView, table: string, row: string): void {
  damage(view, table, row, 'it belongs to a recipient that is not there');
}

function damage(view: StoreView, table: string, row: string, what: string): void {
  view.attempt(table, row, () => {
    throw damagedRow(table, row, what);
  });
}
