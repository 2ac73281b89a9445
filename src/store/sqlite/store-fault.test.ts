import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { damagedRow, type FaultKind, faultOf, StoreFault } from './store-fault.ts';

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('what SQLite says'), { code: 'ERR_SQLITE_ERROR', errcode });
}

describe('the fault that an error of SQLite means', () => {
  const kinds: readonly (readonly [code: number, name: string, kind: FaultKind])[] = [
    [13, 'SQLITE_FULL', 'full'],
    [4874, 'SQLITE_IOERR_SHMSIZE', 'full'],
    [10, 'SQLITE_IOERR', 'failed'],
    [1034, 'SQLITE_IOERR_FSYNC', 'failed'],
    [5, 'SQLITE_BUSY', 'failed'],
    [8, 'SQLITE_READONLY', 'failed'],
    [11, 'SQLITE_CORRUPT', 'damaged'],
    [267, 'SQLITE_CORRUPT_VTAB', 'damaged'],
    [26, 'SQLITE_NOTADB', 'damaged'],
    [1, 'SQLITE_ERROR', 'damaged'],
    [1555, 'SQLITE_CONSTRAINT_PRIMARYKEY', 'damaged'],
  ];
  for (const [code, name, kind] of kinds) {
    it(`${name} is '${kind}'`, () => {
      const fault = faultOf(sqliteError(code), 'writing a batch');
      assert.ok(fault instanceof StoreFault);
      assert.equal(fault.kind, kind);
      assert.equal(fault.message, 'SQLite reports an error while writing a batch: what SQLite says.');
    });
  }

  it('a number that no row of ours holds is damage', () => {
    const error = Object.assign(new RangeError('too large'), { code: 'ERR_OUT_OF_RANGE' });
    assert.equal((faultOf(error, 'reading') as StoreFault).kind, 'damaged');
  });

  it('a bug stays a bug, and a fault what it is', () => {
    const bug = new TypeError('undefined is not a function');
    assert.equal(faultOf(bug, 'reading'), bug);
    const fault = damagedRow('page', 'id 3', 'it is not there');
    assert.equal(faultOf(fault, 'reading'), fault);
    assert.deepEqual([fault.table, fault.row, fault.message], ['page', 'id 3', 'Table page, id 3: it is not there.']);
  });
});
