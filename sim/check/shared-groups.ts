// Shared subscriptions (MQTT 5.0 section 4.8.2): of each message, a group gets one delivery. With QoS 2 never more, whatever becomes of the member
// [MQTT-4.8.2-4] [MQTT-4.8.2-5]; with QoS 1 more only after a member's session has ended, or a crash, with the message in flight.
// And one at least, as long as the group has a persistent member from before the message until the end.
//
// On the wire a copy does not say which group it comes from: counted are all copies of a message, of all sessions, against all ways
// that there are.

import type { History } from '../history.ts';
import { ownCopiesMax } from './exactly-once.ts';
import { isLostHow } from './broker-life.ts';
import type { Drop } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import type { MessageFacts } from './message-facts.ts';
import type { Flow } from './deliveries.ts';
import { unaccounted } from './drop-budget.ts';
import { covers } from './filters.ts';
import { NEVER, type SessionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';
import type { Acceptance } from './wire-connection.ts';

const CHECKER = 'shared-groups';

/** The sessions that are, or were, members of a group. */
interface Group {
  readonly filter: string;
  readonly members: Set<SessionSpan>;
}

/** Checks every group. */
export function sharedGroups(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const groups = groupsOf(digest);
  const found: Violation[] = [];
  if (groups.length === 0) return found;
  for (const message of digest.messages.values()) {
    const matching = groups.filter(({ filter }) => covers(filter, message.topic));
    if (matching.length > 0) judgeCopies(digest, message, matching, found);
  }
  for (const group of groups) judgeLost(digest, group, found);
  return found;
}

function groupsOf({ clients }: Digest): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { standing } of clients.values()) {
    for (const span of standing.spans) {
      for (const { isShared, filter, possibleFrom, possibleTo } of span.subscriptions) {
        if (!isShared || possibleTo <= possibleFrom) continue;
        const group = groups.get(filter);
        if (group === undefined) groups.set(filter, { filter, members: new Set([span]) });
        else group.members.add(span);
      }
    }
  }
  return Array.from(groups.values());
}

function judgeCopies(digest: Digest, message: MessageFacts, groups: readonly Group[], found: Violation[]): void {
  const { label, topic, isWill, acceptances, incarnations } = message;
  const flows = digest.deliveries.flowsByLabel.get(label) ?? [];
  if (flows.length < 2 || acceptances.length === 0) return;
  const exact = flows.filter(({ qos }) => qos === 2);
  // What a crash has undone is taken again, and sent again to sessions that are new since.
  const times = isWill ? acceptances.length : Math.max(incarnations.size, acceptances.length);
  const exactMax = times * groups.length + plainCopies(message, exact);
  if (exact.length > exactMax) {
    const sentence = `${label} (${topic}) went to ${namesOf(exact)} with QoS 2; ${exactMax} copies are all that its subscriptions and shared groups make.`;
    found.push({ checker: CHECKER, sentence, at: digest.at(exact.at(-1)?.sentAt ?? 0) });
  }
  const losses = flows.filter((flow) => flow.qos === 1 && isLostInFlight(digest, flow)).length;
  const max = acceptances.length * groups.length + plainCopies(message, flows) + losses;
  if (flows.length <= max) return;
  const sentence = `${label} (${topic}) went to ${namesOf(flows)}; ${max} copies are all that its subscriptions and shared groups make.`;
  found.push({ checker: CHECKER, sentence, at: digest.at(flows.at(-1)?.sentAt ?? 0) });
}

/** What the sessions may get by themselves: with QoS 1 as often as the broker took the message. */
function plainCopies(message: MessageFacts, flows: readonly Flow[]): number {
  const { isWill, acceptances, incarnations } = message;
  const isExact = !isWill && flows.every(({ qos }) => qos === 2);
  const times = Math.max(1, isWill ? 0 : incarnations.size, isExact ? 0 : acceptances.length);
  let copies = 0;
  for (const span of new Set(flows.map((flow) => flow.span))) copies += ownCopiesMax(message, span, times);
  return copies;
}

