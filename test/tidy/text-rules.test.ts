// What the rules about a file's text refuse, in the words that somebody will read, and what they let pass.
// Identifiers of statements that do not exist are put together here, so that this file itself is tidy.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readSource } from './source.ts';
import { checkClocks, checkConsole, checkPutOff, checkStatements } from './text-rules.ts';

const WRONG = ['MQTT', '3.3.1', '99'].join('-');

test('a statement that no specification has is refused, in a comment, a string and a page', () => {
  const sentence = (line: number): string =>
    `x:${line} cites ${WRONG}, which no specification states; see conformance/requirements.ts.`;

  assert.deepEqual(checkStatements({ path: 'x', text: `// [MQTT-3.3.1-9]\n// [${WRONG}]\n` }), [sentence(2)]);
  assert.deepEqual(checkStatements({ path: 'x', text: `throw new ProtocolError('a', 0x82, '${WRONG}');` }), [
    sentence(1),
  ]);
  assert.deepEqual(checkStatements({ path: 'x', text: `See [${WRONG}] and [MQTT-3.1.0-1].` }), [sentence(1)]);
});

test('a statement that is not written as the specifications write it is refused', () => {
  const misspelt = ['MQTT-3.3.1', '9'].join('.');
  assert.equal(checkStatements({ path: 'x', text: `// [${misspelt}]` }).length, 1);
});

test('a statement in a regular expression is read as what it matches', () => {
  assert.deepEqual(checkStatements({ path: 'x', text: String.raw`/\[MQTT-3\.1\.0-1\]/` }), []);
});

test('a placeholder and the name of a version are no statements', () => {
  assert.deepEqual(
    checkStatements({ path: 'x', text: 'Every `[MQTT-x.y.z-n]` of an MQTT-3.1.1 or MQTT-5 client.' }),
    [],
  );
});

test('a clock or a random number outside the composition root is refused, with what to use instead', () => {
  const check = (path: string, text: string): readonly string[] => checkClocks(readSource(path, text));

  assert.deepEqual(check('src/broker/x.ts', 'const now = Date.now();'), [
    'src/broker/x.ts:1 uses Date.now, but only server, browser, load and cli may. Take `now: Millis` as an argument, or a Clock in the constructor.',
  ]);
  assert.deepEqual(check('src/broker/x.ts', '\nconst random = Math.random;'), [
    'src/broker/x.ts:2 uses Math.random, but only server, browser, load and cli may. Take a Random in the constructor.',
  ]);
  assert.equal(check('src/client/x.ts', 'performance.now(); process.hrtime(); new Date();').length, 3);
  assert.deepEqual(check('src/broker/x.ts', '// Date.now() is for others.\nnew Date(0);'), []);
  for (const path of ['src/server/x.ts', 'src/cli/x.ts', 'src/broker/x.test.ts', 'bench/x.ts', 'test/x.ts']) {
    assert.deepEqual(check(path, 'Date.now(); Math.random();'), []);
  }
});

test('the console is refused everywhere in src/ but in cli', () => {
  assert.deepEqual(checkConsole(readSource('src/server/x.ts', `console.log('here');`)), [
    'src/server/x.ts:1 uses console.log; tell the Log that the code was handed.',
  ]);
  assert.deepEqual(checkConsole(readSource('src/cli/x.ts', `console.log('here');`)), []);
});

test('what is put off without an issue is refused', () => {
  const word = ['TO', 'DO'].join('');
  assert.deepEqual(checkPutOff(readSource('src/topic/x.ts', `// ${word}: later.`)), [
    `src/topic/x.ts:1 says ${word} without an issue: write it as ${word}(#12), or do it.`,
  ]);
  assert.deepEqual(
    checkPutOff(readSource('src/topic/x.ts', `// ${word}(#12): later.\nconst text = '${word}: in a string';`)),
    [],
  );
});
