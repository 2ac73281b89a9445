// Reports of client processes: lines, and back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readReport, type Report, reportLine } from './report.ts';

const REPORTS: readonly Report[] = [
  { kind: 'open' },
  { kind: 'connected', isResumed: true },
  { kind: 'connected', isResumed: false },
  { kind: 'over', how: '{"kind":"handler-failed"} and more' },
  { kind: 'trying', number: 0 },
  { kind: 'stored', number: 12 },
  { kind: 'settled', number: 12 },
  { kind: 'failed', number: 12, code: 'rejected' },
  { kind: 'undelivered', code: 'ambiguous' },
  { kind: 'at-rest' },
  { kind: 'subscribed' },
  { kind: 'taken', message: { label: { publisher: 'p5', number: 7 }, topic: 'load/one', qos: 2, key: 8 } },
  { kind: 'taken', message: { label: undefined, topic: 'load/one', qos: 1, key: 9 } },
  { kind: 'done', key: 8 },
];

test('every report is read back from its line', () => {
  assert.deepEqual(
    REPORTS.map((report) => readReport(reportLine(report))),
    REPORTS,
  );
});

test('a line that is no report is none', () => {
  for (const line of ['', 'Error: something', ' open']) assert.equal(readReport(line), undefined);
});
