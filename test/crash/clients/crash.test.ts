// Publishers, subscribers and the broker as processes, killed with SIGKILL under load, again and again. `npm run crash -- --clients`
// does the same for as long as one likes. The seed is another one every time; a failure tells it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { temporaryDirectory } from '../data-directory.ts';
import { endProcesses } from '../killable.ts';
import { type ClientRunChoice, runClientCrashes } from './crash-run.ts';

const CYCLES = 20;
/** A store that lies is found out by then. */
const CYCLES_OF_LIARS = 20;
const FAULTS_SHOWN = 10;
const SEED = Date.now() % 1_000_000;

after(endProcesses);

const CHOICE: Omit<ClientRunChoice, 'directory'> = {
  seed: SEED,
  cycles: CYCLES,
  cyclesMax: 2 * CYCLES,
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

for (const [liars, what, kinds] of [
  ['publishers', 'a publisher that says too early that a message is stored', ['lost']],
  ['subscribers', 'a subscriber that sends PUBREC before its inbox has the message', ['lost', 'twice', 'key']],
] as const) {
  test(`${what} is found out`, async (context) => {
    const choice = { ...CHOICE, directory: temporaryDirectory(context), cycles: CYCLES_OF_LIARS, liars };
    const { faults } = await runClientCrashes({ ...choice, cyclesPerReckoning: 1, patienceMillis: 3000 });
    assert.ok(
      faults.some(({ kind }) => kinds.some((each) => each === kind)),
      `seed ${SEED}: ${JSON.stringify(faults.slice(0, FAULTS_SHOWN))}`,
    );
  });
}
