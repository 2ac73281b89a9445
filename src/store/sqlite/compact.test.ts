// A store that is written anew is the same store, and smaller.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { millis } from '../../base/millis.ts';
import { checkStore } from './check.ts';
import { compactStore } from './compact.ts';
import type { DataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { exportStore } from './export.ts';
import { writeFailedMarker } from './failed-marker.ts';
import { makeSampleStore, openStore, sampleMessage } from './sample-store.fixture.ts';

function exportOf(directory: DataDirectory): string {
  return [...exportStore(directory.path, false, () => {})].join('');
}

test('a compacted store has the same content and no free pages, in one file', (context) => {
  const directory = temporaryDataDirectory(context);
  makeSampleStore(directory);
  const store = openStore(directory);
  for (let i = 0; i < 100; i++)
    store.writer.saveRetained({ ...sampleMessage(0), topic: `t/${i}`, payload: Buffer.alloc(5000) });
  store.apply();
  for (let i = 0; i < 100; i++) store.writer.deleteRetained(`t/${i}`);
  store.apply();
  store.close();
  const before = exportOf(directory);

  const { bytesBefore, bytesAfter } = compactStore(directory.path, () => {});
  assert(bytesBefore > 500_000 && bytesAfter < 100_000, `${bytesBefore} ${bytesAfter}`);
  assert.deepEqual(readdirSync(directory.path).toSorted(), ['lock.db', 'vouch.db']);
  assert.equal(exportOf(directory), before);
  assert.equal(checkStore(directory.path, undefined, () => {}).state, 'sound');
});

test('a store that is in use, not accepted or not there is not compacted', (context) => {
  const directory = temporaryDataDirectory(context);
  const compact = () => compactStore(directory.path, () => {});
  assert.throws(compact, { code: 'store-unavailable' });
  const store = openStore(directory);
  assert.throws(compact, { code: 'store-in-use' });
  store.close();
  writeFailedMarker(directory, 'Something.', millis(0));
  assert.throws(compact, { code: 'store-not-accepted' });
});

test('a path with a quote in it is compacted like others', (context) => {
  const root = temporaryDataDirectory(context);
  const store = openStore({ ...root, path: `${root.path}/it's` });
  store.close();
  compactStore(store.directory.path, () => {});
});
