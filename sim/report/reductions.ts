// The ways in which a plan can be made simpler: less in it, plainer values, shorter times. Each pass walks over the places of
// one kind, and offers simpler plans at each, boldest first. Every offer is strictly simpler by a measure of its own (fewer
// things, a smaller number, a value nearer to the plain one), so whoever takes them all comes to an end.
// What it does not do: decide which offers are worth taking (shrink.ts).

import { unreachable } from '../../src/base/assert.ts';
import { PLAIN_BROKER, PLAIN_NETWORK, plainClient } from '../generate/plain-parts.ts';
import type { ClientPlan, FilterPlan, Plan, Step, SubscriptionPlan } from '../plan.ts';

/** One kind of simplification. */
export interface Pass {
  readonly name: string;
  /** How many places there are. They are walked from the last one to the first. */
  readonly count: (plan: Plan) => number;
  /** What could be simpler at one. */
  readonly simpler: (plan: Plan, place: number) => readonly Plan[];
  /** What was simplified is gone, and another place has its number. */
  readonly isDeletion: boolean;
}

/** All passes, in the order that gets rid of most things first. `plan`: what is to be shrunk, for its size. */
export function passesFor(plan: Plan): readonly Pass[] {
  return [
    ...chunkSizes(plan.steps.length).map(stepsAway),
    deletion('client', ({ clients }) => clients.length, withoutClient),
    deletion('subscription', (each) => subscriptionPlaces(each).length, withoutSubscription),
    deletion('filter', (each) => filterPlaces(each).length, withoutFilter),
    deletion('limit', ({ broker }) => Object.keys(broker.limits).length, withoutLimit),
    { name: 'quiet', count: () => 1, simpler: quietSooner, isDeletion: false },
    { name: 'broker', count: () => 1, simpler: plainerBroker, isDeletion: false },
    { name: 'network', count: () => 1, simpler: plainerNetwork, isDeletion: false },
    { name: 'traits', count: ({ clients }) => clients.length, simpler: plainerClient, isDeletion: false },
    { name: 'options', count: (each) => filterPlaces(each).length, simpler: plainerFilter, isDeletion: false },
    { name: 'step', count: ({ steps }) => steps.length, simpler: plainerStep, isDeletion: false },
    { name: 'time', count: ({ steps }) => steps.length, simpler: sooner, isDeletion: false },
  ];
}

/** Half of them, a quarter, ... one. */
function chunkSizes(count: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = Math.floor(count / 2); size > 1; size = Math.floor(size / 2)) sizes.push(size);
  return [...sizes, 1];
}

function deletion(name: string, count: Pass['count'], without: (plan: Plan, place: number) => Plan): Pass {
  return { name, count, simpler: (plan, place) => [without(plan, place)], isDeletion: true };
}

function stepsAway(size: number): Pass {
  return deletion(
    `${size} steps`,
    ({ steps }) => Math.ceil(steps.length / size),
    (plan, place) => ({ ...plan, steps: plan.steps.toSpliced(place * size, size) }),
  );
}

function withoutClient(plan: Plan, place: number): Plan {
  const name = plan.clients[place]?.name;
  const concerns = (step: Step): boolean =>
    ('client' in step && step.client === name) || ('who' in step && step.who === name);
  return {
    ...plan,
    clients: plan.clients.toSpliced(place, 1),
    steps: plan.steps.filter((step) => !concerns(step)),
  };
}

/** Where a subscription stands: in a client's list, or in a step. */
interface SubscriptionPlace {
  readonly subscription: SubscriptionPlan;
  /** The plan with another one there; `undefined`: with none. */
  readonly with: (subscription: SubscriptionPlan | undefined) => Plan;
}

function subscriptionPlaces(plan: Plan): readonly SubscriptionPlace[] {
  const ofClients = plan.clients.flatMap((client, who) =>
    client.subscriptions.map((subscription, index) => ({
      subscription,
      with: (other: SubscriptionPlan | undefined): Plan => {
        const subscriptions = client.subscriptions.toSpliced(index, 1, ...(other === undefined ? [] : [other]));
        return withClient(plan, who, { ...client, subscriptions });
      },
    })),
  );
  const ofSteps = plan.steps.flatMap((step, index) => {
    if (step.kind !== 'subscribe') return [];
    const put = (other: SubscriptionPlan | undefined): Plan =>
      withStep(plan, index, other && { ...step, subscription: other });
    return [{ subscription: step.subscription, with: put }];
  });
  return [...ofClients, ...ofSteps];
}

/** Where a filter stands in a subscription. */
interface FilterPlace {
  readonly filter: FilterPlan;
  readonly with: (filter: FilterPlan | undefined) => Plan;
}

function filterPlaces(plan: Plan): readonly FilterPlace[] {
  return subscriptionPlaces(plan).flatMap(({ subscription, with: put }) =>
    subscription.filters.map((filter, index) => ({
      filter,
      with: (other: FilterPlan | undefined): Plan => {
        const filters = subscription.filters.toSpliced(index, 1, ...(other === undefined ? [] : [other]));
        // A SUBSCRIBE has at least one filter [MQTT-3.8.3-2].
        return put(filters.length === 0 ? undefined : { filters });
      },
    })),
  );
}

function withoutSubscription(plan: Plan, place: number): Plan {
  return subscriptionPlaces(plan)[place]?.with(undefined) ?? plan;
}

function withoutFilter(plan: Plan, place: number): Plan {
  return filterPlaces(plan)[place]?.with(undefined) ?? plan;
}

