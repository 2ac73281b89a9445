// A crash of the broker is, to its clients, a cut of all networks at once. Two brokers go through one random script
// of persistent clients; where one only loses its connections, the other is replaced by a new broker on its
// store. Everything that any client hears must be the same, but for packet identifiers, which each chooses anew, and for
// the order of retained messages of different topics, which is open.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { millis } from '../../src/base/millis.ts';
import { type BrokerRules, DEFAULT_RULES } from '../../src/broker/rules.ts';
import type { Packet, QoS } from '../../src/packet/packet.ts';
import type { PacketId } from '../../src/packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../src/packet/properties.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { TestBroker, type TestClient } from './harness.ts';
import { sayPacket } from './say-packet.ts';
import { memoryStore } from './test-store.ts';

const CLIENTS = ['a', 'b', 'c'] as const;
const TOPICS = ['x', 'y', 'x/y'] as const;
const FILTERS = ['x', 'y', 'x/y', '#', 'x/+', '+'] as const;

/** One step of a script; `client` is a place in CLIENTS. */
type Step =
  | {
      readonly kind: 'publish';
      readonly client: number;
      readonly topic: string;
      readonly qos: QoS;
      readonly retain: boolean;
      readonly isEmpty: boolean;
    }
  | {
      readonly kind: 'subscribe';
      readonly client: number;
      readonly filter: string;
      readonly qos: QoS;
      readonly retainHandling: 0 | 2;
    }
  | { readonly kind: 'unsubscribe'; readonly client: number; readonly filter: string }
  | { readonly kind: 'answer' | 'release' | 'cut' | 'come back'; readonly client: number }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'crash' };

