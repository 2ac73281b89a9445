// The limits on what waits in the store: of one queue, and of all together. What they mean stands in limits.ts; here is which of them a
// message would pass. What then becomes of it, and of the queue, is admission.ts.

import type { BrokerLimits, QueuePolicy } from './limits.ts';
import type { DeliveryQueue } from '../store/delivery-queue.ts';
import type { QueueTotals } from '../store/queue-totals.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** The name of a limit, as the option spells it. */
export type QueueLimitName =
  | 'sessionQueueMessagesMax'
  | 'sessionQueueBytesMax'
  | 'queuesMessagesMax'
  | 'queuesBytesMax';

/** A limit that a message would pass, and the policy at it. */
export interface PassedLimit {
  readonly name: QueueLimitName;
  readonly policy: QueuePolicy;
}

/** Which policy holds where two limits are passed. */
const PRECEDENCE: readonly QueuePolicy[] = ['reject', 'end-session', 'drop-newest', 'drop-oldest'];

/** The limits of one broker. */
export class QueueLimits {
  /** Whether there are any: otherwise nobody need ask. */
  readonly areSet: boolean;
  private readonly limits: BrokerLimits;
  private readonly totals: QueueTotals;
  private readonly ofMessages: PassedLimit;
  private readonly ofBytes: PassedLimit;
  private readonly ofAllMessages: PassedLimit;
  private readonly ofAllBytes: PassedLimit;

  constructor(limits: BrokerLimits, totals: QueueTotals) {
    const { sessionQueueMessagesMax, sessionQueueBytesMax, queuesMessagesMax, queuesBytesMax } = limits;
    this.areSet = sessionQueueMessagesMax + sessionQueueBytesMax + queuesMessagesMax + queuesBytesMax > 0;
    this.limits = limits;
    this.totals = totals;
    this.ofMessages = { name: 'sessionQueueMessagesMax', policy: limits.sessionQueueMessagesPolicy };
    this.ofBytes = { name: 'sessionQueueBytesMax', policy: limits.sessionQueueBytesPolicy };
    this.ofAllMessages = { name: 'queuesMessagesMax', policy: limits.queuesMessagesPolicy };
    this.ofAllBytes = { name: 'queuesBytesMax', policy: limits.queuesBytesPolicy };
  }

  /** The limit of one queue that another message would pass; `undefined`: there is room. */
  passedBy(queue: DeliveryQueue<SessionDelivery>, payloadBytes: number): PassedLimit | undefined {
    return first(
      this.excessMessages(queue) > 0 ? this.ofMessages : undefined,
      this.excessBytes(queue, payloadBytes) > 0 ? this.ofBytes : undefined,
    );
  }

  /** The limit of all queues that so much more would pass; `undefined`: there is room. */
  passedByAll(messages: number, bytes: number): PassedLimit | undefined {
    const { queuesMessagesMax, queuesBytesMax } = this.limits;
    return first(
      queuesMessagesMax > 0 && this.totals.messages + messages > queuesMessagesMax ? this.ofAllMessages : undefined,
      queuesBytesMax > 0 && this.totals.bytes + bytes > queuesBytesMax ? this.ofAllBytes : undefined,
    );
  }

  /** How many of a queue's messages must go before there is room for another one; not above 0: none. */
  excessMessages(queue: DeliveryQueue<SessionDelivery>): number {
    const { sessionQueueMessagesMax } = this.limits;
    return sessionQueueMessagesMax === 0 ? 0 : queue.messagesKept + 1 - sessionQueueMessagesMax;
  }

  /** How many of a queue's bytes must go before there is room for so many. */
  excessBytes(queue: DeliveryQueue<SessionDelivery>, payloadBytes: number): number {
    const { sessionQueueBytesMax } = this.limits;
    return sessionQueueBytesMax === 0 ? 0 : queue.bytesKept + payloadBytes - sessionQueueBytesMax;
  }
}

function first(one: PassedLimit | undefined, other: PassedLimit | undefined): PassedLimit | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return PRECEDENCE.indexOf(one.policy) <= PRECEDENCE.indexOf(other.policy) ? one : other;
}
