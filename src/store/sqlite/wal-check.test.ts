// The look at the write-ahead log, on logs that SQLite wrote, with SQLite as the judge of what a log still says.

import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';

import { temporaryDataDirectory, temporaryDirectory } from './directory.fixture.ts';
import { asBigEndian, commitsFound, type LogPlan, type MadeFrame, makeLog } from './wal.fixture.ts';
import { checkLog, type LogCheck, refuseDamagedLog } from './wal-check.ts';

/** Small enough to try every byte: 512-byte pages, six commits, frames of an older log behind them. */
const SMALL: LogPlan = { pageBytes: 512, before: [20], commits: [1, 0, 2, 0, 1, 2] };

function check(file: string): LogCheck {
  return checkLog(file, () => {});
}

/** Opens a file for harm; closed with the test. */
function openForHarm(context: TestContext, file: string): number {
  const descriptor = openSync(file, 'r+');
  context.after(() => closeSync(descriptor));
  return descriptor;
}

/** Whole commits behind the frame. */
function commitsBehind(frames: readonly MadeFrame[], frame: MadeFrame): number {
  return frames.filter((each) => each.isCurrent && each.isCommit && each.offset > frame.offset).length;
}

test('a log that is not there, or has no frames, is empty', (context) => {
  const { log } = temporaryDataDirectory(context);
  assert.deepEqual(check(log), { kind: 'empty' });
  for (const length of [0, 1, 31, 32]) {
    writeFileSync(log, new Uint8Array(length));
    assert.deepEqual(check(log), { kind: 'empty' }, `${length} bytes`);
  }
});

test('a log that cannot be read is told with its path', (context) => {
  const directory = temporaryDirectory(context);
  assert.throws(() => check(directory), { code: 'store-unavailable', message: /^Cannot read .*vouch-store-/ });
});

test('a log is sound as SQLite wrote it, for every page size and both orders of bytes', (context) => {
  for (const pageBytes of [512, 1024, 4096, 65_536]) {
    const made = makeLog(temporaryDirectory(context), { pageBytes, before: [3], commits: [0, 5, 1] });
    const frames = made.frames.filter((each) => each.isCurrent).length;
    assert.deepEqual(check(made.log), { kind: 'sound', frames, commits: 3 });
    writeFileSync(made.log, asBigEndian(made));
    assert.deepEqual(check(made.log), { kind: 'sound', frames, commits: 3 });
    assert.equal(commitsFound(made.database), 1 + 3, 'SQLite reads the big-endian form');
  }
});

for (const order of ['little-endian', 'big-endian']) {
  test(`a flipped bit in any byte of a frame with two commits behind it is found, with ${order} checksums`, (context) => {
    const made = makeLog(temporaryDirectory(context), SMALL);
    const bytes = order === 'big-endian' ? asBigEndian(made) : made.bytes;
    writeFileSync(made.log, bytes);
    const descriptor = openForHarm(context, made.log);
    for (const [index, frame] of made.frames.entries()) {
      const behind = commitsBehind(made.frames, frame);
      for (let offset = frame.offset; offset < frame.end; offset++) {
        const byte = bytes[offset] ?? 0;
        writeSync(descriptor, Uint8Array.of(byte ^ (1 << (offset % 8))), 0, 1, offset);
        const found = check(made.log);
        if (frame.isCurrent && behind >= 2) {
          const expected: LogCheck = { kind: 'damaged', frame: index + 1, offset: frame.offset, commitsBehind: behind };
          assert.deepEqual(found, expected, `byte ${offset}`);
        } else assert.equal(found.kind, 'sound', `byte ${offset}, with ${behind} commits behind it`);
        writeSync(descriptor, Uint8Array.of(byte), 0, 1, offset);
      }
    }
  });
}

test('every flipped bit in the header of a log with two commits is found', (context) => {
  const { log, bytes } = makeLog(temporaryDirectory(context), { ...SMALL, commits: [0, 1] });
  const descriptor = openForHarm(context, log);
  for (let bit = 0; bit < 32 * 8; bit++) {
    const [offset, byte] = [bit >> 3, bytes[bit >> 3] ?? 0];
    writeSync(descriptor, Uint8Array.of(byte ^ (1 << (bit & 7))), 0, 1, offset);
    assert.deepEqual(check(log), { kind: 'damaged', frame: 0, offset: 0, commitsBehind: 2 }, `bit ${bit}`);
    writeSync(descriptor, Uint8Array.of(byte), 0, 1, offset);
  }
});

