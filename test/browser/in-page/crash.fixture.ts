// What a page does while its browser is killed: it writes to the store turn by turn, as fast as that becomes durable and faster, and tells what was
// announced as durable. And what the page after it finds.
//
// Each turn puts one number into a queue and into a retained message, and takes an old number out of the queue: what is found tells which turn was the
// last, and half a turn would be seen.

import { assert } from '../../../src/base/assert.ts';
import { SILENT_LOG } from '../../../src/base/log.ts';
import { millis } from '../../../src/base/millis.ts';
import type { DatabaseFactory, KeyRanges } from '../../../src/store/indexed-db/database.ts';
import { IndexedDbStore } from '../../../src/store/indexed-db/indexed-db-store.ts';
import type { Batch, RecipientKey, Recovered, Store } from '../../../src/store/contract.ts';
import { message, recipient, record } from '../../contract/store-samples.ts';

/** What a page finds that comes after a crash. */
export interface Found {
  /** The number of the last turn: as the store knows it, and as the retained message has it. 0: nothing is there. */
  readonly last: number;
  readonly retained: number;
  /** The numbers in the queue, in their order. */
  readonly queued: readonly number[];
}

/**
 * How the browser commits: as the store asks it to; or saying that a transaction is complete as soon as it has begun; or without waiting for the disk,
 * whatever is asked.
 */
export type Manner = 'as asked' | 'lies' | 'relaxed';

/** What tests call in the page. */
export interface CrashPage {
  /** So many numbers are in the queue. */
  readonly queueLength: number;
  /** Opens the store, and tells what is in it. */
  open(manner: Manner): Promise<Found>;
  /** Writes until the browser is killed. `announce` is called with each number that has become durable. */
  write(): void;
}

const QUEUE: RecipientKey = 1;
const QUEUE_LENGTH = 50;
const PADDING = 'x'.repeat(2_000);
/** So many turns are ahead of what is durable. */
const AHEAD = 40;

/** What the page has; the types of the web are not to be had here. */
const WEB = globalThis as unknown as { readonly indexedDB: DatabaseFactory; readonly IDBKeyRange: KeyRanges };

/** Whom the test has put into the page. */
declare const announce: (sequence: number) => void;

let store: Store | undefined;
let next = 1;
/** Which number each batch that is not durable ends with. */
let late: { readonly batch: Batch; readonly sequence: number }[] = [];

/** What the page's program puts where tests find it. */
export const page: CrashPage = {
  queueLength: QUEUE_LENGTH,
  async open(manner) {
    if (manner !== 'as asked') changeTransactions(manner);
    const opened = newStore();
    let retained = 0;
    const recovered = await opened.open({
      restoreRetained(messages) {
        for (const each of messages) retained = numberIn(each.payload);
      },
      opening: () => undefined,
      durable: announceUpTo,
      full: () => undefined,
      failed(error) {
        throw error;
      },
    });
    store = opened;
    next = 1 + recovered.messageIdMax;
    const queued = await queueOf(opened, recovered);
    return { last: recovered.messageIdMax, retained, queued };
  },
  write() {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      if (late.length < AHEAD) writeTurn();
      port2.postMessage(undefined);
    });
    port1.start();
    port2.postMessage(undefined);
  },
};

/** A store on what the page has; whoever is alone needs no lock. */
function newStore(): Store {
  const tasks: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => tasks.shift()?.());
  port1.start();
  return new IndexedDbStore('crash', {
    factory: WEB.indexedDB,
    keyRanges: WEB.IDBKeyRange,
    locks: { request: (_, __, callback) => callback(undefined) },
    roomBytes: () => Promise.resolve(undefined),
    clock: {
      monotonic: () => millis(performance.now()),
      wall: () => millis(Date.now()),
      boot: () => ({ id: '', time: millis(0) }),
    },
    later(task) {
      tasks.push(task);
      port2.postMessage(undefined);
    },
    setAlarm(delay, ring) {
      const timer = setTimeout(ring, delay);
      return () => clearTimeout(timer);
    },
    holder: 'page',
    log: SILENT_LOG,
  });
}

function writeTurn(): void {
  assert(store !== undefined, 'the store is open');
  const sequence = next++;
  if (sequence === 1) store.saveSession(record(QUEUE));
  const content = message('crash', `${sequence} ${PADDING}`);
  if (sequence > QUEUE_LENGTH) store.settle(QUEUE, sequence - QUEUE_LENGTH);
  store.append(sequence, content, [recipient(QUEUE, 1)], undefined);
  const batch = store.saveRetained(content);
  late.push({ batch, sequence });
}

function announceUpTo(durable: Batch): void {
  const through = late.filter(({ batch }) => batch <= durable);
  late = late.slice(through.length);
  const last = through.at(-1);
  if (last !== undefined) announce(last.sequence);
}

async function queueOf(opened: Store, { sessions }: Recovered): Promise<readonly number[]> {
  if (sessions.length === 0) return [];
  const { deliveries } = await new Promise<Parameters<Parameters<Store['read']>[3]>[0]>((resolve) => {
    opened.read(QUEUE, 0, { messagesMax: Infinity, bytesMax: Infinity }, resolve);
  });
  return deliveries.map(({ message: { payload } }) => numberIn(payload));
}

function numberIn(payload: Uint8Array): number {
  return Number.parseInt(new TextDecoder().decode(payload), 10);
}

/** From now on every transaction is another one than the store has asked for. */
function changeTransactions(manner: 'lies' | 'relaxed'): void {
  const { indexedDB } = WEB;
  const openTruly = indexedDB.open.bind(indexedDB);
  indexedDB.open = (name, version) => {
    const request = openTruly(name, version);
    request.addEventListener('success', () => {
      const database = request.result;
      const begin = database.transaction.bind(database);
      database.transaction = (names, mode, options) => {
        const isRelaxed = manner === 'relaxed' && mode === 'readwrite';
        // The store asks for nothing else than 'strict', which is all that its types know.
        const transaction = begin(
          names,
          mode,
          isRelaxed ? ({ durability: 'relaxed' } as object as typeof options) : options,
        );
        if (manner === 'relaxed') return transaction;
        const listen = transaction.addEventListener.bind(transaction);
        transaction.addEventListener = (type, listener) => {
          if (type === 'complete') setTimeout(() => listener(undefined), 0);
          else listen(type, listener);
        };
        return transaction;
      };
    });
    return request;
  };
}
