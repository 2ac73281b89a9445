// The parts of a plan, put together: steps in order, quiet not before the last of them.

import type { Plan, Step, StoreKind } from '../plan.ts';

/** Where the broker of this seed has its store: every tenth one with the real engine. */
export function storeOf(seed: number): StoreKind {
  return Math.abs(seed) % 10 === 7 ? 'sqlite' : 'model';
}

/** A plan. Steps of one moment stay in their order; `quietAt` is put off until everything has begun. */
export function assemblePlan(seed: number, { broker, clients, network, steps, quietAt }: Omit<Plan, 'seed'>): Plan {
  const starts = clients.map(({ startsAt = 0 }) => startsAt);
  return {
    seed,
    broker,
    clients,
    network,
    steps: withIntrudersAlike(steps).toSorted((one, other) => one.at - other.at),
    quietAt: Math.max(quietAt, ...starts, ...steps.map(({ at }) => at)) + 1,
  };
}

/**
 * All intruders of one client are as the first one is. If one ended the session and the next one began another, the client would find
 * a session present that is not its own, take it for its own, and lose messages: MQTT has no way to tell it.
 */
function withIntrudersAlike(steps: readonly Step[]): readonly Step[] {
  const cleanOf = new Map<string, boolean>();
  return steps.map((step) => {
    if (step.kind !== 'intruder') return step;
    const clean = cleanOf.get(step.client) ?? step.clean;
    cleanOf.set(step.client, clean);
    return { ...step, clean };
  });
}