test('noise or zeros over the header of a log and the frames behind it are found by the commits behind them', (context) => {
  const { log, bytes, frames } = makeLog(temporaryDirectory(context), SMALL);
  for (const [index, frame] of frames.entries()) {
    // What the checksum of the frame right behind it goes on from is gone.
    const behind = commitsBehind(frames, frames[index + 1] ?? frame);
    if (!frame.isCurrent || behind < 2) continue;
    for (const noise of [
      Buffer.alloc(frame.end),
      bytes.subarray(0, frame.end).map((byte, at) => byte ^ (at + index)),
    ]) {
      const harmed = Buffer.from(bytes);
      harmed.set(noise);
      writeFileSync(log, harmed);
      assert.deepEqual(check(log), { kind: 'damaged', frame: 0, offset: 0, commitsBehind: behind }, `frame ${index}`);
    }
  }
});

test('a log that is cut at any byte is accepted', (context) => {
  const { log, bytes, frames } = makeLog(temporaryDirectory(context), SMALL);
  const descriptor = openForHarm(context, log);
  for (let length = bytes.length; length >= 0; length--) {
    ftruncateSync(descriptor, length);
    const whole = frames.filter((each) => each.isCurrent && each.end <= length);
    const commits = whole.filter((each) => each.isCommit).length;
    const expected: LogCheck = length <= 32 ? { kind: 'empty' } : { kind: 'sound', frames: whole.length, commits };
    assert.deepEqual(check(log), expected, `${length} bytes`);
  }
});

test('a flip in the last transaction, or in the commit frame before it, is taken for a torn write, as SQLite takes it', (context) => {
  // Not what one would wish, but all that can be known: the frames of a torn transaction reach the disk in any order.
  const plan: LogPlan = { pageBytes: 512, before: [], commits: [0, 0, 0] };
  for (const fromEnd of [1, 2]) {
    const { database, log, bytes, frames } = makeLog(temporaryDirectory(context), plan);
    const commits = frames.filter((each) => each.isCurrent && each.isCommit);
    const harmed = Buffer.from(bytes);
    const end = commits.at(-fromEnd)?.end ?? 0;
    harmed[end - 1] = (harmed[end - 1] ?? 0) ^ 1;
    writeFileSync(log, harmed);
    assert.deepEqual(check(log).kind, 'sound');
    assert.equal(commitsFound(database), 3 - fromEnd);
  }
});

test('frames of an older log behind the newest commit are no damage, whatever they hold', (context) => {
  const { log, bytes, frames } = makeLog(temporaryDirectory(context), {
    pageBytes: 512,
    before: [9, 9, 9],
    commits: [0],
  });
  const old = frames.filter((each) => !each.isCurrent);
  assert(old.filter((each) => each.isCommit).length >= 2, 'the older log was longer');
  assert.equal(check(log).kind, 'sound');
  writeFileSync(log, bytes.fill(0xff, old[0]?.offset));
  assert.equal(check(log).kind, 'sound');
});

test('a damaged log is refused with file, frame, place and the command to run', (context) => {
  const directory = temporaryDataDirectory(context);
  const { bytes, frames } = makeLog(temporaryDirectory(context), SMALL);
  const [, second] = frames;
  bytes.fill(0, second?.offset, (second?.offset ?? 0) + 24);
  writeFileSync(directory.log, bytes);
  assert.throws(() => refuseDamagedLog(directory, () => {}), {
    code: 'store-damaged',
    message:
      `${directory.log} is damaged: frame 2, at byte 568, is not what was written, and 6 commits behind it would be lost.\n` +
      `Run: vouch store check --data ${directory.path}`,
  });
  rmSync(directory.log);
  refuseDamagedLog(directory, () => {});
});

test('a log whose database is empty or gone is refused: SQLite would remove it', (context) => {
  const directory = temporaryDataDirectory(context);
  writeFileSync(directory.log, makeLog(temporaryDirectory(context), SMALL).bytes);
  const expected = {
    code: 'store-damaged',
    message:
      `${directory.database} is damaged: it is empty, and ${directory.log} holds 6 commits that belong to it.\n` +
      `Run: vouch store check --data ${directory.path}`,
  };
  assert.throws(() => refuseDamagedLog(directory, () => {}), expected);
  writeFileSync(directory.database, '');
  assert.throws(() => refuseDamagedLog(directory, () => {}), expected);
  writeFileSync(directory.log, '');
  refuseDamagedLog(directory, () => {});
});

test('progress grows to 1', (context) => {
  const { log } = makeLog(temporaryDirectory(context), { pageBytes: 65_536, before: [], commits: [20, 20, 20] });
  const shares: number[] = [];
  checkLog(log, (share) => shares.push(share));
  assert(shares.length > 1);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
  assert.equal(shares.at(-1), 1);
});
