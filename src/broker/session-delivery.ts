// One message on its way to one session: what the QoS machine needs (session/output.ts), and what the
// broker needs to settle it in the store.

import type { Message } from '../packet/message.ts';
import type { QoS } from '../packet/packet.ts';
import type { Delivery } from '../session/output.ts';
import type { MessageId } from '../store/contract.ts';

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
}
