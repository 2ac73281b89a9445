// One message on its way to one session: what the QoS machine needs (session/output.ts), and what the
// broker needs to settle it in the store.

import type { Message } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type QoS } from '../packet/packet.ts';
import type { Delivery } from '../session/output.ts';
import type { MessageId, QueuedDelivery } from '../store/contract.ts';
import type { GroupQueue } from './group-queue.ts';
import type { Subscription } from './subscription.ts';

/** The broker's kind of delivery. */
export interface SessionDelivery extends Delivery {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The shared subscription that chose this session; '' for its own. */
  readonly sharedFilter: string;
  /** Its name in the store; 0: the store does not know it. */
  readonly messageId: MessageId;
  /** The shared group that is still owed the message in the store, in place of the session; `undefined`: none. */
  readonly lender: GroupQueue | undefined;
}

/** How a delivery is addressed, beside the message. */
export interface Addressing {
  readonly subscriptionIdentifiers: readonly number[];
  readonly sharedFilter: string;
}

/** How a retained message is addressed to a subscription. */
export function addressing({ identifier }: Subscription): Addressing {
  return {
    subscriptionIdentifiers: identifier === 0 ? NO_SUBSCRIPTION_IDENTIFIERS : [identifier],
    sharedFilter: '',
  };
}

/** A delivery. hot: */
export function newDelivery(
  message: Message,
  qos: QoS,
  retain: boolean,
  { subscriptionIdentifiers, sharedFilter }: Addressing,
  messageId: MessageId,
  lender: GroupQueue | undefined,
): SessionDelivery {
  return { message, qos, retain, subscriptionIdentifiers, sharedFilter, messageId, lender };
}

/** A delivery as a store gave it back. hot: */
export function storedDelivery(stored: QueuedDelivery): SessionDelivery {
  const { message, qos, retain, subscriptionIdentifiers, sharedFilter, messageId } = stored;
  return { message, qos, retain, subscriptionIdentifiers, sharedFilter, messageId, lender: undefined };
}
