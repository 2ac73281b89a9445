// Retained messages: one per topic, the last that was published to it with RETAIN (section 3.3.1.3).
// Kept with a payload of their own, since they stay. They expire like others, at their moment and
// not only when somebody asks.

import { type Millis, millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { Batch } from '../store/contract.ts';
import { RetainedTrie } from '../topic/retained-trie.ts';
import type { TopicFilter } from '../topic/topic-filter.ts';
import { parseTopicName, type TopicName } from '../topic/topic-name.ts';
import type { BrokerState, Timed } from './broker-state.ts';

/** The retained messages of one broker. */
export class RetainedMessages {
  private readonly broker: BrokerState;
  private readonly trie: RetainedTrie<Entry>;
  /** The batch of the latest removal. */
  private removedAfter: Batch;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.trie = new RetainedTrie();
    this.removedAfter = 0;
  }

  /** How many there are. */
  get size(): number {
    return this.trie.size;
  }

  /** Whether a message would be one too many. */
  wouldOverflow(topic: TopicName, message: Message): boolean {
    if (message.payload.length === 0 || this.trie.size < this.broker.limits.retainedMessagesMax) return false;
    return this.trie.get(topic) === undefined;
  }

  /** Sets the retained message of a topic, or removes it if the payload is empty. Returns the batch of the change. */
  set(topic: TopicName, message: Message): Batch {
    if (message.payload.length === 0) return this.remove(topic); // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
    const { correlationData } = message.properties;
    const properties =
      correlationData === undefined
        ? message.properties
        : { ...message.properties, correlationData: correlationData.slice() };
    const kept: Message = { ...message, payload: message.payload.slice(), properties };
    this.put(topic, kept); // [MQTT-3.3.1-5]
    return this.broker.store.saveRetained(kept);
  }

  /** Puts back some of what a store remembered. */
  restore(messages: readonly Message[]): void {
    for (const message of messages) {
      const parsed = parseTopicName(message.topic, Number.POSITIVE_INFINITY);
      if (parsed.kind === 'topic') this.put(parsed.topic, message);
    }
  }

  /** Visits the messages that a new subscription is to get, the broker's own included. */
  match(filter: TopicFilter, now: Millis, visit: (message: Message) => void): void {
    this.trie.match(filter, (entry) => {
      const { expiresAt } = entry.message;
      if (expiresAt === undefined || expiresAt > now) visit(entry.message);
    });
    this.broker.systemTopics.match(filter, visit);
  }

  private put(topic: TopicName, message: Message): void {
    const entry = new Entry(this, topic, message);
    const previous = this.trie.set(topic, entry);
    if (previous !== undefined) this.broker.deadlines.remove(previous);
    if (message.expiresAt !== undefined) this.broker.deadlines.set(entry, message.expiresAt);
  }

  /** Removes the retained message of a topic, if there is one. Returns the batch of the change. */
  remove(topic: TopicName): Batch {
    const previous = this.trie.delete(topic);
    // Whoever clears what is clear already is promised what the one before was promised.
    if (previous === undefined) return this.removedAfter;
    this.broker.deadlines.remove(previous);
    this.removedAfter = this.broker.store.deleteRetained(topic);
    return this.removedAfter;
  }

  /** The entry's time has come. */
  expire(entry: Entry): void {
    if (this.trie.get(entry.topic) === entry) this.remove(entry.topic);
  }
}

/** One retained message. */
class Entry implements Timed {
  private readonly owner: RetainedMessages;
  readonly topic: TopicName;
  readonly message: Message;
  deadline: Millis;
  deadlineIndex: number;

  constructor(owner: RetainedMessages, topic: TopicName, message: Message) {
    this.owner = owner;
    this.topic = topic;
    this.message = message;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
  }

  tick(): void {
    this.owner.expire(this);
  }
}
