// What was acknowledged comes to everybody who must get it (MQTT 5.0 section 4.3, docs/durability.md): to each session that had a matching
// subscription for sure when the broker took the message, and that is there until the end. It has come when the application was done with
// it; where that has unsubscribed meanwhile, or was told that it is not subscribed, when its process got it. Only what the broker said it had dropped need not come.
// A message that was not acknowledged, and whose broker crashed, may be gone. QoS 0 is sent to whoever is connected.

import type { History } from '../history.ts';
import type { ClientFacts, Drop } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import { unaccounted } from './drop-budget.ts';
import type { SessionSpan, SubscriptionSpan } from './session-span.ts';
import { NEVER } from './session-span.ts';
import { takenForOlder } from './taken-for-older.ts';
import type { Violation } from './violation.ts';
import type { Acceptance, WireConnection } from './wire-connection.ts';

/** Checks every session that is there at the end. */
export function atLeastOnce(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  for (const facts of digest.clients.values()) {
    const span = facts.standing.current;
    const { connection } = facts.standing;
    if (span?.lasts !== true || connection === undefined || !facts.isUpAtEnd || connection.isIntruder) continue;
    const missing = digest.acceptances.filter((acceptance) => isMissing(digest, facts, span, connection, acceptance));
    for (const { label, topic, at, qos } of unaccounted(missing, facts.drops.filter(mayAccount))) {
      const sentence = `${facts.name} never got ${label}, published to ${topic} with QoS ${qos} and taken by the broker at ${at} ms.`;
      found.push({ checker: 'at-least-once', sentence, at: digest.endAt });
    }
  }
  return found;
}

/** A session that is there has not ended; nothing was dropped for that. */
function mayAccount({ reason }: Drop): boolean {
  return reason !== 'session-ended';
}

function isMissing(
  digest: Digest,
  facts: ClientFacts,
  span: SessionSpan,
  connection: WireConnection,
  acceptance: Acceptance,
): boolean {
  const { label, place, life, acknowledgedAt } = acceptance;
  if (label === '' || place < span.since) return false;
  if (acknowledgedAt === NEVER && digest.isLost(life)) return false;
  const subscriptions = sureFor(span, acceptance);
  if (subscriptions.length === 0) return false;
  const granted = Math.max(...subscriptions.map(({ options }) => options.qos));
  const flows = digest.deliveries.flowsByLabel.get(label)?.filter((flow) => flow.span === span) ?? [];
  if (Math.min(acceptance.qos, granted) === 0) return flows.length === 0 && isUnsent(digest, connection, acceptance);
  if (facts.handled.has(label)) return false;
  // One more SUBSCRIBE, as each process sends, ends an older one for the broker alone.
  const hasUnsubscribed =
    subscriptions.every(({ isUnsubscribed, isDisowned }) => isUnsubscribed || isDisowned) ||
    (facts.hasUnsubscribed && subscriptions.every(({ sureTo }) => sureTo !== NEVER));
  if (hasUnsubscribed && flows.some(({ cameIn }) => cameIn.size > 0)) return false;
  return !flows.some(({ qos }) => qos === 2) || takenForOlder(digest).get(facts.name)?.has(label) !== true;
}

/** The subscriptions by which the session must get a message. */
function sureFor(span: SessionSpan, { topic, place, owner }: Acceptance): readonly SubscriptionSpan[] {
  return span.subscriptions.filter(
    (subscription) =>
      !subscription.isShared &&
      subscription.isSureFor(topic, place) &&
      !(subscription.options.noLocal && owner === span.client),
  );
}

/** QoS 0 leaves at once, on the connection that is there. */
function isUnsent({ deliveries }: Digest, connection: WireConnection, { label, place }: Acceptance): boolean {
  if (place < connection.connackSent) return false;
  return deliveries.shotsByLabel.get(label)?.some((shot) => shot.connection === connection) !== true;
}
