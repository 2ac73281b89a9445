// The real broker on files of which one system call fails: it goes on, says that it is full, or ends as it should, and nothing that was
// acknowledged is missing afterwards. A walk over some places; `npm run crash -- --syscalls` walks on.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { skipUnless } from '../require.ts';
import { composedBroker, temporaryDirectory } from './data-directory.ts';
import { type FaultRunChoice, runFaults } from './fault-run.ts';
import { assertFoundOut } from './found-out.ts';
import { endProcesses } from './killable.ts';
import type { Meddling } from './meddling.ts';
import { canTrace } from './system-calls.ts';

const CYCLES = 10;
/** On a busy machine; usually it is a quarter of a minute. */
const TIMEOUT_MILLIS = 300_000;
/** Some lives end before they come to theirs. */
const CYCLES_MAX = 14;
const FAULTS_SHOWN = 10;
const SEED = Date.now() % 1_000_000;
/** A commit under load. */
const SYNC_FAILS: Meddling = { calls: 'fsync,fdatasync', error: 'EIO', nth: 6, lasts: false };

const skip = skipUnless('strace', canTrace, 'strace is not installed, or may not trace');

after(endProcesses);

const CHOICE: Omit<FaultRunChoice, 'directory'> = {
  seed: SEED,
  cycles: CYCLES,
  cyclesMax: CYCLES_MAX,
  cyclesPerReckoning: 5,
  acknowledgementsMax: 400,
  onProgress: () => {},
};

test('whichever system call fails, nothing acknowledged is missing, and the broker says what is wrong', {
  skip,
  timeout: TIMEOUT_MILLIS,
}, async (context) => {
  const told: string[] = [];
  const onProgress = (line: string): void => void told.push(line);
  const { faults, ...figures } = await runFaults({ ...CHOICE, directory: temporaryDirectory(context), onProgress });
  context.diagnostic(`seed ${SEED}: ${JSON.stringify(figures)}`);
  assert.deepEqual(faults.slice(0, FAULTS_SHOWN), [], `seed ${SEED}: ${told.join('; ')}`);
  assert.ok(figures.cycles >= CYCLES / 2, `only ${figures.cycles} faults came about; seed ${SEED}: ${told.join('; ')}`);
});

test('a broker that goes on when a sync has failed is found out', { skip }, async (context) => {
  const only = { meddling: SYNC_FAILS, start: composedBroker('hushes') };
  const choice = { ...CHOICE, only, cyclesMax: 3, cyclesPerReckoning: 1, patienceMillis: 1500 };
  await assertFoundOut(SEED, ['lost'], (seed) =>
    runFaults({ ...choice, seed, directory: temporaryDirectory(context) }),
  );
});
