import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UsageError } from '../../test/support/command.ts';
import { helpText, readOptions } from './options.ts';

test('without options ten thousand seeds are run, from where the commit says, stopping at the first violation', () => {
  const options = readOptions([]);
  assert.equal(options.seeds, 10_000);
  assert.equal(options.from, undefined);
  assert.equal(options.keepGoing, false);
  assert.ok(options.jobs >= 1);
});

test('with minutes alone there is no limit to the seeds', () => {
  assert.equal(readOptions(['--minutes', '5']).seeds, undefined);
  assert.equal(readOptions(['--minutes', '0.5', '--seeds', '7']).seeds, 7);
});

test('numbers may have commas and underscores', () => {
  assert.equal(readOptions(['--seeds', '1,000,000']).seeds, 1_000_000);
  assert.equal(readOptions(['--from', '4_000']).from, 4000);
});

test('what makes no sense is refused in a sentence that names it', () => {
  const refused = [
    { args: ['--seeds', '0'], sentence: /--seeds takes a whole number from 1/ },
    { args: ['--seeds', 'many'], sentence: /not many/ },
    { args: ['--from', '-1'], sentence: /--from/ },
    { args: ['--from', '4294967296'], sentence: /--from takes a whole number from 0 to 4294967295/ },
    { args: ['--minutes', '0'], sentence: /--minutes/ },
    { args: ['--jobs', ''], sentence: /--jobs/ },
    { args: ['--seed', '3'], sentence: /--seed/ },
    { args: ['7'], sentence: /7/ },
    { args: ['--plan', 'a.json', '--seeds', '3'], sentence: /--plan is one schedule/ },
  ];
  for (const { args, sentence } of refused) {
    assert.throws(
      () => readOptions(args),
      (error) => error instanceof UsageError && sentence.test(error.message),
      args.join(' '),
    );
  }
});

test('the help names every option, in lines that fit', () => {
  const help = helpText();
  for (const name of Object.keys(readOptions([]))) {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    assert.ok(help.includes(`  ${flag}`), flag);
  }
  assert.ok(help.split('\n').every((line) => line.length <= 100));
});
