// Logs that SQLite wrote, torn as a crash in the middle of the last commit tears them: SQLite finds every commit before, and the last one only
// if all of it is there. That more than the last commit may not be torn is shown by tearing more.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';

import { checkLog } from '../../src/store/sqlite/wal-check.ts';
import { commitsFound, type LogPlan, type MadeLog, makeLog } from '../../src/store/sqlite/wal.fixture.ts';
import { SeededRandom } from '../seeded-random.ts';
import { newDirectory } from './disk-rig.fixture.ts';
import { lastTransaction, tearLog } from './torn-log.ts';

const PLANS: readonly LogPlan[] = [
  { pageBytes: 512, before: [], commits: [3, 1, 4] },
  { pageBytes: 512, before: [], commits: [5] },
  { pageBytes: 1024, before: [9, 9, 9], commits: [1, 2] },
  { pageBytes: 4096, before: [9, 9], commits: [3] },
];

function logOf(context: TestContext, plan: LogPlan): MadeLog {
  const directory = newDirectory();
  context.after(() => rmSync(directory, { recursive: true }));
  return makeLog(directory, plan);
}

/** Commits that SQLite finds where the log is this; it must not look damaged. */
function commitsIn({ database, log }: MadeLog, bytes: Uint8Array): number {
  writeFileSync(log, bytes);
  assert.notEqual(checkLog(log, () => {}).kind, 'damaged');
  return commitsFound(database);
}

test('the last transaction is what the last commit added', (context) => {
  for (const plan of PLANS) {
    const { bytes, frames } = logOf(context, plan);
    const current = frames.filter(({ isCurrent }) => isCurrent);
    const last = current.findLastIndex(({ isCommit }) => isCommit);
    const before = current.slice(0, last).findLastIndex(({ isCommit }) => isCommit);
    assert.deepEqual(lastTransaction(bytes), { start: current[before]?.end ?? 32, end: current[last]?.end });
  }
});

test('a log without a transaction has no last one', (context) => {
  const [plan] = PLANS;
  assert.ok(plan !== undefined);
  const { bytes } = logOf(context, plan);
  for (const length of [0, 31, 32, 32 + 24 + 511]) assert.equal(lastTransaction(bytes.subarray(0, length)), undefined);
});

for (const machine of [false, true]) {
  test(`every commit before the last outlives a death in the middle of it, of the ${machine ? 'machine' : 'process'}`, (context) => {
    for (const plan of PLANS) {
      const commits = plan.before.length + plan.commits.length;
      const found = new Set<number>();
      for (let seed = 0; seed < 24; seed++) {
        const made = logOf(context, plan);
        const original = Buffer.from(made.bytes);
        const torn = tearLog(made.bytes, machine, new SeededRandom(seed));
        assert.ok(made.bytes.equals(original), 'it was not written to');
        found.add(commitsIn(made, torn));
      }
      assert.deepEqual(new Set([commits - 1, commits]), found);
    }
  });
}

test('a log that is torn further back has lost what was committed', (context) => {
  const [plan] = PLANS;
  assert.ok(plan !== undefined);
  const found = new Set<number>();
  for (let seed = 0; seed < 24; seed++) {
    const made = logOf(context, plan);
    const { start } = lastTransaction(made.bytes) ?? assert.fail();
    found.add(commitsIn(made, tearLog(made.bytes.subarray(0, start), false, new SeededRandom(seed))));
  }
  assert.ok(found.has(plan.commits.length - 2));
});
