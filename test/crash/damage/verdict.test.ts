// What may come of damage, and what not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Damage } from './damage.ts';
import type { Subject } from './subject.ts';
import { judge, type Verdict } from './verdict.ts';

const FRAME = 1000;
/** Four commits of two frames each. */
const SUBJECT: Subject = {
  files: new Map(),
  frameBytes: FRAME,
  moments: [0, 1, 2, 3, 4].map((step) => ({ logEnd: 32 + step * 2 * FRAME, state: `state ${step}` })),
};
const IN_LOG: Damage = { file: 'vouch.db-wal', kind: 'flip', from: 0, to: 1, seed: 0 };
const IN_DATABASE: Damage = { ...IN_LOG, file: 'vouch.db', from: 5000, to: 5001 };

function opened(damage: Damage, state: string): Verdict['kind'] {
  return judge(SUBJECT, damage, { kind: 'opened', code: '', state }).kind;
}

function told(damage: Damage, kind: 'refused' | 'failed', code: string, sentence: string): Verdict['kind'] {
  return judge(SUBJECT, damage, { kind, code, state: sentence }).kind;
}

/** A flip in a commit, counted from 1: in its commit frame, or in the one before it. */
function flipIn(commit: number, isCommitFrame: boolean): Damage {
  const from = 32 + (commit - 1) * 2 * FRAME + (isCommitFrame ? FRAME : 0) + 10;
  return { ...IN_LOG, from, to: from + 1 };
}

test('the state as it was is harmless, wherever the damage is', () => {
  for (const damage of [IN_LOG, IN_DATABASE]) assert.equal(opened(damage, 'state 4'), 'harmless');
});

test('a database that is opened with anything else is a fault, also with what it once was', () => {
  assert.equal(opened(IN_DATABASE, 'state 3'), 'fault');
  assert.equal(opened(IN_DATABASE, ''), 'fault');
});

test('a flip may cost the last commit, and the one before it only in its commit frame', () => {
  assert.equal(opened(flipIn(4, false), 'state 3'), 'like a power cut');
  assert.equal(opened(flipIn(4, true), 'state 3'), 'like a power cut');
  assert.equal(opened(flipIn(3, true), 'state 2'), 'like a power cut');
  assert.equal(opened(flipIn(3, false), 'state 2'), 'fault');
  assert.equal(opened(flipIn(1, false), 'state 0'), 'fault');
});

test('what is opened after damage to the log is the state right before it, neither older nor never seen', () => {
  assert.equal(opened(flipIn(4, false), 'state 2'), 'fault');
  assert.equal(opened(flipIn(4, false), 'state 5'), 'fault');
});

test('a log that is cut costs what was cut off, and no more', () => {
  const cut: Damage = { ...IN_LOG, kind: 'cut', from: 32 + 2 * FRAME + 5, to: 32 + 8 * FRAME };
  assert.equal(opened(cut, 'state 1'), 'like a power cut');
  assert.equal(opened(cut, 'state 0'), 'fault');
  assert.equal(opened({ ...cut, from: 0 }, 'state 0'), 'like a power cut');
});

test('damage is found if it is told by file and with the command to run', () => {
  const sentence = '/d/vouch.db is damaged. Table will, key 7: no.\nRun: vouch store check --data /d';
  assert.equal(told(IN_DATABASE, 'refused', 'store-damaged', sentence), 'found');
  assert.equal(told(IN_LOG, 'refused', 'store-damaged', sentence), 'fault');
  assert.equal(told(IN_LOG, 'refused', 'store-damaged', sentence.replace('.db', '.db-wal')), 'found');
  assert.equal(told(IN_DATABASE, 'refused', 'store-damaged', '/d/vouch.db is damaged.'), 'fault');
  assert.equal(told(IN_DATABASE, 'refused', 'store-failed', sentence), 'fault');
});

test('another version, or another program, may be named only where the header of the database says so', () => {
  const header: Damage = { ...IN_DATABASE, from: 60, to: 61 };
  for (const code of ['store-newer', 'store-unavailable']) {
    assert.equal(told(header, 'refused', code, 'It is version 9.'), 'found');
    assert.equal(told(IN_DATABASE, 'refused', code, 'It is version 9.'), 'fault');
  }
});

test('what is found only when it is read ends the store with table and row, or with what SQLite says', () => {
  const sentence = 'The disk of /d failed: Table message, id 20: it is not what was written.';
  assert.equal(told(IN_DATABASE, 'failed', 'store-failed', sentence), 'found');
  assert.equal(told(IN_LOG, 'failed', 'store-failed', sentence), 'fault');
  assert.equal(told(IN_DATABASE, 'failed', 'store-full', sentence), 'fault');
  assert.equal(told(IN_DATABASE, 'failed', 'store-failed', 'Something failed.'), 'fault');
});

test('the index of the log may hold whatever it likes', () => {
  const index: Damage = { ...IN_LOG, file: 'vouch.db-shm' };
  assert.equal(opened(index, 'state 4'), 'harmless');
  assert.equal(opened(index, 'state 3'), 'fault');
  assert.equal(told(index, 'refused', 'store-damaged', 'vouch.db-shm is damaged. vouch store check'), 'fault');
});
