import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { DatabaseSync } from './node-sqlite.ts';
import { RowOrder } from './row-order.ts';
import { allRows, prepareRows, type Row } from './rows.ts';

function check(...rows: readonly Row[]): void {
  const order = new RowOrder('session');
  for (const row of rows) order.check(row);
}

describe('the order of rows', () => {
  it('is that of their numbers, none twice', () => {
    check([1], [2], [5]);
    assert.throws(() => check([1], [5], [5]), /Table session, 5: a row comes twice, or out of order/);
    assert.throws(() => check([1], [5], [2]), /out of order/);
  });

  it('is that of the texts beside equal numbers, and only of texts', () => {
    check([1, 'a'], [1, 'b'], [2, 'a']);
    assert.throws(() => check([1, 'b'], [1, 'a']), /out of order/);
    assert.throws(() => check([1, 5], [1, 6]), /out of order/);
  });

  it('is never told to be wrong by what SQLite orders, whatever characters there are', () => {
    const topics = ['a', 'b', 'ab', 'a/b', 'ä', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{1f600}', '漢字', 'Z'];
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE retained (topic TEXT PRIMARY KEY) STRICT, WITHOUT ROWID');
    for (const topic of topics) database.prepare('INSERT INTO retained VALUES (?)').run(topic);
    const rows = allRows(prepareRows(database, 'SELECT topic FROM retained'));
    assert.equal(rows.length, topics.length);
    check(...rows);
    database.close();
  });
});
