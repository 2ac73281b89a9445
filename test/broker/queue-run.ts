// Persistent subscribers, and a shared group, that come and go, read slowly, and acknowledge when the run says so, on a store
// that answers reads when the run says so; the queues have room for a few messages in memory. A plain model knows what each of
// them must get, and after every step how much waits.

import assert from 'node:assert/strict';

import type { BrokerLimits } from '../../src/broker/limits.ts';
import type { PublishPacket } from '../../src/packet/packet.ts';
import type { PacketId } from '../../src/packet/packet-id.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { TestBroker, type TestClient } from './harness.ts';
import { textOf } from './say-packet.ts';

/** One thing that happens. `client` is a place among the subscribers. */
export type QueueStep =
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly qos: 1 | 2;
      readonly bytes: number;
      readonly count: number;
    }
  /** A client takes so many of the packets that came, and answers them. */
  | { readonly kind: 'react'; readonly client: number; readonly packets: number }
  | { readonly kind: 'cut' | 'come' | 'stop reading' | 'read again'; readonly client: number }
  /** The store answers one read. */
  | { readonly kind: 'answer' }
  /** Another broker on the same store; everybody is away. */
  | { readonly kind: 'restart' };

/** A run. */
export interface QueueRun {
  readonly limits: Pick<BrokerLimits, 'queueHeadMessagesMax' | 'queueHeadBytesMax' | 'queueHeadsBytesMax'>;
  readonly receiveMaximum: number;
  /** One member of the group ends with its connection. What it has been sent is nobody else's after a restart: then there is none. */
  readonly hasTransientMember: boolean;
  readonly steps: readonly QueueStep[];
}

const OUTBOX_BYTES_MAX = 1_000;
const SUBSCRIBERS = [
  { name: 'all', filter: '#', granted: 2, isTransient: false },
  { name: 'x once or more', filter: 'x', granted: 1, isTransient: false },
  { name: 'member 1', filter: '$share/g/#', granted: 2, isTransient: false },
  { name: 'member 2', filter: '$share/g/#', granted: 1, isTransient: false },
  { name: 'transient member', filter: '$share/g/#', granted: 2, isTransient: true },
] as const;

/** How many clients there are: what the numbers in steps go up to. */
export const QUEUE_CLIENTS: number = SUBSCRIBERS.length;
/** What is published to. */
export const QUEUE_TOPICS: readonly string[] = ['x', 'y'];

/** Runs it; throws what an assertion throws. */
export async function runQueues(run: QueueRun): Promise<void> {
  const world = await World.make(run);
  for (const step of run.steps) {
    await world.take(step);
    world.checkCounts();
  }
  world.rest();
  world.checkCounts();
  world.checkDeliveries();
}

/** A message as the model knows it. */
interface Published {
  readonly text: string;
  readonly topic: string;
  readonly qos: 1 | 2;
}

/** One subscriber over all its connections. */
class Subscriber {
  readonly name: string;
  readonly filter: string;
  readonly granted: 1 | 2;
  readonly isTransient: boolean;
  client: TestClient | undefined;
  /** What it took, in order, without QoS 2 copies that the packet identifier shows to be such. */
  readonly received: PublishPacket[];
  /** What it was sent and has not acknowledged for good, by text. */
  readonly inFlight: Map<string, 1 | 2>;
  readonly done: Set<string>;
  /** Packets that came, and wait for their answer. */
  private readonly pending: TestClient['received'];
  private readonly awaitingRelease: Map<PacketId, string>;

  constructor({ name, filter, granted, isTransient }: (typeof SUBSCRIBERS)[number]) {
    this.name = name;
    this.filter = filter;
    this.granted = granted;
    this.isTransient = isTransient;
    this.client = undefined;
    this.received = [];
    this.inFlight = new Map();
    this.done = new Set();
    this.pending = [];
    this.awaitingRelease = new Map();
  }

  come(broker: TestBroker, receiveMaximum: number): void {
    if (this.client !== undefined) return;
    const sessionExpiryInterval = this.isTransient ? 0 : 1_000_000;
    this.client = broker.connect({
      clientId: this.name,
      clean: this.isTransient,
      properties: { sessionExpiryInterval, receiveMaximum },
    });
    if (this.client.connack?.sessionPresent === true) return;
    this.client.subscribe(this.filter, { qos: this.granted });
  }

