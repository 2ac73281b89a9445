// What a plan may have, as switches: swarm testing. A plan with a little of everything meets few rare states, since one thing hides
// another (who is cut all the time never fills a queue); so each plan has some of these, chosen at random, and the others not at all.
// What a plan has in the end, drawn or written by hand, says features.ts.

import type { SeededRandom } from '../seeded-random.ts';

/** How likely each is switched on, where a scenario does not say. */
export const TRAITS = {
  // What clients do.
  retained: 0.35,
  wills: 0.3,
  shared: 0.3,
  wildcards: 0.6,
  'subscription-options': 0.35,
  resubscribing: 0.25,
  'message-expiry': 0.2,
  flood: 0.04,
  'large-payloads': 0.2,
  'two-way': 0.2,
  'one-topic': 0.3,
  // How long sessions live, and where.
  'clean-sessions': 0.3,
  'short-sessions': 0.25,
  'client-stores': 0.45,
  'late-starts': 0.15,
  // How small things are.
  'small-windows': 0.4,
  'few-packet-ids': 0.3,
  aliases: 0.3,
  'packet-size': 0.15,
  'queue-limits': 0.3,
  'queue-heads': 0.35,
  'broker-limits': 0.25,
  'client-limits': 0.15,
  'reject-ambiguous': 0.2,
  'small-links': 0.25,
  changing: 0.15,
  'tiny-tuning': 0.3,
  // How fast.
  'keep-alive': 0.2,
  'slow-applications': 0.25,
  'slow-commits': 0.25,
  'slow-links': 0.4,
  // What breaks.
  'broker-crash': 0.4,
  'broker-crash-at': 0.4,
  'broker-stop': 0.15,
  'client-crash': 0.3,
  'client-crash-at': 0.3,
  'client-stop': 0.35,
  'crash-together': 0.12,
  'crash-twice': 0.12,
  'machine-crash': 0.3,
  cut: 0.45,
  'half-open': 0.25,
  stall: 0.25,
  unreachable: 0.25,
  intruder: 0.2,
  'wall-clock': 0.2,
  'broker-disk-slow': 0.15,
  'broker-disk-full': 0.12,
  'broker-disk-failing': 0.08,
  'client-disk': 0.4,
} as const;

/** A switch. */
export type Trait = keyof typeof TRAITS;

/** A switch that breaks something: a kind of fault. */
export type FaultTrait = Extract<
  Trait,
  | 'broker-crash'
  | 'broker-crash-at'
  | 'broker-stop'
  | 'client-crash'
  | 'client-crash-at'
  | 'client-stop'
  | 'crash-together'
  | 'crash-twice'
  | 'cut'
  | 'half-open'
  | 'stall'
  | 'unreachable'
  | 'intruder'
  | 'wall-clock'
  | 'broker-disk-slow'
  | 'broker-disk-full'
  | 'broker-disk-failing'
  | 'client-disk'
>;

/** All of them. */
export const FAULT_TRAITS: readonly FaultTrait[] = [
  'broker-crash',
  'broker-crash-at',
  'broker-stop',
  'client-crash',
  'client-crash-at',
  'client-stop',
  'crash-together',
  'crash-twice',
  'cut',
  'half-open',
  'stall',
  'unreachable',
  'intruder',
  'wall-clock',
  'broker-disk-slow',
  'broker-disk-full',
  'broker-disk-failing',
  'client-disk',
];

/** What shows little without another one. */
const PARTNERS: readonly (readonly [Trait, readonly Trait[]])[] = [
  // Among fast clients that stay no queue is ever full.
  ['queue-limits', ['slow-applications', 'small-windows', 'client-stop']],
  ['packet-size', ['large-payloads']],
  ['short-sessions', ['unreachable', 'client-stop']],
  ['message-expiry', ['client-stop', 'slow-applications']],
  ['queue-heads', ['client-stop']],
];

/** The switches of one plan; `on` and `off` are not left to chance. */
export function drawTraits(
  random: SeededRandom,
  on: readonly Trait[] = [],
  off: readonly Trait[] = [],
): ReadonlySet<Trait> {
  const traits = new Set<Trait>(on);
  const isTrait = (name: string): name is Trait => Object.hasOwn(TRAITS, name);
  for (const [name, probability] of Object.entries(TRAITS)) {
    if (random.chance(probability) && isTrait(name) && !off.includes(name)) traits.add(name);
  }
  for (const [name, partners] of PARTNERS) {
    if (!traits.has(name)) continue;
    for (const partner of partners) if (random.chance(0.6) && !off.includes(partner)) traits.add(partner);
  }
  return traits;
}
