// The real broker as a process, killed with SIGKILL under load, again and again. `npm run crash` does the same for as long as
// one likes. The seed is another one every time; a failure tells it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { type CrashRunChoice, runCrashes } from './crash-run.ts';
import { composedBroker, temporaryDirectory, VOUCH } from './data-directory.ts';
import { assertFoundOut } from './found-out.ts';
import { endProcesses } from './killable.ts';

const CYCLES = 30;
const CYCLES_RESTLESS = 6;
/** Usually one is enough. */
const CYCLES_OF_LIARS_MAX = 6;
/** On a busy machine; usually it is a minute. */
const TIMEOUT_MILLIS = 300_000;
const FAULTS_SHOWN = 10;
const SEED = Date.now() % 1_000_000;

after(endProcesses);

const CHOICE: Omit<CrashRunChoice, 'directory'> = {
  seed: SEED,
  cycles: CYCLES,
  cyclesMax: 3 * CYCLES,
  cyclesPerReckoning: 6,
  acknowledgementsMax: 400,
  start: VOUCH,
  onProgress: () => {},
};

test('what is acknowledged survives SIGKILL under load, thirty times over', {
  timeout: TIMEOUT_MILLIS,
}, async (context) => {
  const { faults, ...figures } = await runCrashes({ ...CHOICE, directory: temporaryDirectory(context) });
  context.diagnostic(`seed ${SEED}: ${JSON.stringify(figures)}`);
  assert.deepEqual(faults.slice(0, FAULTS_SHOWN), [], `seed ${SEED}`);
  assert.ok(figures.cycles >= CYCLES, `only ${figures.cycles} cycles counted; seed ${SEED}`);
});

test('the same holds where pages are small and the log is written back all the time', async (context) => {
  const choice = {
    ...CHOICE,
    start: composedBroker('restless'),
    cycles: CYCLES_RESTLESS,
    cyclesMax: 3 * CYCLES_RESTLESS,
  };
  const { faults } = await runCrashes({ ...choice, directory: temporaryDirectory(context), cyclesPerReckoning: 3 });
  assert.deepEqual(faults.slice(0, FAULTS_SHOWN), [], `seed ${SEED}`);
});

test('a broker that acknowledges before the commit is found out by SIGKILL', async (context) => {
  const choice = { ...CHOICE, start: composedBroker('lies'), cyclesMax: CYCLES_OF_LIARS_MAX, cyclesPerReckoning: 1 };
  await assertFoundOut(SEED, ['lost'], (seed) =>
    runCrashes({ ...choice, seed, directory: temporaryDirectory(context), patienceMillis: 3000 }),
  );
});
