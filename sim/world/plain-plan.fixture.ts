// A plan in which nothing breaks, for tests of the world to add to: `p` publishes three messages of each QoS, `s` gets them.

import type { ClientPlan, DiskPlan, FilterPlan, Plan, PublishStep, SubscriptionPlan } from '../plan.ts';

const DISK: DiskPlan = { commitMillisMin: 1, commitMillisMax: 3, tuning: 'usual' };

/** A client with a session and a store, which subscribes to nothing. */
export function plainClient(name: string, more: Partial<ClientPlan> = {}): ClientPlan {
  return {
    name,
    version: 5,
    store: 'model',
    disk: DISK,
    clean: false,
    sessionExpirySeconds: 1_000,
    receiveMaximum: undefined,
    topicAliasMaximum: undefined,
    maximumPacketSize: undefined,
    inFlightMax: 10,
    keepAliveSeconds: 0,
    packetIdMax: 65_535,
    outboxMessagesMax: undefined,
    inboxBytesMax: undefined,
    onAmbiguous: 'resend',
    will: undefined,
    subscriptions: [],
    handlingMillisMin: 0,
    handlingMillisMax: 0,
    startsAt: 0,
    ...more,
  };
}

/** A SUBSCRIBE of one filter with QoS 2. */
export function subscribing(filter: string, more: Partial<FilterPlan> = {}): SubscriptionPlan {
  return { filters: [{ filter, qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0, ...more }] };
}

/** Three messages to `a`. */
export function publishing(client: string, qos: 0 | 1 | 2, at: number): PublishStep & { readonly at: number } {
  return {
    at,
    kind: 'publish',
    client,
    topic: 'a',
    qos,
    retain: false,
    isEmpty: false,
    count: 3,
    everyMillis: 1,
    payloadBytes: 0,
    expirySeconds: undefined,
  };
}

/** The plan. */
export function plainPlan(more: Partial<Plan> = {}): Plan {
  return {
    seed: 1,
    broker: { store: 'model', limits: {}, packetIdMax: 65_535, disk: DISK },
    clients: [plainClient('p'), plainClient('s', { subscriptions: [subscribing('a')] })],
    network: { delayMillisMin: 0, delayMillisMax: 3, chunkBytesMax: 0, bufferBytes: 65_536 },
    steps: [publishing('p', 0, 300), publishing('p', 1, 310), publishing('p', 2, 320)],
    quietAt: 1_000,
    ...more,
  };
}
