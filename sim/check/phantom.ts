// Nothing is delivered that was not sent, to nobody who had not asked for it, in no other form than asked for: topic, effective QoS [MQTT-3.8.4-8], the
// RETAIN flag [MQTT-3.3.1-12] [MQTT-3.3.1-13], No Local [MQTT-3.8.3-3], and nothing whose time was over before its sending began
// [MQTT-3.3.2-5] or that says that it has longer to live than it has [MQTT-3.3.2-6].

import type { PublishPacket } from '../../src/packet/packet.ts';
import type { History, WirePacket } from '../history.ts';
import type { Reception } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import { covers } from './filters.ts';
import type { MessageFacts } from './message-facts.ts';
import type { SessionSpan, SubscriptionSpan } from './session-span.ts';
import type { Violation } from './violation.ts';
import type { Acceptance, WireConnection } from './wire-connection.ts';

const CHECKER = 'phantom';

/** Checks every PUBLISH of the broker, and everything that an application got. */
export function phantom(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  const { flows, shots } = digest.deliveries;
  for (const flow of flows) judgeSent(digest, flow.span, flow, found);
  for (const { connection, ...shot } of shots) {
    if (connection.span !== undefined) judgeSent(digest, connection.span, { ...shot, qos: 0, isRepeat: false }, found);
  }
  judgeExpiryLeft(digest, found);
  judgeReceived(digest, found);
  return found;
}

/** The first PUBLISH of a delivery. */
interface SentOnce {
  readonly label: string;
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly sentAt: number;
  /** A message whose sending has begun does not expire. */
  readonly isRepeat: boolean;
}

function judgeSent(digest: Digest, span: SessionSpan, sent: SentOnce, found: Violation[]): void {
  const { label, topic, qos, sentAt } = sent;
  // An empty message tells nothing but its topic.
  if (label === '') return;
  const at = digest.at(sentAt);
  const what = `${span.client} was sent ${label} (${topic}, QoS ${qos})`;
  const say = (why: string): void => void found.push({ checker: CHECKER, sentence: `${what}${why}`, at });
  const message = digest.messages.get(label);
  if (message === undefined) return say(', which nobody has published.');
  if (message.topic !== topic) return say(`, which was published to ${message.topic}.`);
  const acceptances = message.acceptances.filter(({ place }) => place < sentAt);
  if (acceptances.length === 0) return say(' before the broker had taken it.');
  const ways = waysOf(span, message, acceptances, sent);
  if (ways.length === 0) return say(', but had no subscription for it.');
  const fitting = ways.filter((way) => way.qos === qos);
  if (fitting.length === 0)
    return say(`, published with QoS ${message.qos}; none of its subscriptions makes that of it.`);
  if (!fitting.some(({ retain }) => retain === sent.retain)) {
    return say(`, published ${message.retain ? 'with' : 'without'} RETAIN, with${sent.retain ? '' : 'out'} it.`);
  }
  judgeExpired(digest, acceptances.at(-1), sent, found, what);
}

/** A way in which a message may reach a session. */
interface Way {
  readonly qos: number;
  readonly retain: boolean;
}

/** Every way that is possible as far as anybody can tell. */
function waysOf(
  span: SessionSpan,
  message: MessageFacts,
  acceptances: readonly Acceptance[],
  { sentAt }: SentOnce,
): readonly Way[] {
  const ways: Way[] = [];
  const { topic, qos, retain } = message;
  const matching = span.subscriptions.filter(
    ({ filter, possibleFrom, possibleTo }) =>
      possibleFrom < sentAt && possibleTo > possibleFrom && covers(filter, topic),
  );
  for (const acceptance of acceptances) {
    const plain = matching.filter((each) => !each.isShared && each.isPossibleFor(topic, acceptance.place));
    ways.push(...waysOfPlain(span, plain, acceptance));
  }
  const first = acceptances[0]?.cameAt ?? 0;
  for (const { isShared, options, sureFrom, possibleTo } of matching) {
    const lowered = Math.min(qos, options.qos);
    if (isShared) {
      if (possibleTo > first) ways.push({ qos: lowered, retain: options.retainAsPublished && retain });
    } else if (retain && options.retainHandling !== 2 && sureFrom > first) {
      // What came until SUBACK left may have come before the subscription was in force: then it was retained already.
      ways.push({ qos: lowered, retain: true });
    }
  }
  return ways;
}

/**
 * Plain subscriptions that overlap are one: the highest QoS of them, and RETAIN as published if one of them asks for that. Which of those that
 * are not sure are in force is anybody's guess, but those that are sure are.
 */
