// The client's process ends at every point of a QoS 2 exchange in turn: what was stored arrives exactly once, what came is handed
// over exactly once under one key.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exchange, type ExchangeOptions, type Step } from './exchange.ts';
import { faultsOf } from './verdict.ts';

/** Who goes first where several things could happen; each makes other points to crash at. */
const ORDERS: Readonly<Record<string, readonly Step[]>> = {
  'the network is fast': ['client reads', 'broker reads', 'broker sends', 'disk', 'application'],
  'the disk is fast': ['disk', 'client reads', 'broker reads', 'broker sends', 'application'],
  'the application is fast': ['application', 'disk', 'broker sends', 'client reads', 'broker reads'],
  'the broker is fast': ['broker reads', 'broker sends', 'disk', 'application', 'client reads'],
};
const KEPT = { wasSessionLost: false, onAmbiguous: 'resend' } as const;

/** Where the process ends. */
interface Point {
  /** After so many steps. */
  readonly steps: number;
  /** So many steps before that the connection breaks; 0: it does not. */
  readonly cutBefore: number;
  /** So many more changes were durable than were announced. */
  readonly more: number;
}

/** Two messages each way, a crash, and two more. Says what is wrong, and whether there were as many steps. */
async function crashAt(
  { steps, cutBefore, more }: Point,
  order: readonly Step[],
  options: ExchangeOptions,
): Promise<{ readonly faults: readonly string[]; readonly isPastEnd: boolean }> {
  const exchange = await new Exchange(options).begin();
  await twoMessagesEachWay(exchange);
  let taken = 0;
  while (taken < steps && (await oneOf(order, exchange))) {
    taken++;
    if (cutBefore === 0 || taken !== steps - cutBefore) continue;
    await exchange.cut();
    await exchange.step('time');
  }
  await exchange.crash(more);
  // The identifiers go round.
  await twoMessagesEachWay(exchange);
  await exchange.finish();
  return { faults: faultsOf(exchange, KEPT), isPastEnd: taken < steps };
}

async function twoMessagesEachWay(exchange: Exchange): Promise<void> {
  for (let count = 0; count < 2; count++) {
    await exchange.publish(2);
    exchange.brokerPublish(2);
  }
}

async function oneOf(order: readonly Step[], exchange: Exchange): Promise<boolean> {
  for (const step of order) if (await exchange.step(step)) return true;
  return false;
}

/** Crashes at every step in turn; each point as often as there are ways to get there. */
async function crashEverywhere(
  order: readonly Step[],
  ways: readonly Omit<Point, 'steps'>[],
  options: ExchangeOptions,
  judge: (faults: readonly string[], point: Point) => void,
): Promise<void> {
  for (const way of ways) {
    let isPastEnd = false;
    for (let steps = 0; !isPastEnd; steps++) {
      const point = { steps, ...way };
      const result = await crashAt(point, order, options);
      judge(result.faults, point);
      ({ isPastEnd } = result);
    }
  }
}

const WAYS = [0, 1, 2].map((more) => ({ cutBefore: 0, more }));
const WAYS_OVER_A_CUT = [4, 6].map((cutBefore) => ({ cutBefore, more: 0 }));

for (const [name, order] of Object.entries(ORDERS)) {
  test(`QoS 2 survives a crash at every step, exactly once in both directions: ${name}`, async () => {
    let points = 0;
    await crashEverywhere(order, WAYS, { store: 'honest' }, (faults, point) => {
      assert.deepEqual(faults, [], JSON.stringify(point));
      points++;
    });
    assert.ok(points > 60, 'there were points to crash at');
  });

  test(`QoS 2 survives a crash soon after a broken connection, exactly once in both directions: ${name}`, async () => {
    await crashEverywhere(order, WAYS_OVER_A_CUT, { store: 'honest' }, (faults, point) => {
      assert.deepEqual(faults, [], JSON.stringify(point));
    });
  });
}

test('with a store that lies, crashes lose messages and hand them over twice, and this is where it is seen', async () => {
  const kinds = new Set<string>();
  for (const order of Object.values(ORDERS)) {
    await crashEverywhere(order, WAYS.slice(0, 1), { store: 'lying' }, (faults) => {
      for (const fault of faults) kinds.add(fault.replace(/ \d+/g, ''));
    });
  }
  for (const kind of ['QoS message is lost', 'QoS message was handed over under keys']) {
    assert.ok(kinds.has(kind), `${kind}: ${Array.from(kinds).join(', ')}`);
  }
});
