// What is settled about a plan before its parts are drawn: how big, which switches, which topics; and chance with the few shapes that
// every part needs.

import type { StoreKind } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { storeOf } from './assemble-plan.ts';
import { drawTopics } from './topics.ts';
import { drawTraits, type Trait } from './traits.ts';

/** How big a plan is. */
export interface Size {
  readonly clients: number;
  readonly messages: number;
  readonly faults: number;
  /** In which everything happens; `quietAt` is little after. */
  readonly spanMillis: number;
}

/** A plan before it is drawn. */
export interface Draft {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly size: Size;
  readonly traits: ReadonlySet<Trait>;
  readonly topics: readonly [string, ...string[]];
  /** Where the broker has its store; and, by chance, clients that have one. */
  readonly store: StoreKind;
  /** Those that the scenario asks for. */
  readonly emphasis: readonly Trait[];
  /** Moments at which much happens at once. */
  readonly acts: readonly [number, ...number[]];
}

/** What is not left to chance. */
export interface Frame {
  readonly on: readonly Trait[];
  readonly off: readonly Trait[];
  readonly size: Partial<Size>;
}

/** The switches and the size of a plan, those of the frame as it says. */
export function drawDraft(random: SeededRandom, seed: number, { on, off, size }: Partial<Frame>): Draft {
  const traits = drawTraits(random.fork('traits'), on, off);
  const drawn: Size = { ...drawSize(random.fork('size')), ...size };
  const acts = Array.from({ length: random.between(0, 3) }, () => random.between(20, drawn.spanMillis));
  return {
    seed,
    random,
    size: drawn,
    traits,
    emphasis: on ?? [],
    topics: drawTopics(random.fork('topics'), traits.has('one-topic') ? 1 : random.between(2, 4)),
    store: storeOf(seed),
    // The first one while everybody connects, or soon after.
    acts: [random.between(0, Math.min(300, drawn.spanMillis)), ...acts],
  };
}

/** How big plans are, mostly small: a small one shows as much, and a million of them run in one sitting. */
function drawSize(random: SeededRandom): Size {
  const scale = random.next();
  if (scale < 0.03) return TYPICAL_SIZE;
  const [shortest, longest] = random.pick<readonly [number, number]>([
    [1_000, 5_000],
    [1_000, 5_000],
    [5_000, 20_000],
    [20_000, 60_000],
  ]);
  const spanMillis = random.between(shortest, longest);
  if (scale < 0.07) {
    return {
      clients: random.between(4, 7),
      messages: random.between(60, 200),
      faults: random.between(2, 9),
      spanMillis,
    };
  }
  return {
    clients: random.between(2, 4),
    messages: skewed(random, 4, 60),
    faults: random.chance(0.05) ? 0 : random.between(1, 6),
    spanMillis,
  };
}

/** The one that the speed of the simulator is measured by. */
export const TYPICAL_SIZE: Size = { clients: 5, messages: 200, faults: 5, spanMillis: 20_000 };

/** From `min` to `max`, each order of magnitude as likely as the next: small numbers are where things meet. */
export function skewed(random: SeededRandom, min: number, max: number): number {
  const drawn = Math.exp(Math.log(min) + random.next() * (Math.log(max + 1) - Math.log(min)));
  return Math.min(max, Math.floor(drawn));
}

/** A moment near one of the acts, or anywhere. */
export function drawMoment({ random, size, acts }: Draft): number {
  if (random.chance(0.2)) return random.between(0, size.spanMillis);
  return Math.min(size.spanMillis, random.pick(acts) + skewed(random, 1, 400) - 1);
}
