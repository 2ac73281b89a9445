import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { linesOf } from './lines.ts';

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function lines(...chunks: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const line of linesOf(from(chunks.map((chunk) => Buffer.from(chunk, 'latin1'))))) {
    found.push(Buffer.from(line).toString('latin1'));
  }
  return found;
}

test('a line ends at a line feed; an empty line is one, and so is the last without a line feed', async () => {
  assert.deepEqual(await lines('one\n\nthree\r\nlast'), ['one', '', 'three\r', 'last']);
  assert.deepEqual(await lines('one\n'), ['one']);
  assert.deepEqual(await lines(''), []);
  assert.deepEqual(await lines(), []);
});

test('bytes that are no text pass as they are', async () => {
  assert.deepEqual(await lines('\xff\x00\n\x80'), ['\xff\x00', '\x80']);
});

test('how the stream is cut changes nothing', async () => {
  const bytes = fc.array(fc.constantFrom('a', '\n', '\r', '\xff'), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat({ max: 40 })), async (letters, cuts) => {
      const whole = letters.join('');
      const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const chunks = at.slice(1).map((end, index) => whole.slice(at[index], end));
      assert.deepEqual(await lines(...chunks), await lines(whole));
    }),
  );
});
