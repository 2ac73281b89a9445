// Hunts a mutant: seed after seed in a thread of its own, until a checker complains. Several are hunted at once, one a thread.
// What comes out of a thread as an exception, and a run that takes as long as no run does, is a find like others: a mutant that makes the
// broker throw or spin has been seen.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import type { ScheduleKind } from './mutant.ts';

/** What a hunter is told. */
export interface HuntOrder {
  /** `undefined`: none, to see whether something is wrong anyway. */
  readonly mutant: string | undefined;
  readonly seeds: SeedRange;
  /** In place of seeds: one plan, by its file. */
  readonly plan?: string | undefined;
}

/** Both ends belong to it. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
  /** Not these. */
  readonly but: ReadonlySet<number>;
  /** Of these kinds alone; `undefined`: of all. */
  readonly kinds: readonly ScheduleKind[] | undefined;
}

/** No seed, where there is a plan. */
export const NO_SEEDS: SeedRange = { first: 0, last: -1, but: new Set(), kinds: undefined };

/** One seed alone. */
export function onlySeed(seed: number): SeedRange {
  return { first: seed, last: seed, but: new Set(), kinds: undefined };
}

/** What a hunter says. */
export type HuntReport = { readonly kind: 'at'; readonly seed: number } | Hunted;

/** How a hunt ends. */
export type Hunted =
  | {
      readonly kind: 'found';
      readonly seed: number;
      readonly checker: string;
      readonly sentence: string;
    }
  /** `untouched`: mutated files that no run has loaded. */
  | { readonly kind: 'survived'; readonly untouched: readonly string[] };

/** No run takes so long. */
const RUN_MILLIS_MAX = 30_000;

/** Hunts a mutant with these seeds, or with this plan. */
export function hunt(mutant: string | undefined, seeds: SeedRange, plan?: string): Promise<Hunted> {
  const { promise, resolve } = Promise.withResolvers<Hunted>();
  const order: HuntOrder = { mutant, seeds, plan };
  const hunter = new Worker(new URL('./hunter.ts', import.meta.url), { workerData: order });
  let at = seeds.first;
  const found = (checker: string, sentence: string): void => {
    resolve({ kind: 'found', seed: at, checker, sentence });
    void hunter.terminate();
  };
  const watch = setTimeout(() => found('it ends', 'The run does not come to an end.'), RUN_MILLIS_MAX);
  hunter.on('message', (report: HuntReport) => {
    watch.refresh();
    if (report.kind === 'at') {
      at = report.seed;
      return;
    }
    resolve(report);
    void hunter.terminate();
  });
  hunter.on('error', (error) => found('no exception', error instanceof Error ? error.message : String(error)));
  return promise.finally(() => clearTimeout(watch));
}

/** Hunts many, as many at once as there are cores, and tells of each as it ends. */
export async function huntAll<Order extends HuntOrder>(
  orders: readonly Order[],
  ended: (order: Order, hunted: Hunted) => void | Promise<void>,
  jobs: number = availableParallelism(),
): Promise<void> {
  const waiting = Array.from(orders);
  const hunter = async (): Promise<void> => {
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
      await ended(order, await hunt(order.mutant, order.seeds, order.plan));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, orders.length) }, hunter));
}
