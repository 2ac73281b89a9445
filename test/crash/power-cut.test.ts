// The real broker on a file system whose power is cut under load: what was acknowledged before the cut is there afterwards.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';

import { skipUnless } from '../require.ts';
import type { BrokerStart } from './broker-process.ts';
import { runCrashes, type Totals } from './crash-run.ts';
import { composedBroker, VOUCH } from './data-directory.ts';
import { Ext4Image, imageProblem, removeImages } from './ext4-image.ts';
import { assertFoundOut } from './found-out.ts';
import { endProcesses } from './killable.ts';

const IMAGE_BYTES = 200 * 1024 * 1024;
const CUTS = 5;
/** For brokers whose clients wait in vain. */
const IMPATIENCE_MILLIS = 3000;
const FAULTS_SHOWN = 10;
const SEED = Date.now() % 1_000_000;

const problem = imageProblem();
const skip = skipUnless('root', problem === '', problem);

after(async () => {
  await endProcesses();
  removeImages();
});

/** Cuts the power of a broker again and again, until something is lost. */
async function cutPower(
  context: TestContext,
  seed: number,
  start: BrokerStart,
  patienceMillis?: number,
): Promise<Totals> {
  const image = Ext4Image.make(IMAGE_BYTES);
  context.after(() => image.remove());
  return await runCrashes({
    directory: path.join(image.directory, 'data'),
    image,
    start,
    patienceMillis,
    seed,
    cycles: CUTS,
    cyclesMax: 3 * CUTS,
    cyclesPerReckoning: 1,
    acknowledgementsMax: 1000,
    onProgress: () => {},
  });
}

test('what is acknowledged survives a power cut under load, five times over', { skip }, async (context) => {
  const { faults, ...figures } = await cutPower(context, SEED, VOUCH);
  context.diagnostic(`seed ${SEED}: ${JSON.stringify(figures)}`);
  assert.deepEqual(faults.slice(0, FAULTS_SHOWN), [], `seed ${SEED}`);
  assert.ok(figures.cycles >= CUTS, `only ${figures.cycles} cuts counted; seed ${SEED}`);
});

test('a broker that acknowledges before the commit is found out by a power cut', { skip }, async (context) => {
  await assertFoundOut(SEED, ['lost'], (seed) => cutPower(context, seed, composedBroker('lies'), IMPATIENCE_MILLIS));
});

test('a broker that writes with synchronous=NORMAL is found out by a power cut', { skip }, async (context) => {
  await assertFoundOut(SEED, ['lost'], (seed) => cutPower(context, seed, composedBroker('lax'), IMPATIENCE_MILLIS));
});
