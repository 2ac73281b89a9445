// Histories written by hand, for the tests of the checks: a publisher `p` that publishes to `t` with QoS 2, a subscriber `s` that took
// everything in one life, and all went well; a test says what is different.

import type { History, PublishedMessage, Taker, Taking } from './history.ts';

/** A message that is stored. */
export function message(number: number, change: Partial<PublishedMessage> = {}): PublishedMessage {
  return { publisher: 'p', number, topic: 't', qos: 2, isStored: true, ...change };
}

/** `message(number)`, processed once under a key of its own. */
export function taking(number: number, change: Partial<Taking> = {}): Taking {
  return { publisher: 'p', number, topic: 't', qos: 2, key: 100 + number, life: 1, ...change };
}

/** A subscriber that processed these. */
export function taker(takings: readonly Taking[], change: Partial<Taker> = {}): Taker {
  return { name: 's', subscriptions: [{ filter: 't', qos: 2 }], keyBefore: -1, takings, ...change };
}

/** A history of these messages and subscribers. */
export function history(
  messages: readonly PublishedMessage[],
  takers: readonly Taker[],
  change: Partial<History> = {},
): History {
  return { messages, settledTo: new Map(), takers, complaints: [], ...change };
}
