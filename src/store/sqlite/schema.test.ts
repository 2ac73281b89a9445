import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { temporaryDirectory } from './directory.fixture.ts';
import { DatabaseSync } from './node-sqlite.ts';
import { openAsItIs, openDatabase, pragma, SCHEMA_VERSION } from './schema.ts';
import { StoreFault } from './store-fault.ts';

const OPTIONS = { synchronous: 'full', logBytesMax: 1_000_000 } as const;

function temporaryFile(context: TestContext): string {
  return path.join(temporaryDirectory(context), 'vouch.db');
}

function isFault(kind: StoreFault['kind'], sentence: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreFault);
    assert.equal(error.kind, kind);
    assert.match(error.message, sentence);
    return true;
  };
}

describe('the database', () => {
  it('is made, and opened again, in the version of this code', (context) => {
    const file = temporaryFile(context);
    for (let run = 0; run < 2; run++) {
      const database = openDatabase({ file, ...OPTIONS });
      assert.equal(pragma(database, 'user_version'), SCHEMA_VERSION);
      database.close();
    }
  });

  it('syncs every commit, keeps its log until it is told, and is told to flush the drive on macOS', (context) => {
    const database = openDatabase({ file: temporaryFile(context), ...OPTIONS });
    assert.equal(pragma(database, 'synchronous'), 2);
    assert.equal(pragma(database, 'wal_autocheckpoint'), 0);
    assert.equal(pragma(database, 'fullfsync'), 1);
    assert.equal(pragma(database, 'checkpoint_fullfsync'), 1);
    database.close();
  });

  it('of a newer version is refused by its number', (context) => {
    const file = temporaryFile(context);
    const database = openDatabase({ file, ...OPTIONS });
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 41}`);
    database.close();
    const sentence = new RegExp(`tables are version ${SCHEMA_VERSION + 41}`);
    assert.throws(() => openDatabase({ file, ...OPTIONS }), isFault('newer', sentence));
  });

  it('of something else is left alone', (context) => {
    const file = temporaryFile(context);
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE notes (text)');
    other.close();
    const before = readFileSync(file);
    assert.throws(() => openDatabase({ file, ...OPTIONS }), isFault('unavailable', /something else/));
    assert.deepEqual(readFileSync(file), before);
  });

  it('that is empty while its log is not is damaged, and the log stays for who looks', (context) => {
    const file = temporaryFile(context);
    writeFileSync(file, '');
    writeFileSync(`${file}-wal`, 'something');
    assert.throws(() => openAsItIs(file), isFault('damaged', /is empty, and its log is not/));
    assert.equal(readFileSync(`${file}-wal`, 'utf8'), 'something');
  });

  it('that is none is damaged', (context) => {
    const file = temporaryFile(context);
    writeFileSync(file, 'This is a letter and not a database, though it is longer than the header of one. '.repeat(20));
    assert.throws(() => openDatabase({ file, ...OPTIONS }), isFault('damaged', /not a database/));
  });

  it('that cannot be made is unavailable', (context) => {
    const file = path.join(temporaryDirectory(context), 'missing', 'vouch.db');
    assert.throws(() => openDatabase({ file, ...OPTIONS }), isFault('unavailable', /cannot be opened/));
  });
});
