// The store of a page under the suite for all stores, over an IndexedDB in memory. In a real browser it is under the same suite in
// test/browser/store.test.ts.

import { KEY_RANGES, makeFactory } from '../support/fake-indexed-db.ts';
import { pagePlace } from './page-place.ts';
import { storeContract } from './store.ts';

storeContract('the store of a page', () => Promise.resolve(pagePlace(makeFactory(), KEY_RANGES, 'store')), [
  'elide',
  'crash',
  'full',
  'break',
]);