function waysOfPlain(
  span: SessionSpan,
  plain: readonly SubscriptionSpan[],
  { topic, place, owner, qos, retain }: Acceptance,
): readonly Way[] {
  const usable = plain.filter(({ options }) => !(options.noLocal && owner === span.client));
  if (usable.length === 0) return [];
  const sure = usable.filter((each) => each.isSureFor(topic, place));
  const qosMin = Math.max(-1, ...sure.map(({ options }) => options.qos));
  const isKeptForSure = sure.some((each) => each.options.retainAsPublished && !isPerhapsReplaced(each, usable));
  const isKeptPerhaps = usable.some(({ options }) => options.retainAsPublished);
  const ways: Way[] = [];
  for (const granted of new Set(usable.map(({ options }) => options.qos))) {
    if (granted < qosMin) continue;
    if (isKeptPerhaps) ways.push({ qos: Math.min(qos, granted), retain });
    if (!isKeptForSure) ways.push({ qos: Math.min(qos, granted), retain: false });
  }
  return ways;
}

/** A later SUBSCRIBE to the same filter has come, which does not ask for RETAIN as published: until SUBACK it may be in force, or not yet. */
function isPerhapsReplaced(older: SubscriptionSpan, usable: readonly SubscriptionSpan[]): boolean {
  return usable.some(
    ({ filter, options, possibleFrom }) =>
      filter === older.filter && possibleFrom > older.possibleFrom && !options.retainAsPublished,
  );
}

function judgeExpired(
  digest: Digest,
  acceptance: Acceptance | undefined,
  { qos, sentAt, isRepeat }: SentOnce,
  found: Violation[],
  what: string,
): void {
  const expirySeconds = acceptance?.expirySeconds;
  if (expirySeconds === undefined || acceptance === undefined || isRepeat) return;
  const at = digest.at(sentAt);
  // QoS 2 waits for the disk when its sending has begun.
  const margin = qos === 2 ? digest.circumstances.commitMillisMax : 0;
  const late = at - acceptance.at - expirySeconds * 1000 - margin - digest.circumstances.slack;
  if (late <= 0) return;
  const sentence = `${what} ${late} ms after its Message Expiry Interval of ${expirySeconds} s had passed.`;
  found.push({ checker: CHECKER, sentence, at });
}

/** [MQTT-3.3.2-6] */
function judgeExpiryLeft(digest: Digest, found: Violation[]): void {
  if (digest.circumstances.slack > 0) return;
  for (const { place, isSent, side, connection, wire } of digest.wires) {
    if (!isSent || side === 'client' || wire.packet.kind !== 'publish' || connection.version < 5) continue;
    judgeOne(digest, connection, wire, wire.packet, place, found);
  }
}

function judgeOne(
  digest: Digest,
  { client }: WireConnection,
  { label }: WirePacket,
  { properties }: PublishPacket,
  place: number,
  found: Violation[],
): void {
  const message = digest.messages.get(label);
  const left = properties.messageExpiryInterval;
  if (message === undefined || (left === undefined && message.expirySeconds === undefined)) return;
  const at = digest.at(place);
  if (!message.acceptances.some((acceptance) => acceptance.place < place)) return;
  const isRight = message.acceptances.some((acceptance) => acceptance.place < place && left === leftOf(acceptance, at));
  if (isRight) return;
  const whole = message.expirySeconds;
  const sentence = `${client} was sent ${label} with a Message Expiry Interval of ${left ?? 'none'}; it was published with ${whole ?? 'none'}.`;
  found.push({ checker: CHECKER, sentence, at });
}

/** Rounded up, at least 1, at most what it came with. */
function leftOf({ expirySeconds, at: acceptedAt }: Acceptance, at: number): number | undefined {
  if (expirySeconds === undefined) return undefined;
  return Math.min(expirySeconds, Math.max(1, Math.ceil(expirySeconds - (at - acceptedAt) / 1000)));
}

/** What an application gets has come over the wire. */
function judgeReceived(digest: Digest, found: Violation[]): void {
  for (const { name, receptions } of digest.clients.values()) {
    for (const reception of receptions) {
      const { label, topic, qos, retain, at } = reception;
      if (label === '' || hasCome(digest, name, reception)) continue;
      const sentence = `The application of ${name} got ${label} (${topic}, QoS ${qos}${retain ? ', retained' : ''}), which did not come so.`;
      found.push({ checker: CHECKER, sentence, at });
    }
  }
}

function hasCome({ deliveries }: Digest, name: string, { label, topic, qos, retain }: Reception): boolean {
  if (qos === 0) {
    const shots = deliveries.shotsByLabel.get(label) ?? [];
    return shots.some((shot) => shot.connection.client === name && shot.topic === topic && shot.retain === retain);
  }
  const flows = deliveries.flowsByLabel.get(label) ?? [];
  return flows.some(
    (flow) => flow.span.client === name && flow.qos === qos && flow.topic === topic && flow.retain === retain,
  );
}
