// What must hold of a history, one function per promise. Each says what is wrong, in sentences: an empty list is a clean
// run. They know nothing of how the history came about.
//
// "Must" and "may": between SUBSCRIBE and its SUBACK nobody can say whether the subscription is in force. A message must come
// if it was acknowledged, and was sent after the SUBACK and acknowledged before the UNSUBSCRIBE; it may come if any
// moment of its life lies within the subscription's.

import type { Audience, Copy, History, Moment, SentMessage, SubscriptionHistory } from './history.ts';
import type { Label } from './label.ts';
import { labelKey } from './label.ts';
import { matches } from './matches.ts';

/** What a check found. */
export interface Fault {
  readonly kind:
    | 'lost'
    | 'twice'
    | 'out-of-order'
    | 'phantom'
    | 'wrong-qos'
    | 'session-present'
    | 'retained'
    | 'complaint';
  readonly sentence: string;
}

/** Everything that is wrong with a history. */
export function findFaults(history: History): readonly Fault[] {
  const messages = new Map(history.messages.map((message) => [labelKey(message), message]));
  const writes = writesByTopic(history);
  return [
    ...history.complaints.map((sentence): Fault => ({ kind: 'complaint', sentence })),
    ...history.audiences.flatMap((audience) => [
      ...findLost(history, audience),
      ...findRepeated(history, audience),
      ...findDisorder(messages, history, audience),
      ...findPhantoms(messages, history, audience),
      ...findRetainedOwed(writes, history, audience),
    ]),
    ...findWrongGreetings(history),
    ...findWrongRetained(writes, history),
  ];
}

/** The messages that were acknowledged, and have not come to an audience that must get them. */
export function missingMessages(
  history: Pick<History, 'messages' | 'settledTo'>,
  audience: Audience,
): readonly SentMessage[] {
  if (audience.endedAt !== undefined) return [];
  const arrived = new Set(audience.copies.filter(({ retain }) => !retain).map(labelKey));
  return history.messages
    .filter((message) => !message.isClear && !isSettled(history, message) && !arrived.has(labelKey(message)))
    .filter((message) => qosOwed(message, audience.subscriptions) > 0);
}

/** What was acknowledged comes to everybody who must get it. */
function findLost(history: History, audience: Audience): readonly Fault[] {
  return missingMessages(history, audience).map((message) => ({
    kind: 'lost',
    sentence: `${audience.name} never got ${show(message)}`,
  }));
}

/** What comes with QoS 2 comes once [MQTT-4.3.3-10]. */
function findRepeated(history: History, audience: Audience): readonly Fault[] {
  const seen = new Set<string>();
  const faults: Fault[] = [];
  for (const copy of audience.copies) {
    if (copy.qos !== 2 || copy.retain) continue;
    const key = labelKey(copy);
    if (seen.has(key) || isSettled(history, copy)) {
      faults.push({ kind: 'twice', sentence: `${audience.name} got ${key} (${copy.topic}) once more with QoS 2` });
    }
    seen.add(key);
  }
  return faults;
}

/** First copies keep the order of a publisher's messages of one topic and QoS [MQTT-4.6.0-5]; a shared subscription keeps none. */
function findDisorder(
  messages: ReadonlyMap<string, SentMessage>,
  history: History,
  audience: Audience,
): readonly Fault[] {
  if (audience.isGroup) return [];
  const seen = new Set<string>();
  const latest = new Map<string, Copy>();
  const faults: Fault[] = [];
  for (const copy of audience.copies) {
    const key = labelKey(copy);
    if (copy.retain || seen.has(key) || isSettled(history, copy)) continue;
    seen.add(key);
    const stream = `${copy.publisher} ${copy.topic} ${messages.get(key)?.qos} ${copy.qos}`;
    const before = latest.get(stream);
    if (before === undefined || before.number < copy.number) {
      latest.set(stream, copy);
      continue;
    }
    const sentence = `${audience.name} got ${key} (${copy.topic}, QoS ${copy.qos}) after ${labelKey(before)}`;
    faults.push({ kind: 'out-of-order', sentence });
  }
  return faults;
}

/** What comes was sent, to that topic, to somebody who subscribed, and has the QoS that follows from both. */
function findPhantoms(
  messages: ReadonlyMap<string, SentMessage>,
  history: History,
  audience: Audience,
): readonly Fault[] {
  return audience.copies.flatMap((copy): readonly Fault[] => {
    // It may come again with QoS 1, if a crash swallowed the PUBACK; what comes with QoS 2 is looked at elsewhere.
    if (isSettled(history, copy) && !copy.retain) return [];
    const message = messages.get(labelKey(copy));
    const what = `${audience.name} got ${labelKey(copy)} (${copy.topic})`;
    if (message === undefined) return [{ kind: 'phantom', sentence: `${what}, which nobody sent` }];
    if (message.topic !== copy.topic) {
      return [{ kind: 'phantom', sentence: `${what}, which was sent to ${message.topic}` }];
    }
    const possible = audience.subscriptions.filter((each) =>
      copy.retain ? mayBeGreeted(message, copy, each) : mayReach(message, each),
    );
    if (possible.length === 0) {
      return [{ kind: 'phantom', sentence: `${what}, but has no subscription that it comes from` }];
    }
    const highest = Math.min(message.qos, Math.max(...possible.map(({ qos }) => qos)));
    const lowest = audience.isGroup || copy.retain ? 1 : qosOwed(message, audience.subscriptions);
    if (copy.qos >= lowest && copy.qos <= highest) return [];
    return [{ kind: 'wrong-qos', sentence: `${what} with QoS ${copy.qos}, sent with QoS ${message.qos}` }];
  });
}

