// The reserve. A disk without room is /dev/full, in place of the file.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';

import { dataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { takeReserve } from './reserve.ts';

const BYTES = 3_000_000;

test('the reserve takes its space with bytes that do not compress, readable for its user alone', (context) => {
  const directory = temporaryDataDirectory(context);
  assert(takeReserve(directory, BYTES).isHeld);
  assert.deepEqual([statSync(directory.reserve).size, statSync(directory.reserve).mode & 0o777], [BYTES, 0o600]);
  assert(statSync(directory.reserve).blocks * 512 >= BYTES, 'it is not sparse');
  assert(deflateSync(readFileSync(directory.reserve)).length > 0.99 * BYTES);
});

test('a reserve is given up, and taken again', (context) => {
  const directory = temporaryDataDirectory(context);
  const reserve = takeReserve(directory, BYTES);
  reserve.release();
  assert.deepEqual([reserve.isHeld, existsSync(directory.reserve)], [false, false]);
  assert.deepEqual([reserve.regain(), reserve.isHeld], [true, true]);
  assert.equal(statSync(directory.reserve).size, BYTES);
});

test('a reserve of the right size is kept as it is, and one of another size is written anew', (context) => {
  const directory = temporaryDataDirectory(context);
  writeFileSync(directory.reserve, new Uint8Array(BYTES));
  assert(takeReserve(directory, BYTES).isHeld);
  assert.equal(readFileSync(directory.reserve)[0], 0);
  writeFileSync(directory.reserve, new Uint8Array(BYTES - 1));
  assert(takeReserve(directory, BYTES).isHeld);
  assert.equal(statSync(directory.reserve).size, BYTES);
});

test('without a reserve nothing is written, and one that was there is given up', (context) => {
  const directory = temporaryDataDirectory(context);
  takeReserve(directory, BYTES);
  const reserve = takeReserve(directory, 0);
  assert.deepEqual([reserve.isHeld, existsSync(directory.reserve)], [true, false]);
  reserve.release();
  assert(reserve.regain());
});

test('a disk that has no room for the reserve and some more gives none, and nothing is written to it', (context) => {
  const directory = temporaryDataDirectory(context);
  const reserve = takeReserve(directory, 2 ** 60);
  assert.deepEqual([reserve.isHeld, existsSync(directory.reserve)], [false, false]);
  assert.equal(reserve.regain(), false);
});

test('a disk that says it has room and has none gives none, and nothing is left behind', {
  skip: existsSync('/dev/full') ? false : 'needs /dev/full',
}, (context) => {
  const directory = temporaryDataDirectory(context);
  const reserve = takeReserve(directory, BYTES);
  reserve.release();
  symlinkSync('/dev/full', directory.reserve);
  assert.deepEqual([reserve.regain(), existsSync(directory.reserve)], [false, false]);
  assert(reserve.regain(), 'later there is room');
});

test('a disk that fails otherwise is told with the path', (context) => {
  const directory = temporaryDataDirectory(context);
  const reserve = takeReserve(directory, BYTES);
  reserve.release();
  symlinkSync('/dev/null/nothing', directory.reserve);
  assert.throws(() => reserve.regain(), { code: 'store-unavailable', message: /^Cannot write .*reserve: / });
  assert.throws(() => takeReserve(dataDirectory(`${directory.path}/gone`), BYTES), { code: 'store-unavailable' });
});
