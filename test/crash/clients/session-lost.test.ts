// What becomes of messages in flight when the broker loses the session of a client: somebody connects under its name, with Clean
// Start, and goes, while the client is killed or cut off. Nobody can tell then whether the broker has a QoS 2 message that was sent and
// not acknowledged; `onAmbiguous` decides between never twice and never lost. A subscriber has to subscribe again by itself.

import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';

import { temporaryDirectory } from '../data-directory.ts';
import { endProcesses } from '../killable.ts';
import { connectPacket } from '../packets.ts';
import { Wire } from '../wire.ts';
import { findFaults, missingMessages } from './checks.ts';
import type { ClientOptions } from './client-process.ts';
import { Company } from './company.ts';
import { ALL } from './plan.ts';
import type { Publisher } from './publisher.ts';
import type { Subscriber } from './subscriber.ts';

const LOSSES = 4;
const MESSAGES_BETWEEN = 150;
const SILENCE_MILLIS = 20;
/** Of the publisher, on a network that swallows them: nobody can say what has become of those with QoS 2. */
const SWALLOWED_MESSAGES = 12;
/** There may be no room for so many. */
const SWALLOWED_MILLIS_MAX = 2000;
/** How long everything may be silent at the end, where what was given up is waited for in vain. */
const PATIENCE_MILLIS = 6000;
const SEED = Date.now() % 1_000_000;

after(endProcesses);

test('with `reject` nothing comes twice, and whatever does not come was said to be ambiguous', async (context) => {
  await play(context, { 'on-ambiguous': 'reject' }, async ({ company, publisher, subscriber }) => {
    for (let losses = 0; losses < LOSSES; losses++) await loseUnderLoad(company, publisher, losses % 2 === 0);
    await company.finish();
    const history = company.history();
    const missing = missingMessages(history, subscriber);
    const { ambiguous, stored } = publisher.counts;
    const told = `seed ${SEED}: ${stored} stored, ${ambiguous} given up, ${missing.length} did not come`;
    context.diagnostic(told);
    assert.deepEqual(
      findFaults(history).filter(({ kind }) => kind !== 'lost'),
      [],
      told,
    );
    assert.ok(missing.every(({ qos }) => qos === 2));
    assert.ok(ambiguous > 0, `nothing was at stake; ${told}`);
    assert.ok(missing.length <= ambiguous, told);
  });
});

test('with `resend` nothing is lost, and order is kept', async (context) => {
  await play(context, { 'on-ambiguous': 'resend' }, async ({ company, publisher }) => {
    for (let losses = 0; losses < LOSSES; losses++) await loseUnderLoad(company, publisher, losses % 2 === 0);
    await company.finish();
    const faults = findFaults(company.history());
    const others = faults.filter(({ kind }) => kind !== 'twice');
    const told = `seed ${SEED}: ${publisher.counts.stored} stored, ${faults.length - others.length} came twice`;
    context.diagnostic(told);
    assert.equal(publisher.counts.ambiguous, 0);
    assert.deepEqual(others, [], told);
  });
});

test('a subscriber whose session is lost subscribes again, and gets all that is published then, QoS 2 once', async (context) => {
  await play(context, {}, async ({ company, publisher, subscriber }) => {
    let mark = -1;
    for (let losses = 0; losses < LOSSES; losses++) {
      await loseUnderLoad(company, subscriber, losses % 2 === 0);
      mark = await untilSubscribedAgain(company, publisher, subscriber);
    }
    await company.finish();
    const history = company.history();
    assert.deepEqual(
      findFaults(history).filter(({ kind }) => kind !== 'lost'),
      [],
      `seed ${SEED}`,
    );
    // What was published between the loss and the new subscription was for nobody.
    const late = missingMessages(history, subscriber).filter(({ number }) => number > mark);
    assert.deepEqual(late, [], `seed ${SEED}`);
  });
});

interface Stage {
  readonly company: Company;
  readonly publisher: Publisher;
  readonly subscriber: Subscriber;
}

/** Has one publisher at work, and one subscriber, while something is done with them. */
async function play(context: TestContext, options: ClientOptions, act: (stage: Stage) => Promise<void>): Promise<void> {
  const company = await Company.open({
    directory: temporaryDirectory(context),
    seed: SEED,
    publishers: [{ name: 'p5', version: 5, options }],
    subscribers: [{ name: 's5', version: 5, subscriptions: ALL }],
    patienceMillis: PATIENCE_MILLIS,
  });
  try {
    const [publisher, subscriber] = [company.publishers[0], company.subscribers[0]];
    assert.ok(publisher !== undefined && subscriber !== undefined);
    await publisher.start();
    await act({ company, publisher, subscriber });
  } finally {
    await company.close();
  }
}

/** The broker loses the session of a client that has something in its hands. */
async function loseUnderLoad(company: Company, client: Publisher | Subscriber, isKilled: boolean): Promise<void> {
  const { relay, broker } = company;
  const enough = company.stored + MESSAGES_BETWEEN;
  await company.chronicle.until(
    () => company.stored >= enough && client.isAtStake,
    () => 'for messages',
  );
  // What is sent now does not arrive, and what arrived is not acknowledged.
  relay.swallow();
  await company.within(SILENCE_MILLIS, () => false);
  const stored = company.stored + SWALLOWED_MESSAGES;
  if (client.kind === 'publisher') await company.within(SWALLOWED_MILLIS_MAX, () => company.stored >= stored);
  relay.leadTo(undefined);
  if (isKilled) await client.kill();
  relay.cut();
  await endSession(broker.port ?? 0, client.name);
  relay.leadTo(broker.port);
  if (isKilled) await client.start();
}

/** @returns the number of the latest message that may have been published before. */
async function untilSubscribedAgain(
  { chronicle }: Company,
  publisher: Publisher,
  subscriber: Subscriber,
): Promise<number> {
  const before = publisher.latest;
  await chronicle.until(
    () => (subscriber.takings.at(-1)?.number ?? -1) > before,
    () => 'for the new subscription',
  );
  return publisher.latest;
}

/** Connects under this name, with Clean Start and for no longer than it takes. */
async function endSession(port: number, clientId: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wire = new Wire(port, 5, {
    receive: ({ kind }) => {
      if (kind === 'connack') wire.finish();
    },
    lose: resolve,
  });
  wire.send(connectPacket({ version: 5, clientId, clean: true, isPersistent: false, receiveMaximum: undefined }));
  await promise;
}
