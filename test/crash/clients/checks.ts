// What must hold of a history of client processes, one function per promise. Each says what is wrong, in sentences: an empty
// list is a clean run. They know nothing of how the history came about.
//
// A message whose `stored` was fulfilled must arrive; one that was only tried may. An application that was killed between
// processing and acknowledging sees the message again: that is no fault as long as the key is the same, for then the application
// can tell. All else that comes twice with QoS 2 is one.

import { type Label, labelKey } from '../label.ts';
import { matches } from '../matches.ts';
import type { History, PublishedMessage, Taker, Taking } from './history.ts';

/** What a check found. */
export interface Fault {
  readonly kind: 'lost' | 'twice' | 'key' | 'out-of-order' | 'phantom' | 'complaint';
  readonly sentence: string;
}

/** Everything that is wrong with a history. */
export function findFaults(history: History): readonly Fault[] {
  const messages = new Map(history.messages.map((message) => [labelKey(message), message]));
  return [
    ...history.complaints.map((sentence): Fault => ({ kind: 'complaint', sentence })),
    ...history.takers.flatMap((taker) => [
      ...findLost(history, taker),
      ...findTwice(history, taker),
      ...findWrongKeys(taker),
      ...findDisorder(history, taker),
      ...findPhantoms(messages, history, taker),
    ]),
  ];
}

/** The messages that a taker must have and has not. */
export function missingMessages({ messages }: Pick<History, 'messages'>, taker: Taker): readonly PublishedMessage[] {
  const taken = new Set(taker.takings.map(labelKey));
  return messages.filter(
    (message) => message.isStored && !taken.has(labelKey(message)) && qosFor(taker, message) !== undefined,
  );
}

/** The QoS with which a message comes to a taker; `undefined`: not at all. */
function qosFor({ subscriptions }: Taker, { topic, qos }: PublishedMessage): 1 | 2 | undefined {
  const granted = subscriptions.find(({ filter }) => matches(filter, topic))?.qos;
  return granted === 1 ? granted : granted && qos;
}

/** What is stored arrives. */
function findLost(history: History, taker: Taker): readonly Fault[] {
  return missingMessages(history, taker).map((message) => ({
    kind: 'lost',
    sentence: `${taker.name} never got ${labelKey(message)} (${message.topic}, QoS ${message.qos})`,
  }));
}

/** What comes with QoS 2 has one key, whenever it comes again [MQTT-4.3.3-10]. */
function findTwice({ settledTo }: History, taker: Taker): readonly Fault[] {
  const keys = new Map<string, number>();
  return taker.takings.flatMap((taking): readonly Fault[] => {
    if (taking.qos !== 2) return [];
    const label = labelKey(taking);
    const before = keys.get(label);
    keys.set(label, before ?? taking.key);
    if (isSettled(settledTo, taking)) {
      return [{ kind: 'twice', sentence: `${taker.name} got ${label} once more with QoS 2, long after it was done` }];
    }
    if (before === undefined || before === taking.key) return [];
    const sentence = `${taker.name} got ${label} with QoS 2 under key ${taking.key}, and before under key ${before}`;
    return [{ kind: 'twice', sentence }];
  });
}

/**
 * A key is one message's. In one life keys grow: nothing is handed over twice in it, nor out of turn, not even what comes from the inbox.
 * Over all lives a new message has a key above all that were seen.
 */
function findWrongKeys(taker: Taker): readonly Fault[] {
  const owners = new Map<number, string>();
  let highest = taker.keyBefore;
  let latest = { life: -1, key: -1 };
  return taker.takings.flatMap(({ life, key, ...label }): readonly Fault[] => {
    const what = labelKey(label);
    const owner = owners.get(key);
    const before = life === latest.life ? latest.key : -1;
    const highestBefore = highest;
    owners.set(key, owner ?? what);
    highest = Math.max(highest, key);
    latest = { life, key };
    if (owner !== undefined && owner !== what) {
      return [{ kind: 'key', sentence: `${taker.name} got ${what} under key ${key}, which was that of ${owner}` }];
    }
    if (key <= before) {
      return [{ kind: 'key', sentence: `${taker.name} got ${what} under key ${key} after key ${before} in one life` }];
    }
    if (owner !== undefined || key > highestBefore) return [];
    return [{ kind: 'key', sentence: `${taker.name} got ${what} first under key ${key}, after key ${highestBefore}` }];
  });
}

/** What comes for the first time keeps the order of a publisher's messages of one topic and QoS [MQTT-4.6.0-5]. */
function findDisorder({ messages, settledTo }: History, taker: Taker): readonly Fault[] {
  const published = new Map(messages.map((message) => [labelKey(message), message]));
  const seen = new Set<string>();
  const latest = new Map<string, Taking>();
  return taker.takings.flatMap((taking): readonly Fault[] => {
    const label = labelKey(taking);
    if (seen.has(label) || isSettled(settledTo, taking)) return [];
    seen.add(label);
    const stream = `${taking.publisher} ${taking.topic} ${published.get(label)?.qos}`;
    const before = latest.get(stream);
    if (before !== undefined && before.number > taking.number) {
      const sentence = `${taker.name} got ${label} (${taking.topic}, QoS ${taking.qos}) after ${labelKey(before)}`;
      return [{ kind: 'out-of-order', sentence }];
    }
    latest.set(stream, taking);
    return [];
  });
}

/** What comes was published so, and subscribed to. */
function findPhantoms(
  messages: ReadonlyMap<string, PublishedMessage>,
  { settledTo }: History,
  taker: Taker,
): readonly Fault[] {
  return taker.takings.flatMap((taking): readonly Fault[] => {
    // Of its kind only its number is known. With QoS 2 it is looked at elsewhere; with QoS 1 it may come again.
    if (isSettled(settledTo, taking)) return [];
    const message = messages.get(labelKey(taking));
    const what = `${taker.name} got ${labelKey(taking)} (${taking.topic}, QoS ${taking.qos})`;
    if (message === undefined) return [{ kind: 'phantom', sentence: `${what}, which nobody published` }];
    if (message.topic !== taking.topic) {
      return [{ kind: 'phantom', sentence: `${what}, which was published to ${message.topic}` }];
    }
    const qos = qosFor(taker, message);
    if (qos === taking.qos) return [];
    const expected = qos === undefined ? 'nobody subscribed to' : `was to come with QoS ${qos}`;
    return [{ kind: 'phantom', sentence: `${what}, which ${expected}` }];
  });
}

/** Whether every taker was done with the message before this history. */
function isSettled(settledTo: ReadonlyMap<string, number>, { publisher, number }: Label): boolean {
  return number <= (settledTo.get(publisher) ?? -1);
}
