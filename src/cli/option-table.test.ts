import assert from 'node:assert/strict';
import { test } from 'node:test';

import { array, assert as assertProperty, constantFrom, oneof, property, string } from 'fast-check';

import { UsageError } from '../base/errors.ts';
import {
  decimal,
  integer,
  listOption,
  oneOf,
  parseOptions,
  switchOption,
  text,
  valueOption,
  withDefault,
  wordsOption,
} from './option-table.ts';

const TABLE = {
  host: withDefault(valueOption({ short: 'h', metavar: 'HOST', group: 'G', sentence: 'S.' }, text), 'localhost'),
  keepAlive: valueOption({ short: 'k', metavar: 'SECONDS', group: 'G', sentence: 'S.' }, integer(0, 65_535)),
  topic: listOption({ short: 't', metavar: 'TOPIC', group: 'G', sentence: 'S.' }, text),
  retain: switchOption({ short: 'r', group: 'G', sentence: 'S.' }),
  format: valueOption({ metavar: 'FORMAT', group: 'G', sentence: 'S.' }, oneOf(['pretty', 'json'])),
  color: { ...switchOption({ group: 'G', sentence: 'S.' }), negatable: true },
};

function valuesOf(...args: readonly string[]) {
  const parsed = parseOptions(TABLE, args);
  assert(parsed.kind === 'values');
  return parsed.values;
}

function problemsOf(...args: readonly string[]): readonly string[] {
  let problems: readonly string[] = [];
  assert.throws(
    () => parseOptions(TABLE, args),
    (error) => {
      assert(error instanceof UsageError && error.code === 'invalid-option');
      problems = error.message.split('\n');
      return true;
    },
  );
  return problems;
}

test('what is not given has its default', () => {
  assert.deepEqual(valuesOf(), {
    host: 'localhost',
    keepAlive: undefined,
    topic: [],
    retain: false,
    format: undefined,
    color: false,
  });
});

test('long and short forms, with the value attached or apart, mean the same', () => {
  for (const args of [['--keep-alive', '60'], ['--keep-alive=60'], ['-k', '60'], ['-k60']]) {
    assert.equal(valuesOf(...args).keepAlive, 60, args.join(' '));
  }
});

test('short switches can be joined, the last one with a value', () => {
  const values = valuesOf('-rt', 'a/b', '-t', 'c');
  assert.equal(values.retain, true);
  assert.deepEqual(values.topic, ['a/b', 'c']);
});

test('a value may begin with a dash, be empty, or look like an option', () => {
  assert.deepEqual(valuesOf('-t', '-5', '-t', '', '-t', '--retain').topic, ['-5', '', '--retain']);
});

test('what is no option is an operand where there is a name for it, wherever it stands', () => {
  const parsed = parseOptions(TABLE, ['one', '--retain', 'two'], ['FIRST', 'SECOND']);
  assert(parsed.kind === 'values');
  assert.deepEqual(parsed.operands, ['one', 'two']);
  for (const [args, message] of [
    [['one'], 'SECOND must be said.'],
    [[], 'FIRST and SECOND must be said.'],
    [['1', '2', '3'], '"3" is not expected here: everything else is said with options.'],
  ] as const) {
    assert.throws(() => parseOptions(TABLE, args, ['FIRST', 'SECOND']), { code: 'invalid-option', message });
  }
});

test('given twice, the last one counts', () => {
  assert.equal(valuesOf('-h', 'a', '-h', 'b').host, 'b');
  assert.equal(valuesOf('--color', '--no-color').color, false);
});

test('--help wins over everything; -h is help only where no option has that letter', () => {
  assert.equal(parseOptions(TABLE, ['--nonsense', '--help']).kind, 'help');
  assert.equal(parseOptions(TABLE, ['-h', 'a']).kind, 'values');
  assert.equal(parseOptions({ retain: TABLE.retain }, ['-h']).kind, 'help');
});

test('every problem is a sentence with the nearest option, and all are told at once', () => {
  assert.deepEqual(
    problemsOf('--hots', 'x', '--keep-alive', 'soon', '--format', 'jsno', '-x', 'stray', 'again', '--topic'),
    [
      '--hots is not an option; did you mean --host?',
      '-x is not an option.',
      '"again" is not expected here: all is said with options.',
      '--topic needs a value: --topic TOPIC.',
      '--keep-alive takes a whole number from 0 to 65535; got "soon".',
      '--format takes pretty or json; got "jsno"; did you mean json?',
    ],
  );
});

test('a number is a whole one within its bounds', () => {
  for (const bad of ['-1', '65536', '1.5', '', ' 1', '0x10', '1e3', '9'.repeat(30)]) {
    assert.equal(problemsOf('-k', bad).length, 1, bad);
  }
});

test('switches take no value, and have an opposite only where the table says so', () => {
  assert.deepEqual(problemsOf('--retain=yes'), ['--retain is a switch and takes no value; got "yes".']);
  assert.deepEqual(problemsOf('--no-retain'), ['--no-retain is not an option: --retain has no opposite.']);
});

test('options named like properties of objects are unknown like others', () => {
  assert.deepEqual(problemsOf('--__proto__'), ['--__proto__ is not an option.']);
  assert.deepEqual(problemsOf('--constructor=1'), ['--constructor is not an option.']);
});

test('a value may have several words, which are no options whatever they look like', () => {
  const table = {
    ...TABLE,
    property: wordsOption(
      { short: 'D', metavar: 'A B', group: 'G', sentence: 'S.' },
      ([first]) => (first === 'pair' ? 3 : 2),
      (words) => words,
    ),
  };
  const parse = (...args: readonly string[]) => {
    const parsed = parseOptions(table, args);
    assert(parsed.kind === 'values');
    return parsed.values;
  };
  const values = parse('-D', 'one', '-r', '-t', '-D', '-rD', 'pair', '--host', '', '-h', 'x', '--property=a', 'b');
  assert.deepEqual(values.property, [
    ['one', '-r'],
    ['pair', '--host', ''],
    ['a', 'b'],
  ]);
  assert.deepEqual([values.topic, values.retain, values.host], [['-D'], true, 'x']);
  assert.throws(() => parse('-D', 'pair', 'a'), { message: '-D needs a value: -D A B.' });
});

test('a number that need not be whole is within its bounds', () => {
  const table = { delay: valueOption({ metavar: 'SECONDS', group: 'G', sentence: 'S.' }, decimal(0, 10)) };
  for (const [word, number] of [
    ['0.5', 0.5],
    ['.5', 0.5],
    ['10', 10],
  ] as const) {
    const parsed = parseOptions(table, ['--delay', word]);
    assert(parsed.kind === 'values');
    assert.equal(parsed.values.delay, number);
  }
  for (const bad of ['-1', '11', '1e1', '', '.', '1,5']) assert.throws(() => parseOptions(table, ['--delay', bad]));
});

test('any arguments give values, help or a UsageError', () => {
  const arg = oneof(
    string(),
    constantFrom('-h', '-k', '-t', '-r', '--', '-', '--host=', '--no-color', '--help', '-rk1'),
  );
  assertProperty(
    property(array(arg), (args) => {
      try {
        parseOptions(TABLE, args);
      } catch (error) {
        assert(error instanceof UsageError);
      }
    }),
  );
});
