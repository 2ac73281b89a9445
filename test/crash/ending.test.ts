// What a broker may end with, and what not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findWrongEnding, type Phase } from './ending.ts';

const FAILED =
  'vouch start: The disk of /d failed: SQLite reports an error. The broker has ended without another acknowledgement. See to it.\n';
const UNAVAILABLE =
  'vouch start: Cannot use /d/vouch.db: the disk reports an error.\nvouch start: Run: vouch store check\n';

function wrong(phase: Phase, code: number | null, stderr: string): string | undefined {
  return findWrongEnding({ code, signal: code === null ? 'SIGSEGV' : null, stderr }, phase);
}

test('code 74 and one line with what is not promised is how a broker ends whose disk fails', () => {
  for (const phase of ['starting', 'running', 'stopping'] as const) assert.equal(wrong(phase, 74, FAILED), undefined);
  assert.match(wrong('running', 74, `${FAILED}${FAILED}`) ?? '', /nobody expects/);
  assert.match(wrong('running', 74, '') ?? '', /without a word/);
  assert.match(wrong('running', 74, 'vouch start: Something failed.\n') ?? '', /nobody expects/);
});

test('code 1 and sentences are how a start is refused, and nothing else', () => {
  assert.equal(wrong('starting', 1, UNAVAILABLE), undefined);
  assert.match(wrong('running', 1, UNAVAILABLE) ?? '', /nobody expects/);
  const damaged = { code: 1, signal: null, stderr: 'vouch start: /d/vouch.db is damaged. SQLite reports an error.\n' };
  assert.equal(findWrongEnding(damaged, 'starting', true), undefined);
  assert.match(wrong('stopping', 1, UNAVAILABLE) ?? '', /nobody expects/);
});

test('code 0 without a word is how a broker stops, and no broker that was not told to', () => {
  assert.equal(wrong('stopping', 0, ''), undefined);
  assert.match(wrong('running', 0, '') ?? '', /without a word/);
  assert.match(wrong('stopping', 0, 'vouch start: Oh.\n') ?? '', /nobody expects/);
});

test('a bug, a trace, a signal and a word about damage are faults in every phase', () => {
  for (const phase of ['starting', 'running', 'stopping'] as const) {
    assert.match(wrong(phase, 70, 'vouch: this is a bug in Vouch\nError: no\n    at x (y.ts:1)\n') ?? '', /code 70/);
    assert.match(wrong(phase, 1, 'node:internal/x:1\n    throw error\n') ?? '', /and said/);
    assert.match(wrong(phase, null, '') ?? '', /SIGSEGV/);
    assert.match(wrong(phase, 1, 'vouch start: /d/vouch.db is damaged. Page 3.\n') ?? '', /for one that is damaged/);
    assert.match(wrong(phase, 74, FAILED.replace('failed', 'is damaged')) ?? '', /for one that is damaged/);
    assert.match(wrong(phase, 74, FAILED.replace('failed', 'has ended by itself')) ?? '', /with a bug/);
  }
});
