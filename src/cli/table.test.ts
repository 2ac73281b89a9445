import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import fc from 'fast-check';

import { type Column, jsonLine, printable, tableText, widthOf } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'CLIENT', align: 'left' },
  { title: 'QUEUED', align: 'right' },
  { title: 'WAITS FOR', align: 'left' },
];

function linesOf(rows: readonly (readonly string[])[], width?: number): readonly string[] {
  return stripVTControlCharacters(tableText(COLUMNS, rows, width))
    .split('\n')
    .slice(0, -1);
}

test('text stands at the left and numbers at the right', () => {
  assert.deepEqual(
    linesOf([
      ['meter-1', '12', ''],
      ['m', '1,234,567', 'slow-reader'],
    ]),
    ['CLIENT      QUEUED  WAITS FOR', 'meter-1         12', 'm        1,234,567  slow-reader'],
  );
});

test('a table that is too wide is shortened where it is widest, and never in its numbers', () => {
  const rows = [['a-client-with-a-very-long-name', '1,234,567', 'window-full, disk']];
  assert.deepEqual(linesOf(rows, 40), [
    'CLIENT            QUEUED  WAITS FOR',
    'a-client-wit…  1,234,567  window-full, …',
  ]);
  assert.match(linesOf(rows, 1)[1] ?? '', /1,234,567/);
});

test('of a table that is too wide, columns in which nothing is said are left out first', () => {
  const rows = [
    ['a-client-with-a-very-long-name', '-', 'window-full, disk'],
    ['b', '-', ''],
  ];
  assert.equal(linesOf(rows, 100)[0], 'CLIENT                          QUEUED  WAITS FOR');
  assert.deepEqual(linesOf(rows, 50), [
    'CLIENT                          WAITS FOR',
    'a-client-with-a-very-long-name  window-full, disk',
    'b',
  ]);
});

test('threats 65 and 67: nothing of a peer does anything to a terminal, and every line stays one', () => {
  const hostile = [
    '\r\nmeter',
    '\x1b[2J\x1b]0;x\x07',
    '\u009b31m',
    '\u202egpj.exe',
    'a\u200bb',
    '\u2028',
    '\ud800',
    '<script>',
  ];
  const lines = linesOf(hostile.map((text) => [text, '1', '']));
  assert.equal(lines.length, hostile.length + 1);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(/\s{2,}/)[0]),
    [
      '\\x0d\\x0ameter',
      '\\x1b[2J\\x1b]0;x\\x07',
      '\\x9b31m',
      '\\u{202e}gpj.exe',
      'a\\u{200b}b',
      '\\u{2028}',
      '\\u{d800}',
      '<script>',
    ],
  );
  assert.equal(jsonLine({ id: '\u009b\u{e0001}' }), '{"id":"\\u009b\\udb40\\udc01"}\n');
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff)), (units) => {
      const text = String.fromCharCode(...units);
      assert.deepEqual(JSON.parse(jsonLine({ text })), { text });
      assert.doesNotMatch(jsonLine({ text }).slice(0, -1), /[\p{Cc}\p{Cf}]/u);
      assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}]/u);
    }),
    { numRuns: 30 },
  );
});

test('what is wide on a terminal is counted so', () => {
  assert.equal(widthOf('温度'), 4);
  assert.equal(widthOf('é'), 1);
  assert.equal(widthOf('e\u0301'), 1);
  const [, first, second] = linesOf([
    ['温度计', '1', 'x'],
    ['sensor', '2', 'x'],
  ]);
  assert.equal(widthOf(first ?? ''), widthOf(second ?? ''));
});