function withoutLimit(plan: Plan, place: number): Plan {
  const limits = Object.fromEntries(Object.entries(plan.broker.limits).toSpliced(place, 1));
  return { ...plan, broker: { ...plan.broker, limits } };
}

function quietSooner(plan: Plan): readonly Plan[] {
  const least = (plan.steps.at(-1)?.at ?? 0) + 1;
  return smaller(plan.quietAt, least).map((quietAt) => ({ ...plan, quietAt }));
}

function plainerBroker(plan: Plan): readonly Plan[] {
  const { store, packetIdMax, disk } = PLAIN_BROKER;
  return plainer(plan.broker, { store, packetIdMax, disk, limitsLater: undefined }).map((broker) => ({
    ...plan,
    broker,
  }));
}

function plainerNetwork(plan: Plan): readonly Plan[] {
  return plainer(plan.network, {
    chunkBytesMax: PLAIN_NETWORK.chunkBytesMax,
    bufferBytes: PLAIN_NETWORK.bufferBytes,
    delayMillisMin: Math.min(1, plan.network.delayMillisMin),
    delayMillisMax: plan.network.delayMillisMin,
  }).map((network) => ({ ...plan, network }));
}

function plainerClient(plan: Plan, place: number): readonly Plan[] {
  const client = plan.clients[place];
  if (client === undefined) return [];
  return plainer(client, {
    ...plainClient(client.name),
    later: undefined,
    // They are places of their own.
    subscriptions: client.subscriptions,
    handlingMillisMax: client.handlingMillisMin,
    startsAt: client.startsAt === undefined ? undefined : 0,
  }).map((each) => withClient(plan, place, each));
}

function plainerFilter(plan: Plan, place: number): readonly Plan[] {
  const at = filterPlaces(plan)[place];
  if (at === undefined) return [];
  const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return plainer(at.filter, plain).map((filter) => at.with(filter));
}

function plainerStep(plan: Plan, place: number): readonly Plan[] {
  const step = plan.steps[place];
  if (step === undefined) return [];
  const offers: (Step | undefined)[] = stepOffers(step).filter(
    (offer) => JSON.stringify(offer) !== JSON.stringify(step),
  );
  return offers.map((offer) => withStep(plan, place, offer));
}

function stepOffers(step: Step): readonly Step[] {
  switch (step.kind) {
    case 'publish':
      return [
        ...smaller(step.count, 1).map((count) => ({ ...step, count })),
        ...plainer(step, { retain: false, isEmpty: false, payloadBytes: 0, expirySeconds: undefined }),
        ...smaller(step.payloadBytes, 0).map((payloadBytes) => ({ ...step, payloadBytes })),
        ...smaller(step.everyMillis, 0).map((everyMillis) => ({ ...step, everyMillis })),
      ];
    case 'stop':
      return plainer(step, { reasonCode: 0, sessionExpirySeconds: undefined });
    case 'crash':
      return plainer(step, { machine: false });
    case 'crash-at':
      return [
        ...smaller(step.boundary, 1).map((boundary) => ({ ...step, boundary })),
        ...smaller(step.downMillis, 1).map((downMillis) => ({ ...step, downMillis })),
        ...plainer(step, { machine: false }),
      ];
    case 'stall':
    case 'unreachable':
    case 'disk':
      return smaller(step.millis, 1).map((millis) => ({ ...step, millis }));
    case 'intruder':
      return [...smaller(step.millis, 1).map((millis) => ({ ...step, millis })), ...plainer(step, { clean: false })];
    case 'wall-clock':
      return smaller(Math.abs(step.millis), 1).map((millis) => ({ ...step, millis: Math.sign(step.millis) * millis }));
    case 'subscribe':
    case 'unsubscribe':
    case 'start':
    case 'cut':
    case 'half-open':
      return [];
    default:
      return unreachable(step);
  }
}

/** Everything from a step on happens sooner, down to the time of the one before it. */
function sooner(plan: Plan, place: number): readonly Plan[] {
  const before = plan.steps[place - 1]?.at ?? 0;
  const at = plan.steps[place]?.at ?? before;
  return smaller(at - before, 0).map((gap) => {
    const earlier = at - before - gap;
    const move = (step: Step, index: number): Step => (index < place ? step : { ...step, at: step.at - earlier });
    return { ...plan, steps: plan.steps.map(move), quietAt: plan.quietAt - earlier };
  });
}

/** All of these values in their places, then each one alone, where it is not there yet. */
function plainer<Whole extends object>(
  whole: Whole,
  values: Partial<{ [Key in keyof Whole]: Whole[Key] | undefined }>,
): readonly Whole[] {
  const others = Object.entries(values).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(whole, key)),
  );
  const each = others.map(([key, value]) => ({ ...whole, [key]: value }));
  return others.length < 2 ? each : [{ ...whole, ...Object.fromEntries(others) }, ...each];
}

/** Smaller numbers down to `least`, boldest first. */
function smaller(number: number, least: number): readonly number[] {
  if (number <= least) return [];
  const over = number - least;
  return [...new Set([0, over >> 1, over - (over >> 3), over - 1])]
    .filter((each) => each < over)
    .map((each) => least + each);
}

function withClient(plan: Plan, place: number, client: ClientPlan): Plan {
  return { ...plan, clients: plan.clients.with(place, client) };
}

function withStep(plan: Plan, place: number, step: Step | undefined): Plan {
  return { ...plan, steps: plan.steps.toSpliced(place, 1, ...(step === undefined ? [] : [step])) };
}
