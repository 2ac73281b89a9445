// The note of a failed disk.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { millis } from '../../base/millis.ts';
import { dataDirectory } from './data-directory.ts';
import { temporaryDataDirectory } from './directory.fixture.ts';
import { readFailedMarker, refuseFailed, removeFailedMarker, writeFailedMarker } from './failed-marker.ts';

test('the note says when and what, and is refused with both and the command to run', (context) => {
  const directory = temporaryDataDirectory(context);
  assert(writeFailedMarker(directory, 'Committing failed: disk I/O error.', millis(Date.UTC(2026, 0, 2, 3, 4, 5))));
  const note = '2026-01-02T03:04:05.000Z Committing failed: disk I/O error.';
  assert.equal(readFileSync(directory.failed, 'utf8'), `${note}\n`);
  assert.equal(readFailedMarker(directory), note);
  assert.throws(() => refuseFailed(directory), {
    code: 'store-not-accepted',
    message:
      `The disk failed while ${directory.path} was in use: ${note}\n` +
      `See to the disk, then run: vouch store check --accept --data ${directory.path}`,
  });
});

test('without a note, or once it is removed, nothing is refused', (context) => {
  const directory = temporaryDataDirectory(context);
  refuseFailed(directory);
  writeFailedMarker(directory, 'Something.', millis(0));
  removeFailedMarker(directory);
  removeFailedMarker(directory);
  assert.equal(readFailedMarker(directory), undefined);
  refuseFailed(directory);
});

test('a note that the disk did not take counts by being there', (context) => {
  const directory = temporaryDataDirectory(context);
  writeFileSync(directory.failed, '');
  assert.throws(() => refuseFailed(directory), { code: 'store-not-accepted', message: /nothing more is known/ });
});

test('a disk that does not take the note is no error of its own', (context) => {
  const directory = dataDirectory(`${temporaryDataDirectory(context).path}/gone`);
  assert.equal(writeFailedMarker(directory, 'Something.', millis(0)), false);
});

test('only the beginning of a note is read', (context) => {
  const directory = temporaryDataDirectory(context);
  writeFileSync(directory.failed, 'x'.repeat(100_000));
  assert.equal(readFailedMarker(directory)?.length, 4096);
});

test('a note that cannot be read is told with its path', (context) => {
  const directory = temporaryDataDirectory(context);
  mkdirSync(directory.failed);
  assert.throws(() => refuseFailed(directory), { code: 'store-unavailable', message: /^Cannot read .*failed: / });
});