/** Session Present tells the truth [MQTT-3.2.2-2] [MQTT-3.2.2-3]. */
function findWrongGreetings({ greetings }: History): readonly Fault[] {
  return greetings
    .filter(({ expected, found }) => expected !== undefined && expected !== found)
    .map(({ client, found }) => ({
      kind: 'session-present',
      sentence: `${client} was told that its session is ${found ? 'there, though it should not be' : 'not there'}`,
    }));
}

/** Whoever subscribes and asks for retained messages gets what was there. */
function findRetainedOwed(
  writes: ReadonlyMap<string, readonly SentMessage[]>,
  { beganAt }: History,
  audience: Audience,
): readonly Fault[] {
  const greeted = audience.copies.filter(({ retain }) => retain);
  return audience.subscriptions.flatMap(({ filter, wantsRetained, requestedAt, grantedAt, cancelRequestedAt }) => {
    if (!wantsRetained || grantedAt === undefined || requestedAt < beganAt) return [];
    // One that ended early need not have got them all.
    if (cancelRequestedAt !== undefined || audience.endedAt !== undefined) return [];
    return [...writes].flatMap(([topic, onTopic]): readonly Fault[] => {
      const possible = possibleValues(onTopic, requestedAt, grantedAt);
      const [oldest] = possible;
      if (!matches(filter, topic) || oldest === undefined || possible.some(isNothing)) return [];
      const isThere = greeted.some(
        (copy) => copy.topic === topic && copy.at > requestedAt && copy.number >= oldest.number,
      );
      const sentence = `${audience.name} subscribed to ${filter} and never got the retained ${show(oldest)}`;
      return isThere ? [] : [{ kind: 'retained', sentence }];
    });
  });
}

/** A retained message is the last acknowledged write to its topic, or one that was sent after it. */
function findWrongRetained(writes: ReadonlyMap<string, readonly SentMessage[]>, { looks }: History): readonly Fault[] {
  return looks.flatMap(({ at, found }) => {
    const unknown = [...found]
      .filter(([topic]) => !writes.has(topic))
      .map(
        ([topic, label]): Fault => ({
          kind: 'phantom',
          sentence: `${topic} retains ${labelKey(label)}, which nobody sent`,
        }),
      );
    const wrong = [...writes].flatMap(([topic, onTopic]): readonly Fault[] => {
      const value = found.get(topic);
      const possible = possibleValues(onTopic, at, at);
      const isRight = possible.some((write) =>
        value === undefined ? isNothing(write) : write !== undefined && !write.isClear && isSame(write, value),
      );
      const wanted = possible.map((write) => (isNothing(write) ? 'nothing' : labelKey(write))).join(' or ');
      const sentence = `${topic} retains ${value === undefined ? 'nothing' : labelKey(value)} instead of ${wanted}`;
      return isRight ? [] : [{ kind: 'retained', sentence }];
    });
    return [...unknown, ...wrong];
  });
}

/** The writes to each topic, in their order: a retained topic has one publisher. */
function writesByTopic({ messages }: History): ReadonlyMap<string, readonly SentMessage[]> {
  return Map.groupBy(
    messages.filter(({ retain }) => retain),
    ({ topic }) => topic,
  );
}

/**
 * What a topic may have retained at some moment between two: the write that was acknowledged last, and those after it.
 * `undefined`: nothing, since no write need have taken place.
 */
function possibleValues(
  writes: readonly SentMessage[],
  from: Moment,
  to: Moment,
): readonly (SentMessage | undefined)[] {
  const certain = writes.findLastIndex(({ acknowledgedAt }) => acknowledgedAt !== undefined && acknowledgedAt <= from);
  const later = writes.slice(certain + 1).filter(({ sentAt }) => sentAt < to);
  return [writes[certain], ...later];
}

function isNothing(write: SentMessage | undefined): write is undefined {
  return write === undefined || write.isClear;
}

/** The QoS with which the message must come; 0: it need not. */
function qosOwed(message: SentMessage, subscriptions: readonly SubscriptionHistory[]): number {
  const { acknowledgedAt, sentAt, topic, qos } = message;
  if (acknowledgedAt === undefined) return 0;
  const granted = subscriptions
    .filter((each) => each.grantedAt !== undefined && each.grantedAt < sentAt)
    .filter((each) => each.cancelRequestedAt === undefined || acknowledgedAt < each.cancelRequestedAt)
    .filter((each) => matches(each.filter, topic))
    .map((each) => each.qos);
  return Math.min(qos, Math.max(0, ...granted));
}

/** Whether the message may have come through the subscription. */
function mayReach(message: SentMessage, { filter, requestedAt, cancelledAt }: SubscriptionHistory): boolean {
  const { acknowledgedAt, sentAt, topic } = message;
  if (acknowledgedAt !== undefined && acknowledgedAt < requestedAt) return false;
  if (cancelledAt !== undefined && cancelledAt < sentAt) return false;
  return matches(filter, topic);
}

/** Whether the copy may have come from the retained messages that the subscription asked for. */
function mayBeGreeted(message: SentMessage, copy: Copy, subscription: SubscriptionHistory): boolean {
  const { wantsRetained, requestedAt, filter } = subscription;
  return wantsRetained && message.retain && copy.at > requestedAt && matches(filter, message.topic);
}

/** Whether the message was settled when it was checked before. */
function isSettled({ settledTo }: Pick<History, 'settledTo'>, { publisher, number }: Label): boolean {
  return number <= (settledTo.get(publisher) ?? -1);
}

function isSame(one: Label, other: Label): boolean {
  return one.publisher === other.publisher && one.number === other.number;
}

function show(message: SentMessage): string {
  return `${labelKey(message)} (${message.topic}, QoS ${message.qos})`;
}
