// What an engine holds, as Maps that do everything the obvious way, and the forms in which it is compared with what an
// engine says. engine-world.fixture.ts keeps it in step.

import type { Message } from '../../packet/message.ts';
import type { InFlightState, QueuedDelivery, RecoveredDelivery, RecoveredSession } from '../contract.ts';

/** A message that a recipient is owed. */
export interface Owed {
  readonly delivery: QueuedDelivery;
  state: InFlightState | 'queued';
  packetId: number;
}

/** A session or a group. */
export interface ModelRecipient {
  readonly kind: 'session' | 'group';
  name: string;
  /** Filters, with their subscription identifiers. */
  readonly subscriptions: Map<string, number>;
  /** By message, oldest first. */
  readonly owed: Map<number, Owed>;
  /** Messages in flight, in order of sending, and of PUBREC. */
  sent: number[];
  received: number[];
  readonly exactlyOnceIds: Set<number>;
}

/** Everything, as plain as it can be. */
export interface Model {
  readonly recipients: Map<number, ModelRecipient>;
  readonly wills: Map<number, string>;
  readonly retained: Map<string, string>;
  /** Recipients that each message still has. */
  readonly owners: Map<number, number>;
  keyMax: number;
}

/** What tells one message from another. */
export function contentOf({ topic, payload, retain }: Message): string {
  return `${topic} ${payload.length} ${payload[0]} ${retain}`;
}

/** A delivery, so that two that are equal look the same. */
export function deliveryForm(delivery: QueuedDelivery): unknown {
  const { message, subscriptionIdentifiers, ...rest } = delivery;
  return { content: contentOf(message), subscriptionIdentifiers: [...subscriptionIdentifiers], ...rest };
}

/** How much waits. */
export function queueOf(recipient: ModelRecipient): { messages: number; bytes: number } {
  const waiting = Array.from(recipient.owed.values()).filter((owed) => owed.state === 'queued');
  const bytes = waiting.reduce((sum, owed) => sum + owed.delivery.message.payload.length, 0);
  return { messages: waiting.length, bytes };
}

/** A session that was found, so that it looks like one of the model. */
export function sessionForm(session: RecoveredSession): unknown {
  return {
    name: session.record.clientId,
    subscriptions: new Map(session.subscriptions.map(({ filter, identifier }) => [filter, identifier])),
    inFlight: session.inFlight.map(({ id, state, ...delivery }: RecoveredDelivery) => ({
      id: Number(id),
      state,
      delivery: deliveryForm(delivery),
    })),
    queue: { ...session.queue },
    exactlyOnceIds: new Set(session.exactlyOnceIds),
  };
}

/** A session of the model, so that it looks like one that was found. */
export function modelForm(recipient: ModelRecipient): unknown {
  const inFlight = [...recipient.received, ...recipient.sent].map((id) => recipient.owed.get(id));
  return {
    name: recipient.name,
    subscriptions: recipient.subscriptions,
    inFlight: inFlight.map(
      (owed) => owed && { id: owed.packetId, state: owed.state, delivery: deliveryForm(owed.delivery) },
    ),
    queue: queueOf(recipient),
    exactlyOnceIds: recipient.exactlyOnceIds,
  };
}
