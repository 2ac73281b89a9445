// Wills and crashes: clients with Wills come, go and are cut off, and now and then the broker crashes, on a late store that
// loses what was not durable. Somebody with a persistent session sees every Will with QoS 2. A Will is published once or
// never; once if its connection was accepted, ended without DISCONNECT, and its client did not come back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { millis } from '../../src/base/millis.ts';
import { Wills } from '../../src/broker/wills.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { connectPacket, TestBroker, type TestClient } from './harness.ts';
import { JournalStore } from './journal-store.ts';
import { will } from './sample-will.ts';
import { textOf } from './say-packet.ts';

/** The clients: one whose sessions end with their connections, one whose sessions last, one of 3.x. */
const CLIENTS = [
  { clientId: 'brief', version: 5, clean: true, expiry: 0 },
  { clientId: 'lasting', version: 5, clean: false, expiry: 100 },
  { clientId: 'old', version: 4, clean: true, expiry: 0 },
] as const;
const OBSERVER = { clientId: 'observer', clean: false, properties: { sessionExpiryInterval: 1_000_000_000 } } as const;

/** Nobody is refused for a store that is late. */
const LIMITS = { connectTimeout: millis(1_000_000_000_000) } as const;

type Step =
  | { readonly kind: 'connect'; readonly client: number; readonly delay: number }
  | { readonly kind: 'cut' | 'disconnect'; readonly client: number }
  | { readonly kind: 'commit'; readonly turns: number }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'crash' };

const client = fc.nat(CLIENTS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('connect' as const), client, delay: fc.constantFrom(0, 10, 50, 200) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'disconnect' as const), client }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit' as const), turns: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
);

/** What became of one connection, as its client knows it. */
interface Life {
  readonly payload: string;
  wasAccepted: boolean;
  /** By DISCONNECT, or by the client's next connection. */
  isCalledOff: boolean;
}

/** One client: its connection of the moment, and all it had. */
interface Actor {
  readonly lives: Life[];
  connection: TestClient | undefined;
}

class World {
  private store: JournalStore;
  private broker: TestBroker;
  private readonly actors: readonly Actor[];
  private observer: TestClient;
  private readonly seen: string[];
  private isObserved: boolean;

  private constructor(store: JournalStore, broker: TestBroker) {
    this.store = store;
    this.broker = broker;
    this.actors = CLIENTS.map(() => ({ lives: [], connection: undefined }));
    this.seen = [];
    this.isObserved = false;
    this.observer = this.observe();
    this.settle();
    this.observer.requestSubscription(['will']);
    this.settle();
    assert.ok(this.isObserved);
  }

  static async make(lies: boolean): Promise<World> {
    const store = new JournalStore(lies);
    return new World(store, await TestBroker.open({ store, limits: LIMITS }));
  }

  async take(taken: Step): Promise<void> {
    switch (taken.kind) {
      case 'connect':
        return this.connect(taken.client, taken.delay);
      case 'cut':
      case 'disconnect':
        return this.end(taken.client, taken.kind);
      case 'commit':
        return this.store.commit(taken.turns);
      case 'pass':
        return this.broker.pass(taken.seconds * 1000);
      case 'crash':
        return this.crash();
      default:
        return taken satisfies never;
    }
  }

  /** Lets all time pass and all that is under way happen, and says what was seen. */
  finish(): readonly string[] {
    for (const index of this.actors.keys()) this.end(index, 'cut');
    for (let round = 0; round < 5; round++) {
      this.settle();
      this.broker.pass(1_000_000);
    }
    this.settle();
    return this.seen;
  }

  get lives(): readonly Life[] {
    return this.actors.flatMap(({ lives }) => lives);
  }

