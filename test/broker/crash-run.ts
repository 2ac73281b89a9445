// Publishers and subscribers that outlive any number of brokers: a broker crashes, another one starts on what
// its store had made durable, and the clients go on as MQTT tells them to. At the end everything is
// brought to rest, and what each subscriber, and a shared group of two, got is held against what each
// publisher was promised.

import assert from 'node:assert/strict';

import type { PublishPacket } from '../../src/packet/packet.ts';
import { type PacketId, packetId } from '../../src/packet/packet-id.ts';
import type { SharedSubscriptionStrategy } from '../../src/broker/rules.ts';
import { type BrokerOptions, type ConnectChoice, connectPacket, TestBroker, type TestClient } from './harness.ts';
import { JournalStore } from './journal-store.ts';
import { textOf } from './say-packet.ts';

/** One thing that happens. */
export type CrashStep =
  | { readonly kind: 'publish'; readonly publisher: number; readonly qos: 1 | 2; readonly retain: boolean }
  /** The changes of so many turns become durable. */
  | { readonly kind: 'commit'; readonly turns: number }
  /** A client takes so many of the packets that came, and answers them. */
  | { readonly kind: 'react'; readonly client: number; readonly packets: number }
  /** A client's network fails; it connects again at once, or it is away until it comes back. */
  | { readonly kind: 'cut' | 'leave' | 'come back'; readonly client: number }
  | { readonly kind: 'crash' };

/** A run: the windows of the subscribers, what of a queue is in memory, who of a group is chosen, the QoS of all retained messages, and what happens. */
export interface CrashRun {
  readonly receiveMaximum: number;
  readonly queueHeadMessagesMax: number;
  readonly sharedSubscriptionStrategy: SharedSubscriptionStrategy;
  /** One for all: a QoS 1 message that is sent again is a new one, and would replace a QoS 2 message behind it that is not. */
  readonly retainedQos: 1 | 2;
  readonly steps: readonly CrashStep[];
}

const PUBLISHERS = 2;
/** Who is subscribed to everything, by name. */
const SUBSCRIBERS = [
  { name: 'once or more', filter: '#', granted: 1 },
  { name: 'once', filter: '#', granted: 2 },
  { name: 'member 1', filter: '$share/g/#', granted: 2 },
  { name: 'member 2', filter: '$share/g/#', granted: 2 },
] as const;
const RETAINED_TOPIC = 'retained';

/** How many clients there are: what the numbers in steps go up to. */
export const CRASH_CLIENTS: number = PUBLISHERS + SUBSCRIBERS.length;

/**
 * Runs it.
 * @param lies  Whether the store claims more than it keeps; the checks must then find something.
 * @throws what an assertion throws.
 */
export async function runCrashes(run: CrashRun, lies: boolean): Promise<void> {
  const world = await World.make(run, lies);
  for (const step of run.steps) {
    await world.take(step);
    world.checkAtMostOnce();
  }
  world.rest();
  world.check();
}

/** One client: its connection of the moment, and what it remembers across connections. */
abstract class Actor {
  protected readonly choice: ConnectChoice;
  protected connection: TestClient | undefined;
  /** Whether it knows that its session is durable. */
  private wasAccepted: boolean;

  constructor(clientId: string, receiveMaximum: number) {
    this.choice = { clientId, clean: false, properties: { sessionExpiryInterval: 1_000_000, receiveMaximum } };
    this.connection = undefined;
    this.wasAccepted = false;
  }

  /** Whether it is to have a connection. */
  get isAway(): boolean {
    return this.connection === undefined;
  }

  /** The network or the broker is gone. */
  lose(): void {
    this.connection?.cut();
    this.connection = undefined;
  }

  connect(broker: TestBroker): void {
    this.connection = broker.dial();
    this.connection.send(connectPacket(this.choice));
  }

  /** Takes packets and answers them; says whether there were any. */
  react(packets: number): boolean {
    const { connection } = this;
    const received = connection?.received.splice(0, packets) ?? [];
    if (connection === undefined) return false;
    for (const packet of received) {
      if (packet.kind === 'connack') {
        assert.equal(packet.sessionPresent, this.wasAccepted, 'Session Present tells the truth');
        this.wasAccepted = true;
        this.begin(connection);
      } else {
        this.receive(connection, packet);
      }
    }
    return received.length > 0;
  }

  /** The connection is accepted. */
  protected abstract begin(connection: TestClient): void;
  protected abstract receive(connection: TestClient, packet: TestClient['received'][number]): void;
}

/** One message as its publisher knows it. */
interface Outgoing {
  readonly text: string;
  readonly topic: string;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  state: 'published' | 'received';
}