const client = fc.nat(CLIENTS.length - 1);
const qos = fc.constantFrom(0, 1, 2);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      client,
      topic: fc.constantFrom(...TOPICS),
      qos,
      retain: fc.boolean(),
      isEmpty: fc.boolean(),
    }),
  },
  {
    weight: 3,
    // Asks for the retained messages of one topic at most: the specification orders those of one topic only [MQTT-4.6.0-5].
    arbitrary: fc
      .record({ kind: fc.constant('subscribe' as const), client, filter: fc.constantFrom(...FILTERS), qos })
      .map((asked) => ({ ...asked, retainHandling: /[#+]/.test(asked.filter) ? (2 as const) : (0 as const) })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), client, filter: fc.constantFrom(...FILTERS) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('answer' as const, 'release' as const), client }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'come back' as const), client }) },
  // In steps of four seconds, so that no two moments of the clients (their delays below) fall together: then the order would be open.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(15).map((n) => n * 4) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

/** One client of a script, over all its connections. */
interface Actor {
  readonly id: (typeof CLIENTS)[number];
  client: TestClient | undefined;
  /** What the client owes an answer to, oldest first. */
  readonly owed: Packet[];
  /** QoS 2 identifiers of its own that wait for its PUBREL. */
  readonly received: PacketId[];
  idLast: number;
}

/** One of the two brokers with its clients; writes down all that they hear. */
class Stage {
  readonly transcript: string[];
  private readonly replaces: boolean;
  private readonly rules: Partial<BrokerRules>;
  private readonly store: MemoryStore;
  private readonly actors: Actor[];
  private broker: TestBroker | undefined;
  private monotonic: number;
  private wall: number;

  constructor(replaces: boolean, rules: Partial<BrokerRules>) {
    this.transcript = [];
    this.rules = rules;
    this.replaces = replaces;
    this.store = memoryStore();
    this.actors = CLIENTS.map((id) => ({ id, client: undefined, owed: [], received: [], idLast: 0 }));
    this.broker = undefined;
    this.monotonic = 1_000_000;
    this.wall = 1_700_000_000_000;
  }

  async run(steps: readonly Step[]): Promise<readonly string[]> {
    this.broker = await this.open();
    for (const actor of this.actors) this.comeBack(actor);
    for (const each of steps) {
      if (each.kind === 'crash') await this.crash();
      else this.take(each);
      for (const actor of this.actors) this.listen(actor);
    }
    return this.transcript;
  }

  private open(): Promise<TestBroker> {
    // With a grace a Will that is due comes later than after a cut.
    const limits = { willRestartGrace: millis(0) };
    const { store, monotonic, wall, rules } = this;
    return TestBroker.open({ store, monotonic, wall, limits, rules });
  }

  private async crash(): Promise<void> {
    const connected = this.actors.filter((actor) => actor.client !== undefined);
    // A broker that crashes does not notice, and writes nothing about it.
    for (const actor of connected) this.cut(actor, !this.replaces);
    if (this.replaces) this.broker = await this.open();
    for (const actor of connected) this.comeBack(actor);
  }

  private take(taken: Exclude<Step, { readonly kind: 'crash' }>): void {
    if (taken.kind === 'pass') {
      this.monotonic += taken.seconds * 1000;
      this.wall += taken.seconds * 1000;
      this.broker?.pass(taken.seconds * 1000);
      return;
    }
    const actor = this.actors[taken.client] ?? assert.fail();
    if (taken.kind === 'come back') this.comeBack(actor);
    if (actor.client === undefined) return;
    switch (taken.kind) {
      case 'publish': {
        const choice = { qos: taken.qos, retain: taken.retain, id: ++actor.idLast };
        actor.client.publish(taken.topic, taken.isEmpty ? '' : `${actor.id}${actor.idLast}`, choice);
        return;
      }
      case 'subscribe':
        return void actor.client.requestSubscription([taken.filter], {
          qos: taken.qos,
          retainHandling: taken.retainHandling,
        });
      case 'unsubscribe':
        return void actor.client.unsubscribe(taken.filter);
      case 'answer':
        return answer(actor);
      case 'release':
        return actor.client.received.length === 0 ? release(actor) : undefined;
      case 'cut':
        return this.cut(actor);
      case 'come back':
        return;
      default:
        taken satisfies never;
    }
  }

  private cut(actor: Actor, isNoticed = true): void {
    this.listen(actor);
    if (isNoticed) actor.client?.cut();
    actor.client = undefined;
    // What the peer sends again is owed again.
    actor.owed.length = 0;
  }

  private comeBack(actor: Actor): void {
    if (actor.client !== undefined) return;
    const will = {
      topic: 'x',
      payload: Buffer.from(`will of ${actor.id}`),
      qos: 1,
      retain: false,
      delayInterval: 20 + CLIENTS.indexOf(actor.id),
      properties: NO_MESSAGE_PROPERTIES,
    } as const;
    const properties = { sessionExpiryInterval: 51, receiveMaximum: 3 };
    actor.client = this.broker?.connect({ clientId: actor.id, clean: false, will, properties });
    const isPresent = actor.client?.connack?.sessionPresent === true;
    if (!isPresent) actor.received.length = 0;
    this.transcript.push(`${actor.id} is back, ${isPresent ? 'with' : 'without'} its session`);
  }

  private listen(actor: Actor): void {
    for (const packet of actor.client?.take() ?? []) {
      this.transcript.push(`${actor.id} hears ${sayPacket(packet).replace(/ id \d+|(?<=^PUBREL) \d+/, '')}`);
      if (packet.kind === 'pubrec' && packet.reasonCode < 0x80) actor.received.push(packet.id);
      if ((packet.kind === 'publish' && packet.qos > 0) || packet.kind === 'pubrel') actor.owed.push(packet);
    }
  }
}

function answer(actor: Actor): void {
  const owed = actor.owed.shift();
  if (owed?.kind === 'publish') actor.client?.answer(owed.qos === 1 ? 'puback' : 'pubrec', owed.id);
  if (owed?.kind === 'pubrel') actor.client?.answer('pubcomp', owed.id);
}

function release(actor: Actor): void {
  const id = actor.received.shift();
  if (id !== undefined) actor.client?.answer('pubrel', id);
}

for (const overlappingSubscriptions of ['merge', 'separate'] as const) {
  const numRuns = overlappingSubscriptions === 'merge' ? 150 : 75;
  test(`to its clients a crash of the broker is a cut of their networks, and nothing more, with rule ${overlappingSubscriptions}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
        const cut = await new Stage(false, { overlappingSubscriptions }).run(steps);
        const replaced = await new Stage(true, { overlappingSubscriptions }).run(steps);
        assert.deepEqual(replaced, cut);
      }),
      { numRuns },
    );
  });
}

test('after a crash a wildcard subscription gets the retained messages that it would have got without, in whatever order', async () => {
  const retain = (topic: string, isEmpty: boolean): Step => {
    return { kind: 'publish', client: 0, topic, qos: 1, retain: true, isEmpty };
  };
  const steps: readonly Step[] = [
    retain('x/y', false),
    retain('y', false),
    retain('x', false),
    retain('x/y', true),
    { kind: 'crash' },
    { kind: 'subscribe', client: 1, filter: '#', qos: 1, retainHandling: 0 },
  ];
  const cut = await new Stage(false, DEFAULT_RULES).run(steps);
  const replaced = await new Stage(true, DEFAULT_RULES).run(steps);
  assert.deepEqual(replaced.toSorted(), cut.toSorted());
  assert.deepEqual(replaced.slice(-2).toSorted(), [
    'b hears PUBLISH x=a3 QoS 1 retain',
    'b hears PUBLISH y=a2 QoS 1 retain',
  ]);
});
