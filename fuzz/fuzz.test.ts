// What `npm test` fuzzes: every input of corpus/ and escapes/, and then some seconds of looking for new ones, with a seed of
// the day. An escape is printed with its input, made small, and the command that executes it again.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fuzzInThreads } from './command/jobs.ts';
import { targetOf } from './command/targets.ts';
import { sayEscape } from './engine/escape.ts';
import { inputFile, readInputs, sayInput } from './engine/input-file.ts';
import { refutedBy } from './engine/minimise.ts';
import { TARGET_NAMES } from './engine/target.ts';

const FUZZ_MILLIS = 20_000;
const DAY = 24 * 60 * 60_000;

for (const name of TARGET_NAMES) {
  for (const folder of ['escapes', 'corpus'] as const) {
    test(`nothing in ${folder}/${name}.txt refutes a claim`, async () => {
      const target = targetOf(name);
      for (const input of readInputs(inputFile(folder, name))) {
        const refuted = await refutedBy(target, input);
        const again = `npm run fuzz -- --only ${name} --input ${sayInput(input)}`;
        assert.equal(refuted, undefined, `${sayEscape(refuted?.error)}\n${again}`);
      }
    });
  }
}

test(`threat 14, 19: ${FUZZ_MILLIS / 1000} s of fuzzing refute nothing`, async () => {
  const seed = Math.floor(Date.now() / DAY);
  const { escape, sums } = await fuzzInThreads({
    targets: TARGET_NAMES,
    seed,
    jobs: TARGET_NAMES.length,
    millis: FUZZ_MILLIS,
    executions: { codec: Number.POSITIVE_INFINITY, sessions: Number.POSITIVE_INFINITY },
    onProgress: () => undefined,
  });
  if (escape !== undefined) {
    const { target, text, description, input } = escape;
    assert.fail(`seed ${seed}: ${text}\n${description}\nnpm run fuzz -- --only ${target} --input ${sayInput(input)}`);
  }
  for (const { target, executions } of sums) assert.ok(executions > 0, `${target}: nothing was executed`);
});
