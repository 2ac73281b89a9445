// Order (MQTT 5.0 section 4.6): of one publisher, topic and QoS, each subscription that is not shared gets messages for the first time in the order in which
// the broker took them, and the broker takes them for the first time in the order in which they were published. What is sent again
// after a reconnect is excepted, and so are retained copies, what had given way to others in a full queue before a crash of the broker undid that, and
// what had come in order for a subscription that the application had just ended, and comes again for the next one.

import type { History, Label } from '../history.ts';
import type { ClientFacts, Reception } from './client-facts.ts';
import { isLostHow } from './broker-life.ts';
import { type Digest, digestOf, type WireLine } from './digest.ts';
import { covers } from './filters.ts';
import type { MessageFacts } from './message-facts.ts';
import type { Violation } from './violation.ts';

const CHECKER = 'order';

/** Checks every publisher and every subscription. */
export function order(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  judgePublishers(digest, found);
  const ordinals = ordinalsOf(digest);
  for (const facts of digest.clients.values()) judgeSubscriber(digest, facts, ordinals, found);
  return found;
}

/** The places of messages in the order in which the broker took them; several where it took one again. */
type Ordinals = ReadonlyMap<string, readonly number[]>;

function ordinalsOf({ acceptances }: Digest): Ordinals {
  const ordinals = new Map<string, number[]>();
  for (const [index, { label }] of acceptances.entries()) {
    const known = ordinals.get(label);
    if (known === undefined) ordinals.set(label, [index]);
    else known.push(index);
  }
  return ordinals;
}

function judgePublishers(digest: Digest, found: Violation[]): void {
  const { acceptances, messages } = digest;
  const refused = refusedIn(digest);
  const latest = new Map<string, { readonly number: number; readonly label: string }>();
  const seen = new Set<string>();
  for (const { label, by, topic, qos, at } of acceptances) {
    const message = messages.get(label);
    if (message === undefined || message.isWill || by === undefined || seen.has(label) || refused.has(label)) continue;
    seen.add(label);
    const stream = `${by} ${qos} ${topic}`;
    const before = latest.get(stream);
    if (before !== undefined && before.number > message.number) {
      const sentence = `The broker took ${label} after ${before.label}; ${by} had published both to ${topic} with QoS ${qos}, in order.`;
      found.push({ checker: CHECKER, sentence, at });
    } else latest.set(stream, { number: message.number, label });
  }
}

/** What one subscription of one life has got so far. */
interface Progress {
  readonly seen: Set<string>;
  /** By publisher, topic and both QoS levels. */
  readonly streams: Map<string, { ordinal: number; label: string }>;
  key: number;
}

/** What was refused at first, which its publisher may not have heard, is taken later where it is sent again. */
function refusedIn({ connections }: Digest): ReadonlySet<string> {
  const labels = new Set<string>();
  for (const { publishes } of connections.values()) {
    for (const { label, isPassedOver } of publishes) if (isPassedOver) labels.add(label);
  }
  return labels;
}

function judgeSubscriber(digest: Digest, facts: ClientFacts, ordinals: Ordinals, found: Violation[]): void {
  const { name } = facts;
  const progresses = new Map<number, Progress>();
  /** What came first of each message. */
  const firsts = new Map<string, Reception>();
  const topics = new Map<string, boolean>();
  for (const reception of facts.receptions) {
    const { label, life, handle, topic, qos, at } = reception;
    const progress = progressOf(progresses, life * HANDLES_MAX + handle);
    judgeKey(name, reception, progress, found);
    const message = digest.messages.get(label);
    const first = firsts.get(label) ?? reception;
    if (first === reception) firsts.set(label, reception);
    // What an earlier life had, or came before under another key, comes again where it likes.
    if (
      first.life < life ||
      first.key !== reception.key ||
      message === undefined ||
      message.isWill ||
      progress.seen.has(label)
    )
      continue;
    if (mayBeRetainedCopy(facts, reception, message)) continue;
    progress.seen.add(label);
    let isShared = topics.get(topic);
    if (isShared === undefined) topics.set(topic, (isShared = isReachedByGroup(facts, topic)));
    if (isShared) continue;
    const stream = `${message.client} ${message.qos} ${qos} ${topic}`;
    const before = progress.streams.get(stream);
    const ordinal = ordinals.get(label)?.find((each) => before === undefined || each > before.ordinal);
    if (ordinal !== undefined) progress.streams.set(stream, { ordinal, label });
    else if (
      before !== undefined &&
      !isDropUndone(digest, facts, reception) &&
      !cameUnseenBefore(digest, facts, reception, before.label)
    ) {
      const sentence = `Subscription ${handle} of ${name} got ${label} after ${before.label} (${topic}, QoS ${qos}); the broker had taken them in order.`;
      found.push({ checker: CHECKER, sentence, at });
    }
  }
}

