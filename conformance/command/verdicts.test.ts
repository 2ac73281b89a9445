import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Outcome } from '../play.ts';
import { reportOf, reportText } from './report.ts';
import { showRows, showSummary } from './show.ts';
import { type Played, type Scope, type Verdict, verdictsOf } from './verdicts.ts';

const PASSED: Outcome = { kind: 'passed' };
const FAILED: Outcome = { kind: 'failed', why: 'No answer came.', transcript: ['1 > c0 00'] };
const NOT_OFFERED: Outcome = { kind: 'not-offered', why: 'CONNACK says so.' };

/** Asks for PINGREQ alone. */
const PING: Scope = { versions: ['5.0'], sides: ['server'], only: 'MQTT-3.12.4-1', unspoken: new Map() };

function played(outcome: Outcome, claim = 'it answers'): Played {
  return { side: 'server', version: '5.0', claim, ids: ['MQTT-3.12.4-1'], outcome };
}

function verdict(outcomes: readonly Outcome[], scope: Scope = PING): Verdict | undefined {
  const rows = verdictsOf(
    outcomes.map((outcome) => played(outcome)),
    scope,
  );
  assert.equal(rows.length, 1);
  return rows[0]?.verdict;
}

test('a statement passes when each of its checks that could be played has passed', () => {
  assert.deepEqual(verdict([PASSED, PASSED]), { kind: 'pass' });
  assert.deepEqual(verdict([NOT_OFFERED, PASSED]), { kind: 'pass' });
});

test('one check that failed is enough for a statement to fail', () => {
  assert.deepEqual(verdict([PASSED, FAILED, NOT_OFFERED]), { kind: 'fail' });
});

test('a statement whose checks all lack something of the broker is not offered, and why is said', () => {
  assert.deepEqual(verdict([NOT_OFFERED, NOT_OFFERED]), NOT_OFFERED);
});

test('a statement that no check was played for needs another set-up, or is of a version that is not spoken', () => {
  assert.deepEqual(verdict([]), { kind: 'other-set-up' });
  const unspoken = new Map([['5.0', 'CONNACK 0x01.'] as const]);
  assert.deepEqual(verdict([], { ...PING, unspoken }), {
    kind: 'not-offered',
    why: 'It takes no client of MQTT 5.0. CONNACK 0x01.',
  });
});

test('a statement that nothing can be seen of has the reason', () => {
  const [row] = verdictsOf([], { ...PING, only: 'MQTT-4.7.3-3' });
  assert.equal(row?.verdict.kind, 'not-observable');
});

test('checks of the other side and of the other version do not count', () => {
  const others = [
    { ...played(FAILED), side: 'client' as const },
    { ...played(FAILED), version: '3.1.1' as const },
  ];
  assert.deepEqual(verdictsOf([...others, played(PASSED)], PING)[0]?.verdict, { kind: 'pass' });
});

test('each side that a statement binds has a row of its own', () => {
  const rows = verdictsOf([], { ...PING, sides: ['server', 'client'], only: 'MQTT-3.14.4-1' });
  assert.deepEqual(
    rows.map(({ side }) => side),
    ['server', 'client'],
  );
});

test('a failure is shown with what was seen and the bytes, and where it shows several statements, once', () => {
  const check: Played = { ...played(FAILED), ids: ['MQTT-3.14.4-1', 'MQTT-3.14.4-2'] };
  const rows = verdictsOf([check], { ...PING, only: 'MQTT-3.14.4' });
  const lines = showRows(rows).map((line) => line.trim());
  assert.equal(lines[0], 'MQTT 5.0, server');
  assert.match(lines[1] ?? '', /^FAIL +MQTT-3\.14\.4-1 /);
  assert.deepEqual(lines.slice(2, 5), ['it answers', 'No answer came.', '1 > c0 00']);
  assert.match(lines[5] ?? '', /^FAIL +MQTT-3\.14\.4-2 /);
  assert.equal(lines[6], 'it answers: see above');
});

test('the summary counts the verdicts of each version and side', () => {
  const rows = verdictsOf([played(PASSED)], { ...PING, only: 'MQTT-3.12' });
  assert.deepEqual(showSummary(rows), ['MQTT 5.0, server: 1 pass']);
});

test('a report has the bytes when they are asked for, and is the same each time when they are not', () => {
  const rows = verdictsOf([played(FAILED)], PING);
  const peer = { name: 'peer', version: '1.0' };
  assert.deepEqual(reportOf(peer, rows, true).statements[0]?.checks[0]?.bytes, ['1 > c0 00']);
  const text = reportText(reportOf(peer, rows, false));
  assert.ok(!text.includes('c0 00'));
  assert.deepEqual(JSON.parse(text), {
    peer,
    statements: [
      {
        id: 'MQTT-3.12.4-1',
        version: '5.0',
        side: 'server',
        verdict: 'fail',
        checks: [{ claim: 'it answers', outcome: 'failed', why: 'No answer came.' }],
      },
    ],
  });
});
