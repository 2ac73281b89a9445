// Threat 30 as it happened: a reload while the process has no file descriptor left.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { certificateFile } from '../support/certificates.ts';

/** "password". */
const ARGON2 = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

test('threat 30: a reload without a descriptor to read with leaves users, rules and certificates in force, and says so', (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-no-descriptor-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [users, rules] = [path.join(folder, 'users'), path.join(folder, 'rules')];
  writeFileSync(users, `anna:${ARGON2}\n`, { mode: 0o600 });
  writeFileSync(rules, 'rules:\n  - {allow: all, topics: a}\n');
  const fixture = path.join(import.meta.dirname, 'no-descriptor.fixture.ts');
  const args = [fixture, users, rules, `bob:${ARGON2}\n`, 'rules:\n  - {allow: all, topics: b}\n'];
  args.push(certificateFile('server.pem'), certificateFile('server.key'));
  const limited = ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath, ...args];
  const said = execFileSync('sh', limited, { encoding: 'utf8' }).replaceAll(`${folder}/`, '').split('\n');
  assert.match(said[0] ?? '', /^password file \| refused \| users:1:1: the file cannot be read: EMFILE/);
  assert.match(said[1] ?? '', /^file of rules \| refused \| rules:1:1: the file cannot be read: EMFILE/);
  assert.match(said[2] ?? '', /^TLS setup of \S+ \| refused \| \S+: the certificate \S+ cannot be read: EMFILE/);
  assert.deepEqual(said.slice(3, 6), ['password file | changed', 'file of rules | changed', said[5] ?? '']);
  assert.match(said[5] ?? '', /^TLS setup of \S+ \| unchanged$/);
});
