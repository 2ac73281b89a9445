// One page at a time has a store. Where there are Web Locks, the store is its page's until the page lets go or is gone. They are missing on
// pages that came over plain http; there a lease in the database says whose it is and until when. Who has it renews it. A page whose lease
// has run out because it was asleep may find that another one has the store: therefore every transaction that writes asks first (`checkIn`),
// and what is not the owner's is not written.
// A page that was reloaded may have to wait for its predecessor to be gone, and so a store that is in use is tried for a moment.

import { OperationError } from '../../base/errors.ts';
import { type Millis, millis } from '../../base/millis.ts';
import { completionOf, type Database, resultOf, type Table, type Transaction } from './database.ts';

/** Web Locks, as a page has them. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal: AbortSignal },
    callback: (lock: unknown) => Promise<void>,
  ): Promise<unknown>;
}

/** Time, as the store is handed it. */
export interface OccupancyTime {
  /** Milliseconds since 1970, the same for all pages of a machine. */
  wall(): Millis;
  setAlarm(delay: Millis, ring: () => void): () => void;
}

/** That the store is this page's. */
export interface Occupancy {
  /** Says, as the first thing in a transaction that writes to meta, whose the store is; the transaction is aborted where it is another page's. */
  checkIn(transaction: Transaction): void;
  /** Lets go. Called once. */
  release(): Promise<void>;
}

/** So long a page that begins waits for one that ends. */
const LOCK_WAIT = millis(1_000);
/** So long a lease is good. */
const LEASE = millis(5_000);
const RENEWED_EVERY = millis(1_500);

/** The row 'lease' of meta. */
interface Lease {
  readonly holder: string;
  readonly until: Millis;
}

/**
 * Takes a Web Lock.
 * @throws {OperationError} `store-in-use`.
 */
export function takeLock(locks: Locks, name: string, time: OccupancyTime): Promise<Occupancy> {
  return new Promise((resolve, reject) => {
    const patience = new AbortController();
    const cancelAlarm = time.setAlarm(LOCK_WAIT, () => patience.abort());
    const taken = locks.request(name, { signal: patience.signal }, async () => {
      cancelAlarm();
      const end = Promise.withResolvers<void>();
      const release = async (): Promise<void> => {
        end.resolve();
        await taken;
      };
      resolve({ checkIn: () => undefined, release });
      await end.promise;
    });
    taken.catch((error: unknown) => {
      cancelAlarm();
      reject(patience.signal.aborted ? inUse(name) : new OperationError('store-unavailable', String(error)));
    });
  });
}

/**
 * Takes the lease, and renews it from then on.
 * @param holder  Names this page, and no other.
 * @param lost  Told once, when another page has it.
 * @throws {OperationError} `store-in-use`.
 */
export async function takeLease(
  database: Database,
  name: string,
  holder: string,
  time: OccupancyTime,
  lost: () => void,
): Promise<Occupancy> {
  const found = await lookAt(database, holder, time, undefined);
  if (found !== undefined) {
    // Whoever has it may be gone: then it runs out.
    await new Promise<void>((resolve) => {
      time.setAlarm(millis(Math.min(LEASE, Math.max(0, found.until - time.wall())) + 1), resolve);
    });
    if ((await lookAt(database, holder, time, found)) !== undefined) throw inUse(name);
  }
  let isReleased = false;
  let cancelAlarm = (): void => undefined;
  const renewLater = (): void => {
    cancelAlarm = time.setAlarm(RENEWED_EVERY, () => void renew());
  };
  const renew = async (): Promise<void> => {
    const isOurs = await lookAt(database, holder, time, undefined).then(
      (other) => other === undefined,
      () => true, // Whether the database works, writing shows.
    );
    if (isReleased) return;
    if (isOurs) renewLater();
    else lost();
  };
  renewLater();
  /** Has something done with the lease, if it is ours. */
  const withLease = (transaction: Transaction, work: (meta: Table) => void, otherwise: () => void): void => {
    const meta = transaction.objectStore('meta');
    const asked = meta.get('lease');
    asked.addEventListener('success', () => {
      if (isLease(asked.result) && asked.result.holder === holder) work(meta);
      else otherwise();
    });
  };
  const checkIn = (transaction: Transaction): void => {
    withLease(
      transaction,
      (meta) => putLease(meta, holder, time),
      () => transaction.abort(),
    );
  };
  const release = async (): Promise<void> => {
    isReleased = true;
    cancelAlarm();
    const transaction = database.transaction(['meta'], 'readwrite');
    const completion = completionOf(transaction);
    withLease(
      transaction,
      (meta) => void meta.delete('lease'),
      () => undefined,
    );
    // If it fails, the lease runs out.
    await completion.catch(() => undefined);
  };
  return { checkIn, release };
}

/**
 * Takes or renews the lease if nobody else has it.
 * @param gone  What has run out, unless it was renewed.
 * @returns Who has it: `undefined` is we.
 */
async function lookAt(
  database: Database,
  holder: string,
  time: OccupancyTime,
  gone: Lease | undefined,
): Promise<Lease | undefined> {
  const transaction = database.transaction(['meta'], 'readwrite');
  const completion = completionOf(transaction);
  const meta = transaction.objectStore('meta');
  const found = await resultOf(meta.get('lease'));
  const isFree =
    !isLease(found) ||
    found.holder === holder ||
    found.until <= time.wall() ||
    (gone !== undefined && found.holder === gone.holder && found.until === gone.until);
  if (isFree) putLease(meta, holder, time);
  await completion;
  return isFree ? undefined : found;
}

function putLease(meta: Table, holder: string, time: OccupancyTime): void {
  const lease: Lease = { holder, until: millis(time.wall() + LEASE) };
  meta.put(lease, 'lease');
}

function isLease(row: unknown): row is Lease {
  return typeof row === 'object' && row !== null && 'holder' in row && 'until' in row;
}

function inUse(name: string): OperationError {
  return new OperationError('store-in-use', `Another page has the store ${name}; one page at a time can use it.`);
}
