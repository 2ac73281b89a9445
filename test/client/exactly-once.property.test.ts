// The promise of a client: random traffic in both directions, over connections that break, a broker that loses the session, and
// processes that end at any moment. exchange.ts has the world, verdict.ts what is right and wrong in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { Exchange, type ExchangeOptions, STEPS, type Step } from './exchange.ts';
import { faultsOf } from './verdict.ts';

type Event =
  | { readonly kind: 'step'; readonly step: Step; readonly times: number }
  | { readonly kind: 'publish' | 'broker publishes'; readonly qos: 1 | 2 }
  | { readonly kind: 'cut' | 'lose session' }
  | { readonly kind: 'crash'; readonly more: number };

interface Run {
  readonly options: Omit<ExchangeOptions, 'store'>;
  readonly events: readonly Event[];
}

const qos = fc.constantFrom(1 as const, 2 as const);
const ordinary: fc.WeightedArbitrary<Event>[] = [
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('publish' as const, 'broker publishes' as const), qos }) },
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      step: fc.constantFrom(...STEPS),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
];
const loss: fc.WeightedArbitrary<Event> = {
  weight: 1,
  arbitrary: fc.record({ kind: fc.constant('lose session' as const) }),
};
const crash: fc.WeightedArbitrary<Event> = {
  weight: 2,
  arbitrary: fc.record({ kind: fc.constant('crash' as const), more: fc.nat({ max: 3 }) }),
};

function runsOf(...events: readonly fc.WeightedArbitrary<Event>[]): fc.Arbitrary<Run> {
  return fc.record({
    options: fc.record({
      onAmbiguous: fc.constantFrom('resend' as const, 'reject' as const),
      receiveMaximum: fc.constantFrom(1, 2, 65_535),
      // A text is one byte or two.
      inboxBytesMax: fc.constantFrom(1, 3, 1_000),
      outboxMessagesMax: fc.constantFrom(1, 3, 1_000),
    }),
    events: fc.array(fc.oneof(...ordinary, ...events), { maxLength: 80, size: 'max' }),
  });
}

/** Lets the events happen, and then everything that they leave to happen; says what is wrong. */
async function faultsIn(
  { options, events }: Run,
  store: ExchangeOptions['store'],
  excused = true,
): Promise<readonly string[]> {
  const exchange = await new Exchange({ ...options, store }).begin();
  for (const event of events) await happen(event, exchange);
  await exchange.finish();
  const wasSessionLost = excused && events.some(({ kind }) => kind === 'lose session');
  return faultsOf(exchange, { wasSessionLost, onAmbiguous: options.onAmbiguous ?? 'resend' });
}

async function happen(event: Event, exchange: Exchange): Promise<void> {
  switch (event.kind) {
    case 'step':
      for (let left = event.times; left > 0 && (await exchange.step(event.step)); left--);
      return;
    case 'publish':
      return await exchange.publish(event.qos);
    case 'broker publishes':
      return exchange.brokerPublish(event.qos);
    case 'cut':
      return await exchange.cut();
    case 'lose session':
      return await exchange.loseSession();
    case 'crash':
      return await exchange.crash(event.more);
  }
}

test('over broken connections, in memory: QoS 2 exactly once, QoS 1 at least once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(runsOf(), async (run) => assert.deepEqual(await faultsIn(run, 'none'), [])),
    { numRuns: 200 },
  );
});

test('over broken connections and crashes, with a store: QoS 2 exactly once, QoS 1 at least once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(runsOf(crash), async (run) => assert.deepEqual(await faultsIn(run, 'honest'), [])),
    { numRuns: 200 },
  );
});

test('over lost sessions, in memory: what `onAmbiguous` says, and whatever the broker did not lose', async () => {
  await fc.assert(
    fc.asyncProperty(runsOf(loss), async (run) => assert.deepEqual(await faultsIn(run, 'none'), [])),
    { numRuns: 200 },
  );
});

test('over lost sessions and crashes, with a store: what `onAmbiguous` says, and whatever the broker did not lose', async () => {
  await fc.assert(
    fc.asyncProperty(runsOf(loss, crash), async (run) => assert.deepEqual(await faultsIn(run, 'honest'), [])),
    { numRuns: 200 },
  );
});

test('a store that calls durable what it loses in a crash is found out', async () => {
  const outcome = await fc.check(
    fc.asyncProperty(runsOf(crash), async (run) => assert.deepEqual(await faultsIn(run, 'lying'), [])),
    { numRuns: 100, seed: 1, endOnFailure: true },
  );
  assert.equal(outcome.failed, true);
});

test('a broker that says nothing of the session that it has lost would be found out', async () => {
  const outcome = await fc.check(
    fc.asyncProperty(runsOf(loss), async (run) => assert.deepEqual(await faultsIn(run, 'none', false), [])),
    { numRuns: 100, seed: 1, endOnFailure: true },
  );
  assert.equal(outcome.failed, true);
});
