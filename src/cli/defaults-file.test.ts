import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { defaultArguments } from './defaults-file.ts';
import { listOption, switchOption, text, valueOption, wordsOption } from './option-table.ts';

const TABLE = {
  host: valueOption({ short: 'h', metavar: 'HOST', group: 'G', sentence: 'S.' }, text),
  topic: listOption({ short: 't', metavar: 'TOPIC', group: 'G', sentence: 'S.' }, text),
  debug: switchOption({ short: 'd', group: 'G', sentence: 'S.' }),
  property: wordsOption(
    { short: 'D', metavar: 'A B', group: 'G', sentence: 'S.' },
    () => 2,
    (words) => words,
  ),
};

/** The folder of the user, with these files in ~/.config/vouch. */
function home(context: TestContext, files: { readonly [name: string]: string }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-home-'));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, '.config/vouch'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, '.config/vouch', name), content);
  return folder;
}

test('a line is an option and its value; comments and empty lines are none', (context) => {
  const HOME = home(context, { pub: '# mine\n\n  -h broker \n--topic a topic of words\n-d\r\n-D one two\n' });
  assert.deepEqual(defaultArguments('pub', TABLE, { HOME }), [
    '-h',
    'broker',
    '--topic',
    'a topic of words',
    '-d',
    '-D',
    'one',
    'two',
  ]);
  assert.deepEqual(defaultArguments('sub', TABLE, { HOME }), []);
  assert.equal(defaultArguments('pub', TABLE, { XDG_CONFIG_HOME: path.join(HOME, '.config') }).length, 8);
});

test("what is for all clients comes first, so that the command's own file counts more", (context) => {
  const HOME = home(context, { client: '-h all', sub: '-h own' });
  assert.deepEqual(defaultArguments('sub', TABLE, { HOME }), ['-h', 'all', '-h', 'own']);
});

test('what is said later, and in another way, takes the place of what a file says', (context) => {
  const table = {
    ...TABLE,
    url: valueOption({ short: 'L', metavar: 'URL', group: 'G', sentence: 'S.', replaces: () => ['host'] }, text),
  };
  const HOME = home(context, { client: '-h all\n-d', sub: '-L mqtt://own' });
  assert.deepEqual(defaultArguments('sub', table, { HOME }), ['-d', '-L', 'mqtt://own']);
  assert.deepEqual(defaultArguments('pub', table, { HOME }), ['-h', 'all', '-d']);
  assert.deepEqual(defaultArguments('pub', table, { HOME }, new Map([['url', 'mqtt://other']])), ['-d']);
  assert.deepEqual(defaultArguments('pub', table, { HOME }, new Map([['host', 'mine']])), ['-h', 'all', '-d']);
});

test('a mistake is told with the file that it is in', (context) => {
  const HOME = home(context, { client: '--hots x\nstray' });
  assert.throws(() => defaultArguments('sub', TABLE, { HOME }), {
    code: 'invalid-option',
    message: /client: --hots is not an option; did you mean --host\?\n.*client: "stray" is not expected here/,
  });
});

test('without a home, and without files, there are no defaults', () => {
  assert.deepEqual(defaultArguments('pub', TABLE, {}), []);
  assert.deepEqual(defaultArguments('pub', TABLE, { HOME: '/nonexistent' }), []);
});
