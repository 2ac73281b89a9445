// When all is quiet nothing is left that nobody is owed: no message in the queue or the outbox of anybody who is there, no session, subscription or
// Will but of those that should live.

import type { History } from '../history.ts';
import { type Digest, digestOf } from './digest.ts';
import type { SessionStanding } from './session-standing.ts';
import { NEVER } from './session-span.ts';
import type { Violation } from './violation.ts';

/** At least, at most. */
interface Range {
  min: number;
  max: number;
}

/** What there should be at the end. */
interface Expected {
  readonly connections: Range;
  readonly sessions: Range;
  readonly storedSessions: Range;
  readonly subscriptions: Range;
  readonly wills: Range;
  /** Somebody is away who is owed messages. */
  isSomebodyAway: boolean;
}

/** Checks the end state. */
export function growth(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const { end } = history;
  const found: Violation[] = [];
  const say = (sentence: string): void => void found.push({ checker: 'growth', sentence, at: digest.endAt });
  for (const { client, unsettled, stored } of end.clients) {
    if (unsettled > 0) say(`${client} has ${unsettled} messages that are not settled.`);
    if (stored > 0) say(`${client} has ${stored} messages in its store.`);
  }
  const expected = expect(digest);
  const judge = (name: string, count: number, { min, max }: Range): void => {
    if (count < min || count > max)
      say(`The broker has ${count} ${name}; ${min === max ? min : `${min} to ${max}`} should be there.`);
  };
  const { sizes, stored } = end;
  judge('connections', sizes.connections, expected.connections);
  judge('sessions', sizes.sessions, expected.sessions);
  judge('subscriptions', sizes.subscriptions, expected.subscriptions);
  judge('sessions in its store', stored.sessions, expected.storedSessions);
  judge('Wills in its store', stored.wills, expected.wills);
  if (expected.isSomebodyAway) return found;
  judge('messages in queues', sizes.queuedMessages, NOTHING);
  judge('bytes in queues', sizes.queuedBytes, NOTHING);
  judge('messages in its store', stored.messages, NOTHING);
  judge('deliveries in its store', stored.deliveries, NOTHING);
  return found;
}

const NOTHING: Range = { min: 0, max: 0 };

function expect(digest: Digest): Expected {
  const expected: Expected = {
    connections: { min: 0, max: 0 },
    sessions: { min: 0, max: 0 },
    storedSessions: { min: 0, max: 0 },
    subscriptions: { min: 0, max: 0 },
    wills: { min: 0, max: 0 },
    isSomebodyAway: false,
  };
  const groupsForSure = new Set<string>();
  const groupsPerhaps = new Set<string>();
  for (const { standing, connections } of digest.clients.values()) {
    const { connection, latest } = standing;
    const isThere = isThereAtEnd(digest, standing);
    const isPersistent = latest?.isPersistent === true;
    add(expected.connections, connection !== undefined, connection !== undefined);
    add(expected.sessions, isThere === true, isThere !== false);
    add(expected.storedSessions, isThere === true && isPersistent, isThere !== false && isPersistent);
    const hasWill = connection?.request?.will !== undefined;
    const hadWill = connections.some(({ request }) => request?.will !== undefined);
    add(expected.wills, hasWill, hasWill || (connection === undefined && hadWill));
    if (isThere !== false && connection === undefined) expected.isSomebodyAway = true;
    if (isThere === false || latest === undefined) continue;
    const sure = new Set<string>();
    const perhaps = new Set<string>();
    for (const { filter, isShared, sureFrom, sureTo, possibleFrom, possibleTo } of latest.subscriptions) {
      const isSure = isThere === true && latest.lasts && sureFrom !== NEVER && sureTo === NEVER;
      const isPossible = possibleTo === NEVER && possibleFrom !== NEVER;
      if (isSure) (isShared ? groupsForSure : sure).add(filter);
      if (isPossible) (isShared ? groupsPerhaps : perhaps).add(filter);
    }
    expected.subscriptions.min += sure.size;
    expected.subscriptions.max += perhaps.size;
  }
  expected.subscriptions.min += groupsForSure.size;
  expected.subscriptions.max += groupsPerhaps.size;
  return expected;
}

/** The run may have lasted longer than its last event: who is away may have expired since. */
function isThereAtEnd({ endAt }: Digest, standing: SessionStanding): boolean | undefined {
  const isThere = standing.isThereAt(endAt);
  return isThere === true && standing.connection === undefined ? undefined : isThere;
}

function add(range: Range, isSure: boolean, isPossible: boolean): void {
  if (isSure) range.min++;
  if (isPossible) range.max++;
}
