// Who has a store, where pages have no Web Locks and where they do.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../../src/base/millis.ts';
import {
  completionOf,
  type Database,
  type DatabaseFactory,
  openDatabase,
} from '../../src/store/indexed-db/database.ts';
import { makeFactory } from '../support/fake-indexed-db.ts';
import { type Occupancy, type OccupancyTime, takeLease, takeLock } from '../../src/store/indexed-db/occupancy.ts';

/** A clock that the test moves, for all pages. */
class Time implements OccupancyTime {
  private now = 1_700_000_000_000;
  private alarms: { readonly at: number; readonly ring: () => void }[] = [];

  readonly wall = () => millis(this.now);

  readonly setAlarm = (delay: number, ring: () => void): (() => void) => {
    const alarm = { at: this.now + delay, ring };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((each) => each !== alarm);
    };
  };

  /** Lets time pass, and what follows from it happen. */
  async pass(duration: number): Promise<void> {
    const until = this.now + duration;
    for (;;) {
      await turns();
      const next = this.alarms.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > until) break;
      this.alarms = this.alarms.filter((each) => each !== next);
      this.now = next.at;
      next.ring();
    }
    this.now = until;
  }

  /** Nobody hears an alarm; whoever is to hear one does when the function is called that this returns. */
  sleep(): () => void {
    const missed = this.alarms;
    this.alarms = [];
    return () => {
      for (const { ring } of missed) ring();
    };
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

/** Takes the lease as a page of its own. */
async function enter(
  disk: DatabaseFactory,
  holder: string,
  time: Time,
  lost: () => void = () => assert.fail('it is lost'),
): Promise<{
  readonly database: Database;
  readonly occupancy: Occupancy;
}> {
  const database = await openDatabase(disk, 'store');
  return { database, occupancy: await takeLease(database, 'store', holder, time, lost) };
}

/** Writes as a store does. */
async function write({ database, occupancy }: Awaited<ReturnType<typeof enter>>): Promise<void> {
  const transaction = database.transaction(['meta'], 'readwrite');
  const completion = completionOf(transaction);
  occupancy.checkIn(transaction);
  transaction.objectStore('meta').put('written', 'state');
  await completion;
}

test('a lease that is renewed is not to be had; one that is let go is, at once', async () => {
  const [disk, time] = [makeFactory(), new Time()];
  const first = await enter(disk, 'first', time);
  await time.pass(20_000);
  const refused = assert.rejects(enter(disk, 'second', time), { code: 'store-in-use' });
  await time.pass(6_000);
  await refused;
  await write(first);
  await first.occupancy.release();
  await write(await enter(disk, 'second', time));
});

test('the lease of a page that is gone runs out, and whoever waits for it gets it', async () => {
  const [disk, time] = [makeFactory(), new Time()];
  await enter(disk, 'first', time);
  time.sleep();
  const entering = enter(disk, 'second', time);
  await time.pass(4_900);
  let isIn = false;
  void entering.then(() => (isIn = true));
  await turns();
  assert.equal(isIn, false);
  await time.pass(200);
  await write(await entering);
});

test('a page that slept while another one took its store over writes nothing any more, and is told', async () => {
  const [disk, time] = [makeFactory(), new Time()];
  let lost = 0;
  const first = await enter(disk, 'first', time, () => lost++);
  const wakeUp = time.sleep();
  await time.pass(6_000);
  const second = await enter(disk, 'second', time);
  await assert.rejects(write(first));
  await write(second);
  wakeUp();
  await turns();
  assert.equal(lost, 1);
  await first.occupancy.release();
  await write(second);
});

test('a Web Lock that another page has for more than a moment is store-in-use', async () => {
  const time = new Time();
  const queue: (() => void)[] = [];
  let isTaken = false;
  const locks = {
    request: async (
      _: string,
      { signal }: { signal: AbortSignal },
      callback: (lock: unknown) => Promise<void>,
    ): Promise<void> => {
      if (isTaken) {
        await new Promise<void>((resolve, reject) => {
          queue.push(resolve);
          signal.addEventListener('abort', () => reject(new Error('AbortError')));
        });
      }
      isTaken = true;
      await callback(undefined);
      isTaken = false;
      queue.shift()?.();
    },
  };
  const first = await takeLock(locks, 'store', time);
  const refused = assert.rejects(takeLock(locks, 'store', time), { code: 'store-in-use' });
  await time.pass(2_000);
  await refused;
  queue.length = 0;
  const third = takeLock(locks, 'store', time);
  await time.pass(500);
  await first.release();
  await (await third).release();
});
