// The lock of a data directory, between processes and inside one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { temporaryDataDirectory } from './directory.fixture.ts';
import { lockDirectory } from './directory-lock.ts';

const HOLDER = path.join(import.meta.dirname, 'lock-holder.fixture.ts');

test('a second process is refused with a clear sentence, and gets the lock when the first is killed', async (context) => {
  const directory = temporaryDataDirectory(context);
  const holder = spawn(process.execPath, [HOLDER, directory.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  assert.throws(() => lockDirectory(directory), {
    code: 'store-in-use',
    message: `The data directory ${directory.path} is in use by another process. Stop that one first, or name another directory.`,
  });

  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
  lockDirectory(directory).release();
});

test('a second holder in the same process is refused until the first lets go', (context) => {
  const directory = temporaryDataDirectory(context);
  const lock = lockDirectory(directory);
  assert.throws(() => lockDirectory(directory), { code: 'store-in-use' });
  lock.release();
  lockDirectory(directory).release();
});

test('the lock leaves nothing behind but its own file', (context) => {
  const directory = temporaryDataDirectory(context);
  const lock = lockDirectory(directory);
  assert.deepEqual(readdirSync(directory.path), ['lock.db']);
  lock.release();
  assert.deepEqual(readdirSync(directory.path), ['lock.db']);
});

test('a lock file that cannot be locked is told with its path', (context) => {
  const directory = temporaryDataDirectory(context);
  writeFileSync(directory.lock, 'no database, but longer than the header of one. '.repeat(20));
  assert.throws(() => lockDirectory(directory), { code: 'store-unavailable', message: /^Cannot lock .*lock\.db: / });
  const other = temporaryDataDirectory(context);
  mkdirSync(other.lock);
  assert.throws(() => lockDirectory(other), { code: 'store-unavailable', message: /^Cannot lock .*lock\.db: / });
});
