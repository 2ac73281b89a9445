// QoS 2 is exactly once, hop by hop and from application to application (MQTT 5.0 section 4.3.3): the broker takes a message once in a
// session of its publisher, sends it once to each session that it reaches, under one identifier, and the client hands each delivery
// to the application once, or, with a store, under one key.
//
// Allowed twice: what a publisher sends again since the session was lost (`onAmbiguous`); what a client without a store has forgotten with its
// process; retained copies, one for each SUBSCRIBE; copies as a member of shared groups.

import type { Label, History } from '../history.ts';
import type { ClientFacts } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import type { MessageFacts } from './message-facts.ts';
import type { Flow } from './deliveries.ts';
import { covers } from './filters.ts';
import type { SessionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';

const CHECKER = 'exactly-once';
/** More than a run has, so that a number names what several would. */
const KEYS_MAX = 2 ** 30;
const LIVES_MAX = 2 ** 10;

/** Checks every message of QoS 2. */
export function exactlyOnce(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  for (const message of digest.messages.values()) {
    if (message.qos !== 2) continue;
    if (!message.isWill) judgeAcceptances(digest, message, found);
    judgeFlows(digest, message, found);
  }
  for (const facts of digest.clients.values()) {
    judgeReceptions(digest, facts, found);
    judgeKeys(facts, found);
  }
  return found;
}

/** One session of the publisher has it taken once; again only if a crash undid it before anybody heard. */
function judgeAcceptances(
  digest: Digest,
  { label, client, topic, acceptances, sentIn }: MessageFacts,
  found: Violation[],
): void {
  for (const [index, later] of acceptances.entries()) {
    const earlier = acceptances.slice(0, index).findLast(({ span }) => span === later.span);
    if (earlier === undefined || later.span === undefined) continue;
    const isUndone = earlier.life !== later.life && digest.isLost(earlier.life) && earlier.acknowledgedAt > later.place;
    if (isUndone) continue;
    const sentence = `The broker took ${client}'s ${label} to ${topic} at ${earlier.at} ms, and again in the same session.`;
    found.push({ checker: CHECKER, sentence, at: later.at });
  }
  // Who would rather have an ambiguous message rejected sends it in one session.
  if (sentIn.size < 2 || digest.client(client).plan?.onAmbiguous !== 'reject') return;
  const sentence = `${client} sent ${label} to ${topic} again, though it knew that the session was lost, and is to reject it.`;
  found.push({ checker: CHECKER, sentence, at: digest.endAt });
}

/** One delivery to a session for each way in which it is reached. */
function judgeFlows(digest: Digest, message: MessageFacts, found: Violation[]): void {
  const flows = (digest.deliveries.flowsByLabel.get(message.label) ?? []).filter(({ qos }) => qos === 2);
  if (flows.length < 2) return;
  const bySpan = Map.groupBy(flows, ({ span }) => span);
  for (const [span, ofSpan] of bySpan) {
    if (ofSpan.length < 2 || ofSpan.length <= copiesMax(message, span)) continue;
    const ids = ofSpan.map(({ id }) => id).join(', ');
    const sentence = `${span.client} was sent ${message.label} (${message.topic}) ${ofSpan.length} times with QoS 2, under the identifiers ${ids}.`;
    found.push({ checker: CHECKER, sentence, at: digest.at(ofSpan.at(-1)?.sentAt ?? 0) });
  }
}

/** How often a session may be sent a message. */
function copiesMax(message: MessageFacts, span: SessionSpan): number {
  const { topic, acceptances, incarnations, isWill } = message;
  const times = isWill ? acceptances.length : Math.max(1, incarnations.size);
  const groups = new Set<string>();
  for (const { isShared, filter } of span.subscriptions) if (isShared && covers(filter, topic)) groups.add(filter);
  return ownCopiesMax(message, span, times) + times * groups.size;
}

/** The same by subscriptions of its own, shared ones not counted, of a message that was taken so many times. */
export function ownCopiesMax({ topic, acceptances, retain }: MessageFacts, span: SessionSpan, times: number): number {
  let plain = 0;
  let retained = 0;
  for (const subscription of span.subscriptions) {
    if (subscription.isShared || !covers(subscription.filter, topic)) continue;
    if (acceptances.some(({ place }) => subscription.isPossibleFor(topic, place))) plain = 1;
    if (retain && subscription.options.retainHandling !== 2) retained++;
  }
  return times * plain + retained;
}

/** The client hands over no more than came. */
function judgeReceptions({ deliveries }: Digest, facts: ClientFacts, found: Violation[]): void {
  const isStored = !facts.isForgetful;
  for (const [label, receptions] of facts.receptionsByLabel) {
    if (label === '' || receptions.length < 2) continue;
    const exact = receptions.filter(({ qos }) => qos === 2);
    if (exact.length < 2) continue;
    const flows = (deliveries.flowsByLabel.get(label) ?? []).filter(
      ({ qos, span }) => qos === 2 && span.client === facts.name,
    );
    const groups = isStored ? [exact] : Array.from(Map.groupBy(exact, ({ life }) => life).values());
    for (const group of groups) {
      const keys = new Set(group.map(({ key }) => key));
      if (keys.size < 2 || keys.size <= countCame(flows, isStored ? undefined : group[0]?.life)) continue;
      const sentence = `The application of ${facts.name} got ${label} ${keys.size} times with QoS 2, under the keys ${Array.from(keys).join(', ')}.`;
      found.push({ checker: CHECKER, sentence, at: group.at(-1)?.at ?? 0 });
    }
  }
}

function countCame(flows: readonly Flow[], life: number | undefined): number {
  if (life === undefined) return flows.length;
  return flows.filter(({ cameIn }) => cameIn.has(life)).length;
}

/** One key, one message; to each subscription once in a life, and not again once it was acknowledged and the process ended in order. */
function judgeKeys(facts: ClientFacts, found: Violation[]): void {
  const isStored = !facts.isForgetful;
  const labels = new Map<number, Label>();
  const handed = new Set<number>();
  for (const reception of facts.receptions) {
    const { key, label, life, handle, at } = reception;
    if (key === 0) continue;
    const scope = isStored ? key : key + life * KEYS_MAX;
    const known = labels.get(scope);
    if (known === undefined) labels.set(scope, label);
    else if (known !== label) {
      found.push({
        checker: CHECKER,
        sentence: `${facts.name} got ${label} under the key ${key}, which is ${known}'s.`,
        at,
      });
    }
    const once = key + ((handle + 1) * LIVES_MAX + life) * KEYS_MAX;
    if (handed.has(once)) {
      const sentence = `Subscription ${handle} of ${facts.name} got ${label} twice in one life, under the key ${key}.`;
      found.push({ checker: CHECKER, sentence, at });
    }
    handed.add(once);
    if (known !== undefined && isStored && facts.isSettledBefore(key, life)) {
      const sentence = `${facts.name} got ${label} again, under the key ${key}, which it had acknowledged before it ended in order.`;
      found.push({ checker: CHECKER, sentence, at });
    }
  }
}
