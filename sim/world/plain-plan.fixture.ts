// A plan in which nothing breaks, for tests of the world to add to: `p` publishes three messages of each QoS, `s` gets them.

import {
  PLAIN_BROKER,
  PLAIN_NETWORK,
  plainClient as clientOf,
  plainPublish,
  plainSubscription,
} from '../generate/plain-parts.ts';
import type { ClientPlan, Plan, Step, SubscriptionPlan } from '../plan.ts';

/** A client with a session and a store, which subscribes to nothing. */
export function plainClient(name: string, more: Partial<ClientPlan> = {}): ClientPlan {
  return clientOf(name, { store: 'model', ...more });
}

/** A SUBSCRIBE of one filter with QoS 2. */
export function subscribing(filter: string): SubscriptionPlan {
  return plainSubscription(filter, 2);
}

/** Three messages to `a`. */
export function publishing(client: string, qos: 0 | 1 | 2, at: number): Step {
  return plainPublish(at, client, 'a', qos, { count: 3, everyMillis: 1 });
}

/** The plan. */
export function plainPlan(more: Partial<Plan> = {}): Plan {
  return {
    seed: 1,
    broker: PLAIN_BROKER,
    clients: [plainClient('p'), plainClient('s', { subscriptions: [subscribing('a')] })],
    network: PLAIN_NETWORK,
    steps: [publishing('p', 0, 300), publishing('p', 1, 310), publishing('p', 2, 320)],
    quietAt: 1_000,
    ...more,
  };
}