  private connect(index: number, delayInterval: number): void {
    const [actor, choice] = [this.actors[index] ?? assert.fail(), CLIENTS[index] ?? assert.fail()];
    this.listen();
    for (const life of actor.lives) life.isCalledOff = true;
    const { clientId, version, clean, expiry } = choice;
    const life = { payload: `${clientId} ${actor.lives.length}`, wasAccepted: false, isCalledOff: false };
    actor.lives.push(life);
    const properties = version === 5 ? { sessionExpiryInterval: expiry } : {};
    const chosen = will({
      qos: 2,
      payload: Buffer.from(life.payload),
      delayInterval: version === 5 ? delayInterval : 0,
    });
    actor.connection = this.broker.dial(version);
    actor.connection.send(connectPacket({ clientId, version, clean, will: chosen, properties }));
  }

  private end(index: number, how: 'cut' | 'disconnect'): void {
    const actor = this.actors[index] ?? assert.fail();
    this.listen();
    if (actor.connection === undefined) return;
    const life = actor.lives.at(-1);
    if (how === 'disconnect' && life?.wasAccepted === true) {
      life.isCalledOff = true;
      actor.connection.disconnect();
    }
    actor.connection.cut();
    actor.connection = undefined;
  }

  private async crash(): Promise<void> {
    this.listen();
    this.store = this.store.crash();
    const monotonic = this.broker.monotonicClock;
    this.broker = await TestBroker.open({ store: this.store, monotonic, limits: LIMITS });
    for (const actor of this.actors) actor.connection = undefined;
    this.observer = this.observe();
  }

  private observe(): TestClient {
    const observer = this.broker.dial();
    observer.send(connectPacket(OBSERVER));
    return observer;
  }

  private settle(): void {
    do {
      this.store.commit(this.store.late);
      this.listen();
    } while (this.store.late > 0);
  }

  /** What has come to everybody. The observer releases a QoS 2 message before it comes again. */
  private listen(): void {
    for (const { connection, lives } of this.actors) {
      const life = lives.at(-1);
      for (const packet of connection?.take() ?? [])
        if (packet.kind === 'connack' && life !== undefined) life.wasAccepted = true;
    }
    for (const packet of this.observer.take()) {
      if (packet.kind === 'publish') {
        if (!packet.dup || !this.seen.includes(textOf(packet))) this.seen.push(textOf(packet));
        this.observer.answer('pubrec', packet.id);
      } else if (packet.kind === 'pubrel') {
        this.observer.answer('pubcomp', packet.id);
      } else if (packet.kind === 'suback') {
        this.isObserved = true;
      }
    }
  }
}

/** @param lies  Whether the store claims more than it keeps. */
async function run(steps: readonly Step[], lies: boolean): Promise<void> {
  const world = await World.make(lies);
  for (const each of steps) await world.take(each);
  const seen = world.finish();
  assert.equal(new Set(seen).size, seen.length, 'a Will is published at most once');
  for (const { payload, wasAccepted, isCalledOff } of world.lives)
    if (wasAccepted && !isCalledOff) assert.ok(seen.includes(payload), `the Will "${payload}" is published`);
}

const steps = fc.array(step, { maxLength: 60, size: 'max' });

test('whatever crashes, a Will is published once or never, and once if nobody called it off', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (each) => run(each, false)),
    { numRuns: 300 },
  );
});

// The checks must be able to fail.

async function refuted(lies: boolean): Promise<void> {
  const outcome = await fc.check(
    fc.asyncProperty(steps, (each) => run(each, lies)),
    { numRuns: 300, seed: 1, endOnFailure: true },
  );
  assert.equal(outcome.failed, true);
}

test('a store that says "durable" too early is found out', () => refuted(true));

test('a broker that forgets orphans is found out', async (context) => {
  context.mock.method(Wills.prototype, 'restoreOrphan', () => undefined);
  await refuted(false);
});

test('a Will that is not deleted where it is published is found out', async (context) => {
  context.mock.method(MemoryStore.prototype, 'deleteWill', function (this: MemoryStore) {
    return this.written;
  });
  await refuted(false);
});
