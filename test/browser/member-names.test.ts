// Which names are shortened in what is published, and which are not: whoever is wrong here breaks the client of every page.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { hiddenMembers } from '../../scripts/member-names.ts';

/** The names that are hidden in a bundle of this text, beside these types and this platform. */
function hidden(context: TestContext, bundled: string, typed = '', platform = ''): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-names-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [one, two, three] = [bundled, typed, platform].map((text, at) => {
    const file = path.join(folder, `${at}.ts`);
    writeFileSync(file, text);
    return [file];
  });
  return hiddenMembers({
    bundled: one ?? [],
    typed: two ?? [],
    platform: three ?? [],
    handedOut: new Set(['PublicError']),
  });
}

test('members of classes are hidden, private or not', (context) => {
  const text =
    'class A { private count: number; state = 0; get isOpen() { return true; } private grow(): void {} static make() {} }';
  assert.deepEqual(hidden(context, text), ['count', 'grow', 'isOpen', 'make', 'state']);
});

test('what is anything else besides keeps its name: a field, an object, a text, a word of the platform', (context) => {
  const text = `
    class A { field: number; method(): void {} literal = 1; short = 2; quoted = 3; word = 4; commented = 5; own = 6; }
    const short = 1;
    log({ literal: 1, short });
    Reflect.get(a, 'quoted');
  `;
  const types = 'export interface Options { readonly field: number; method(): void }';
  const platform = '/** commented */ interface Event { word(): void } // commented';
  assert.deepEqual(hidden(context, text, types, platform), ['commented', 'own']);
});

test('members of a class that is handed out keep their names, also in other classes', (context) => {
  const text = 'class PublicError extends Error { readonly code = 1; } class B { code = 2; other = 3; }';
  assert.deepEqual(hidden(context, text), ['other']);
});

test('what is taken apart is not named anew', (context) => {
  assert.deepEqual(hidden(context, 'class A { one = 1; sum(): number { const { one } = this; return one; } }'), [
    'one',
    'sum',
  ]);
});
