// What a client with a store needs besides in a browser. It is loaded when a client is to have one (page-extras.ts).

import { OperationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { openClientStore } from '../client/client-store.ts';
import type { ClientExtras } from '../client/extras.ts';
import type { ClientParts } from '../client/parts.ts';
import type { DatabaseFactory, KeyRanges } from '../store/indexed-db/database.ts';
import { IndexedDbStore } from '../store/indexed-db/indexed-db-store.ts';
import type { Locks } from '../store/indexed-db/occupancy.ts';
import { later, PAGE_CLOCK, PAGE_RANDOM, setAlarm } from './page.ts';

/** What a page may have of what a store takes. */
interface Page {
  readonly indexedDB?: DatabaseFactory | undefined;
  readonly IDBKeyRange?: KeyRanges | undefined;
  readonly navigator?: {
    /** Missing on pages that came over plain http, as is `storage`. */
    readonly locks?: Locks | undefined;
    readonly storage?: StorageFacts | undefined;
  };
}

interface StorageFacts {
  estimate(): Promise<{ readonly quota?: number | undefined; readonly usage?: number | undefined }>;
}

/** How stores are made, and opened as a client's. */
export interface PageStores {
  readonly makeStore: ClientParts['makeStore'];
  readonly openStore: ClientExtras['openStore'];
}

const PAGE: Page = globalThis;

/**
 * Stores in IndexedDB.
 * @throws {OperationError} `store-unavailable`: the page has none.
 */
export function pageStores(log: Log): PageStores {
  const { indexedDB: factory, IDBKeyRange: keyRanges, navigator } = PAGE;
  if (factory === undefined || keyRanges === undefined) {
    throw new OperationError('store-unavailable', 'There is no IndexedDB here, in which a store could be.');
  }
  const roomBytes = async (): Promise<number | undefined> => {
    const { quota, usage } = (await navigator?.storage?.estimate()) ?? {};
    return quota === undefined || usage === undefined ? undefined : quota - usage;
  };
  const holder = Array.from(PAGE_RANDOM.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const [clock, locks] = [PAGE_CLOCK, navigator?.locks];
  const parts = { factory, keyRanges, locks, roomBytes, clock, later, setAlarm, holder, log };
  return { makeStore: (name) => new IndexedDbStore(`vouch/${name}`, parts), openStore: openClientStore };
}
