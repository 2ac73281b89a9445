// Retained messages (MQTT 5.0 section 3.3.1.3): a topic's is the last one that the broker took with RETAIN, and the last one acknowledged or a later one
// after a crash. Each retained copy that a session gets is one that was there when it subscribed; who subscribes gets what is
// there for sure; and at the end there are as many as there should be.

import type { History } from '../history.ts';
import type { ClientFacts } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import { covers } from './filters.ts';
import { NEVER, type SessionSpan, type SubscriptionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';
import type { Acceptance } from './wire-connection.ts';

const CHECKER = 'retained';

/** Checks retained messages. */
export function retained(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const writes = new Writes(digest);
  const found: Violation[] = [];
  for (const facts of digest.clients.values()) {
    for (const span of facts.standing.spans) {
      judgeCopies(digest, span, writes, found);
      judgeOwed(digest, facts, span, writes, found);
    }
  }
  judgeEnd(digest, writes, found);
  return found;
}

/** What may be the retained message of a topic; `undefined`: none. */
type Candidate = Acceptance | undefined;

/** What was retained, by topic. */
class Writes {
  readonly topics: Map<string, Acceptance[]>;
  private readonly digest: Digest;
  private readonly mayBeFull: boolean;

  constructor(digest: Digest) {
    this.digest = digest;
    this.topics = new Map();
    this.mayBeFull = digest.events.some(({ kind }) => kind === 'store-full');
    for (const acceptance of digest.acceptances) {
      if (!acceptance.retain) continue;
      const writes = this.topics.get(acceptance.topic);
      if (writes === undefined) this.topics.set(acceptance.topic, [acceptance]);
      else writes.push(acceptance);
    }
  }

  /** What may be retained at a place of the history. */
  at(topic: string, place: number, life: number): readonly Candidate[] {
    const writes = this.topics.get(topic) ?? [];
    const candidates: Candidate[] = [];
    const at = this.digest.at(place);
    let index = writes.length - 1;
    // What was taken in the same moment may have come before.
    for (; index >= 0; index--) {
      const write = writes[index];
      if (write === undefined || (write.place > place && write.at > at)) continue;
      candidates.push(...this.valuesOf(write, at));
      if (write.place < place && this.isCertain(write, life)) return candidates;
    }
    candidates.push(undefined);
    return candidates;
  }

  /** Nothing older is there any more. */
  private isCertain({ life, acknowledgedAt }: Acceptance, now: number): boolean {
    return life === now || acknowledgedAt !== NEVER || !this.digest.isLost(life);
  }

  private valuesOf(write: Acceptance, at: number): readonly Candidate[] {
    const { label, qos, expirySeconds: seconds } = write;
    if (label === '') return [undefined];
    const values: Candidate[] = [];
    const left = seconds === undefined ? NEVER : write.at + seconds * 1000 - at;
    if (left > -this.digest.circumstances.slack) values.push(write);
    if (left <= this.digest.circumstances.slack || (this.mayBeFull && qos === 0)) values.push(undefined);
    return values;
  }
}

/** Each copy was there. */
function judgeCopies(digest: Digest, span: SessionSpan, writes: Writes, found: Violation[]): void {
  if (writes.topics.size === 0) return;
  const { flows, shots } = digest.deliveries;
  for (const { label, topic, retain, sentAt, span: to } of flows) {
    if (retain && to === span) judgeCopy(digest, span, writes, { label, topic, sentAt }, found);
  }
  for (const { label, topic, retain, sentAt, connection } of shots) {
    if (retain && connection.span === span) judgeCopy(digest, span, writes, { label, topic, sentAt }, found);
  }
}

function judgeCopy(
  digest: Digest,
  span: SessionSpan,
  writes: Writes,
  { label, topic, sentAt }: { readonly label: string; readonly topic: string; readonly sentAt: number },
  found: Violation[],
): void {
  const message = digest.messages.get(label);
  // What nobody published is another checker's.
  if (message === undefined || !message.retain) return;
  const mayBeLive = span.subscriptions.some(
    (each) =>
      (each.isShared
        ? covers(each.filter, topic)
        : message.acceptances.some(({ place }) => each.isPossibleFor(topic, place))) && each.options.retainAsPublished,
  );
  if (mayBeLive) return;
  const asked = span.subscriptions.filter((each) => asksFor(each, topic) && each.possibleFrom < sentAt);
  if (
    asked.some((each) =>
      writes.at(topic, each.possibleFrom, lifeAt(digest, each.possibleFrom)).some((one) => one?.label === label),
    )
  )
    return;
  const sentence = `${span.client} was sent ${label} as the retained message of ${topic}, which it was not when the client subscribed.`;
  found.push({ checker: CHECKER, sentence, at: digest.at(sentAt) });
}

function asksFor({ isShared, options, filter }: SubscriptionSpan, topic: string): boolean {
  return !isShared && options.retainHandling !== 2 && covers(filter, topic);
}

/** Who subscribes gets what is there. */
function judgeOwed(digest: Digest, facts: ClientFacts, span: SessionSpan, writes: Writes, found: Violation[]): void {
  const { standing, isUpAtEnd, drops } = facts;
  const { connection } = standing;
  if (standing.current !== span || !span.lasts || !isUpAtEnd || connection === undefined || connection.isIntruder)
    return;
  for (const subscription of span.subscriptions) {
    if (subscription.isShared || subscription.sureFrom === NEVER || !mustSend(span, subscription)) continue;
    const place = subscription.possibleFrom;
    const at = digest.at(place);
    for (const [topic] of writes.topics) {
      if (!covers(subscription.filter, topic)) continue;
      const candidates = writes.at(topic, place, lifeAt(digest, place));
      if (candidates.includes(undefined)) continue;
      const qos = Math.min(subscription.options.qos, ...candidates.map((each) => each?.qos ?? 0));
      if (qos === 0 && (connection.connackSent > place || connection.over !== NEVER)) continue;
      if (drops.some((drop) => drop.at >= at && (drop.topic === topic || drop.topic === ''))) continue;
      const labels = new Set(candidates.map((each) => each?.label ?? ''));
      if (wasSent(digest, span, labels, place)) continue;
      const sentence = `${span.client} subscribed to ${subscription.filter} at ${at} ms, and was never sent the retained message of ${topic}, ${Array.from(labels).join(' or ')}.`;
      found.push({ checker: CHECKER, sentence, at: digest.endAt });
    }
  }
}

/** [MQTT-3.3.1-9] [MQTT-3.3.1-10] */
function mustSend({ subscriptions, isDoubtful }: SessionSpan, subscription: SubscriptionSpan): boolean {
  const { retainHandling } = subscription.options;
  if (retainHandling !== 1) return retainHandling === 0;
  if (isDoubtful) return false;
  return !subscriptions.some(
    (other) =>
      other !== subscription &&
      other.filter === subscription.filter &&
      other.possibleFrom <= subscription.possibleFrom &&
      other.possibleTo > subscription.possibleFrom,
  );
}

function wasSent({ deliveries }: Digest, span: SessionSpan, labels: ReadonlySet<string>, place: number): boolean {
  for (const label of labels) {
    const flows = deliveries.flowsByLabel.get(label) ?? [];
    if (flows.some((flow) => flow.span === span && flow.retain && flow.sentAt > place)) return true;
    const shots = deliveries.shotsByLabel.get(label) ?? [];
    if (shots.some((shot) => shot.connection.span === span && shot.retain && shot.sentAt > place)) return true;
  }
  return false;
}

function judgeEnd(digest: Digest, writes: Writes, found: Violation[]): void {
  const { end } = digest.history;
  const { length } = digest.events;
  let min = 0;
  let max = 0;
  for (const [topic] of writes.topics) {
    const candidates = writes.at(topic, length, digest.brokerLives.length);
    // The run may have lasted longer than its last event.
    if (candidates.every((each) => each !== undefined && each.expirySeconds === undefined)) min++;
    if (candidates.some((each) => each !== undefined)) max++;
  }
  const judge = (where: string, count: number): void => {
    if (count >= min && count <= max) return;
    const sentence = `The broker has ${count} retained messages${where}; ${min === max ? min : `${min} to ${max}`} should be there.`;
    found.push({ checker: CHECKER, sentence, at: digest.endAt });
  };
  judge('', end.sizes.retained);
  judge(' in its store', end.stored.retained);
}

function lifeAt({ brokerLives }: Digest, place: number): number {
  return brokerLives.findLast(({ from }) => from < place)?.life ?? 0;
}
