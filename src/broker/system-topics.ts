// `$SYS/broker/...`: what the broker says of itself, as retained messages of QoS 0 that it publishes every `systemTopicsInterval`
// where a value has changed (section 4.7.2 leaves such topics to the Server). They are its own: no client can publish to them, none is in
// the store or counted as retained, and whoever subscribes is asked for by the Authorizer like anywhere else.

import type { RuleTally } from '../auth/contract.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { RetainedTrie } from '../topic/retained-trie.ts';
import type { TopicFilter } from '../topic/topic-filter.ts';
import { type TopicName, topicName } from '../topic/topic-name.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import { LoadAverages, WINDOW_MINUTES } from './load-averages.ts';
import { LOADS, SYSTEM_ROOT, SYSTEM_VALUES, type SystemFacts, type SystemValue } from './system-values.ts';

/** One topic and how its value is read. */
interface SystemTopic {
  readonly topic: TopicName;
  readonly value: SystemValue;
}

/** The broker's own topics. */
export class SystemTopics implements Timed {
  private readonly broker: BrokerState;
  private readonly published: RetainedTrie<Message>;
  private readonly loads: ReadonlyMap<string, LoadAverages>;
  /** None before the start, or if there are to be none. */
  private topics: readonly SystemTopic[];
  private startedAt: Millis;
  private measuredAt: Millis;
  private connectedMax: number;
  private heapBytesMax: number;
  deadline: Millis;
  deadlineIndex: number;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.published = new RetainedTrie();
    this.loads = new Map(Object.keys(LOADS).map((name) => [name, new LoadAverages()]));
    this.topics = [];
    this.startedAt = millis(0);
    this.measuredAt = millis(0);
    this.connectedMax = 0;
    this.heapBytesMax = 0;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
  }

  /** The broker begins to serve. */
  start(now: Millis): void {
    this.startedAt = now;
    this.measuredAt = now;
    if (this.broker.limits.systemTopicsInterval === 0) return;
    this.topics = this.allTopics();
    this.tick(now);
  }

  tick(now: Millis): void {
    this.measure(now);
    const facts = this.facts(now);
    for (const { topic, value } of this.topics) this.publish(topic, String(value(facts)), now);
    for (const tally of this.broker.authorizer.tallies?.() ?? []) this.publishTally(tally, now);
    this.broker.deadlines.set(this, millis(now + this.broker.limits.systemTopicsInterval));
  }

  /** Visits the topics that a new subscription is to get. */
  match(filter: TopicFilter, visit: (message: Message) => void): void {
    if (filter.startsWith('$')) this.published.match(filter, visit);
  }

  private measure(now: Millis): void {
    const elapsed = millis(now - this.measuredAt);
    this.measuredAt = now;
    for (const [name, load] of this.loads) load.note(LOADS[name]?.(this.broker) ?? 0, elapsed);
  }

  private facts(now: Millis): SystemFacts {
    const { broker } = this;
    let connected = 0;
    for (const connection of broker.connections) if (connection.isOpen) connected++;
    const heapBytes = broker.host?.heapBytes() ?? 0;
    this.connectedMax = Math.max(this.connectedMax, connected);
    this.heapBytesMax = Math.max(this.heapBytesMax, heapBytes);
    return {
      broker,
      store: broker.store.statistics(),
      version: broker.host?.version ?? '',
      uptimeSeconds: Math.floor((now - this.startedAt) / 1000),
      connected,
      connectedMax: this.connectedMax,
      heapBytes,
      heapBytesMax: this.heapBytesMax,
    };
  }

  /** Rules come and go with their file: a topic begins with the first decision. */
  private publishTally({ name, allowed, refused }: RuleTally, now: Millis): void {
    if (allowed > 0) this.publish(systemTopic(`rules/${name}/allowed`), String(allowed), now);
    if (refused > 0) this.publish(systemTopic(`rules/${name}/refused`), String(refused), now);
  }

  private publish(topic: TopicName, text: string, now: Millis): void {
    const payload = Uint8Array.from(text, (character) => character.charCodeAt(0)); // All are ASCII.
    const before = this.published.get(topic);
    if (before !== undefined && isEqual(before.payload, payload)) return;
    const message: Message = {
      topic,
      payload,
      qos: 0,
      retain: true,
      properties: NO_MESSAGE_PROPERTIES,
      expiresAt: undefined,
    };
    this.published.set(topic, message);
    const { router } = this.broker;
    const route = router.ownRoute(topic);
    if (route.targets.length + route.groups.length > 0)
      router.route(route, message, undefined, undefined, undefined, now);
  }

  private allTopics(): readonly SystemTopic[] {
    const table = { ...SYSTEM_VALUES.known, ...SYSTEM_VALUES.ours };
    const plain = Object.entries(table).map(([name, [, value]]) => ({ topic: systemTopic(name), value }));
    const averages = Array.from(this.loads).flatMap(([name, load]) =>
      WINDOW_MINUTES.map((minutes, index) => ({
        topic: systemTopic(`load/${name}/${minutes}min`),
        value: () => (load.perMinute[index] ?? 0).toFixed(2),
      })),
    );
    return [...plain, ...averages];
  }
}

function systemTopic(name: string): TopicName {
  return topicName(SYSTEM_ROOT + name);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
