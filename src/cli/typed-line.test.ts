import assert from 'node:assert/strict';
import { test } from 'node:test';

import { splitLine, wordAtEnd } from './typed-line.ts';

test('a line is split at spaces, but for those within quotes and after a backslash', () => {
  for (const [line, words] of [
    ['', []],
    ['  a \t b ', ['a', 'b']],
    ['publish a/b "on and off"', ['publish', 'a/b', 'on and off']],
    [`a '{"x": 1}' ""`, ['a', '{"x": 1}', '']],
    ['a\\ b "c\\"d" \'e\\f\'', ['a b', 'c"d', 'e\\f']],
    ['a"b c"d', ['ab cd']],
    ['a\\', ['a\\']],
  ] as const) {
    assert.deepEqual(splitLine(line), { kind: 'words', words }, line);
  }
  assert.deepEqual(splitLine('a "b'), { kind: 'open', mark: '"' });
});

test('the word that is being typed is what follows the last space', () => {
  assert.deepEqual(wordAtEnd('publish -q 1 home/l'), { before: ['publish', '-q', '1'], word: 'home/l' });
  assert.deepEqual(wordAtEnd('publish '), { before: ['publish'], word: '' });
  assert.deepEqual(wordAtEnd(''), { before: [], word: '' });
});
