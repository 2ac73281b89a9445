import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { readPasswordFile, readPasswordText, writePasswordText } from './password-file.ts';

const HASH = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

function folder(context: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'vouch-passwords-'));
  context.after(() => rmSync(made, { recursive: true }));
  return made;
}

function fileOf(context: TestContext, content: string | Uint8Array): string {
  const file = path.join(folder(context), 'users.passwd');
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

test('a file is read, and whether others can read it is told', (context) => {
  const file = fileOf(context, `anna:${HASH}\n`);
  assert.deepEqual([...readPasswordFile(file).table.users.keys()], ['anna']);
  assert.equal(readPasswordFile(file).isOpenToOthers, false);
  chmodSync(file, 0o644);
  assert.equal(readPasswordFile(file).isOpenToOthers, true);
});

// Threat 29: whatever cannot be understood must not let anybody in.
test('threat 29: a file that is missing, empty, no text, a directory or has a bad line is refused, with its place', (context) => {
  for (const [file, sentence] of [
    [path.join(folder(context), 'none'), /none:1:1: the file cannot be read: there is no such file\.$/],
    [folder(context), /:1:1: the file cannot be read: it is a directory\.$/],
    [fileOf(context, ''), /users\.passwd:1:1: there is no user in the file: .*\.$/],
    [fileOf(context, Uint8Array.of(0x61, 0x3a, 0xff)), /:1:1: the file cannot be read: it is not UTF-8 text\.$/],
    [fileOf(context, `anna:${HASH}\nbob:hunter2\n`), /users\.passwd:2:5: this is no hash of a password: .*\.$/],
    [fileOf(context, `anna:${HASH}\nbob:$7$101$abc`), /users\.passwd:2:5: the hash is damaged: .*\.$/],
  ] as const) {
    assert.throws(() => readPasswordFile(file), { code: 'invalid-option', message: sentence });
  }
});

test('a new file is for its owner alone; one that is changed keeps its rights, and a link stays a link', (context) => {
  const file = path.join(folder(context), 'users.passwd');
  assert.equal(readPasswordText(file), '');
  writePasswordText(file, 'one\n');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  chmodSync(file, 0o666);
  const link = path.join(path.dirname(file), 'link');
  symlinkSync(file, link);
  writePasswordText(link, 'two\n');
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readFileSync(file, 'utf8'), 'two\n');
  assert.equal(statSync(file).mode & 0o777, 0o666);
  assert.deepEqual(readdirSync(path.dirname(file)), ['link', 'users.passwd']);
});

test('a file that cannot be written is told so, and nothing is left behind', (context) => {
  const root = folder(context);
  const file = path.join(root, 'none', 'users.passwd');
  assert.throws(() => writePasswordText(file, ''), {
    code: 'file-unavailable',
    message: /users\.passwd cannot be written: there is no such file\.$/,
  });
  assert.throws(() => writePasswordText(root, ''), { code: 'file-unavailable' });
  assert.deepEqual(readdirSync(root), []);
});
