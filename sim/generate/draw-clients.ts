// The clients of a plan: who publishes, who listens, and on which terms.

import type { ClientPlan, FilterPlan, SubscriptionPlan, WillPlan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { drawDisk } from './draw-broker.ts';
import type { Draft } from './draft.ts';
import { plainClient } from './plain-parts.ts';
import { drawFilter, drawSharedFilter, willTopic } from './topics.ts';

/** What a client is there for: the first letter of its name. */
type Role = 'p' | 's' | 'b';

/** All of them; the first publishes, the second listens, at least. */
export function drawClients(draft: Draft): readonly ClientPlan[] {
  const random = draft.random.fork('clients');
  const versions = random.pick<readonly [4 | 5, ...(4 | 5)[]]>([[5], [5], [4], [4, 5], [4, 5], [5, 5, 5, 4]]);
  const isTwoWay = draft.traits.has('two-way');
  return Array.from({ length: draft.size.clients }, (_, index) => {
    const usual: Role = index === 0 ? 'p' : index === 1 ? 's' : random.pick(['p', 's', 's', 'b']);
    const role = isTwoWay && index < 2 ? 'b' : usual;
    const name = `${role}${index + 1}`;
    return drawClient(draft, draft.random.fork(name), name, role, random.pick(versions));
  });
}

/** Whether it publishes. */
export function isPublisher({ name }: ClientPlan): boolean {
  return !name.startsWith('s');
}

/** One SUBSCRIBE of a client. */
export function drawSubscription(draft: Draft, random: SeededRandom, version: 4 | 5): SubscriptionPlan {
  const count = random.pick([1, 1, 1, 2, 3]);
  const filters = new Map<string, FilterPlan>();
  for (let i = 0; i < count; i++) {
    const filter = drawFilterPlan(draft, random, version);
    filters.set(filter.filter, filter);
  }
  return { filters: Array.from(filters.values()) };
}

function drawClient(draft: Draft, random: SeededRandom, name: string, role: Role, version: 4 | 5): ClientPlan {
  const { traits } = draft;
  const isV5 = version === 5;
  const isSmall = traits.has('small-windows') && random.chance(0.7);
  const [handlingMillisMin, handlingMillisMax] = drawHandling(draft, random);
  const subscriptionsMax = role === 'p' ? 0 : random.pick([1, 1, 2, 3]);
  const will = traits.has('wills') && random.chance(0.6) ? drawWill(draft, random, name, isV5) : undefined;
  return plainClient(name, {
    version,
    ...(traits.has('changing') && { later: drawLater(random, isV5) }),
    ...drawSession(draft, random, role, isV5),
    ...drawStore(draft, random),
    receiveMaximum: isV5 && isSmall ? random.between(1, 3) : undefined,
    topicAliasMaximum: isV5 && traits.has('aliases') ? random.between(0, 3) : undefined,
    maximumPacketSize: isV5 && traits.has('packet-size') && random.chance(0.6) ? random.between(100, 300) : undefined,
    inFlightMax: isSmall ? random.between(1, 3) : random.pick([2, 20, 100]),
    keepAliveSeconds: traits.has('keep-alive') || traits.has('half-open') ? random.pick([0, 1, 1, 2, 5]) : 0,
    packetIdMax: traits.has('few-packet-ids') && random.chance(0.7) ? random.between(4, 10) : 65_535,
    will,
    subscriptions: Array.from({ length: subscriptionsMax }, () => drawSubscription(draft, random, version)),
    handlingMillisMin,
    handlingMillisMax,
    startsAt:
      traits.has('late-starts') && random.chance(0.4) ? random.between(0, draft.size.spanMillis) : skewedStart(random),
  });
}

/** What is other in every second life. */
function drawLater(random: SeededRandom, isV5: boolean): NonNullable<ClientPlan['later']> {
  return { receiveMaximum: isV5 ? random.between(1, 2) : undefined, hasWill: random.chance(0.6) };
}

/** Most are there when the first act begins, in any order. */
function skewedStart(random: SeededRandom): number {
  return random.pick([0, 0, random.between(0, 100)]);
}

function drawSession(
  { traits }: Draft,
  random: SeededRandom,
  role: Role,
  isV5: boolean,
): Pick<ClientPlan, 'clean' | 'sessionExpirySeconds'> {
  const clean = traits.has('clean-sessions') && random.chance(role === 'p' ? 0.6 : 0.4);
  if (!isV5) return { clean, sessionExpirySeconds: undefined };
  if (traits.has('short-sessions') && random.chance(0.6)) {
    return { clean, sessionExpirySeconds: random.pick([0, 1, 2, 5]) };
  }
  // With `clean` and nothing said it ends with its connection.
  return { clean, sessionExpirySeconds: random.pick([undefined, undefined, 3_600]) };
}

function drawStore(
  draft: Draft,
  random: SeededRandom,
): Pick<ClientPlan, 'store' | 'disk' | 'outboxMessagesMax' | 'inboxBytesMax' | 'onAmbiguous'> {
  const { traits } = draft;
  const isStored = traits.has('client-stores') && random.chance(0.7);
  const isLimited = traits.has('client-limits');
  return {
    store: !isStored ? 'none' : random.chance(0.5) ? draft.store : 'model',
    disk: drawDisk(draft, random),
    outboxMessagesMax: isLimited && random.chance(0.6) ? random.between(1, 4) : undefined,
    inboxBytesMax: isLimited && isStored && random.chance(0.6) ? random.pick([1, 100, 500]) : undefined,
    onAmbiguous: traits.has('reject-ambiguous') && random.chance(0.6) ? 'reject' : 'resend',
  };
}

function drawHandling({ traits }: Draft, random: SeededRandom): readonly [number, number] {
  if (!traits.has('slow-applications') || random.chance(0.3))
    return random.pick([
      [0, 0],
      [0, 3],
    ]);
  return random.pick([
    [0, 50],
    [20, 20],
    [50, 500],
    [0, 2_000],
  ]);
}

function drawWill(draft: Draft, random: SeededRandom, name: string, isV5: boolean): WillPlan {
  const isCommon = random.chance(0.25);
  return {
    topic: isCommon ? random.pick(draft.topics) : willTopic(name),
    qos: random.pick([0, 1, 2]),
    retain: draft.traits.has('retained') && random.chance(0.4),
    delaySeconds: isV5 ? random.pick([0, 0, 1, 2, 5]) : 0,
    expirySeconds: isV5 && draft.traits.has('message-expiry') && random.chance(0.4) ? random.between(1, 5) : undefined,
  };
}

function drawFilterPlan(draft: Draft, random: SeededRandom, version: 4 | 5): FilterPlan {
  const { traits } = draft;
  const isShared = traits.has('shared') && random.chance(0.5);
  const topic = random.pick(draft.topics);
  const hasOptions = version === 5 && traits.has('subscription-options');
  return {
    filter: isShared
      ? drawSharedFilter(random, topic, traits.has('wildcards'))
      : traits.has('wills') && random.chance(0.35)
        ? random.pick(['w/#', 'w/+', '#'])
        : drawFilter(random, topic, traits.has('wildcards')),
    qos: random.pick([0, 1, 2, 2, 2]),
    // [MQTT-3.8.3-4] It has no place in a shared subscription.
    noLocal: hasOptions && !isShared && random.chance(0.4),
    retainAsPublished: hasOptions && random.chance(0.4),
    retainHandling: hasOptions ? random.pick([0, 1, 2]) : 0,
  };
}
