// Routing under churn against a plain model: random clients subscribe, subscribe anew, unsubscribe, come and
// go, and publish over a few topics. The model keeps lists and asks `matches`; it has no trie, no cache, no
// merged targets. After every PUBLISH each client must have got exactly what the model says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import type { PublishPacket, QoS, SubscriptionOptions } from '../../src/packet/packet.ts';
import { Router } from '../../src/broker/router.ts';
import { matches } from '../../src/topic/match.ts';
import { parseTopicFilter } from '../../src/topic/topic-filter.ts';
import { topicName } from '../../src/topic/topic-name.ts';
import { TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

const CLIENTS = 4;
const TOPICS = ['a', 'b', 'a/a', 'a/b', 'b/a', 'a/b/c', '/a', 'a/'] as const;
const FILTERS = ['#', '+', 'a', 'b', 'a/#', 'a/+', '+/a', '+/b', '+/+', 'a/b', 'a/b/c', '/+', '+/#', 'a/+/c'] as const;
const SHARED = ['$share/g/#', '$share/g/a/+', '$share/h/a/+', '$share/h/a'] as const;

const client = fc.nat({ max: CLIENTS - 1 });
const qos = fc.constantFrom<QoS>(0, 1, 2);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('subscribe' as const),
      client,
      filter: fc.constantFrom(...FILTERS),
      options: fc.record({
        qos,
        noLocal: fc.boolean(),
        retainAsPublished: fc.boolean(),
        retainHandling: fc.constant(2 as const),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('subscribe' as const),
      client,
      filter: fc.constantFrom(...SHARED),
      options: fc.record({
        qos,
        noLocal: fc.constant(false),
        retainAsPublished: fc.boolean(),
        retainHandling: fc.constant(2 as const),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('unsubscribe' as const),
      client,
      filter: fc.constantFrom(...FILTERS, ...SHARED),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), client }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      client,
      topic: fc.constantFrom(...TOPICS),
      qos,
      retain: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const run = fc.record({
  steps: fc.array(step, { maxLength: 80, size: 'max' }),
  routeCacheMax: fc.constantFrom(0, 2, 10_000),
});

/** One subscription as the model keeps it. */
interface Known {
  readonly options: SubscriptionOptions;
  readonly identifier: number;
}

/** What one client is to get: a line per PUBLISH. */
type Expected = string[];

test('whatever the churn of subscriptions, each client gets each message as the plain model says', async () => {
  await fc.assert(fc.asyncProperty(run, follow), { numRuns: 300 });
});

test('a router that does not notice changes is found out', async () => {
  const unchanged = Object.getOwnPropertyDescriptor(Router.prototype, 'lookUp');
  assert.ok(unchanged !== undefined);
  const outcome = await fc.check(
    fc.asyncProperty(run, async (each) => {
      const remembered = new Map<unknown, unknown>();
      Object.defineProperty(Router.prototype, 'lookUp', {
        ...unchanged,
        value(topic: string): unknown {
          const known = remembered.get(topic);
          if (known !== undefined) return known;
          const route: unknown = Reflect.apply(unchanged.value as () => unknown, this, [topic]);
          remembered.set(topic, route);
          return route;
        },
      });
      try {
        await follow(each);
      } finally {
        Object.defineProperty(Router.prototype, 'lookUp', unchanged);
      }
    }),
    { numRuns: 100, seed: 1, endOnFailure: true },
  );
  assert.equal(outcome.failed, true);
});

/** Runs the broker and the model side by side. */
async function follow({
  steps,
  routeCacheMax,
}: {
  readonly steps: readonly Step[];
  readonly routeCacheMax: number;
}): Promise<void> {
  const broker = await TestBroker.open({ limits: { routeCacheMax } });
  const clients = Array.from({ length: CLIENTS }, (_, n) => broker.connect({ clientId: `client ${n}` }));
  const model = Array.from({ length: CLIENTS }, () => new Map<string, Known>());
  let number = 0;
  for (const each of steps) {
    number++;
    const who = clients[each.client];
    const subscriptions = model[each.client];
    assert.ok(who !== undefined && subscriptions !== undefined);
    switch (each.kind) {
      case 'subscribe':
        who.subscribe(each.filter, each.options, number);
        subscriptions.set(each.filter, { options: each.options, identifier: number });
        break;
      case 'unsubscribe':
        assert.deepEqual(who.unsubscribe(each.filter), [subscriptions.delete(each.filter) ? 0 : 0x11]);
        break;
      case 'leave':
        who.disconnect();
        subscriptions.clear();
        clients[each.client] = broker.connect({ clientId: `client ${each.client}` });
        break;
      case 'publish':
        publishAndCompare(clients, model, each, String(number));
        break;
      default:
        assert.fail();
    }
  }
}

function publishAndCompare(
  clients: readonly TestClient[],
  model: readonly ReadonlyMap<string, Known>[],
  { client: publisher, topic, qos: published, retain }: Extract<Step, { readonly kind: 'publish' }>,
  payload: string,
): void {
  const expected: Expected[] = model.map((subscriptions, index) =>
    plainDeliveries(subscriptions, topic, published, retain, index === publisher),
  );
  const id = clients[publisher]?.publish(topic, payload, { qos: published, id: 60_000, retain });
  const codes = published === 0 ? [] : [clients[publisher]?.expect(published === 1 ? 'puback' : 'pubrec').reasonCode];
  if (published === 2) clients[publisher]?.answer('pubrel', id);
  if (published === 2) clients[publisher]?.expect('pubcomp');
  const received = clients.map((each) => each.acknowledgeAll());
  for (const publish of received.flat()) assert.equal(textOf(publish), payload);
  const lines = received.map((publishes) => publishes.map(line));
  const groups = takeShared(lines, model, topic, published, retain);
  assert.deepEqual(lines, expected);
  const isHeard = groups > 0 || model.some((subscriptions) => matching(subscriptions, topic, 'plain').length > 0);
  for (const code of codes) assert.equal(code, isHeard ? 0 : 0x10);
}

/** Takes the copy of one member of each group that matches off what came; there must be exactly one. Returns how many groups matched. */
function takeShared(
  lines: readonly string[][],
  model: readonly ReadonlyMap<string, Known>[],
  topic: string,
  published: QoS,
  retain: boolean,
): number {
  let groups = 0;
  for (const filter of SHARED) {
    const possible = model.map((subscriptions) => {
      const known = subscriptions.get(filter);
      return known === undefined || !filterMatches(filter, topic)
        ? undefined
        : sayDelivery([known], topic, published, retain);
    });
    if (possible.every((each) => each === undefined)) continue;
    groups++;
    const member = possible.findIndex((each, index) => each !== undefined && lines[index]?.includes(each) === true);
    assert.notEqual(member, -1, `nobody got the copy of ${filter}`);
    const copies = lines[member];
    copies?.splice(copies.indexOf(possible[member] ?? ''), 1);
  }
  return groups;
}

function plainDeliveries(
  subscriptions: ReadonlyMap<string, Known>,
  topic: string,
  published: QoS,
  retain: boolean,
  isOwn: boolean,
): Expected {
  const counting = matching(subscriptions, topic, 'plain').filter(({ options }) => !(isOwn && options.noLocal));
  return counting.length === 0 ? [] : [sayDelivery(counting, topic, published, retain)];
}

function matching(subscriptions: ReadonlyMap<string, Known>, topic: string, kind: 'plain' | 'shared'): Known[] {
  return Array.from(subscriptions)
    .filter(([filter]) => filter.startsWith('$share/') === (kind === 'shared') && filterMatches(filter, topic))
    .map(([, known]) => known);
}

function filterMatches(filter: string, topic: string): boolean {
  const parsed = parseTopicFilter(filter);
  assert.ok(parsed.kind === 'plain' || parsed.kind === 'shared');
  return matches(parsed.filter, topicName(topic));
}

/** The delivery that several subscriptions make together, as `line` says it. */
function sayDelivery(known: readonly Known[], topic: string, published: QoS, retain: boolean): string {
  const granted = Math.max(...known.map(({ options }) => options.qos));
  const flag = retain && known.some(({ options }) => options.retainAsPublished);
  const identifiers = known.map(({ identifier }) => identifier).toSorted((a, b) => a - b);
  return `${topic} QoS ${Math.min(granted, published)}${flag ? ' retain' : ''} for ${identifiers.join(',')}`;
}

function line({ topic, qos: arrived, retain, subscriptionIdentifiers }: PublishPacket): string {
  const identifiers = subscriptionIdentifiers.toSorted((a, b) => a - b);
  return `${topic} QoS ${arrived}${retain ? ' retain' : ''} for ${identifiers.join(',')}`;
}
