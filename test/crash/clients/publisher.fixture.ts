// A publisher as an application writes one that must not lose anything: it publishes messages in the order of their numbers as long as
// not too many are unsettled, and goes on whether somebody is connected or not. It tells each step of each message. On `rest` it
// publishes no more, and says so when all is settled; on `burst N` it publishes so many and rests; on `go` it goes on.

import { setTimeout } from 'node:timers/promises';

import { labelPayload } from '../label.ts';
import { beginLife, codeOf, readLifeOptions } from './life.ts';
import { planMessage } from './plan.ts';
import { tell } from './report.ts';

/** So many wait at most, while the broker is away. */
const UNSETTLED_MAX = 300;
const BURST_MAX = 12;
const PAUSE_MILLIS_MAX = 8;

const options = readLifeOptions();
const { client, random, obey } = await beginLife(options, {});
let next = Number(options.first);
let isGoing = true;
/** Counts orders: one that was overtaken by the next is not carried out any further. */
let order = 0;

obey((line) => {
  const [word, count] = line.split(' ');
  order++;
  isGoing = word === 'go';
  if (word === 'burst') publishMany(Number(count));
  if (!isGoing) void rest(order);
});

for (;;) {
  if (isGoing) publishMany(Math.min(random.between(1, BURST_MAX), UNSETTLED_MAX - client.unsettledCount));
  await setTimeout(random.next() * PAUSE_MILLIS_MAX);
}

function publishMany(count: number): void {
  for (let left = count; left > 0; left--) publish(next++);
}

function publish(number: number): void {
  const label = { publisher: options.name, number };
  const { topic, qos, size } = planMessage(label);
  tell({ kind: 'trying', number });
  const publishing = client.publish(topic, labelPayload(label, size), { qos });
  publishing.stored.then(
    () => tell({ kind: 'stored', number }),
    // The message's own promise says it, too.
    () => {},
  );
  publishing.then(
    () => tell({ kind: 'settled', number }),
    (error: unknown) => tell({ kind: 'failed', number, code: codeOf(error) }),
  );
}

async function rest(mine: number): Promise<void> {
  await client.settled();
  if (mine === order) tell({ kind: 'at-rest' });
}
