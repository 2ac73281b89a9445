import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { showProblem } from './problem.ts';
import { readConfig } from './read-config.ts';
import { ADDRESS_ROWS, isRedirect } from './redirect-rows.ts';

const { redirects, responseInformation } = ADDRESS_ROWS;

/** What a file says of redirects, or what is wrong with it. */
function read(context: TestContext, file: string): unknown {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-config-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'f.yaml');
  writeFileSync(name, file);
  const outcome = readConfig({ path: name, flags: new Map(), environment: {} });
  if (outcome.kind === 'valid') return outcome.config.redirects;
  return outcome.problems.map((problem) => showProblem(problem).replaceAll(/\S*\/f\.yaml/g, 'f.yaml'));
}

test('redirects are read from one text, and shown as one that can be read again', () => {
  const cases: readonly (readonly [text: string, ...rules: (readonly [string, string, boolean])[]])[] = [
    ['none'],
    ['a=b', ['a', 'b', false]],
    [
      'eu-*=eu.example:1883, *=[::1]:1884 c.example permanently',
      ['eu-*', 'eu.example:1883', false],
      ['*', '[::1]:1884 c.example', true],
    ],
    ['a=b=c:1', ['a=b', 'c:1', false]],
  ];
  for (const [text, ...rules] of cases) {
    const expected = rules.map(([clients, to, permanent]) => ({ clients, to, permanent }));
    assert.deepEqual(redirects.read(text), expected, text);
    assert.equal(redirects.show(expected), text);
  }
});

test('a text that is no redirect is not taken', () => {
  for (const text of [
    '',
    ',',
    'a',
    '=b',
    'a=',
    'a= permanently',
    'a=b,',
    'a=b:0',
    'a=b:65536',
    'a=b  c',
    'a=b:1:2',
    'a=::1',
    'a=mqtt://b',
    'a=[]',
    'a=b\0',
    'a\0=b',
    `a=${'b'.repeat(1_001)}`,
    7,
    true,
    undefined,
  ]) {
    assert.equal(redirects.read(text), undefined, String(text));
  }
});

test('in the file redirects are a list, each with keys of its own, or the text', (context) => {
  const list =
    'redirects:\n  - clients: "eu-*"\n    to: eu.example:1884\n  - clients: "*"\n    to: a b\n    permanent: true\n';
  assert.deepEqual(read(context, list), [
    { clients: 'eu-*', to: 'eu.example:1884', permanent: false },
    { clients: '*', to: 'a b', permanent: true },
  ]);
  assert.deepEqual(read(context, 'redirects: "*=a"\n'), [{ clients: '*', to: 'a', permanent: false }]);
  assert.deepEqual(read(context, 'redirects: []\n'), []);
});

test('a mistake in the list of redirects is said with its place', (context) => {
  const clients = 'a client identifier, or how some begin with a * behind it, without commas';
  const to = 'HOST or HOST:PORT, an IPv6 address in brackets; several with spaces between';
  const cases: readonly (readonly [file: string, ...problems: string[]])[] = [
    ['redirects:\n  - a=b\n', 'f.yaml:2:5: a redirect is a "clients: ..." with a "to: ..." below it.'],
    ['redirects:\n  - clients: a\n', `f.yaml:2:5: a redirect has no to here: it takes ${to}.`],
    ['redirects:\n  - to: a\n', `f.yaml:2:5: a redirect has no clients here: it takes ${clients}.`],
    ['redirects:\n  - clients: a\n    to: "a:b"\n', `f.yaml:3:9: to takes ${to}; got "a:b".`],
    ['redirects:\n  - clients: "a,b"\n    to: a\n', `f.yaml:2:14: clients takes ${clients}; got "a,b".`],
    [
      'redirects:\n  - clients: a\n    to: a\n    permanently: true\n',
      'f.yaml:4:5: "permanently" is not an option; did you mean permanent?',
    ],
  ];
  for (const [file, ...expected] of cases) assert.deepEqual(read(context, file), expected);
});

test('response information begins with a topic that clients may use', () => {
  assert.equal(responseInformation.read('none'), '');
  assert.equal(responseInformation.show(''), 'none');
  for (const prefix of ['replies', 'a/b/', '/', 'ü']) {
    assert.equal(responseInformation.read(prefix), prefix);
    assert.equal(responseInformation.show(prefix), prefix);
  }
  for (const raw of ['', 'a/+', '#', '$SYS/a', 'a\0', '\ud800', 'a'.repeat(1_001), 7, undefined]) {
    assert.equal(responseInformation.read(raw), undefined, String(raw));
  }
});

test('a redirect from code is looked at, too', () => {
  assert.equal(isRedirect({ clients: 'a,b', to: 'c:1', permanent: false }), true);
  for (const given of [
    undefined,
    null,
    'a=b',
    {},
    { clients: 'a', to: 'b' },
    { clients: 7, to: 'b', permanent: true },
    { clients: 'a', to: 'mqtt://b', permanent: true },
    { clients: 'a', to: 'b', permanent: 'yes' },
  ]) {
    assert.equal(isRedirect(given), false, JSON.stringify(given));
  }
});
