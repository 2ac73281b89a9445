// The memory of this process, as the broker is told of it: what V8 keeps for objects and for the bytes beside them, against the memory
// that the broker may take; or its heap alone, against the size at which V8 ends the process, whichever is nearer.
// What the system counts (RSS) is not asked for: memory that was used once stays there for long after it is free again (measured:
// for good), and a broker that went by that would refuse everybody long after the flood was over. What V8 does not know of (the store's
// thread, TLS, the allocator's gaps) is why `vouch start` takes half of the machine's memory to be the broker's.

import { totalmem } from 'node:os';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { MemoryGauge } from '../broker/overload.ts';

/** Without a limit, the share of the memory of the machine that is the broker's. */
const MEMORY_SHARE = 1 / 2;
/** Near its limit V8 does little else but collect garbage. */
const HEAP_SHARE = 0.9;

/** The memory of this machine, or of the container that this process is in, if that has less. */
export function memoryBytes(): number {
  const bound = process.constrainedMemory();
  return bound > 0 ? Math.min(totalmem(), bound) : totalmem();
}

/** @param memoryMax  In bytes; 0: half of the memory of the machine or the container. */
export function memoryGauge(memoryMax: number): MemoryGauge {
  const bytesMax = memoryMax > 0 ? memoryMax : memoryBytes() * MEMORY_SHARE;
  const heapMax = getHeapStatistics().heap_size_limit * HEAP_SHARE;
  let collector: (() => void) | undefined;
  return {
    share() {
      const { heapUsed, external } = process.memoryUsage();
      return Math.max((heapUsed + external) / bytesMax, heapUsed / heapMax);
    },
    collect() {
      collector ??= findCollector();
      collector();
    },
  };
}

/** V8 has it, and shows it on request only. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof collect === 'function' ? () => void Reflect.apply(collect, undefined, []) : () => undefined;
}
