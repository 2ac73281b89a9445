import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { OperationError } from '../base/errors.ts';
import { storeFailureLine } from './store-failure.ts';

function dataWithSpace(context: TestContext): string {
  const data = mkdtempSync(path.join(tmpdir(), 'vouch data '));
  context.after(() => rmSync(data, { recursive: true }));
  return data;
}

test('a failed disk is told in one line: what failed, what is not promised, and what the next start waits for', (context) => {
  const data = dataWithSpace(context);
  writeFileSync(path.join(data, 'failed'), '');
  const error = new OperationError('store-failed', `The disk of ${data} failed:\n  disk I/O error.`);
  assert.equal(
    storeFailureLine(error, data),
    `The disk of ${data} failed: disk I/O error. ` +
      'The broker has ended without another acknowledgement. What was not acknowledged is not promised. ' +
      `See to the disk and look at the data with "vouch store check --data '${data}'"; ` +
      `the next start refuses until "vouch store check --accept --data '${data}'" has been run.`,
  );
});

test('where the failure left no note the next start does not refuse, and nobody says that it does', (context) => {
  const line = storeFailureLine(new OperationError('store-full', 'The reserve is used up.'), dataWithSpace(context));
  assert.match(line, /^The reserve is used up\. .* Before the next start, look at the data with "vouch store check/);
  assert.doesNotMatch(line, /refuses/);
});
