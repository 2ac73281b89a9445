import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';

import { decoyOf, isUserName, parsePasswords, type PasswordTable, withoutUser, withUser } from './password-table.ts';

const HASH = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
const OTHER_HASH = '$argon2id$v=19$m=512,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

function table(text: string): PasswordTable {
  const outcome = parsePasswords(text);
  assert.ok(outcome.kind === 'table', JSON.stringify(outcome));
  return outcome.table;
}

function problems(text: string): readonly string[] {
  const outcome = parsePasswords(text);
  assert.ok(outcome.kind === 'problems');
  return outcome.problems.map(({ line, column, sentence }) => `${line}:${column}: ${sentence}`);
}

test('users are read with any line breaks, comments, empty lines and a byte order mark', () => {
  const { users } = table(`\ufeff# Who may.\r\n\r\nanna:${HASH}\r\n  # Zoë, too.\nZoë Ü:${HASH}  `);
  assert.deepEqual([...users.keys()], ['anna', 'Zoë Ü']);
  assert.equal(users.get('anna')?.text, HASH);
});

// Threat 29: a bad password file must never mean that everybody is let in.
test('threat 29: an empty file, or one of comments, is wrong', () => {
  for (const text of ['', '\n\n', '# nobody\n']) assert.match(problems(text)[0] ?? '', /^1:1: there is no user/);
});

test('all that is wrong is told, each with its line and column, and without what stands there', () => {
  assert.deepEqual(problems(`anna:${HASH}\nhunter2\n:${HASH}\nanna:${HASH}\nbob:hunter2\n`), [
    '2:1: a line of the form "user:hash" is expected here',
    '3:1: the name of a user is missing before the colon',
    '4:1: "anna" stands twice, first in line 1: keep one of them',
    '5:5: this is no hash of a password: make the line with "vouch passwd add", or with mosquitto_passwd',
  ]);
});

// Threat 15: names of clients are no keys of objects.
test('threat 15: a user may be called as a property of objects is, and is not there before', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];
  for (const name of names) assert.equal(table(`anna:${HASH}`).users.get(name), undefined);
  assert.deepEqual([...table(names.map((name) => `${name}:${HASH}`).join('\n')).users.keys()], names);
});

test('a name that is not there always has the same decoy, one of the file, and names share them', () => {
  const some = table(`anna:${HASH}\nbob:${OTHER_HASH}\n`);
  const again = table(`anna:${HASH}\nbob:${OTHER_HASH}\ncarl:${HASH}\n`);
  const seen = new Set<string>();
  for (let n = 0; n < 50; n++) {
    const name = `nobody${n}`;
    const decoy = decoyOf(some, name, some.decoyBytes);
    assert.equal(decoyOf(some, name, some.decoyBytes), decoy);
    assert.ok(some.entries.includes(decoy));
    // Another user does not change what an attacker sees of a name.
    assert.deepEqual(some.decoyBytes(name), again.decoyBytes(name));
    seen.add(decoy.text);
  }
  assert.equal(seen.size, 2);
});

test('a user is added at the end, changed in place and taken out, and everything else stays as it is', () => {
  const text = `# anna:\nanna:${HASH}\n\nbob:${HASH}`;
  assert.equal(withUser(text, 'carl', HASH), `# anna:\nanna:${HASH}\n\nbob:${HASH}\ncarl:${HASH}\n`);
  assert.equal(withUser(text, 'anna', OTHER_HASH), `# anna:\nanna:${OTHER_HASH}\n\nbob:${HASH}\n`);
  assert.equal(withoutUser(text, 'anna'), `# anna:\n\nbob:${HASH}\n`);
  assert.equal(withoutUser(text, 'ann'), undefined);
  assert.equal(withUser('', 'anna', HASH), `anna:${HASH}\n`);
});

test('a name with a colon, a line break, white space around it or a comment sign is none', () => {
  for (const name of ['', 'a:b', 'a\nb', 'a\r', ' a', 'a ', '#a', 'a\0', '\ud800'])
    assert.equal(isUserName(name), false);
  for (const name of ['a', 'a b', 'Zoë', 'a#', '-a', '💡', 'a@example.org']) assert.equal(isUserName(name), true, name);
});

test('whatever name a file can have, it has after it was added, and not after it was taken out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }).filter(isUserName), (name) => {
      const text = withUser(`anna1:${HASH}\n`, name, OTHER_HASH);
      assert.equal(table(text).users.get(name)?.text, OTHER_HASH);
      if (name !== 'anna1') assert.equal(withoutUser(text, name), `anna1:${HASH}\n`);
    }),
  );
});

test('any text is a table or problems', () => {
  const part = fc.oneof(fc.constantFrom('a:', '$', '$6$', '$7$1$', HASH, '\n', 'SCRAM-SHA-256$', ':'), fc.string());
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const outcome = parsePasswords(parts.join(''));
      assert.ok(outcome.kind === 'table' ? outcome.table.users.size > 0 : outcome.problems.length > 0);
    }),
  );
});
