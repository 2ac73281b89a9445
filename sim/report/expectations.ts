// What a run of enough seeds must have met, as a table: each kind of fault in each state of a handshake, with each feature, and the
// everyday features with each of both. What is 0 there after so many seeds is a hole in the generator. A row asks for a number of seeds
// with which every place of it is met five times and more on average; rare things ask for more.
// What cannot be stands here as well, with its reason.

import type { Coverage } from './coverage.ts';
import { FAULT_GROUPS, type FaultKind } from './faults.ts';
import { HANDSHAKE_STATES, type HandshakeState } from './handshakes.ts';

/** With fewer seeds nothing is expected. */
export const SEEDS_ENOUGH = 5_000;
/** What is rare should have been met by then. */
export const SEEDS_FOR_ALL = 20_000;

/** A fault does not meet these states. */
interface Impossible {
  readonly faults: readonly FaultKind[];
  readonly states: readonly HandshakeState[];
  readonly because: string;
}

const KILLED: readonly FaultKind[] = [
  'broker killed',
  'broker killed at a boundary',
  'broker loses its power',
  'client killed',
  'client killed at a boundary',
  'client loses its power',
];

const IMPOSSIBLE: readonly Impossible[] = [
  { faults: KILLED, states: ['down'], because: 'who is down is not killed' },
  {
    faults: ['cut', 'half-open', 'stalled'],
    states: ['down', 'recovering', 'not connected'],
    because: 'without a connection there is nothing to break',
  },
  {
    faults: ['taken over'],
    states: ['down', 'recovering', 'not connected'],
    because: 'what is taken over is a connection',
  },
];

/** Faults that meet everything within 5,000 seeds; the others happen less often, or to few. */
const FREQUENT: readonly FaultKind[] = [...KILLED, 'broker stopped', 'client stopped', 'cut'];

/** States that last long enough to be met by rarer faults, too. The others are over in a moment, or late in a handshake. */
const LONG: readonly HandshakeState[] = [
  'nothing in flight',
  ...(['in', 'out'] as const).flatMap((direction) => [
    `${direction}: PUBLISH 1 on its way` as const,
    `${direction}: PUBACK due` as const,
    `${direction}: PUBLISH 2 on its way` as const,
    `${direction}: PUBREC due` as const,
  ]),
];

/** States of these, at a killed process: the heart of the matter. Everyday features are in half of all plans and more. */
const EVERYDAY_FAULTS: readonly FaultKind[] = ['broker killed', 'broker loses its power', 'client killed', 'cut'];
const EVERYDAY_FEATURES = ['v3.1.1', 'v5.0', 'qos 1', 'qos 2', 'session kept', 'client store'];

/** Where processes should have been killed: at each boundary of a network and of the model store, and, with more seeds, of SQLite. */
const BOUNDARIES_OF_EACH = [
  'chunk received',
  'before sending',
  'after sending',
  'before commit',
  'after write',
  'after sync',
  'announced',
  'reading back',
  'read back',
];
const BOUNDARIES = ['broker', 'client'].flatMap((who) => BOUNDARIES_OF_EACH.map((boundary) => `${who}, ${boundary}`));
const RARE_BOUNDARIES = ['in commit', 'after commit', 'before maintenance', 'after maintenance', 'opening'].map(
  (boundary) => `broker, ${boundary}`,
);

/** From how many seeds on a fault should have come in a state; `undefined`: it cannot. */
export function seedsFor(fault: FaultKind, state: HandshakeState): number | undefined {
  if (IMPOSSIBLE.some(({ faults, states }) => faults.includes(fault) && states.includes(state))) return undefined;
  if (FREQUENT.includes(fault)) return isSettingUp(state) ? SEEDS_FOR_ALL : SEEDS_ENOUGH;
  return LONG.includes(state) ? SEEDS_ENOUGH : SEEDS_FOR_ALL;
}

/** What was never met in so many seeds, in sentences. @param features  All of them. */
export function missingIn(coverage: Coverage, features: readonly string[], seeds: number): readonly string[] {
  if (seeds < SEEDS_ENOUGH) return [];
  const noPlans = features.filter((feature) => coverage.plans(feature) === 0);
  const missing = noPlans.map((feature) => `no plan has the feature ${feature}`);
  const killed = coverage.boundaries();
  for (const boundary of seeds < SEEDS_FOR_ALL ? BOUNDARIES : [...BOUNDARIES, ...RARE_BOUNDARIES]) {
    if (!killed.has(boundary)) missing.push(`killed at a boundary, never at this one: ${boundary}`);
  }
  for (const fault of FAULT_GROUPS.flat()) {
    for (const state of HANDSHAKE_STATES) {
      const isDue = seeds >= (seedsFor(fault, state) ?? Infinity);
      if (!isDue) continue;
      if (coverage.hits(fault, state) === 0) missing.push(`${fault}, never while ${state}`);
      if (!EVERYDAY_FAULTS.includes(fault) || isSettingUp(state)) continue;
      const unmet = EVERYDAY_FEATURES.filter((feature) => coverage.hits(fault, state, feature) === 0);
      missing.push(...unmet.map((feature) => `${fault}, never while ${state} with ${feature}`));
    }
    if (seeds < SEEDS_FOR_ALL && !EVERYDAY_FAULTS.includes(fault)) continue;
    const unmet = features.filter((feature) => coverage.featureHits(fault, feature) === 0);
    missing.push(...unmet.map((feature) => `${fault}, never with ${feature}`));
  }
  return missing;
}

/** Before anything is in flight, or with nobody to whom. */
function isSettingUp(state: HandshakeState): boolean {
  return !state.includes(': ') && state !== 'nothing in flight';
}