  /** Returns what nobody may get any more: QoS 2 messages on their way to a session that has ended. */
  cut(): readonly string[] {
    this.client?.cut();
    this.client = undefined;
    this.pending.length = 0;
    if (!this.isTransient) return [];
    this.awaitingRelease.clear();
    const lost = Array.from(this.inFlight).flatMap(([text, qos]) => (qos === 2 ? [text] : []));
    this.inFlight.clear();
    return lost;
  }

  /** Notes what has come. */
  listen(): void {
    for (const packet of this.client?.take() ?? []) {
      this.pending.push(packet);
      if (packet.kind !== 'publish' || packet.id === undefined) continue;
      const text = textOf(packet);
      if (packet.dup) assert.ok(this.inFlight.has(text), 'what is sent again was sent before');
      this.inFlight.set(text, packet.qos === 2 ? 2 : 1);
    }
  }

  /** Answers so many packets; says whether there were any. */
  react(packets: number): boolean {
    const { client } = this;
    if (client === undefined) return false;
    const taken = this.pending.splice(0, packets);
    for (const packet of taken) {
      if (packet.kind === 'pubrel') {
        const text = this.awaitingRelease.get(packet.id);
        this.awaitingRelease.delete(packet.id);
        if (text !== undefined) this.finish(text);
        client.answer('pubcomp', packet.id);
      } else {
        assert.ok(packet.kind === 'publish' && packet.id !== undefined);
        const text = textOf(packet);
        if (packet.qos === 1 || this.awaitingRelease.get(packet.id) !== text) this.received.push(packet);
        if (packet.qos === 2) this.awaitingRelease.set(packet.id, text);
        else this.finish(text);
        client.answer(packet.qos === 1 ? 'puback' : 'pubrec', packet.id);
      }
      this.listen();
    }
    return taken.length > 0;
  }

  private finish(text: string): void {
    this.inFlight.delete(text);
    this.done.add(text);
  }
}

/** The clients, the store, and the broker of the moment. */
class World {
  private readonly run: QueueRun;
  private readonly store: MemoryStore;
  private readonly answers: (() => void)[];
  private readonly subscribers: readonly Subscriber[];
  private readonly published: Published[];
  /** What nobody may get any more. */
  private readonly lost: Set<string>;
  private broker: TestBroker;
  private publisher: TestClient;

  private constructor(run: QueueRun, store: MemoryStore, answers: (() => void)[], broker: TestBroker) {
    this.run = run;
    this.store = store;
    this.answers = answers;
    this.subscribers = SUBSCRIBERS.filter(({ isTransient }) => !isTransient || run.hasTransientMember).map(
      (each) => new Subscriber(each),
    );
    this.published = [];
    this.lost = new Set();
    this.broker = broker;
    this.publisher = broker.connect();
  }

  static async make(run: QueueRun): Promise<World> {
    const answers: (() => void)[] = [];
    const store = new MemoryStore({ later: (answer) => answers.push(answer) });
    const world = new World(run, store, answers, await open(run, store));
    for (const subscriber of world.subscribers) subscriber.come(world.broker, run.receiveMaximum);
    return world;
  }

  async take(step: QueueStep): Promise<void> {
    if (step.kind === 'publish') for (let n = 0; n < step.count; n++) this.publish(step);
    else if (step.kind === 'answer') this.answers.shift()?.();
    else if (step.kind === 'restart') await this.restart();
    else this.takeOf(this.subscribers[step.client], step);
    this.listen();
  }

  /** Lets everything happen that is under way. */
  rest(): void {
    for (const subscriber of this.subscribers) subscriber.come(this.broker, this.run.receiveMaximum);
    for (const { client } of this.subscribers) client?.readAgain();
    for (let isBusy = true; isBusy; ) {
      isBusy = this.answers.length > 0;
      for (const answer of this.answers.splice(0)) answer();
      this.listen();
      for (const subscriber of this.subscribers) if (subscriber.react(1)) isBusy = true;
      this.listen();
    }
  }

  checkCounts(): void {
    let messages = 0;
    let bytes = 0;
    for (const owed of [this.plain('all'), this.plain('x once or more'), this.members]) {
      for (const { text, topic } of this.published) {
        if (owed.some(({ filter }) => filter === 'x') && topic !== 'x') continue;
        if (owed.some(({ inFlight, done }) => inFlight.has(text) || done.has(text))) continue;
        if (owed[0]?.filter === '$share/g/#' && this.lost.has(text)) continue;
        messages++;
        bytes += text.length;
      }
    }
    assert.deepEqual(this.broker.broker.queues, { messages, bytes });
  }

