import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { DatabaseSync } from '../../src/store/sqlite/node-sqlite.ts';
import { newDirectory } from './disk-rig.fixture.ts';
import { LogWatch } from './log-watch.ts';

test('a commit is seen in the log, once, also where the log has begun anew; one that changes nothing is not there', (context) => {
  const directory = newDirectory();
  const file = path.join(directory, 'a.db');
  const watch = new LogWatch(`${file}-wal`);
  assert.equal(watch.hasGrown(), false, 'there is no log');
  const database = new DatabaseSync(file);
  context.after(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (k INTEGER PRIMARY KEY, v)');
  const grows = (sql: string): boolean => {
    database.exec(sql);
    const hasGrown = watch.hasGrown();
    assert.equal(watch.hasGrown(), false, 'nothing happened since');
    return hasGrown;
  };
  assert.equal(grows("INSERT INTO t VALUES (1, 'a'), (2, zeroblob(20000))"), true);
  assert.equal(grows("UPDATE t SET v = 'b' WHERE k = 1"), true);
  assert.equal(grows("UPDATE t SET v = 'b' WHERE k = 1"), false);
  assert.equal(grows("BEGIN; UPDATE t SET v = 'c'; ROLLBACK"), false);
  for (const how of ['RESTART', 'TRUNCATE']) {
    assert.equal(grows(`PRAGMA wal_checkpoint(${how})`), false);
    assert.equal(grows(`UPDATE t SET v = '${how}' WHERE k = 1`), true);
    assert.equal(grows(`UPDATE t SET v = '${how}' WHERE k = 1`), false);
  }
});
