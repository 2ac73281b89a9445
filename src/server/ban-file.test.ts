// The file of bans: what is kept comes back, and what cannot be understood is refused.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import type { Ban } from '../broker/bans.ts';
import { openBanFile } from './ban-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vouch-bans-'));
after(() => rmSync(folder, { recursive: true }));

const BANS: readonly Ban[] = [
  { kind: 'client', value: 'a"b', until: undefined, reason: 'why', by: 'operator' },
  { kind: 'address', value: '10.0.0.0/8', until: 4_000_000_000_000, reason: '', by: 'operator' },
];

test('bans that were saved are there at the next start, for the eyes of the owner alone', () => {
  const file = openBanFile(folder);
  assert.deepEqual(file.bans, []);
  file.save(BANS);
  assert.deepEqual(openBanFile(folder).bans, BANS);
  assert.equal(statSync(path.join(folder, 'bans.json')).mode & 0o777, 0o600);
});

test('bans that are over are not there', () => {
  openBanFile(folder).save([{ kind: 'user', value: 'u', until: 1_000, reason: '', by: 'operator' }]);
  assert.deepEqual(openBanFile(folder).bans, []);
});

test('a file that holds no list of bans is refused, with its name and what to do', () => {
  for (const text of ['', '{', '{}', '[1]', '[{"kind":"address","value":"x","reason":""}]', '[{"kind":"host"}]']) {
    writeFileSync(path.join(folder, 'bans.json'), text);
    assert.throws(
      () => openBanFile(folder),
      (error: unknown) =>
        error instanceof OperationError &&
        error.code === 'file-unavailable' &&
        /bans\.json holds no list of bans: .* Mend it, or remove it/.test(error.message),
      text,
    );
  }
});

test('a file that cannot be written is said to be', () => {
  const file = openBanFile(path.join(folder, 'missing'));
  assert.throws(() => file.save(BANS), { code: 'file-unavailable' });
});
