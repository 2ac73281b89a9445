// What every disk promises besides the store contract, and that a disk that does not keep it is noticed.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { nextTurn } from '../../test/contract/store-place.ts';
import { message, recipient, record, subscription } from '../../test/contract/store-samples.ts';
import type { Batch, Recovered, Store, StoreOwner } from '../../src/store/contract.ts';
import type { DiskPlan, StoreKind } from '../plan.ts';
import { DiskRig } from './disk-rig.fixture.ts';

const TURNS = 8;

/** What an owner heard, one word each. */
type Heard = string[];

function ownerOf(heard: Heard, onDurable: (durable: Batch) => void = () => {}): StoreOwner {
  return {
    restoreRetained: () => void heard.push('retained'),
    opening: () => void heard.push('opening'),
    durable: (durable) => {
      heard.push('durable');
      onDurable(durable);
    },
    full: (isFull) => void heard.push(isFull ? 'full' : 'room'),
    failed: ({ code }) => void heard.push(code),
  };
}

/** Opens the next store; `undefined`: the process died over it. */
async function open(rig: DiskRig, heard: Heard = []): Promise<{ store: Store; recovered: Recovered } | undefined> {
  const { life } = rig;
  const store = rig.disk.makeStore();
  let recovered: Recovered | undefined;
  void store.open(ownerOf(heard)).then((found) => {
    recovered = found;
  });
  while (recovered === undefined && life === rig.life) await nextTurn();
  return recovered === undefined || life !== rig.life ? undefined : { store, recovered };
}

async function untilIdle({ disk }: DiskRig): Promise<void> {
  while (disk.isBusy) await nextTurn();
}

function keysIn({ sessions }: Recovered): readonly number[] {
  return sessions.map((each) => each.record.key).sort((one, other) => one - other);
}

/** How a life ended. */
interface Death {
  readonly boundary: string;
  /** Turns that were durable, as the process had it. */
  readonly promised: number;
  /** The numbers of the sessions that the next life finds; each turn made two. */
  readonly found: readonly number[];
  /** What the dead heard. */
  readonly heardDead: Heard;
}

/** Lives to the `count`-th boundary, and looks at what is left. @param lies  Whether the process takes for durable what is not. */
async function dieAt(rig: DiskRig, count: number, machine: boolean, lies: boolean): Promise<Death | undefined> {
  const { disk } = rig;
  let left = count;
  let boundary: string | undefined;
  let heardBefore = 0;
  const heard: Heard = [];
  rig.diesAt = (what) => {
    if (--left !== 0) return undefined;
    boundary = what;
    heardBefore = heard.length;
    return machine ? 'machine' : 'process';
  };
  let promised = 0;
  const opened = await open(rig, heard);
  if (opened !== undefined) promised = await live(rig, opened.store, lies);
  rig.diesAt = () => undefined;
  if (boundary === undefined) {
    disk.discard();
    return undefined;
  }
  const next = await open(rig);
  assert.ok(next !== undefined);
  await next.store.close();
  disk.discard();
  return { boundary, promised, found: keysIn(next.recovered), heardDead: heard.slice(heardBefore) };
}

/** Makes two changes a turn, and some more after it is dead; returns how many turns were durable when it died. */
async function live(rig: DiskRig, store: Store, lies: boolean): Promise<number> {
  const { life } = rig;
  const batches: Batch[] = [];
  const countDurable = (): number => batches.filter((batch) => lies || batch <= store.durable).length;
  let promised = 0;
  for (let turn = 1; turn <= TURNS && life === rig.life; turn++) {
    store.saveSession(record(2 * turn - 1));
    batches.push(store.saveSession(record(2 * turn)));
    for (let pause = 0; pause < turn % 4 && life === rig.life; pause++) {
      await nextTurn();
      if (life === rig.life) promised = countDurable();
    }
  }
  while (life === rig.life && rig.disk.isBusy) {
    await nextTurn();
    if (life === rig.life) promised = countDurable();
  }
  let isClosed = life !== rig.life;
  if (!isClosed) {
    void store.close().then(() => {
      isClosed = true;
    });
  }
  while (!isClosed && life === rig.life) await nextTurn();
  if (life !== rig.life) store.saveSession(record(99));
  return promised;
}

