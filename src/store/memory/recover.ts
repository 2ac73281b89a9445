// What a broker finds in a memory store: sessions as they stand, and pages of queues.

import { assert } from '../../base/assert.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import type {
  MessageId,
  PageSize,
  QueuedDelivery,
  QueuePage,
  QueueSize,
  RecoveredDelivery,
  RecoveredSession,
  SessionRecord,
  SubscriptionRecord,
} from '../contract.ts';
import type { Owed, OwedQueue } from './owed-queue.ts';

/** One session with all that goes with it, but for its Will. */
export interface StoredSession {
  record: SessionRecord;
  readonly subscriptions: Map<string, SubscriptionRecord>;
  readonly queue: OwedQueue;
  readonly exactlyOnceIds: Set<PacketId>;
}

/** A session as a broker finds it. */
export function recoverSession({ record, subscriptions, queue, exactlyOnceIds }: StoredSession): RecoveredSession {
  const sent = Array.from(queue.newerThan(0)).filter(({ state }) => state !== 'queued');
  sent.sort((one, other) => Number(isReceived(other)) - Number(isReceived(one)) || one.order - other.order);
  return {
    record,
    subscriptions: Array.from(subscriptions.values()),
    inFlight: sent.map(recoverDelivery),
    queue: queueSize(queue),
    exactlyOnceIds: Array.from(exactlyOnceIds),
  };
}

/** How much of it waits. */
export function queueSize(queue: OwedQueue): QueueSize {
  let messages = 0;
  let bytes = 0;
  for (const { state, message } of queue.newerThan(0)) {
    if (state !== 'queued') continue;
    messages++;
    bytes += message.payload.length;
  }
  return { messages, bytes };
}

/** The deliveries after a message whose sending has not begun, as many as fit. */
export function readPage(queue: OwedQueue, after: MessageId, size: PageSize): QueuePage {
  const deliveries: QueuedDelivery[] = [];
  let bytes = 0;
  for (const owed of queue.newerThan(after)) {
    if (owed.state !== 'queued') continue;
    bytes += owed.message.payload.length;
    const fits = deliveries.length < size.messagesMax && bytes <= size.bytesMax;
    if (!fits && deliveries.length > 0) return { deliveries, isLast: false };
    deliveries.push(queuedDelivery(owed));
  }
  return { deliveries, isLast: true };
}

function isReceived({ state }: Owed): boolean {
  return state === 'awaiting-pubcomp';
}

function recoverDelivery(owed: Owed): RecoveredDelivery {
  const { state, id } = owed;
  assert(state !== 'queued' && id !== undefined, 'what is in flight has an identifier');
  return { ...queuedDelivery(owed), state, id };
}

function queuedDelivery({ messageId, message, recipient }: Owed): QueuedDelivery {
  const { qos, retain, subscriptionIdentifiers, sharedFilter } = recipient;
  return { messageId, message, qos, retain, subscriptionIdentifiers, sharedFilter };
}
