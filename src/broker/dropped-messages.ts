// What one session, or one shared group, did not get or has not got yet: counted, told to the embedder, and said in the log, but never once per
// message for long: a client must not be able to fill the log with its own failures. Nothing is decided here.

import type { Identity } from '../auth/contract.ts';
import { type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import { denialOf } from './denial.ts';
import type { DropReason } from './events.ts';
import type { QueueLimitName } from './queue-limits.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** Why, in a sentence; the reasons that need more words have methods of their own. */
const SENTENCES: {
  readonly [K in Exclude<
    DropReason,
    'queue-full' | 'queues-full' | 'slow-reader' | 'rate-limit' | 'session-ended'
  >]: string;
} = {
  displaced: 'its queue is full, and newer messages came',
  expired: 'it expired before it could be sent',
  'too-large': "it is larger than the client's Maximum Packet Size",
  'not-authorized': 'the client may not receive it',
  'refused-by-client': 'the client refused it',
};

/** The messages that were dropped for one session or group. Made when the first one is. */
export class DroppedMessages {
  private readonly broker: BrokerState;
  /** The identifier of the client, or the filter of the shared subscription. */
  private readonly name: string;
  /** Both in a sentence. */
  readonly title: string;
  /** Those that were said one by one. */
  private count: number;
  /** Those of QoS 0 since the client began to read too slowly. */
  private slowCount: number;

  constructor(broker: BrokerState, kind: 'client' | 'shared subscription', name: string) {
    this.broker = broker;
    this.name = name;
    this.title = `${kind} ${JSON.stringify(name)}`;
    this.count = 0;
    this.slowCount = 0;
  }

  /**
   * One message was dropped. Every one is counted; the log has the 1st, 10th, 100th, ... of a session.
   * @param reasonCode  With which the client refused it.
   */
  add(topic: string, reason: keyof typeof SENTENCES, reasonCode?: ReasonCode): void {
    const code = reasonCode === undefined ? '' : `: ${reasonName(reasonCode)}`;
    this.addOne(topic, reason, `${SENTENCES[reason]}${code}`, reasonCode);
  }

  /** The same of a message that may not be sent to this client: where an Authorizer is against it, with what that says. */
  addDelivery({ message, qos, retain }: SessionDelivery, reason: keyof typeof SENTENCES, client: Identity): void {
    const { topic } = message;
    if (reason !== 'not-authorized') return this.add(topic, reason);
    const denial = denialOf(this.broker, client, 'receive', topic, qos, retain, SENTENCES[reason]);
    this.addOne(topic, reason, denial.forLog.replace(/\.$/, ''), undefined, denial.rule);
  }

  /** One message did not fit its queue. */
  addQueueFull(topic: string, limit: QueueLimitName | 'transientQueueMessagesMax, transientQueueBytesMax'): void {
    if (limit === 'queuesMessagesMax' || limit === 'queuesBytesMax')
      this.addOne(topic, 'queues-full', `all queues together are full (${limit})`, undefined);
    else this.addOne(topic, 'queue-full', `its queue is full (${limit})`, undefined);
  }

  /** A QoS 0 message was dropped because the client reads too slowly, or is sent no more for now: said once, summed up by `caughtUp`. */
  addSlow(topic: string, reason: 'slow-reader' | 'rate-limit'): void {
    this.tell(topic, reason);
    this.slowCount++;
    if (this.slowCount > 1) return;
    const why = reason === 'slow-reader' ? 'reads too slowly' : 'is sent as much as it may be';
    this.broker.log.warn(
      `Client ${JSON.stringify(this.name)} ${why}: QoS 0 messages to it are dropped until it has caught up.`,
      { clientId: this.name },
    );
  }

  /** The client can be sent to again, or its connection is over. */
  caughtUp(): void {
    if (this.slowCount === 0) return;
    this.broker.log.warn(
      `Client ${JSON.stringify(this.name)} could not be sent all: ${this.slowCount} QoS 0 messages to it were dropped.`,
      { clientId: this.name, dropped: this.slowCount },
    );
    this.slowCount = 0;
  }

  /**
   * The session or the group ended before it had got these.
   * @param others  Messages of which the broker knows the number alone: they are in the store.
   */
  addAbandoned(topics: readonly string[], others: number): void {
    for (const topic of topics) this.tell(topic, 'session-ended');
    if (others > 0) {
      this.broker.counters.messagesDropped['session-ended'] += others;
      this.broker.events.messagesDropped?.(this.name, others, 'session-ended');
    }
    const dropped = topics.length + others;
    this.broker.log.info(`The end of ${this.title} left ${dropped} messages undelivered.`, {
      clientId: this.name,
      dropped,
    });
  }

  /** Nothing is dropped, but so many messages wait. */
  sayGrowth(messages: number): void {
    this.broker.log.warn(`${messages} messages wait for ${this.title}.`, { clientId: this.name, messages });
  }

  /** What waits goes as a whole, by the policy `end-session`. */
  sayQueueGoes(messages: number, limit: QueueLimitName): void {
    this.broker.log.warn(`${messages} messages that wait for ${this.title} are dropped: ${limit} (end-session).`, {
      clientId: this.name,
      dropped: messages,
      limit,
    });
  }

  private addOne(
    topic: string,
    reason: DropReason,
    why: string,
    reasonCode: ReasonCode | undefined,
    rule?: string,
  ): void {
    this.tell(topic, reason);
    const dropped = ++this.count;
    if (!Number.isInteger(Math.log10(dropped))) return;
    const which = dropped === 1 ? 'A message' : `Message number ${dropped}`;
    this.broker.log.warn(`${which} was dropped for ${this.title}, topic ${JSON.stringify(topic)}: ${why}.`, {
      clientId: this.name,
      topic,
      reason,
      dropped,
      reasonCode,
      rule,
    });
  }

  private tell(topic: string, reason: DropReason): void {
    this.broker.counters.messagesDropped[reason]++;
    this.broker.events.messageDropped?.(this.name, topic, reason);
  }
}