class Publisher extends Actor {
  readonly name: string;
  /** Acknowledged with PUBACK or PUBREC: promised. */
  readonly promised: Set<string>;
  readonly published: Outgoing[];
  private readonly pending: Map<PacketId, Outgoing>;
  private isOpen: boolean;
  private idLast: number;

  constructor(name: string) {
    super(name, 65_535);
    this.name = name;
    this.promised = new Set();
    this.published = [];
    this.pending = new Map();
    this.isOpen = false;
    this.idLast = 0;
  }

  get isAtRest(): boolean {
    return this.pending.size === 0;
  }

  publish(qos: 1 | 2, retain: boolean): void {
    // Few identifiers, so that they are used again soon.
    do this.idLast = (this.idLast % 20) + 1;
    while (this.pending.has(packetId(this.idLast)) && this.pending.size < 20);
    const id = packetId(this.idLast);
    if (!this.isOpen || this.pending.has(id)) return;
    const text = `${this.name} ${this.published.length}`;
    const outgoing: Outgoing = { text, topic: retain ? RETAINED_TOPIC : 'plain', qos, retain, state: 'published' };
    this.published.push(outgoing);
    this.pending.set(id, outgoing);
    this.connection?.publish(outgoing.topic, text, { qos, id, retain });
  }

  override lose(): void {
    super.lose();
    this.isOpen = false;
  }

  protected override begin(connection: TestClient): void {
    this.isOpen = true;
    for (const [id, { topic, text, qos, retain, state }] of this.pending) {
      if (state === 'published') connection.publish(topic, text, { qos, id, retain, dup: true });
      else connection.answer('pubrel', id);
    }
  }

  protected override receive(connection: TestClient, packet: TestClient['received'][number]): void {
    assert.ok(packet.kind === 'puback' || packet.kind === 'pubrec' || packet.kind === 'pubcomp');
    const outgoing = this.pending.get(packet.id);
    assert.ok(outgoing !== undefined, `${packet.kind} ${packet.id} answers something`);
    if (packet.kind === 'pubcomp') {
      assert.equal(outgoing.state, 'received');
    } else {
      assert.ok(packet.reasonCode < 0x80);
      assert.equal(packet.kind, outgoing.qos === 1 ? 'puback' : 'pubrec');
      this.promised.add(outgoing.text);
    }
    if (packet.kind !== 'pubrec') {
      this.pending.delete(packet.id);
      return;
    }
    outgoing.state = 'received';
    connection.answer('pubrel', packet.id);
  }
}

class Subscriber extends Actor {
  readonly filter: string;
  readonly granted: 1 | 2;
  /** In the order of their coming; QoS 2 without the copies that the packet identifier shows to be such. */
  readonly received: PublishPacket[];
  private readonly awaitingRelease: Set<PacketId>;
  isSubscribed: boolean;

  constructor({ name, filter, granted }: (typeof SUBSCRIBERS)[number], receiveMaximum: number) {
    super(name, receiveMaximum);
    this.filter = filter;
    this.granted = granted;
    this.received = [];
    this.awaitingRelease = new Set();
    this.isSubscribed = false;
  }

  protected override begin(connection: TestClient): void {
    if (!this.isSubscribed) connection.requestSubscription([this.filter], { qos: this.granted, retainHandling: 2 });
  }

  protected override receive(connection: TestClient, packet: TestClient['received'][number]): void {
    if (packet.kind === 'suback') {
      this.isSubscribed = true;
    } else if (packet.kind === 'pubrel') {
      this.awaitingRelease.delete(packet.id);
      connection.answer('pubcomp', packet.id);
    } else {
      assert.ok(packet.kind === 'publish' && packet.id !== undefined);
      if (packet.qos === 1 || !this.awaitingRelease.has(packet.id)) this.received.push(packet);
      if (packet.qos === 2) this.awaitingRelease.add(packet.id);
      connection.answer(packet.qos === 1 ? 'puback' : 'pubrec', packet.id);
    }
  }
}

/** The clients, and the broker of the moment. */
class World {
  private readonly publishers: readonly Publisher[];
  private readonly subscribers: readonly Subscriber[];
  private readonly retainedQos: 1 | 2;
  private readonly options: BrokerOptions;
  private store: JournalStore;
  private broker: TestBroker;

  private constructor(
    store: JournalStore,
    broker: TestBroker,
    options: BrokerOptions,
    { receiveMaximum, retainedQos }: CrashRun,
  ) {
    this.retainedQos = retainedQos;
    this.options = options;
    this.publishers = Array.from({ length: PUBLISHERS }, (_, n) => new Publisher(`publisher${n}`));
    this.subscribers = SUBSCRIBERS.map((each) => new Subscriber(each, receiveMaximum));
    this.store = store;
    this.broker = broker;
  }

