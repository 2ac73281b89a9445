// An IndexedDB in memory for tests, with the types of the store: those of the web are not to be had here.

import * as fake from 'fake-indexeddb';

import type { DatabaseFactory, KeyRanges } from '../../src/store/indexed-db/database.ts';

const { IDBFactory: Factory, IDBKeyRange } = fake as unknown as {
  readonly IDBFactory: new () => DatabaseFactory;
  readonly IDBKeyRange: KeyRanges;
};

/** A browser's databases, all of them empty. */
export function makeFactory(): DatabaseFactory {
  return new Factory();
}

/** The page's `IDBKeyRange`. */
export const KEY_RANGES: KeyRanges = IDBKeyRange;
