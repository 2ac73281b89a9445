// What must hold for the look at the log, whatever SQLite wrote and whatever happened to it.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import fc from 'fast-check';

import { temporaryDirectory } from './directory.fixture.ts';
import { commitsFound, type LogPlan, type MadeLog, makeLog } from './wal.fixture.ts';
import { checkLog } from './wal-check.ts';

const plan: fc.Arbitrary<LogPlan> = fc.record({
  pageBytes: fc.constantFrom(512, 1024, 4096),
  before: fc.array(fc.nat(30), { maxLength: 3 }),
  commits: fc.array(fc.nat(10), { minLength: 1, maxLength: 8 }),
});

/** Where in a log, between 0 and 1. */
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** What a disk writes as a whole. */
const SECTOR_BYTES = 512;

const RUNS = { numRuns: 60 } as const;

test('what the check calls sound has as many commits as SQLite finds, wherever bits are flipped', (context) => {
  const root = temporaryDirectory(context);
  fc.assert(
    fc.property(plan, fc.array(fc.tuple(place, fc.nat(7)), { maxLength: 3 }), (made, flips) => {
      withLog(root, made, (log, before) => {
        for (const [share, bit] of flips) {
          const offset = Math.floor(share * log.bytes.length);
          log.bytes[offset] = (log.bytes[offset] ?? 0) ^ (1 << bit);
        }
        writeFileSync(log.log, log.bytes);
        const found = checkLog(log.log, () => {});
        const commits = commitsFound(log.database) - before;
        // SQLite finds none in a log whose header does not hold.
        if (found.kind !== 'damaged') assert.equal(commits, found.kind === 'sound' ? found.commits : 0);
        else assert(commits + found.commitsBehind <= made.commits.length, 'no commit is counted twice');
      });
    }),
    RUNS,
  );
});

test('no more than two commits are ever lost without a word to a single flip', (context) => {
  const root = temporaryDirectory(context);
  fc.assert(
    fc.property(plan, place, fc.nat(7), (made, share, bit) => {
      withLog(root, made, (log, before) => {
        const offset = Math.floor(share * log.bytes.length);
        log.bytes[offset] = (log.bytes[offset] ?? 0) ^ (1 << bit);
        writeFileSync(log.log, log.bytes);
        if (checkLog(log.log, () => {}).kind === 'damaged') return;
        assert(commitsFound(log.database) - before >= made.commits.length - 2);
      });
    }),
    RUNS,
  );
});

test('a last transaction of which any sectors reached the disk, in any order, is accepted', (context) => {
  const root = temporaryDirectory(context);
  fc.assert(
    fc.property(plan, fc.infiniteStream(fc.boolean()), fc.boolean(), (made, reached, isCut) => {
      withLog(root, made, ({ log, database, bytes, bytesBefore }, before) => {
        const torn = Buffer.alloc(isCut ? bytesBefore.length : Math.max(bytes.length, bytesBefore.length));
        bytesBefore.copy(torn);
        for (let sector = 0; sector < torn.length; sector += SECTOR_BYTES) {
          if (reached.next().value === true) bytes.copy(torn, sector, sector, sector + SECTOR_BYTES);
        }
        writeFileSync(log, torn);
        const found = checkLog(log, () => {});
        // SQLite syncs a new header before the first commit behind it: what is made up here for that one does not happen.
        if (made.commits.length === 1) return;
        assert(found.kind === 'sound');
        assert.equal(commitsFound(database) - before, found.commits);
      });
    }),
    RUNS,
  );
});

function withLog(root: string, made: LogPlan, use: (log: MadeLog, before: number) => void): void {
  const log = makeLog(root, made);
  try {
    use(log, made.before.length);
  } finally {
    for (const name of ['live.db', 'live.db-wal', 'live.db-shm', 'copy.db', 'copy.db-wal', 'copy.db-shm']) {
      rmSync(`${root}/${name}`, { force: true });
    }
  }
}
