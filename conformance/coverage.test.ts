// Every statement is shown by a check or has a reason why none can show it, each side that it binds for itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Version } from './check.ts';
import { CLIENT_CHECKS, SERVER_CHECKS } from './checks.ts';
import { NOT_OBSERVABLE } from './not-observable.ts';
import { REQUIREMENTS } from './requirements.ts';

/** The part of all rows that may be out of sight. */
const NOT_OBSERVABLE_MAX = 0.15;

function keyOf(version: Version, id: string, side: 'server' | 'client'): string {
  return `${version} ${id} ${side}`;
}

/** One key for each side that a statement binds. */
const DEMANDED: readonly string[] = REQUIREMENTS.flatMap(({ version, id, binds }) =>
  (['server', 'client'] as const)
    .filter((side) => binds === side || binds === 'both')
    .map((side) => keyOf(version, id, side)),
);

const SHOWN: ReadonlySet<string> = new Set([
  ...SERVER_CHECKS.flatMap(({ shows }) => shows.map(({ version, id }) => keyOf(version, id, 'server'))),
  ...CLIENT_CHECKS.flatMap(({ shows }) => shows.map(({ version, id }) => keyOf(version, id, 'client'))),
]);

const EXCUSED: readonly string[] = NOT_OBSERVABLE.map(({ version, id, binds }) => keyOf(version, id, binds));

test('every statement is shown by a check, or it is said why nothing can be seen of it', () => {
  const excused = new Set(EXCUSED);
  assert.deepEqual(
    DEMANDED.filter((key) => !SHOWN.has(key) && !excused.has(key)),
    [],
  );
});

test('no statement that is shown is said to be out of sight, and none twice', () => {
  assert.deepEqual(
    EXCUSED.filter((key, index) => SHOWN.has(key) || EXCUSED.indexOf(key) !== index),
    [],
  );
});

test('checks and reasons are about statements that exist, and bind that side', () => {
  const demanded = new Set(DEMANDED);
  assert.deepEqual(
    [...SHOWN, ...EXCUSED].filter((key) => !demanded.has(key)),
    [],
  );
});

test(`of at most ${NOT_OBSERVABLE_MAX * 100} % of the statements nothing can be seen`, () => {
  const hidden = REQUIREMENTS.filter(({ version, id }) => {
    const isShown = SHOWN.has(keyOf(version, id, 'server')) || SHOWN.has(keyOf(version, id, 'client'));
    return !isShown;
  });
  const names = hidden.map(({ version, id }) => `${version} ${id}`).join(', ');
  assert.ok(hidden.length <= REQUIREMENTS.length * NOT_OBSERVABLE_MAX, `${hidden.length}: ${names}`);
});

test('no two checks of a side make the same claim', () => {
  for (const checks of [SERVER_CHECKS, CLIENT_CHECKS]) {
    const claims = checks.map(({ claim }) => claim);
    assert.deepEqual(
      claims.filter((claim, index) => claims.indexOf(claim) !== index),
      [],
    );
  }
});
