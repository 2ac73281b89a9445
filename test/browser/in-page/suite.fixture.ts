// The suite for stores as a page runs it, on the IndexedDB of its browser. Crashes are for client.test.ts to show, where real pages die.

// oxlint-disable-next-line import/no-unassigned-import -- It is there for what it does, before the suite is loaded.
import './globals.fixture.ts';
import type { DatabaseFactory, KeyRanges } from '../../../src/store/indexed-db/database.ts';
import { pagePlace } from '../../contract/page-place.ts';
import { storeContract } from '../../contract/store.ts';
import { runTests } from './node-test.fixture.ts';

/** What the page has; the types of the web are not to be had here. */
const { indexedDB: disk, IDBKeyRange: keyRanges } = globalThis as unknown as {
  readonly indexedDB: DatabaseFactory;
  readonly IDBKeyRange: KeyRanges;
};

Object.assign(globalThis, { runTests });

let places = 0;
const makePlace = (): ReturnType<typeof pagePlace> => pagePlace(disk, keyRanges, `place-${++places}`);
storeContract('the store of a page', () => Promise.resolve(makePlace()), ['elide', 'full', 'break']);