  /** With everybody connected and subscribed. */
  static async make(run: CrashRun, lies: boolean): Promise<World> {
    const store = new JournalStore(lies);
    const { queueHeadMessagesMax, sharedSubscriptionStrategy } = run;
    const options = { limits: { queueHeadMessagesMax }, rules: { sharedSubscriptionStrategy } };
    const world = new World(store, await TestBroker.open({ ...options, store }), options, run);
    for (const actor of world.actors) actor.connect(world.broker);
    world.rest();
    for (const subscriber of world.subscribers) assert.ok(subscriber.isSubscribed);
    return world;
  }

  private get actors(): readonly Actor[] {
    return [...this.publishers, ...this.subscribers];
  }

  async take(step: CrashStep): Promise<void> {
    switch (step.kind) {
      case 'publish':
        // One publisher alone sets the retained message, so that its last one is known.
        if (step.retain && step.publisher === 0) this.publishers[0]?.publish(this.retainedQos, true);
        else this.publishers[step.publisher]?.publish(step.qos, false);
        return;
      case 'commit':
        this.store.commit(step.turns);
        return;
      case 'react':
        this.actors[step.client]?.react(step.packets);
        return;
      case 'cut':
        this.actors[step.client]?.lose();
        this.actors[step.client]?.connect(this.broker);
        return;
      case 'leave':
        this.actors[step.client]?.lose();
        return;
      case 'come back':
        if (this.actors[step.client]?.isAway === true) this.actors[step.client]?.connect(this.broker);
        return;
      case 'crash': {
        this.store = this.store.crash();
        this.broker = await TestBroker.open({ ...this.options, store: this.store });
        const present = this.actors.filter(({ isAway }) => !isAway);
        for (const actor of this.actors) actor.lose();
        for (const actor of present) actor.connect(this.broker);
        return;
      }
      default:
        step satisfies never;
    }
  }

  /** Everybody comes back, and everything happens that is under way. */
  rest(): void {
    for (const actor of this.actors) if (actor.isAway) actor.connect(this.broker);
    for (let isBusy = true; isBusy; ) {
      isBusy = this.store.late > 0;
      this.store.commit(this.store.late);
      for (const actor of this.actors) if (actor.react(Number.POSITIVE_INFINITY)) isBusy = true;
    }
  }

  checkAtMostOnce(): void {
    for (const received of this.inboxes()) {
      const once = received.filter(({ qos }) => qos === 2).map(textOf);
      assert.equal(new Set(once).size, once.length, 'QoS 2 comes at most once');
    }
  }

  check(): void {
    for (const publisher of this.publishers) {
      assert.ok(publisher.isAtRest, 'every message was acknowledged');
      for (const received of this.inboxes()) {
        const texts = new Set(received.map(textOf));
        for (const text of publisher.promised) assert.ok(texts.has(text), `${text} was promised`);
      }
      for (const { granted, received, filter } of this.subscribers) {
        for (const publish of received) {
          const { qos } = publisher.published.find(({ text }) => text === textOf(publish)) ?? publish;
          assert.equal(publish.qos, Math.min(qos, granted));
        }
        // A shared subscription keeps no order.
        if (filter === '#')
          for (const qos of [1, 2])
            assertOrder(
              publisher,
              received.filter((each) => each.qos === qos),
            );
      }
    }
    this.checkAtMostOnce();
    this.checkRetained();
  }

  /** What came to each subscriber, the members of the group being one. */
  private inboxes(): readonly (readonly PublishPacket[])[] {
    const members = this.subscribers.filter(({ filter }) => filter !== '#');
    const others = this.subscribers.filter(({ filter }) => filter === '#');
    return [...others.map(({ received }) => received), members.flatMap(({ received }) => received)];
  }

  /** The retained message is the last one that was published. */
  private checkRetained(): void {
    const last = this.publishers[0]?.published.findLast(({ retain }) => retain);
    const reader = this.broker.connect();
    reader.subscribe(RETAINED_TOPIC);
    assert.deepEqual(reader.acknowledgeAll().map(textOf), last === undefined ? [] : [last.text]);
  }
}

/** The first copies of a publisher's messages come in the order of their publishing [MQTT-4.6.0-5], topic by topic. */
function assertOrder({ name, published }: Publisher, received: readonly PublishPacket[]): void {
  for (const topic of new Set(published.map((each) => each.topic))) {
    const firsts = new Set(received.filter((publish) => publish.topic === topic).map(textOf));
    const numbers = Array.from(firsts)
      .filter((text) => text.startsWith(`${name} `))
      .map((text) => Number(text.slice(name.length)));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      `${name}, ${topic}`,
    );
  }
}
