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

test('a page is as wide as the terminal between 80 and 100 columns', () => {
  assert.deepEqual([undefined, 40, 90, 300].map(pageWidth), [80, 80, 90, 100]);
});
