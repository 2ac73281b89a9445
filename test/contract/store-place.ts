// What the suite for stores works with: places, opening and closing over them, and what was found in a form
// that can be compared.

import assert from 'node:assert/strict';

import type { Batch, Recovered, RecoveredSession, Store } from '../../src/store/contract.ts';
import { record } from './store-changes.ts';

/** Where stores of one kind keep things. */
export interface StorePlace {
  /** A store over this place that is not open yet. The one before it is closed. */
  makeStore(): Store;
  /** For a store that announces durability only when it is told to. */
  commit?(store: Store): void;
  /** Gives up what the place took. */
  remove(): Promise<void>;
}

/** An open store, and what it found. */
export interface Open {
  readonly store: Store;
  readonly recovered: Recovered;
  /** What it announced so far. */
  readonly announced: readonly Batch[];
  /** Waits until a batch is durable. */
  readonly untilDurable: (batch: Batch) => Promise<void>;
}

/** Opens a store over a new place. */
export type OpenNew = () => Promise<Open & { readonly place: StorePlace }>;

export async function open(place: StorePlace): Promise<Open> {
  const store = place.makeStore();
  const announced: Batch[] = [];
  let wake = (): void => {};
  const recovered = await store.open((durable) => {
    announced.push(durable);
    wake();
  });
  const untilDurable = async (batch: Batch): Promise<void> => {
    place.commit?.(store);
    while (store.durable < batch) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { store, recovered, announced, untilDurable };
}

/** Closes a store, and says what the next one over the same place finds. */
export async function reopened(place: StorePlace, store: Store): Promise<Recovered> {
  await store.close();
  const next = await open(place);
  await next.store.close();
  return plain(next.recovered);
}

/** The one session that is there. */
export function onlySession(recovered: Recovered): RecoveredSession {
  const [session, ...more] = recovered.sessions;
  assert.deepEqual(more, []);
  return session ?? assert.fail('there is a session');
}

/** The same with plain arrays of bytes, and in a fixed order where the contract has none. */
export function plain(recovered: Recovered): Recovered {
  const bytes = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array
      ? `bytes ${Buffer.from(value).toString('hex')}`
      : value === undefined
        ? 'undefined'
        : value;
  const byText = <T>(list: readonly T[], text: (each: T) => string): T[] =>
    list.toSorted((one, other) => (text(one) < text(other) ? -1 : 1));
  const sorted: Recovered = {
    ...recovered,
    retained: byText(recovered.retained, (each) => each.topic),
    sessions: byText(recovered.sessions, (each) => `${each.record.key}`).map((session) => ({
      ...session,
      subscriptions: byText(session.subscriptions, (each) => each.filter),
      exactlyOnceIds: session.exactlyOnceIds.toSorted((one, other) => one - other),
      // Those past PUBREC have an order of their own; in between the others they have none.
      deliveries: session.deliveries.toSorted(
        (one, other) => Number(other.state === 'awaiting-pubcomp') - Number(one.state === 'awaiting-pubcomp'),
      ),
    })),
  };
  return JSON.parse(JSON.stringify(sorted, bytes)) as Recovered;
}

/** A session with nothing. */
export function bare(key: number): RecoveredSession {
  return { record: record(key), subscriptions: [], deliveries: [], exactlyOnceIds: [], will: undefined };
}
