// Whatever a pipe does to bytes on their way, those that come are those that were sent, in order, and none is made up.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import type { NetworkPlan } from '../plan.ts';
import { SeededRandom } from '../seeded-random.ts';
import { Pipe } from './pipe.ts';
import { VirtualTime } from './virtual-time.ts';

const PLAN: NetworkPlan = { delayMillisMin: 0, delayMillisMax: 5, chunkBytesMax: 0, bufferBytes: 64 };

/** A pipe, and what comes out of it. */
class Rig {
  readonly time: VirtualTime;
  readonly pipe: Pipe;
  readonly chunks: number[][];
  isReading: boolean;
  finished: number;
  emptied: number;

  constructor(plan: Partial<NetworkPlan> = {}, seed = 1) {
    this.time = new VirtualTime();
    this.chunks = [];
    this.isReading = true;
    this.finished = 0;
    this.emptied = 0;
    this.pipe = new Pipe(
      this.time,
      new SeededRandom(seed),
      { ...PLAN, ...plan },
      {
        isReading: () => this.isReading,
        take: (bytes, start, end) => this.chunks.push(Array.from(bytes.subarray(start, end))),
        finished: () => this.finished++,
        emptied: () => this.emptied++,
      },
    );
  }

  /** Lets everything happen that can. */
  settle(): this {
    for (let task = this.time.next(); task !== undefined; task = this.time.next()) task();
    return this;
  }

  get came(): readonly number[] {
    return this.chunks.flat();
  }
}

describe('bytes', () => {
  test('come as they were sent, however they are delayed, split, joined, stalled and held back', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        lengths,
        fc.nat(),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 1, max: 100 }),
        (sizes, seed, chunkBytesMax, bufferBytes) => {
          const rig = new Rig({ chunkBytesMax, bufferBytes }, seed);
          const random = new SeededRandom(seed);
          const sent: number[] = [];
          for (const size of sizes) {
            const bytes = random.bytes(size);
            sent.push(...bytes);
            rig.time.after(random.between(0, 20), () => undefined);
            rig.pipe.send(bytes);
            if (random.chance(0.2)) rig.pipe.stall(random.between(1, 30));
            if (random.chance(0.5)) rig.time.next()?.();
          }
          rig.pipe.finish();
          rig.settle();
          assert.deepEqual(rig.came, sent);
          assert.equal(rig.finished, 1);
          assert.ok(rig.pipe.isEmpty);
        },
      ),
    );
  });

  test('are split into chunks of a size, or joined if they arrive together', () => {
    const split = new Rig({ chunkBytesMax: 1, delayMillisMax: 0 });
    split.pipe.send(Uint8Array.from({ length: 40 }, (_, at) => at));
    split.settle();
    assert.ok(split.chunks.some(({ length }) => length === 1));
    const joined = new Rig({ delayMillisMax: 0 });
    joined.pipe.send(Uint8Array.of(1, 2));
    joined.pipe.send(Uint8Array.of(3));
    assert.deepEqual(joined.settle().chunks, [[1, 2, 3]]);
  });
});

test('a writer is told to wait when the pipe is full, and when nothing waits any more', () => {
  const rig = new Rig({ bufferBytes: 10 });
  rig.isReading = false;
  rig.pipe.send(new Uint8Array(10));
  assert.equal(rig.pipe.backlogBytes, 0);
  rig.pipe.send(new Uint8Array(7));
  assert.equal(rig.pipe.backlogBytes, 7);
  rig.settle();
  assert.equal(rig.emptied, 0);
  rig.isReading = true;
  rig.pipe.wake();
  rig.settle();
  assert.deepEqual([rig.came.length, rig.pipe.backlogBytes, rig.emptied], [17, 0, 1]);
});

test('nothing comes during a stall, nor out of a dead pipe', () => {
  const rig = new Rig({ delayMillisMax: 0 });
  rig.pipe.stall(50);
  rig.pipe.send(Uint8Array.of(1));
  let at = -1;
  for (let task = rig.time.next(); task !== undefined; task = rig.time.next()) {
    task();
    if (rig.came.length > 0 && at < 0) at = rig.time.now;
  }
  assert.equal(at, 50);
  rig.pipe.send(Uint8Array.of(2));
  rig.pipe.die();
  rig.pipe.send(Uint8Array.of(3));
  rig.pipe.finish();
  rig.settle();
  assert.deepEqual(rig.came, [1]);
  assert.equal(rig.finished, 0);
});
