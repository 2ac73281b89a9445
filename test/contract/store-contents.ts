// Everything that is in a store, with all queues read, in a form that can be compared.

import assert from 'node:assert/strict';

import type { Message } from '../../src/packet/message.ts';
import type {
  QueuedDelivery,
  QueueSize,
  RecipientKey,
  RecoveredGroup,
  RecoveredSession,
  RecoveredWill,
  Store,
} from '../../src/store/contract.ts';
import { type Open, open, readPage, type StorePlace } from './store-place.ts';
import { record } from './store-samples.ts';

/** A session with what waits for it. */
export type SessionContents = Omit<RecoveredSession, 'queue'> & { readonly queue: readonly QueuedDelivery[] };

/** A group with what waits for it. */
export type GroupContents = Omit<RecoveredGroup, 'queue'> & { readonly queue: readonly QueuedDelivery[] };

/** All that is in a store. */
export interface Contents {
  readonly sessions: readonly SessionContents[];
  readonly groups: readonly GroupContents[];
  readonly wills: readonly RecoveredWill[];
  readonly retained: readonly Message[];
}

/** Closes a store, and says what the next one over the same place finds. */
export async function reopened(place: StorePlace, store: Store): Promise<Contents> {
  await store.close();
  const next = await open(place);
  const found = await contentsOf(next);
  await next.store.close();
  return found;
}

/** What a store found that was just opened, in plain form. Every queue is as long as `open` said. */
export async function contentsOf({ store, recovered, told }: Open): Promise<Contents> {
  const sessions: SessionContents[] = [];
  for (const session of recovered.sessions)
    sessions.push({ ...session, queue: await wholeQueue(store, session.record.key, session.queue) });
  const groups: GroupContents[] = [];
  for (const group of recovered.groups)
    groups.push({ ...group, queue: await wholeQueue(store, group.record.key, group.queue) });
  return plain({ sessions, groups, wills: recovered.wills, retained: told.retained });
}

/** Reads a queue to its end, in pages small enough that there are some. */
async function wholeQueue(store: Store, key: RecipientKey, size: QueueSize): Promise<readonly QueuedDelivery[]> {
  const all: QueuedDelivery[] = [];
  for (let isLast = false; !isLast; ) {
    const page = await readPage(store, key, all.at(-1)?.messageId ?? 0, { messagesMax: 300, bytesMax: 50_000 });
    all.push(...page.deliveries);
    isLast = page.isLast;
  }
  const bytes = all.reduce((sum, { message }) => sum + message.payload.length, 0);
  assert.deepEqual({ messages: all.length, bytes }, size, `the size of the queue of ${key}`);
  return all;
}

/** The same with bytes and `undefined` as text, and in a fixed order where the contract has none. */
export function plain(contents: Contents): Contents {
  const byText = <T>(list: readonly T[], text: (each: T) => string): T[] =>
    list.toSorted((one, other) => (text(one) < text(other) ? -1 : 1));
  const byKey = <T>(list: readonly T[], key: (each: T) => number): T[] =>
    list.toSorted((one, other) => key(one) - key(other));
  return textual({
    sessions: byKey(contents.sessions, (each) => each.record.key).map((session) => ({
      ...session,
      subscriptions: byText(session.subscriptions, (each) => each.filter),
      exactlyOnceIds: session.exactlyOnceIds.toSorted((one, other) => one - other),
    })),
    groups: byKey(contents.groups, (each) => each.record.key),
    wills: byKey(contents.wills, (each) => each.key),
    retained: byText(contents.retained, (each) => each.topic),
  });
}

/** The same with bytes and `undefined` as text: whatever array bytes are a view of, they compare. */
export function textual<T>(value: T): T {
  const replace = (_: string, each: unknown): unknown => {
    if (each instanceof Uint8Array) return `bytes ${Buffer.from(each).toString('hex')}`;
    return each === undefined ? 'undefined' : each;
  };
  return JSON.parse(JSON.stringify(value, replace)) as T;
}

/** A session with nothing. */
export function bare(key: number): SessionContents {
  return { record: record(key), subscriptions: [], inFlight: [], queue: [], exactlyOnceIds: [] };
}

/** The one session that is there. */
export function onlySession({ sessions }: Contents): SessionContents {
  const [session, ...more] = sessions;
  assert.deepEqual(more, []);
  return session ?? assert.fail('there is a session');
}
