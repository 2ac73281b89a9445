// Where the suite for stores finds a store: places, and opening stores over them one after another. A kind of store
// joins the suite by a function that makes places, and by what it can be made to do (`storeContract` in store.ts).

import type { OperationError } from '../../src/base/errors.ts';
import type { Message } from '../../src/packet/message.ts';
import type {
  Batch,
  MessageId,
  PageSize,
  QueuePage,
  RecipientKey,
  Recovered,
  Store,
} from '../../src/store/contract.ts';

/**
 * What a kind of store does besides: `elide` a message that everybody settles in the turn of its `append`, `crash`,
 * have a `full` disk, have a disk that can `break`. The place of a store that can has the method for it.
 */
export type Ability = 'elide' | 'crash' | 'full' | 'break';

/**
 * Where stores of one kind keep things: a directory, a worker's state, or just a store that is opened again.
 * Clocks that the stores are handed stand still, on whole milliseconds, so that moments come back as they were.
 */
export interface StorePlace {
  /** A store over this place that is not open yet. The one before it is closed, or crashed. */
  makeStore(): Store;
  /** For a store that announces durability only when it is told to: everything so far is durable. */
  commit?(store: Store): void;
  /**
   * Kills the open store here and now, whatever it is doing. Nothing more comes from it; the next store over this
   * place finds what was durable, and no more than a prefix of the turns.
   */
  crash?(store: Store): Promise<void>;
  /** Makes the open store's disk full, or not full any more. */
  setFull?(store: Store, isFull: boolean): void;
  /** Makes the open store's disk fail: at the next change at the latest, or at once. */
  breakDisk?(store: Store): void;
  /** Gives up what the place took. */
  remove(): Promise<void>;
}

/** What an owner was told. */
export interface Told {
  readonly durable: readonly Batch[];
  readonly full: readonly boolean[];
  readonly failed: readonly OperationError[];
  readonly opening: readonly number[];
  readonly retained: readonly Message[];
}

/** An open store, and what it found. */
export interface Open {
  readonly store: Store;
  readonly recovered: Recovered;
  readonly told: Told;
  /** Waits until a batch is durable. */
  readonly untilDurable: (batch: Batch) => Promise<void>;
  /** Waits until the owner was told something that makes the condition true. */
  readonly untilTold: (condition: () => boolean) => Promise<void>;
}

/** Opens a store over a new place. */
export type OpenNew = () => Promise<Open & { readonly place: StorePlace }>;

/** A kind of store under the suite. */
export interface StoreKind {
  readonly openNew: OpenNew;
  readonly abilities: readonly Ability[];
}

/** Opens the next store over a place. */
export async function open(place: StorePlace): Promise<Open> {
  const store = place.makeStore();
  const durable: Batch[] = [];
  const full: boolean[] = [];
  const failed: OperationError[] = [];
  const opening: number[] = [];
  const retained: Message[] = [];
  let wake = (): void => {};
  const tell = <T>(list: T[]): ((...said: T[]) => void) => {
    return (...said) => {
      list.push(...said);
      wake();
    };
  };
  const recovered = await store.open({
    restoreRetained: (messages) => void retained.push(...messages),
    opening: tell(opening),
    durable: tell(durable),
    full: tell(full),
    failed: tell(failed),
  });
  const untilTold = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const untilDurable = async (batch: Batch): Promise<void> => {
    // What is told to become durable is what whole turns changed.
    if (place.commit !== undefined) await nextTurn();
    place.commit?.(store);
    await untilTold(() => store.durable >= batch);
  };
  return { store, recovered, told: { durable, full, failed, opening, retained }, untilDurable, untilTold };
}

/** The next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** No bounds. */
export const EVERYTHING: PageSize = { messagesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };

/** Reads a page of a queue. */
export function readPage(store: Store, key: RecipientKey, after: MessageId, size: PageSize): Promise<QueuePage> {
  return new Promise((resolve) => {
    store.read(key, after, size, resolve);
  });
}

/** The numbers of the messages in a page of a queue, oldest first, and whether that was all. */
export async function readIds(
  store: Store,
  key: RecipientKey,
  after: MessageId = 0,
  size: Partial<PageSize> = {},
): Promise<readonly [ids: readonly MessageId[], isLast: boolean]> {
  const { deliveries, isLast } = await readPage(store, key, after, { ...EVERYTHING, ...size });
  return [deliveries.map(({ messageId }) => messageId), isLast];
}
