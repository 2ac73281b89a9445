// What a store has and how large it is, for people who wonder what takes the room: counts, files, the longest queues.
// It looks at the rows without a lock, also while a broker writes. Rows that do not hold are counted and left out; what
// is wrong with them is for check.ts.

import { type Millis, millis } from '../../base/millis.ts';
import type { StoreCounts } from './check-rows.ts';
import { existingDirectory, fileBytes } from './data-directory.ts';
import { readFailedMarker } from './failed-marker.ts';
import { storeError } from './open-directory.ts';
import { owedMessages, readProgressOf } from './owed-messages.ts';
import { StoreView } from './store-view.ts';
import type { OnProgress } from './wal-check.ts';

/** What is known of a store. */
export interface StoreSummary {
  /** The data directory. */
  readonly path: string;
  readonly databaseBytes: number;
  /** Of these, what deleted rows left. */
  readonly freeBytes: number;
  readonly logBytes: number;
  readonly reserveBytes: number;
  readonly counts: StoreCounts;
  /** The longest queues, longest first. */
  readonly queues: readonly QueueSummary[];
  /** When a broker last said that it uses the store, by the clock on the wall. */
  readonly usedAt: Millis | undefined;
  /** The note of a failed disk that nobody accepted. */
  readonly failure: string | undefined;
  /** Rows that do not hold. */
  readonly damagedRows: number;
}

/** What a recipient is owed. */
export interface QueueSummary {
  readonly kind: 'session' | 'group';
  /** The client identifier, or the filter. */
  readonly name: string;
  /** Messages that wait. */
  readonly messages: number;
  /** Of payload. */
  readonly bytes: number;
  readonly inFlight: number;
}

/** How many queues are named. */
const QUEUES_MAX = 10;
/** How many messages there are between two words about progress. */
const MESSAGES_PER_WORD = 1024;

/** A queue as it is counted. */
interface CountedQueue {
  readonly kind: 'session' | 'group';
  readonly name: string;
  messages: number;
  bytes: number;
  inFlight: number;
}

/**
 * Looks at the store in a data directory.
 * @throws {OperationError} `store-unavailable`, `store-newer`, `store-damaged`: the database cannot be read at all.
 */
export function summarizeStore(directoryPath: string, progress: OnProgress): StoreSummary {
  const directory = existingDirectory(directoryPath);
  const { path, database, log, reserve } = directory;
  let damagedRows = 0;
  let view: StoreView | undefined;
  try {
    view = new StoreView(database, () => {
      damagedRows++;
    });
    const { queues, counts } = countEverything(view, progress);
    const mark = view.clockMark();
    return {
      path,
      databaseBytes: fileBytes(database) ?? 0,
      freeBytes: view.pragma('freelist_count') * view.pragma('page_size'),
      logBytes: fileBytes(log) ?? 0,
      reserveBytes: fileBytes(reserve) ?? 0,
      counts,
      queues: longestOf(queues),
      usedAt: mark === undefined ? undefined : millis(mark.wall),
      failure: readFailedMarker(directory),
      damagedRows,
    };
  } catch (error) {
    throw storeError(error, directory);
  } finally {
    view?.close();
  }
}

function countEverything(view: StoreView, progress: OnProgress) {
  const queues = new Map<number, CountedQueue>();
  const add = (key: number, kind: 'session' | 'group', name: string): void => {
    queues.set(key, { kind, name, messages: 0, bytes: 0, inFlight: 0 });
  };
  for (const { key, clientId } of view.sessions()) add(key, 'session', clientId);
  const sessions = queues.size;
  for (const { key, filter } of view.groups()) add(key, 'group', filter);
  let [messages, deliveries] = [0, 0];
  for (const { id, owed, payloadBytes } of owedMessages(view, readProgressOf(view, queues.keys()))) {
    messages++;
    deliveries += owed.length;
    for (const { key, isQueued } of owed) count(queues.get(key), isQueued, payloadBytes);
    if (messages % MESSAGES_PER_WORD === 0) progress(view.shareBefore(id));
  }
  const counts: StoreCounts = {
    sessions,
    subscriptions: view.count('subscription'),
    groups: queues.size - sessions,
    wills: view.count('will'),
    retained: view.count('retained'),
    messages,
    deliveries,
  };
  return { queues, counts };
}

function count(queue: CountedQueue | undefined, isQueued: boolean, payloadBytes: number): void {
  if (queue === undefined) return;
  if (!isQueued) {
    queue.inFlight++;
    return;
  }
  queue.messages++;
  queue.bytes += payloadBytes;
}

function longestOf(queues: ReadonlyMap<number, CountedQueue>): readonly QueueSummary[] {
  const owing = [...queues.values()].filter((queue) => queue.messages + queue.inFlight > 0);
  return owing.toSorted((one, other) => other.messages - one.messages).slice(0, QUEUES_MAX);
}
