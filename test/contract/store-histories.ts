// The part of the suite for stores that is about histories: whatever a broker does to a store, it holds what a plain
// model of it holds (store-model.ts), also across reopening; and a crash leaves a prefix of the turns, each of them whole.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';

import type { Batch, MessageId, Store, StoreStatistics } from '../../src/store/contract.ts';
import { type Contents, contentsOf, plain, textual } from './store-contents.ts';
import { anyHistory, type Change, makeChange, type Seed, World } from './store-history.ts';
import { StoreModel } from './store-model.ts';
import { nextTurn, type Open, type OpenNew, open, readPage } from './store-place.ts';

type History = readonly (readonly (readonly Seed[])[])[];

/** What every store holds after any history. */
export function contractOfHistories(openNew: OpenNew): void {
  it('after any history of changes it holds what a plain model holds', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, (history) => checkHistory(openNew, history)),
      { numRuns: 60 },
    );
  });
}

/** What every store holds that was killed. */
export function contractOfCrashes(openNew: OpenNew): void {
  it('a crash leaves the changes of some first turns, each turn as a whole, and all that was durable', async () => {
    await crashesLeavePrefixes(openNew, { numRuns: 60 });
  });
}

/** One part after another, the store closed and opened in between; queues are read on the way. */
async function checkHistory(openNew: OpenNew, history: History): Promise<void> {
  const { place, ...first } = await openNew();
  const world = new World(new StoreModel());
  const { model } = world;
  let opened: Open = first;
  for (const turns of history) {
    const elidedBefore = opened.store.statistics().messagesElided;
    let elided = 0;
    let last: Batch = 0;
    for (const [index, seeds] of turns.entries()) {
      for (const seed of seeds) {
        for (const change of world.live(seed)) {
          const result = makeChange(opened.store, change);
          if (typeof result === 'number') last = result;
          if (change.kind !== 'settle' || result !== true) continue;
          assert.ok(model.mayElide(change.messageId), `${change.messageId} may be elided`);
          elided++;
        }
      }
      if (index % 3 === 0) await nextTurn();
      if (index % 4 === 0) await checkQueues(opened.store, model, index);
    }
    await opened.untilDurable(last);
    assert.equal(opened.store.statistics().messagesElided - elidedBefore, elided);
    await opened.store.close();
    opened = await open(place);
    assert.deepEqual(await contentsOf(opened), plain(model.contents()));
    const { recipientKeyMax, messageIdMax } = opened.recovered;
    assert.ok(recipientKeyMax >= Math.max(0, ...model.sessions.keys(), ...model.groups.keys(), ...model.wills.keys()));
    assert.ok(messageIdMax >= (model.deliveries.at(-1)?.messageId ?? 0));
    checkStatistics(opened.store.statistics(), model);
  }
  await opened.store.close();
}

function checkStatistics(statistics: StoreStatistics, model: StoreModel): void {
  const counts = model.counts();
  // What was a deleted recipient's may count until it is cleared away.
  if (model.hasLostDeliveries) {
    assert.ok(statistics.messages >= counts.messages && statistics.deliveries >= counts.deliveries);
    const { messages, deliveries } = statistics;
    Object.assign(counts, { messages, deliveries });
  }
  assert.deepEqual({ ...statistics, ...counts }, statistics);
}

/** Reads a page of each queue, from somewhere. */
async function checkQueues(store: Store, model: StoreModel, chance: number): Promise<void> {
  for (const key of [...model.sessions.keys(), ...model.groups.keys()]) {
    const newest = model.deliveries.at(-1)?.messageId ?? 0;
    const after = chance % 3 === 0 ? 0 : (chance * 37) % (newest + 2);
    const size = { messagesMax: (chance * 11) % 50, bytesMax: chance % 2 === 0 ? 1_000_000 : chance * 10 };
    assert.deepEqual(textual(await readPage(store, key, after, size)), textual(model.page(key, after, size)));
  }
}

/**
 * Claims that whatever a broker does, and whenever the store is killed, the next one finds the changes of some first
 * turns, no others, and not less than was durable.
 */
export async function crashesLeavePrefixes(openNew: OpenNew, search: fc.Parameters<unknown>): Promise<void> {
  const anyWaits = fc.array(fc.boolean(), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(anyHistory, anyWaits, (history, waits) => checkCrashes(openNew, history, waits)),
    search,
  );
}

/** The changes of one turn, and the batch to which they belong; 0 if nothing says which. */
interface Turn {
  readonly changes: readonly Change[];
  readonly batch: Batch;
}

/**
 * Each part ends with a crash.
 * @param waits  After which turns it is waited until all is durable.
 */
async function checkCrashes(openNew: OpenNew, history: History, waits: readonly boolean[]): Promise<void> {
  const { place, ...first } = await openNew();
  let opened: Open = first;
  let world = new World(new StoreModel());
  /** What is there for certain, from the beginning. */
  let kept: readonly Change[] = [];
  for (const part of history) {
    const { store, untilDurable } = opened;
    const elided = new Set<MessageId>();
    const turns: Turn[] = [];
    for (const [index, seeds] of part.entries()) {
      const turn = liveTurn(store, world, seeds, elided);
      turns.push(turn);
      await nextTurn();
      if (waits[index % waits.length] === true) await untilDurable(turn.batch);
    }
    const durable = 1 + turns.findLastIndex(({ batch }) => batch > 0 && batch <= store.durable);
    assert.ok(place.crash !== undefined, 'a store that can crash has a method for it');
    await place.crash(store);
    opened = await open(place);
    kept = findPrefix(await contentsOf(opened), kept, turns, durable, elided);
    world = new World(replay(kept), world);
  }
  await opened.store.close();
}

function liveTurn(store: Store, world: World, seeds: readonly Seed[], elided: Set<MessageId>): Turn {
  const changes: Change[] = [];
  let batch = 0;
  for (const seed of seeds) {
    for (const change of world.live(seed)) {
      changes.push(change);
      const result = makeChange(store, change);
      if (typeof result === 'number') batch = result;
      else if (result && change.kind === 'settle') elided.add(change.messageId);
    }
  }
  return { changes, batch };
}

/** The changes up to the turn after which this was there: the durable ones or more. What was elided never was. */
function findPrefix(
  found: Contents,
  kept: readonly Change[],
  turns: readonly Turn[],
  durable: number,
  elided: ReadonlySet<MessageId>,
): readonly Change[] {
  const isWritten = (change: Change): boolean => !('messageId' in change && elided.has(change.messageId));
  const changes = Array.from(kept);
  const model = replay(kept);
  for (const [index, turn] of turns.entries()) {
    if (index >= durable && isDeepStrictEqual(plain(model.contents()), found)) return changes;
    for (const change of turn.changes.filter(isWritten)) {
      model.apply(change);
      changes.push(change);
    }
  }
  assert.deepEqual(found, plain(model.contents()), 'the changes of some first turns');
  return changes;
}

function replay(changes: readonly Change[]): StoreModel {
  const model = new StoreModel();
  for (const change of changes) model.apply(change);
  return model;
}
