// Every flood for a second against a real broker: nobody else loses a connection or a message, and nothing is left behind. How late good
// clients become is measured by `npm run soak`, on a machine that has nothing else to do.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { type SoakBroker, startBroker } from './broker-process.ts';
import { Echo } from './echo.ts';
import { FLOOD_NAMES, type FloodName } from './floods/catalogue.ts';
import { GoodClients } from './good-clients.ts';
import { runFlood } from './run-flood.ts';
import { problemsOf } from './verdict.ts';
import { warmUp } from './warm-up.ts';

const CLIENTS = 20;
/** Later than any machine makes them. */
const LATE_MILLIS = 100_000;
const SKIP = process.platform === 'linux' ? false : 'what a broker costs is read from /proc';

let broker: SoakBroker;
let echo: Echo;
let good: GoodClients;

before(async () => {
  if (SKIP !== false) return;
  broker = await startBroker();
  await warmUp(broker);
  echo = await Echo.start();
  good = await GoodClients.start(broker.target, CLIENTS);
});
after(async () => {
  if (SKIP !== false) return;
  echo.stop();
  await good.stop();
  await broker.stop();
});

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
};

for (const name of FLOOD_NAMES) {
  test(`${ROWS[name] ?? ''}the flood "${name}" hurts nobody else and leaves nothing behind`, {
    skip: SKIP,
  }, async () => {
    const plan = { name, seconds: 1, secondsBefore: 0.3, onProgress: () => {} };
    const measure = await runFlood({ broker, good, echo }, plan);
    // Here other tests run at the same time: nobody is asked to be quick.
    const problems = problemsOf(measure).filter((problem) => !problem.startsWith('p99'));
    assert.deepEqual(problems, []);
    assert.ok(measure.during.latency.count > CLIENTS);
  });
}

test('good clients that are late are found out', { skip: SKIP }, async () => {
  const late = await GoodClients.start(broker.target, CLIENTS, LATE_MILLIS);
  const plan = { name: 'ping', seconds: 1, secondsBefore: 0.3, onProgress: () => {} } as const;
  const measure = await runFlood({ broker, good: late, echo }, plan);
  await late.stop();
  // They were late before the flood, too; it is the flood that is held against those of another run.
  const { latency } = measure.before;
  const inTime = { ...measure.before, latency: { ...latency, p99: latency.p99 - LATE_MILLIS } };
  assert.match(problemsOf({ ...measure, before: inTime }).join(), /^p99 of good clients was 100\d{3}/);
});
