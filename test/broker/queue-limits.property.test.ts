// Queues at their limits through all that happens to them, on a store that answers reads when the run says so: every message
// is delivered or counted as dropped, never both, in order; and in the end nothing is left anywhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import type { BrokerLimits } from '../../src/broker/limits.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

const FILTERS = ['a', '$share/g/+'] as const;

const client = fc.nat({ max: FILTERS.length - 1 });
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      bytes: fc.integer({ min: 3, max: 12 }),
      count: fc.integer({ min: 1, max: 4 }),
      expires: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('react' as const), client, packets: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'answer' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'come' as const), client }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'pass' as const }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const policy = fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const);
const max = (least: number, most: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.integer({ min: least, max: most }));
const anyRun = fc.record({
  limits: fc.record({
    queueHeadMessagesMax: fc.integer({ min: 1, max: 3 }),
    sessionQueueMessagesMax: max(1, 4),
    sessionQueueMessagesPolicy: policy,
    sessionQueueBytesMax: max(5, 40),
    sessionQueueBytesPolicy: policy,
    queuesMessagesMax: max(1, 6),
    queuesMessagesPolicy: policy,
    queuesBytesMax: max(5, 60),
    queuesBytesPolicy: policy,
    inFlightMax: fc.integer({ min: 1, max: 3 }),
  }),
  steps: fc.array(anyStep, { maxLength: 60, size: 'max' }),
});

test('at whatever limits with whatever policies, each message is delivered or counted as dropped, and order is kept', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ limits, steps }) => {
      const world = await World.make(limits);
      for (const step of steps) world.make(step);
      world.check();
    }),
    { numRuns: 400 },
  );
});

/** A persistent client with one subscription. */
class Subscriber {
  readonly choice: ConnectChoice;
  client: TestClient | undefined;
  readonly received: string[];

  constructor(clientId: string) {
    this.choice = { clientId, clean: false, properties: { sessionExpiryInterval: 1_000_000 } };
    this.client = undefined;
    this.received = [];
  }

  /** Acknowledges so many messages; says whether there were any. */
  react(packets: number): boolean {
    const taken = this.client?.received.splice(0, packets) ?? [];
    for (const packet of taken) {
      assert.ok(packet.kind === 'publish');
      this.received.push(textOf(packet));
      this.client?.answer('puback', packet.id);
    }
    return taken.length > 0;
  }
}

class World {
  private readonly answers: (() => void)[];
  private readonly store: MemoryStore;
  private readonly broker: TestBroker;
  private readonly publisher: TestClient;
  private readonly subscribers: readonly Subscriber[];
  private published: number;
  private accepted: number;

  private constructor(answers: (() => void)[], store: MemoryStore, broker: TestBroker) {
    this.answers = answers;
    this.store = store;
    this.broker = broker;
    this.publisher = broker.connect();
    this.subscribers = FILTERS.map((filter) => new Subscriber(filter));
    this.published = 0;
    this.accepted = 0;
  }

  static async make(limits: Partial<BrokerLimits>): Promise<World> {
    const answers: (() => void)[] = [];
    const store = new MemoryStore({ later: (answer) => void answers.push(answer) });
    const world = new World(answers, store, await TestBroker.open({ store, limits }));
    for (const [index, subscriber] of world.subscribers.entries()) {
      subscriber.client = world.broker.connect(subscriber.choice);
      subscriber.client.subscribe(FILTERS[index] ?? '', { qos: 1 });
    }
    return world;
  }

  make(step: Step): void {
    switch (step.kind) {
      case 'publish':
        for (let n = 0; n < step.count; n++) this.publish(step.bytes, step.expires);
        return;
      case 'answer':
        this.answers.shift()?.();
        return;
      case 'pass':
        this.broker.pass(10_000);
        return;
      default:
        this.makeOf(this.subscribers[step.client], step);
    }
  }

  check(): void {
    for (const subscriber of this.subscribers) this.come(subscriber);
    for (let isBusy = true; isBusy; ) {
      isBusy = this.answers.length > 0;
      for (const answer of this.answers.splice(0)) answer();
      for (const subscriber of this.subscribers) if (subscriber.react(1)) isBusy = true;
    }
    let delivered = 0;
    for (const { received } of this.subscribers) {
      const numbers = Array.from(new Set(received), (text) => Number.parseInt(text, 10));
      delivered += numbers.length;
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
    const { messagesDropped } = this.broker.broker.counters;
    const dropped = Object.values(messagesDropped).reduce((sum, count) => sum + count, 0);
    assert.equal(delivered + dropped, this.accepted * FILTERS.length);
    assert.deepEqual(this.broker.broker.queues, { messages: 0, bytes: 0 });
    assert.deepEqual([this.store.statistics().deliveries, this.store.statistics().messages], [0, 0]);
  }

  private makeOf(subscriber: Subscriber | undefined, step: Extract<Step, { readonly client: number }>): void {
    if (subscriber === undefined) return;
    if (step.kind === 'react') {
      subscriber.react(step.packets);
    } else if (step.kind === 'cut') {
      subscriber.client?.cut();
      subscriber.client = undefined;
    } else {
      this.come(subscriber);
    }
  }

  private come(subscriber: Subscriber): void {
    subscriber.client ??= this.broker.connect(subscriber.choice);
  }

  private publish(bytes: number, expires: boolean): void {
    const text = String(++this.published).padEnd(bytes, '.');
    const properties = expires ? { messageExpiryInterval: 15 } : {};
    this.publisher.publish('a', text, { qos: 1, id: (this.published % 100) + 1, properties });
    if (this.publisher.expect('puback').reasonCode < 0x80) this.accepted++;
  }
}