  checkDeliveries(): void {
    for (const subscriber of [...this.plain('all'), ...this.plain('x once or more')]) {
      const expected = this.published.filter(({ topic }) => subscriber.filter === '#' || topic === subscriber.filter);
      checkComplete(subscriber.received, expected, subscriber.granted);
      checkOrder(subscriber.received);
    }
    const received = this.members.flatMap((member) => member.received);
    const expected = this.published.filter(({ text }) => !this.lost.has(text));
    checkComplete(received, expected, undefined);
    const { store } = this;
    assert.deepEqual([store.statistics().deliveries, store.statistics().messages], [0, 0]);
  }

  private get members(): readonly Subscriber[] {
    return this.subscribers.filter(({ filter }) => filter.startsWith('$share'));
  }

  private plain(name: string): readonly Subscriber[] {
    return this.subscribers.filter((subscriber) => subscriber.name === name);
  }

  private listen(): void {
    for (const subscriber of this.subscribers) subscriber.listen();
  }

  private publish({ topic, qos, bytes }: Extract<QueueStep, { readonly kind: 'publish' }>): void {
    const text = `${this.published.length}`.padEnd(bytes, '.');
    this.published.push({ text, topic, qos });
    const id = this.publisher.publish(topic, text, { qos, id: (this.published.length % 100) + 1 });
    assert.equal(this.publisher.expect(qos === 1 ? 'puback' : 'pubrec').reasonCode, 0);
    if (qos === 1) return;
    this.publisher.answer('pubrel', id);
    this.publisher.expect('pubcomp');
  }

  private takeOf(subscriber: Subscriber | undefined, step: Extract<QueueStep, { readonly client: number }>): void {
    switch (step.kind) {
      case 'react':
        subscriber?.react(step.packets);
        return;
      case 'cut':
        for (const text of subscriber?.cut() ?? []) this.lost.add(text);
        return;
      case 'come':
        subscriber?.come(this.broker, this.run.receiveMaximum);
        return;
      case 'stop reading':
        subscriber?.client?.stopReading(OUTBOX_BYTES_MAX + 1);
        return;
      case 'read again':
        subscriber?.client?.readAgain();
        return;
      default:
        step satisfies never;
    }
  }

  private async restart(): Promise<void> {
    if (this.run.hasTransientMember) return;
    this.broker = await open(this.run, this.store);
    for (const subscriber of this.subscribers) subscriber.cut();
    this.publisher = this.broker.connect();
  }
}

function open({ limits }: QueueRun, store: MemoryStore): Promise<TestBroker> {
  return TestBroker.open({ store, limits: { ...limits, outboxBytesMax: OUTBOX_BYTES_MAX } });
}

/** QoS 2 exactly once, QoS 1 at least once, nothing else. */
function checkComplete(
  received: readonly PublishPacket[],
  expected: readonly Published[],
  granted: 1 | 2 | undefined,
): void {
  const counts = new Map<string, number>();
  for (const packet of received) counts.set(textOf(packet), (counts.get(textOf(packet)) ?? 0) + 1);
  for (const { text, qos } of expected) {
    const count = counts.get(text) ?? 0;
    assert.ok(count > 0, `${text} was published`);
    const copies = received.filter((packet) => textOf(packet) === text);
    if (granted !== undefined) for (const copy of copies) assert.equal(copy.qos, Math.min(qos, granted));
    if (copies.every((copy) => copy.qos === 2)) assert.equal(count, 1, `${text} comes once`);
  }
  const known = new Set(expected.map(({ text }) => text));
  for (const packet of received) {
    // What was lost may have come to the one that had it before.
    if (granted !== undefined) assert.ok(known.has(textOf(packet)), `${textOf(packet)} is expected`);
  }
}

/** The first copies come in the order of publication, topic by topic and QoS by QoS [MQTT-4.6.0-5]. */
function checkOrder(received: readonly PublishPacket[]): void {
  for (const topic of QUEUE_TOPICS) {
    for (const qos of [1, 2]) {
      const some = received.filter((packet) => packet.topic === topic && packet.qos === qos);
      const firsts = Array.from(new Set(some.map((packet) => Number.parseInt(textOf(packet), 10))));
      assert.deepEqual(
        firsts,
        firsts.toSorted((a, b) => a - b),
        `${topic}, QoS ${qos}`,
      );
    }
  }
}
