// Every flood for a second against a real broker: nobody else loses a connection or a message, and nothing is left behind. How late good
// clients become is measured by `npm run soak`, on a machine that has nothing else to do.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { type SoakBroker, startBroker } from './broker-process.ts';
import { Echo } from './echo.ts';
import { FLOOD_NAMES, FLOODS, type FloodName } from './floods/catalogue.ts';
import type { FloodBroker } from './floods/flood.ts';
import { GoodClients } from './good-clients.ts';
import { runFlood, type Scene } from './run-flood.ts';
import { problemsOf } from './verdict.ts';
import { warmUp } from './warm-up.ts';

const CLIENTS = 20;
/** Later than any machine makes them. */
const LATE_MILLIS = 100_000;
const SKIP = process.platform === 'linux' ? false : 'what a broker costs is read from /proc';

let echo: Echo;
/** For all floods that want no broker of their own. */
let usual: Scene;

before(async () => {
  if (SKIP !== false) return;
  echo = await Echo.start();
  usual = await openScene({}, warmUp);
});
after(async () => {
  if (SKIP !== false) return;
  await closeScene(usual);
  echo.stop();
});

async function openScene(choice: FloodBroker, prepare?: (broker: SoakBroker) => Promise<void>): Promise<Scene> {
  const broker = await startBroker(choice);
  await prepare?.(broker);
  return { broker, echo, good: await GoodClients.start(broker.target, CLIENTS) };
}

async function closeScene({ broker, good }: Scene): Promise<void> {
  await good.stop();
  await broker.stop();
}

/** The rows of the threat table that a flood is about. */
const ROWS: Readonly<Partial<Record<FloodName, string>>> = {
  connect: 'threat 9, 59: ',
  'half-open': 'threat 3, 58: ',
  'tls-hello': 'threat 14: ',
  churn: 'threat 20, 24: ',
  'same-id': 'threat 42: ',
  big: 'threat 1, 7: ',
  takeover: 'threat 53, 54: ',
  fragments: 'threat 60: ',
  'ws-ping': 'threat 60: ',
  'slow-readers': 'threat 50, 72: ',
  flapping: 'threat 53: ',
  'first-message': 'threat 61: ',
};

for (const name of FLOOD_NAMES) {
  test(`${ROWS[name] ?? ''}the flood "${name}" hurts nobody else and leaves nothing behind`, {
    skip: SKIP,
  }, async () => {
    const { broker: own, secondsMin = 1 } = FLOODS[name];
    const plan = { name, seconds: secondsMin, secondsBefore: 0.3, onProgress: () => {} };
    const scene = own === undefined ? usual : await openScene(own);
    try {
      const measure = await runFlood(scene, plan);
      // Here other tests run at the same time: nobody is asked to be quick.
      const problems = problemsOf(measure).filter((problem) => !problem.startsWith('p99'));
      assert.deepEqual(problems, []);
      assert.ok(measure.during.latency.count > CLIENTS);
    } finally {
      if (own !== undefined) await closeScene(scene);
    }
  });
}

test('good clients that are late are found out', { skip: SKIP }, async () => {
  const late = await GoodClients.start(usual.broker.target, CLIENTS, LATE_MILLIS);
  const plan = { name: 'ping', seconds: 1, secondsBefore: 0.3, onProgress: () => {} } as const;
  const measure = await runFlood({ ...usual, good: late }, plan);
  await late.stop();
  // They were late before the flood, too; it is the flood that is held against those of another run.
  const { latency } = measure.before;
  const inTime = { ...measure.before, latency: { ...latency, p99: latency.p99 - LATE_MILLIS } };
  assert.match(problemsOf({ ...measure, before: inTime }).join(), /^p99 of good clients was 100\d{3}/);
});