/** What is wrong with a death; `undefined`: nothing. */
function complaint({ boundary, promised, found, heardDead }: Death): string | undefined {
  const isWhole = found.length % 2 === 0 && found.every((key, index) => key === index + 1);
  if (!isWhole) return `${boundary}: no first turns: ${found.join(' ')}`;
  if (found.length < promised * 2) return `${boundary}: ${promised} turns were durable, ${found.length / 2} are there`;
  return heardDead.length === 0 ? undefined : `${boundary}: the dead heard ${heardDead.join(' ')}`;
}

/** Dies at every boundary there is. */
async function sweep(kind: StoreKind, tuning: DiskPlan['tuning']): Promise<readonly Death[]> {
  const deaths: Death[] = [];
  for (const machine of [false, true]) {
    for (let count = 1; ; count++) {
      const death = await dieAt(new DiskRig(kind, count, { tuning }), count, machine, false);
      if (death === undefined) break;
      deaths.push(death);
    }
  }
  return deaths;
}

for (const kind of ['model', 'sqlite'] as const) {
  describe(`the ${kind} disk`, { timeout: 60_000 }, () => {
    const rigs: DiskRig[] = [];
    afterEach(() => {
      for (const { disk } of rigs.splice(0)) disk.discard();
    });
    const rigOf = (seed: number, plan: Partial<DiskPlan> = {}): DiskRig => {
      const rig = new DiskRig(kind, seed, plan);
      rigs.push(rig);
      return rig;
    };

    for (const tuning of ['usual', 'tiny'] as const) {
      test(`a process killed at any boundary finds whole turns, all that was durable, and hears no more (${tuning})`, async () => {
        const deaths = await sweep(kind, tuning);
        assert.deepEqual(
          deaths.flatMap((death) => complaint(death) ?? []),
          [],
        );
        assert.ok(deaths.length > 40, `${deaths.length} boundaries`);
        const more = deaths.filter(({ promised, found }) => found.length > promised * 2);
        assert.ok(more.length > 0, 'sometimes there is more than was durable');
      });
    }

    test('a process that takes for durable what is not is found out', async () => {
      let death: Death | undefined;
      for (let count = 1; death === undefined || complaint(death) === undefined; count++) {
        death = await dieAt(new DiskRig(kind, count), count, false, true);
        assert.ok(death !== undefined, 'there is a boundary at which it shows');
      }
      assert.match(complaint(death) ?? '', /turns were durable/);
    });

    test('the same seed leads to the same boundaries at the same moments, and to the same remains', async () => {
      const run = async (seed: number): Promise<readonly unknown[]> => {
        const rig = new DiskRig(kind, seed, { tuning: 'tiny' });
        const death = await dieAt(rig, 20, true, false);
        return [rig.boundaries, death];
      };
      assert.deepEqual(await run(7), await run(7));
      assert.notDeepEqual(await run(7), await run(8));
    });

    test('a commit takes between its least and its most time, and a slow disk very much more', async () => {
      const rig = rigOf(1, { commitMillisMin: 10, commitMillisMax: 20 });
      const opened = await open(rig);
      assert.ok(opened !== undefined);
      await untilIdle(rig);
      const commitMillis = async (): Promise<number> => {
        const begin = rig.time.now;
        const batch = opened.store.saveSession(record(1));
        while (opened.store.durable < batch) await nextTurn();
        const end = rig.time.now;
        await untilIdle(rig);
        return end - begin;
      };
      const usual = await commitMillis();
      assert.ok(usual >= 10 && usual <= 20, `${usual} ms`);
      rig.disk.setFault('slow');
      const slow = await commitMillis();
      assert.ok(slow >= 500, `${slow} ms`);
      rig.disk.setFault(undefined);
      assert.ok((await commitMillis()) <= 20);
    });

    test('a full disk is still full for the next life, until there is room', async () => {
      const rig = rigOf(2);
      const first: Heard = [];
      const opened = await open(rig, first);
      assert.ok(opened !== undefined);
      const { store } = opened;
      rig.disk.setFault('full');
      store.saveSession(record(1));
      for (let id = 1; !first.includes('full') && id < 500; id++) {
        store.append(id, message('a', 'x'.repeat(2_000)), [recipient(1, 1)], undefined);
        await nextTurn();
      }
      assert.ok(first.includes('full'));
      await untilIdle(rig);
      rig.crash(false);
      const second: Heard = [];
      const next = await open(rig, second);
      for (let turn = 0; !second.includes('full') && turn < 100; turn++) await nextTurn();
      assert.equal(next?.recovered.sessions.length, 1);
      rig.disk.setFault(undefined);
      await untilIdle(rig);
      assert.deepEqual(
        second.filter((word) => word === 'full' || word === 'room'),
        ['full', 'room'],
      );
    });

    test('a disk that fails once ends the store; nothing is announced after that, and the next life finds what was durable', async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const rig = rigOf(seed);
        const heard: Heard = [];
        const opened = await open(rig, heard);
        assert.ok(opened !== undefined);
        const { store } = opened;
        store.saveSession(record(1));
        await untilIdle(rig);
        rig.disk.setFault('failing');
        heard.length = 0;
        for (const key of [2, 3]) store.saveSession(record(key));
        while (!heard.includes('store-failed')) await nextTurn();
        store.saveSession(record(4));
        await untilIdle(rig);
        assert.deepEqual(heard, ['store-failed']);
        if (seed % 2 === 0) rig.crash(seed % 4 === 0);
        const next = await open(rig);
        assert.ok(next !== undefined);
        assert.match(keysIn(next.recovered).join(' '), /^1( 2 3)?$/);
        const batch = next.store.saveSession(record(9));
        await untilIdle(rig);
        assert.ok(next.store.durable >= batch, 'it is as good as new');
      }
    });

    test('a death in a commit that changes nothing takes nothing away', async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const rig = rigOf(seed);
        const opened = await open(rig);
        assert.ok(opened !== undefined);
        opened.store.saveSession(record(1));
        opened.store.saveSubscription(1, subscription('a'));
        await untilIdle(rig);
        const { life } = rig;
        rig.diesAt = (what) => (/^(in commit|after write)$/.test(what) ? 'machine' : undefined);
        opened.store.saveSubscription(1, subscription('a'));
        while (life === rig.life) await nextTurn();
        rig.diesAt = () => undefined;
        const next = await open(rig);
        assert.equal(next?.recovered.sessions[0]?.subscriptions.length, 1, `seed ${seed}`);
      }
    });

    test('nothing is on its way when nothing was asked for', async () => {
      const rig = rigOf(3);
      assert.equal(rig.disk.isBusy, false);
      const opened = await open(rig);
      await untilIdle(rig);
      const batch = opened?.store.saveSession(record(1)) ?? assert.fail();
      assert.equal(rig.disk.isBusy, true);
      await untilIdle(rig);
      assert.ok(opened !== undefined && opened.store.durable >= batch);
    });
  });
}

test('what was written outlives the process on the model disk, but not always the machine', async () => {
  const keptOf = async (machine: boolean): Promise<ReadonlySet<number>> => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const rig = new DiskRig('model', seed);
      const opened = await open(rig);
      opened?.store.saveSession(record(1));
      rig.diesAt = (what) => (what === 'after write' ? (machine ? 'machine' : 'process') : undefined);
      while (rig.life === 1) await nextTurn();
      const next = await open(rig);
      kept.add(next?.recovered.sessions.length ?? -1);
    }
    return kept;
  };
  assert.deepEqual(await keptOf(false), new Set([1]));
  assert.deepEqual(await keptOf(true), new Set([0, 1]));
});
