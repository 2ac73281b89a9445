// Histories written by hand, for the tests of the checks: a publisher `p` that sends to `t`, a session `s` that subscribed to
// it before, and all went well; a test says what is different.

import type { Audience, Copy, History, SentMessage, SubscriptionHistory } from './history.ts';

/** A subscription that was in force before anything else. */
export function subscription(change: Partial<SubscriptionHistory> = {}): SubscriptionHistory {
  return {
    filter: 't',
    qos: 2,
    wantsRetained: false,
    requestedAt: 1,
    grantedAt: 2,
    cancelRequestedAt: undefined,
    cancelledAt: undefined,
    ...change,
  };
}

/** A message: the one with number 0 is sent at 10 and acknowledged at 15, and so on in steps of ten. */
export function message(number: number, change: Partial<SentMessage> = {}): SentMessage {
  return {
    publisher: 'p',
    number,
    topic: 't',
    qos: 2,
    retain: false,
    isClear: false,
    sentAt: 10 + number * 10,
    isSentAgain: false,
    acknowledgedAt: 15 + number * 10,
    ...change,
  };
}

/** A copy of `message(number)`, just in time. */
export function copy(number: number, change: Partial<Copy> = {}): Copy {
  return { publisher: 'p', number, topic: 't', qos: 2, dup: false, retain: false, at: 18 + number * 10, ...change };
}

/** A session that got these. */
export function session(copies: readonly Copy[], change: Partial<Audience> = {}): Audience {
  return { name: 's', isGroup: false, subscriptions: [subscription()], copies, endedAt: undefined, ...change };
}

/** A history of these messages and audiences. */
export function history(
  messages: readonly SentMessage[],
  audiences: readonly Audience[],
  change: Partial<History> = {},
): History {
  return { beganAt: 0, messages, settledTo: new Map(), audiences, greetings: [], looks: [], complaints: [], ...change };
}