/** More subscriptions than a life makes. */
const HANDLES_MAX = 10_000;

function progressOf(progresses: Map<number, Progress>, which: number): Progress {
  const known = progresses.get(which);
  if (known !== undefined) return known;
  const made = { seen: new Set<string>(), streams: new Map<string, { ordinal: number; label: string }>(), key: 0 };
  progresses.set(which, made);
  return made;
}

/** Keys grow. */
function judgeKey(name: string, { key, handle, label, at }: Reception, progress: Progress, found: Violation[]): void {
  // What no subscription claims may have waited for one that did not come about.
  if (key === 0 || handle < 0) return;
  if (key < progress.key) {
    const sentence = `Subscription ${handle} of ${name} got ${label} under the key ${key} after the key ${progress.key}.`;
    found.push({ checker: CHECKER, sentence, at });
  } else progress.key = key;
}

/** It may be what was retained, sent for a SUBSCRIBE of which nobody knows when. */
function mayBeRetainedCopy({ standing }: ClientFacts, { topic, retain }: Reception, message: MessageFacts): boolean {
  if (!retain || !message.retain) return false;
  const first = message.acceptances[0]?.cameAt ?? 0;
  return standing.spans.some(({ subscriptions }) =>
    subscriptions.some(
      ({ isShared, options, filter, possibleFrom }) =>
        !isShared && options.retainHandling !== 2 && possibleFrom > first && covers(filter, topic),
    ),
  );
}

/** It may have been given up for newer ones, and come back when the broker was lost before that was durable. */
function isDropUndone(digest: Digest, { drops }: ClientFacts, { topic, at }: Reception): boolean {
  const losses = digest.brokerLives.filter(({ how }) => isLostHow(how)).map(({ to }) => digest.at(to));
  return drops.some(
    (drop) =>
      drop.reason === 'displaced' &&
      (drop.topic === topic || drop.topic === '') &&
      losses.some((loss) => drop.at <= loss && loss <= at),
  );
}

/**
 * Its first PUBLISH came in order, and was acknowledged unseen, since the application had unsubscribed; the broker was lost before that was durable, and
 * sends it again to who has subscribed again.
 */
function cameUnseenBefore(
  { wires }: Digest,
  { name, hasUnsubscribed }: ClientFacts,
  { label, qos, at: receivedAt }: Reception,
  before: Label,
): boolean {
  if (!hasUnsubscribed || qos !== 1) return false;
  const came = (what: Label): readonly WireLine[] =>
    wires.filter(({ isSent, side, connection, wire, at }) => {
      return !isSent && side === 'client' && connection.client === name && wire.label === what && at <= receivedAt;
    });
  const [first, again] = came(label);
  const [other] = came(before);
  return again !== undefined && first !== undefined && other !== undefined && first.place < other.place;
}

/** Some of its messages of the topic come by a shared subscription, which keeps no order. */
function isReachedByGroup({ standing }: ClientFacts, topic: string): boolean {
  return standing.spans.some(({ subscriptions }) =>
    subscriptions.some(({ isShared, filter }) => isShared && covers(filter, topic)),
  );
}
