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

/** What a retained message takes besides its payload: its topic, its properties, its place. */
const BYTES_BESIDES = 512;

/** What may leave no room for a retained message. */
export type RetainedLimit = 'retainedMessagesMax' | 'retainedBytesMax' | 'memoryMax';

/** The retained messages of one broker. */
export class RetainedMessages {
  private readonly broker: BrokerState;
  private readonly trie: RetainedTrie<Entry>;
  /** The batch of the latest removal. */
  private removedAfter: Batch;
  private bytesNow: number;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.trie = new RetainedTrie();
    this.removedAfter = 0;
    this.bytesNow = 0;
  }

  /** How many there are. */
  get size(): number {
    return this.trie.size;
  }

  /** What they take: their payloads, and something for each. */
  get bytes(): number {
    return this.bytesNow;
  }

  /** The limit that a message would pass; `undefined`: there is room. One that takes no more than the one before it has its room. */
  limitPassed(topic: TopicName, message: Message): RetainedLimit | undefined {
    if (message.payload.length === 0) return undefined;
    const { limits, overload } = this.broker;
    const isFull = this.trie.size >= limits.retainedMessagesMax;
    const isShort = overload.step >= 2;
    if (!isFull && !isShort && this.bytesNow + bytesOf(message) <= limits.retainedBytesMax) return undefined;
    const before = this.trie.get(topic)?.message;
    if (isFull && before === undefined) return 'retainedMessagesMax';
    const more = bytesOf(message) - (before === undefined ? 0 : bytesOf(before));
    if (more <= 0) return undefined;
    if (isShort) return 'memoryMax';
    return this.bytesNow + more > limits.retainedBytesMax ? 'retainedBytesMax' : undefined;
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

  /** The retained message of a topic; `undefined`: there is none. */
  get(topic: TopicName): Message | undefined {
    return this.trie.get(topic)?.message;
  }

  /**
   * Walks over the messages that match, in steps, the broker's own left out.
   * @returns What takes one step; it yields false when there is none left.
   */
  inSteps(filter: TopicFilter, visit: (message: Message, topic: TopicName) => void): () => boolean {
    return this.trie.inSteps(filter, (entry, topic) => visit(entry.message, topic));
  }

  /** The batch of the latest removal. */
  get removed(): Batch {
    return this.removedAfter;
  }

  private put(topic: TopicName, message: Message): void {
    const entry = new Entry(this, topic, message);
    const previous = this.trie.set(topic, entry);
    this.bytesNow += bytesOf(message);
    if (previous !== undefined) {
      this.bytesNow -= bytesOf(previous.message);
      this.broker.deadlines.remove(previous);
    }
    if (message.expiresAt !== undefined) this.broker.deadlines.set(entry, message.expiresAt);
  }

  /** Removes the retained message of a topic, if there is one. Returns the batch of the change. */
  remove(topic: TopicName): Batch {
    const previous = this.trie.delete(topic);
    // Whoever clears what is clear already is promised what the one before was promised.
    if (previous === undefined) return this.removedAfter;
    this.bytesNow -= bytesOf(previous.message);
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

/** What a message takes. */
function bytesOf({ payload }: Message): number {
  return payload.length + BYTES_BESIDES;
}
