// Data directories, and what is said when they cannot be used.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { checkCommand, dataDirectory, fileBytes, makeDataDirectory, unavailable } from './data-directory.ts';
import { temporaryDirectory } from './directory.fixture.ts';

test('a data directory is made for its user alone, with those above it', (context) => {
  const directory = dataDirectory(path.join(temporaryDirectory(context), 'a', 'b'));
  makeDataDirectory(directory);
  for (const each of [directory.path, path.dirname(directory.path)]) assert.equal(statSync(each).mode & 0o777, 0o700);
});

test('a data directory that is there is left as it is', (context) => {
  const directory = dataDirectory(temporaryDirectory(context));
  chmodSync(directory.path, 0o755);
  makeDataDirectory(directory);
  assert.equal(statSync(directory.path).mode & 0o777, 0o755);
});

test('a file in place of the directory is told with its path and what to do', (context) => {
  const file = path.join(temporaryDirectory(context), 'file');
  writeFileSync(file, '');
  assert.throws(() => makeDataDirectory(dataDirectory(file)), {
    code: 'store-unavailable',
    message: `Cannot use the data directory ${file}: a file of that name is there; move it away, or name another directory (EEXIST).`,
  });
  const below = path.join(file, 'below');
  assert.throws(() => makeDataDirectory(dataDirectory(below)), {
    code: 'store-unavailable',
    message: `Cannot use the data directory ${below}: a part of the path is a file; name another directory (ENOTDIR).`,
  });
});

test('a directory that this user may not write is told so', { skip: process.getuid?.() === 0 }, (context) => {
  const directory = path.join(temporaryDirectory(context), 'closed');
  mkdirSync(directory, { mode: 0o500 });
  assert.throws(() => makeDataDirectory(dataDirectory(directory)), {
    code: 'store-unavailable',
    message: /closed: this user may not; .* \(EACCES\)\.$/,
  });
});

const noProc = process.platform === 'linux' ? false : 'there is no /proc';

test('a directory where none can be made is refused, and not tried for ever', { skip: noProc }, () => {
  assert.throws(() => makeDataDirectory(dataDirectory('/proc/vouch/data')), {
    code: 'store-unavailable',
    message: 'Cannot use the data directory /proc/vouch/data: it does not exist (ENOENT).',
  });
});

test('a relative path counts from the working directory, as of now', () => {
  assert.equal(dataDirectory('data').database, path.join(process.cwd(), 'data', 'vouch.db'));
});

test('the size of a file that is not there is undefined', (context) => {
  const directory = temporaryDirectory(context);
  writeFileSync(path.join(directory, 'some'), 'abc');
  assert.deepEqual([fileBytes(path.join(directory, 'some')), fileBytes(path.join(directory, 'none'))], [3, undefined]);
});

test('the command to run can be pasted into a shell, whatever the path', () => {
  assert.equal(checkCommand(dataDirectory('/var/lib/vouch')), 'vouch store check --data /var/lib/vouch');
  assert.equal(
    checkCommand(dataDirectory("/it's here"), ' --accept'),
    `vouch store check --accept --data '/it'\\''s here'`,
  );
});

test('what the operating system says is told by its own words where there are no better ones', () => {
  assert.equal(unavailable('read', '/x', new Error('no such luck')).message, 'Cannot read /x: no such luck.');
  const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const error = unavailable('write', '/x', cause);
  assert.deepEqual(
    [error.message, error.cause],
    ['Cannot write /x: the disk is full; make room on it (ENOSPC).', cause],
  );
});
