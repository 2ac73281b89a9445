import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { helpText, pageWidth } from './help-page.ts';
import { integer, switchOption, valueOption, withDefault } from './option-table.ts';

const PAGE = {
  command: 'vouch try',
  sentence: 'Tries something.',
  usage: ['-p PORT [options]', '--list'],
  options: {
    port: withDefault(
      valueOption({ short: 'p', metavar: 'PORT', group: 'Network', sentence: 'The port.' }, integer(0, 9)),
      7,
    ),
    aRatherLongOptionIndeed: switchOption({ group: 'Network', sentence: 'It has a long name.' }),
    list: {
      ...switchOption({
        group: 'Output',
        sentence: 'Says what there is, in so many words that they do not fit beside the option on one line.',
      }),
      negatable: true,
    },
  },
  examples: [{ line: 'vouch try -p 1', sentence: 'Try it.' }],
  notes: ['A note.'],
};

test('a page has its usage, what the command does, the options in groups, examples and notes', () => {
  assert.equal(
    stripVTControlCharacters(helpText(PAGE, 80)),
    `Usage: vouch try -p PORT [options]
       vouch try --list

Tries something.

Network
  -p, --port PORT             The port. Default: 7.
      --a-rather-long-option-indeed
                              It has a long name.

Output
      --[no-]list             Says what there is, in so many words that they do
                              not fit beside the option on one line.

Examples
  vouch try -p 1
      Try it.

A note.
`,
  );
});

test('on a narrow terminal sentences stand below what they are about, and no line is too long', () => {
  const lines = stripVTControlCharacters(
    helpText({ ...PAGE, usage: ['-p PORT --list [and very many options]'] }, 40),
  ).split('\n');
  assert.deepEqual(lines.slice(0, 8), [
    'Usage: vouch try -p PORT --list [and',
    '         very many options]',
    '',
    'Tries something.',
    '',
    'Network',
    '  -p, --port PORT',
    '      The port. Default: 7.',
  ]);
  assert.deepEqual(
    lines.filter(({ length }) => length > 40),
    [],
  );
});

test('a page is as wide as the terminal between 40 and 100 columns', () => {
  assert.deepEqual([undefined, 20, 60, 90, 300].map(pageWidth), [80, 40, 60, 90, 100]);
});
