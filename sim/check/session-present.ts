// Session Present tells the truth, both ways (MQTT 5.0 sections 3.1.2.4, 3.2.2.1.1): a session that was promised is there after
// whatever crash, and one that has ended, by its expiry, by Clean Start or with its connection, is not.

import type { History } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import type { Violation } from './violation.ts';

/** Checks each CONNACK, and that no session ended for no reason. */
export function sessionPresent(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const found: Violation[] = [];
  for (const { standing } of digest.clients.values()) {
    for (const { connection, expected, why } of standing.greetings) {
      const present = connection.connack?.sessionPresent;
      if (expected === undefined || present === expected) continue;
      const sentence = `CONNACK of connection ${connection.number} told ${connection.client} session present ${present === true ? 1 : 0}, but ${why}.`;
      found.push({ checker: 'session-present', sentence, at: digest.at(connection.connackSent) });
    }
  }
  found.push(...lies(digest));
  return found;
}

function lies({ wrongEnds }: Digest): readonly Violation[] {
  return wrongEnds.map(({ client, at }) => ({
    checker: 'session-present',
    sentence: `The session of ${client} was said to have ended, though nothing had ended it.`,
    at,
  }));
}
