import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assert as assertProperty, nat, property } from 'fast-check';

import { readDuration, readSize, showDuration, showSize } from './units.ts';

test('durations are read in every unit, with or without a space', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['250 ms', 250],
    ['10 s', 10_000],
    ['10s', 10_000],
    ['1 second', 1000],
    ['5 min', 300_000],
    ['5 minutes', 300_000],
    ['2 h', 7_200_000],
    ['1 day', 86_400_000],
    ['30 days', 2_592_000_000],
    ['0.5 s', 500],
    ['0.1 s', 100],
    ['1.5 Hours', 5_400_000],
    ['0', 0],
  ];
  for (const [text, milliseconds] of cases) assert.equal(readDuration(text, 1000), milliseconds, text);
});

test('a number without a unit counts in the unit that the caller names', () => {
  assert.equal(readDuration('10', 1000), 10_000);
  assert.equal(readDuration('10', 1), 10);
  assert.equal(readSize('10'), 10);
});

test('sizes are read in powers of 1024 and of 1000', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['64 KiB', 65_536],
    ['16 MiB', 16_777_216],
    ['16mib', 16_777_216],
    ['1 GiB', 1_073_741_824],
    ['1.5 KiB', 1536],
    ['1 kB', 1000],
    ['1 MB', 1_000_000],
    ['7 B', 7],
    ['7 bytes', 7],
  ];
  for (const [text, bytes] of cases) assert.equal(readSize(text), bytes, text);
});

test('what is no quantity, has a foreign unit, a sign or a rest below the smallest unit is not taken', () => {
  for (const text of [
    '',
    's',
    '-1 s',
    '+1 s',
    '1e3',
    '1 fortnight',
    '10 KiB',
    '1.5 ms',
    '0x10',
    '1 s 2',
    '9'.repeat(30),
  ]) {
    assert.equal(readDuration(text, 1000), undefined, text);
  }
  for (const text of ['', '1 M', '16 Mib/s', '1.0005 kB x', '0.5 B', '1 s', `${'9'.repeat(15)} GiB`]) {
    assert.equal(readSize(text), undefined, text);
  }
});

test('quantities are shown in the largest unit that leaves no fraction', () => {
  assert.deepEqual([0, 250, 1500, 10_000, 90_000, 300_000, 86_400_000, 2_592_000_000].map(showDuration), [
    '0 s',
    '250 ms',
    '1500 ms',
    '10 s',
    '90 s',
    '5 min',
    '1 day',
    '30 days',
  ]);
  assert.deepEqual([0, 7, 1000, 65_536, 65_537, 16_777_216].map(showSize), [
    '0 B',
    '7 B',
    '1000 B',
    '64 KiB',
    '65537 B',
    '16 MiB',
  ]);
});

test('what is shown is read back as the same', () => {
  assertProperty(
    property(nat(999_999_999_999_999), (count) => {
      assert.equal(readDuration(showDuration(count), 1000), count);
      assert.equal(readSize(showSize(count)), count);
    }),
  );
});
