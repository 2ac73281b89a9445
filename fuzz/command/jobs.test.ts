import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fuzzInThreads } from './jobs.ts';

test('threads execute as many inputs as they are told, together, and end', async () => {
  const { sums, escape } = await fuzzInThreads({
    targets: ['codec'],
    seed: 1,
    jobs: 2,
    millis: 60_000,
    executions: { codec: 2_000, sessions: 0 },
    onProgress: () => undefined,
  });
  assert.equal(escape, undefined);
  assert.equal(sums[0]?.target, 'codec');
  assert.ok(sums[0].executions >= 2_000 && sums[0].executions < 20_000, `${sums[0].executions} were executed`);
  assert.ok(sums[0].blocks > 300, `${sums[0].blocks} blocks were run`);
});
