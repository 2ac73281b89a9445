// Publishers, subscribers and the broker as processes, killed with SIGKILL under load, again and again. `npm run crash -- --clients`
// does the same for as long as one likes. The seed is another one every time; a failure tells it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { temporaryDirectory } from '../data-directory.ts';
import { assertFoundOut } from '../found-out.ts';
import { endProcesses } from '../killable.ts';
import { type ClientRunChoice, runClientCrashes } from './crash-run.ts';

const CYCLES = 20;
/** Usually one is enough. */
const CYCLES_OF_LIARS_MAX = 8;
const FAULTS_SHOWN = 10;
const SEED = Date.now() % 1_000_000;

after(endProcesses);

const CHOICE: Omit<ClientRunChoice, 'directory'> = {
  seed: SEED,
  cycles: CYCLES,
  cyclesMax: 3 * CYCLES,
  cyclesPerReckoning: 5,
  onProgress: () => {},
};

test('what is stored arrives, with QoS 2 once, whoever is killed, twenty times over', async (context) => {
  const { faults, ...figures } = await runClientCrashes({ ...CHOICE, directory: temporaryDirectory(context) });
  context.diagnostic(`seed ${SEED}: ${JSON.stringify(figures)}`);
  assert.deepEqual(faults.slice(0, FAULTS_SHOWN), [], `seed ${SEED}`);
  assert.ok(figures.cycles >= CYCLES, `only ${figures.cycles} cycles counted; seed ${SEED}`);
  assert.ok(figures.repeatedUnderKey > 0, `no crash came between processing and acknowledgement; seed ${SEED}`);
});

for (const [liars, what, signs] of [
  ['publishers', 'a publisher that says too early that a message is stored', ['lost', 'twice']],
  ['subscribers', 'a subscriber that sends PUBREC before its inbox has the message', ['lost', 'twice', 'key']],
] as const) {
  test(`${what} is found out`, async (context) => {
    const choice = { ...CHOICE, liars, cyclesMax: CYCLES_OF_LIARS_MAX, cyclesPerReckoning: 1, patienceMillis: 4000 };
    await assertFoundOut(SEED, signs, (seed) =>
      runClientCrashes({ ...choice, seed, directory: temporaryDirectory(context) }),
    );
  });
}
