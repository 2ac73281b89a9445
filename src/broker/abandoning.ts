// What becomes of the messages of a session that has ended. Those of its own subscriptions are gone, counted and said. Those of
// shared subscriptions go back to their group, for another member, but for QoS 2 messages that the client may have seen [MQTT-4.8.2-5].

import type { Millis } from '../base/millis.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import { isExpired } from '../store/expiry.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** Takes everything that is not settled from a session, whose subscriptions have ended already. The store has yet to be told. */
export function abandonDeliveries(broker: BrokerState, session: ClientSession, now: Millis): void {
  const { queue } = session;
  const shared: SessionDelivery[] = [];
  const lost: string[] = [];
  const abandon = (delivery: SessionDelivery, mayGoOn: boolean): void => {
    if (delivery.sharedFilter !== '' && mayGoOn) shared.push(delivery);
    else lost.push(delivery.message.topic);
  };
  session.machine.forEachInFlight((delivery, state) => {
    if (state === 'sent') abandon(delivery, delivery.qos === 1);
  });
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) abandon(next, true);
  // What was borrowed goes back to where it was taken, oldest first again.
  for (const { lender, message, messageId } of shared.toReversed())
    if (lender?.takeBack(message, messageId) === false) lost.push(message.topic);
  for (const { lender, message, sharedFilter } of shared) {
    if (lender !== undefined) lender.feed(now);
    else if (isExpired(message, now) || !broker.router.handOver(sharedFilter, message, now)) lost.push(message.topic);
  }
  // What only the store knows; a stored queue has let go of its head when the connection ended.
  const others = queue.messages;
  queue.clear();
  if (lost.length + others > 0) session.dropped().addAbandoned(lost, others);
}
