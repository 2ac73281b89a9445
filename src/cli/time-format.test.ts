// The oracle is date(1), which is strftime with English names where the locale is C.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { TIME_LETTERS, timePart } from './time-format.ts';

test('every letter shows what date(1) shows, in local time, at the edges of years, weeks and half days', () => {
  // To date(1), %N alone has more digits than a Date.
  const letters = TIME_LETTERS.filter((letter) => letter !== 'N');
  const times = ['2026-01-01T00:00:00', '2026-08-10T09:47:38', '2024-12-31T23:59:59', '2023-01-01T12:00:01'];
  for (const zone of ['UTC', 'America/St_Johns', 'Asia/Shanghai']) {
    for (const time of times) {
      const before = process.env['TZ'];
      process.env['TZ'] = zone;
      try {
        const moment = new Date(time);
        const args = [
          '-d',
          `@${Math.floor(moment.getTime() / 1000)}`,
          `+${letters.map((each) => `%${each}`).join('|')}`,
        ];
        const told = execFileSync('date', args, { env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: zone } });
        assert.equal(
          letters.map((letter) => timePart(letter, moment)).join('|'),
          String(told).slice(0, -1),
          `${zone} ${time}`,
        );
      } finally {
        if (before === undefined) delete process.env['TZ'];
        else process.env['TZ'] = before;
      }
    }
  }
});

test('@N are nine digits of the second', () => {
  assert.equal(timePart('N', new Date('2026-08-10T09:47:38.045Z')), '045000000');
});
