// What one session did not get: counted, told to the embedder, and said in the log, but never once per
// message for long: a client must not be able to fill the log with its own failures. Nothing is decided here.

import { type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { DropReason } from './events.ts';

/** Why, in a sentence; `slow-reader` and `session-ended` are summed up instead. */
const SENTENCES: { readonly [K in Exclude<DropReason, 'slow-reader' | 'session-ended'>]: string } = {
  'queue-full': 'its queue is full (sessionQueueMessagesMax, sessionQueueBytesMax)',
  expired: 'it expired before it could be sent',
  'too-large': "it is larger than the client's Maximum Packet Size",
  'not-authorized': 'the client may not receive it',
  'refused-by-client': 'the client refused it',
};

/** The messages that were dropped for one session. Made when the first one is. */
export class DroppedMessages {
  private readonly broker: BrokerState;
  private readonly clientId: string;
  /** Those that were said one by one. */
  private count: number;
  /** Those of QoS 0 since the client began to read too slowly. */
  private slowCount: number;

  constructor(broker: BrokerState, clientId: string) {
    this.broker = broker;
    this.clientId = clientId;
    this.count = 0;
    this.slowCount = 0;
  }

  /**
   * One message was dropped. Every one is counted; the log has the 1st, 10th, 100th, ... of a session.
   * @param reasonCode  With which the client refused it.
   */
  add(topic: string, reason: keyof typeof SENTENCES, reasonCode?: ReasonCode): void {
    this.tell(topic, reason);
    const dropped = ++this.count;
    if (!Number.isInteger(Math.log10(dropped))) return;
    const which = dropped === 1 ? 'A message' : `Message number ${dropped}`;
    const code = reasonCode === undefined ? '' : `: ${reasonName(reasonCode)}`;
    this.broker.log.warn(
      `${which} was dropped for client ${this.name}, topic ${JSON.stringify(topic)}: ${SENTENCES[reason]}${code}.`,
      { clientId: this.clientId, topic, reason, dropped, reasonCode },
    );
  }

  /** A QoS 0 message was dropped because the client reads too slowly: said once, summed up by `caughtUp`. */
  addSlow(topic: string): void {
    this.tell(topic, 'slow-reader');
    this.slowCount++;
    if (this.slowCount > 1) return;
    this.broker.log.warn(
      `Client ${this.name} reads too slowly: QoS 0 messages to it are dropped until it has caught up.`,
      { clientId: this.clientId },
    );
  }

  /** The client reads again, or its connection is over. */
  caughtUp(): void {
    if (this.slowCount === 0) return;
    this.broker.log.warn(`Client ${this.name} read too slowly: ${this.slowCount} QoS 0 messages to it were dropped.`, {
      clientId: this.clientId,
      dropped: this.slowCount,
    });
    this.slowCount = 0;
  }

  /** The session ended before it had got these. */
  addAbandoned(topics: readonly string[]): void {
    for (const topic of topics) this.tell(topic, 'session-ended');
    this.broker.log.info(`The session of client ${this.name} ended with ${topics.length} messages undelivered.`, {
      clientId: this.clientId,
      dropped: topics.length,
    });
  }

  private get name(): string {
    return JSON.stringify(this.clientId);
  }

  private tell(topic: string, reason: DropReason): void {
    this.broker.counters.messagesDropped[reason]++;
    this.broker.events.messageDropped?.(this.clientId, topic, reason);
  }
}