/** Its member's session has ended, or the broker was lost, before it was acknowledged: another one may get it. */
function isLostInFlight(digest: Digest, { span, answeredAt, sentAt }: Flow): boolean {
  if (!span.lasts && answeredAt > Math.min(span.endedAt, span.perhapsEndedFrom)) return true;
  return digest.brokerLives.some(({ to, how }) => to > sentAt && to !== NEVER && isLostHow(how));
}

function namesOf(flows: readonly Flow[]): string {
  return flows.map(({ span, id }) => `${span.client} (${id})`).join(', ');
}

/** A group with somebody to keep it is owed every message. */
function judgeLost(digest: Digest, { filter, members }: Group, found: Violation[]): void {
  const spans = Array.from(members);
  // A member with QoS 0 may be given any message, and lose it.
  if (spans.some(({ subscriptions }) => subscriptions.some((each) => each.filter === filter && each.options.qos === 0)))
    return;
  const lasting = spans.filter((span) => isThereAtEnd(digest, span));
  if (lasting.length === 0) return;
  const names = new Set(spans.map(({ client }) => client));
  const drops: Drop[] = [...(digest.groupDrops.get(filter) ?? [])];
  for (const name of names) drops.push(...digest.client(name).drops);
  const missing = digest.acceptances.filter((acceptance) => {
    const { label, topic, qos, acknowledgedAt, life } = acceptance;
    if (label === '' || qos === 0 || !covers(filter, topic)) return false;
    if (acknowledgedAt === NEVER && digest.isLost(life)) return false;
    if (!lasting.some((span) => isMember(span, filter, acceptance))) return false;
    if (qos === 2 && spans.some((span) => wasLostAsTransient(digest, span, filter, acceptance))) return false;
    return (
      !spans.some(({ client }) => digest.client(client).receptionsByLabel.has(label)) &&
      !wasHandled(digest, label, spans)
    );
  });
  for (const { label, topic, at } of unaccounted(missing, drops)) {
    const sentence = `No member of ${filter} got ${label}, published to ${topic} and taken by the broker at ${at} ms.`;
    found.push({ checker: CHECKER, sentence, at: digest.endAt });
  }
}

/** A member with QoS 2 whose session ends with its connection, and that a crash has ended, may have been given it for good before it was sent. */
function wasLostAsTransient(digest: Digest, span: SessionSpan, filter: string, { place }: Acceptance): boolean {
  const { isPersistent, endedAt, subscriptions } = span;
  if (isPersistent || endedAt === NEVER || endedAt < place) return false;
  if (!digest.brokerLives.some(({ life, from, to }) => from < endedAt && endedAt <= to + 1_000 && digest.isLost(life)))
    return false;
  return subscriptions.some((each) => each.filter === filter && each.options.qos === 2);
}

function isThereAtEnd(digest: Digest, span: SessionSpan): boolean {
  const { standing, isUpAtEnd } = digest.client(span.client);
  return (
    span.isPersistent &&
    span.lasts &&
    isUpAtEnd &&
    standing.current === span &&
    standing.connection !== undefined &&
    !standing.connection.isIntruder
  );
}

/** From the message until the end. */
function isMember({ subscriptions }: SessionSpan, filter: string, { topic, place }: Acceptance): boolean {
  return subscriptions.some((each) => each.filter === filter && each.sureTo === NEVER && each.isSureFor(topic, place));
}

/**
 * A member's process got it, and did with it what it liked; or a member was sent it with QoS 2 and is gone: then nobody else may get it
 * [MQTT-4.8.2-5].
 */
function wasHandled({ deliveries }: Digest, label: string, spans: readonly SessionSpan[]): boolean {
  const flows = deliveries.flowsByLabel.get(label) ?? [];
  return flows.some(
    ({ span, answeredAt, qos }) => spans.includes(span) && (answeredAt !== NEVER || (qos === 2 && !span.lasts)),
  );
}
