import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sparkline, statsJson, statsLine, statsPage } from './stats-view.ts';
import type { Reading } from './system-readings.ts';

const PLAIN = { columns: 60, rows: 40, isColored: false };

function reading(values: { readonly [name: string]: string | number }, rates: Reading['rates'] = new Map()): Reading {
  return { at: new Date(2026, 10, 23, 10, 11, 12), values: new Map(Object.entries(values)), rates };
}

const BUSY = reading(
  {
    version: 'vouch 1',
    uptime: '90061 seconds',
    'clients/connected': 1200,
    'clients/disconnected': 3,
    'queues/messages': 7,
    'queues/bytes': 2048,
    'drops/queue-full': 5,
    'drops/expired': 0,
    'store/bytes': 1024,
    'store/full': 1,
  },
  new Map([
    ['messagesIn', 1234.5],
    ['bytesIn', 2048],
    ['dropped', 0.25],
  ]),
);

test('a page has a row for what the broker says, and none for what it does not', () => {
  assert.deepEqual(statsPage([BUSY], 'broker:1883', PLAIN), [
    'broker:1883  vouch 1  up 1 d 1 h  10:11:12',
    '',
    'Clients       1,200, 3 sessions wait for theirs',
    'Waiting       7, 2.0 KiB of payload',
    'Store         1.0 KiB, FULL',
    '',
    `Messages in   1,235/s                  █`,
    `Bytes in      2.0 KiB/s                █`,
    `Dropped       0.3/s                    █`,
    '',
    'Dropped       5 queue-full',
    '',
    'Ctrl-C ends this.',
  ]);
});

test('a page fits into its terminal', () => {
  const many = Array.from({ length: 40 }, () => BUSY);
  const lines = statsPage(many, 'broker'.repeat(20), { columns: 50, rows: 6, isColored: false });
  assert.equal(lines.length, 5);
  for (const line of statsPage(many, 'broker'.repeat(20), { ...PLAIN, columns: 50 })) assert(line.length <= 50, line);
});

test('what the broker writes cannot take hold of the terminal', () => {
  const [head] = statsPage([reading({ version: 'x\x1b[2J' })], 'b', PLAIN);
  assert.equal(head, 'b  x\\x1b[2J  10:11:12');
});

test('a line has the most important of it', () => {
  assert.equal(statsLine(BUSY), '10:11:12  clients 1,200  in 1,235/s  queued 7  stored 1.0 KiB');
});

test('JSON has all of it', () => {
  assert.deepEqual(JSON.parse(statsJson(BUSY)), {
    time: BUSY.at.toISOString(),
    rates: { messagesIn: 1234.5, bytesIn: 2048, dropped: 0.25 },
    values: Object.fromEntries(BUSY.values),
  });
});

test('bars are as high as rates are beside the highest', () => {
  assert.equal(sparkline([0, 1, 7, 3.5]), '▁▂█▅');
  assert.equal(sparkline([0, 0]), '▁▁');
});
