import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { temporaryDirectory } from './directory.fixture.ts';
import { EntryPage } from './entry-page.ts';
import type { DatabaseSync } from './node-sqlite.ts';
import { StoredPages } from './page-shelf.ts';
import { noProgress } from './progress.ts';
import { RecipientQueue } from './recipient-queue.ts';
import { ownedCrc } from './row-crc.ts';
import { openDatabase } from './schema.ts';
import { WriteSet } from './write-set.ts';

const KEY = 5;

function newDatabase(context: TestContext): DatabaseSync {
  const file = path.join(temporaryDirectory(context), 'vouch.db');
  const database = openDatabase({ file, synchronous: 'normal', logBytesMax: 1_000_000 });
  context.after(() => database.close());
  return database;
}

/** Pages that are in the database, ten entries each and 20 bytes or so. */
function storedPages(database: DatabaseSync, count: number): EntryPage[] {
  const insert = database.prepare('INSERT INTO page VALUES (?, ?, ?, ?)');
  return Array.from({ length: count }, (_, index) => {
    const page = new EntryPage();
    for (let entry = 1; entry <= 10; entry++) page.append(index * 100 + entry * 2, 5, 0);
    const rowId = index + 1;
    insert.run(rowId, ownedCrc(rowId, KEY, page.entries()), KEY, page.entries());
    return EntryPage.found(rowId, page.length, 10, page.firstId, page.lastId);
  });
}

describe('the shelf of pages', () => {
  it('keeps no more in memory than it may, however many are read', (context) => {
    const database = newDatabase(context);
    const shelf = new StoredPages(database, new WriteSet(), 10, 100);
    const pages = storedPages(database, 50);
    for (let round = 0; round < 3; round++) {
      for (const page of pages) {
        shelf.load(page);
        const bytes = pages.reduce((sum, each) => sum + (each.bytes?.length ?? 0), 0);
        assert.ok(bytes <= 100);
      }
    }
  });

  it('reads what it has forgotten again', (context) => {
    const database = newDatabase(context);
    const shelf = new StoredPages(database, new WriteSet(), 10, 100);
    const pages = storedPages(database, 20);
    const first = pages[0] ?? assert.fail('there are pages');
    const before = shelf.load(first).slice();
    for (const page of pages) shelf.load(page);
    assert.equal(first.bytes, undefined);
    assert.deepEqual(shelf.load(first), before);
  });

  it('tells a row that is not there', (context) => {
    const shelf = new StoredPages(newDatabase(context), new WriteSet(), 10, 100);
    assert.throws(() => shelf.load(EntryPage.found(3, 5, 1, 1, 1)), /Table page, id 3: it is not there/);
  });

  it('gives numbers that no row has, and deletes only rows that there are', (context) => {
    const writes = new WriteSet();
    const shelf = new StoredPages(newDatabase(context), writes, 10, 100);
    const queue = new RecipientQueue(KEY, 'session', shelf, noProgress());
    shelf.found(7);
    const page = new EntryPage();
    shelf.save(queue, page);
    assert.equal(page.rowId, 8);
    shelf.drop(page);
    assert.deepEqual(writes.deletedPages, []);
    page.isSaved = true;
    shelf.drop(page);
    assert.deepEqual(writes.deletedPages, [8]);
  });
});
