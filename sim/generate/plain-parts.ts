// The plain case of every part of a plan: nothing switched on, nothing small, nothing slow. A plan is drawn, or written by hand, by
// saying what differs from it.

import type {
  BrokerPlan,
  ClientPlan,
  DiskPlan,
  FilterPlan,
  NetworkPlan,
  PublishStep,
  Step,
  SubscriptionPlan,
  WillPlan,
} from '../plan.ts';

/** Commits in a millisecond or two. */
const PLAIN_DISK: DiskPlan = { commitMillisMin: 1, commitMillisMax: 2, tuning: 'usual' };

/** A broker with the default limits. */
export const PLAIN_BROKER: BrokerPlan = { store: 'model', limits: {}, packetIdMax: 65_535, disk: PLAIN_DISK };

/** Fast links with much room. */
export const PLAIN_NETWORK: NetworkPlan = {
  delayMillisMin: 1,
  delayMillisMax: 3,
  chunkBytesMax: 0,
  bufferBytes: 1024 * 1024,
};

/** A client of MQTT 5.0 with a session that stays, and nothing else. */
export function plainClient(name: string, more: Partial<ClientPlan> = {}): ClientPlan {
  return {
    name,
    version: 5,
    store: 'none',
    disk: PLAIN_DISK,
    clean: false,
    sessionExpirySeconds: undefined,
    receiveMaximum: undefined,
    topicAliasMaximum: undefined,
    maximumPacketSize: undefined,
    inFlightMax: 20,
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

/** A Will of QoS 1, at once. */
export function plainWill(topic: string, more: Partial<WillPlan> = {}): WillPlan {
  return { topic, qos: 1, retain: false, delaySeconds: 0, expirySeconds: undefined, ...more };
}

/** A filter without options. */
export function plainFilter(filter: string, qos: 0 | 1 | 2, more: Partial<FilterPlan> = {}): FilterPlan {
  return { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0, ...more };
}

/** One SUBSCRIBE of one filter. */
export function plainSubscription(filter: string, qos: 0 | 1 | 2, more: Partial<FilterPlan> = {}): SubscriptionPlan {
  return { filters: [plainFilter(filter, qos, more)] };
}

/** One small message. */
export function plainPublish(
  at: number,
  client: string,
  topic: string,
  qos: 0 | 1 | 2,
  more: Partial<Omit<PublishStep, 'kind'>> = {},
): Step & PublishStep {
  return {
    kind: 'publish',
    at,
    client,
    topic,
    qos,
    retain: false,
    isEmpty: false,
    count: 1,
    everyMillis: 0,
    payloadBytes: 0,
    expirySeconds: undefined,
    ...more,
  };
}
