import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientPlan, Plan, Step } from '../plan.ts';
import { assemblePlan } from './assemble-plan.ts';
import { checkPlan } from './check-plan.ts';
import {
  PLAIN_BROKER,
  PLAIN_NETWORK,
  plainClient,
  plainFilter,
  plainPublish,
  plainSubscription,
  plainWill,
} from './plain-parts.ts';

/** What is wrong, and with which words it is refused. */
const WRONG: readonly (readonly [claim: string, plan: Plan, refusal: RegExp])[] = [
  ['steps out of order', { ...planOf(), steps: [cut(5, 'p1'), cut(4, 'p1')] }, /time of cut is from 5/],
  ['a step after quiet has begun', { ...planOf(), quietAt: 3, steps: [cut(4, 'p1')] }, /time of cut is from 0 to 3/],
  ['a step for nobody', planOf({}, cut(1, 'x9')), /for x9, who is not there/],
  ['a broken connection of the broker', planOf({}, cut(1, 'broker')), /for broker, who is not there/],
  ['two clients of one name', { ...planOf(), clients: [plainClient('p1'), plainClient('p1')] }, /the same name/],
  ['a client named broker', { ...planOf(), clients: [plainClient('broker')] }, /short name/],
  ['a Receive Maximum of 0', planOf({ receiveMaximum: 0 }), /p1\.receiveMaximum is from 1/],
  ['half a millisecond', planOf({ handlingMillisMax: 0.5 }), /handlingMillisMax/],
  ['a range upside down', planOf({ handlingMillisMin: 5, handlingMillisMax: 3 }), /handlingMillisMin is from 0 to 3/],
  ['Session Expiry on 3.1.1', planOf({ version: 4, sessionExpirySeconds: 1 }), /MQTT 3\.1\.1 has no place/],
  ['a delayed Will on 3.1.1', planOf({ version: 4, will: plainWill('w', { delaySeconds: 1 }) }), /Will of p1/],
  ['options of SUBSCRIBE on 3.1.1', subscribing(4, '#', true), /options that MQTT 3\.1\.1/],
  ['No Local on a shared subscription', subscribing(5, '$share/g/#', true), /No Local/],
  ['a filter that is none', subscribing(5, 'a#', false), /no topic filter/],
  ['a filter twice', planOf({ subscriptions: [{ filters: [plainFilter('a', 1), plainFilter('a', 2)] }] }), /twice/],
  ['no filter', planOf({ subscriptions: [{ filters: [] }] }), /no filter/],
  ['a topic with wildcards', planOf({}, plainPublish(1, 'p1', 'a/+', 1)), /no topic name/],
  ['no message at all', planOf({}, plainPublish(1, 'p1', 'a', 1, { count: 0 })), /count of a publish step/],
  ['an empty payload that clears nothing', planOf({}, plainPublish(1, 'p1', 'a', 1, { isEmpty: true })), /clears/],
  [
    'a message that expires on 3.1.1',
    planOf({ version: 4 }, plainPublish(1, 'p1', 'a', 1, { expirySeconds: 1 })),
    /not in MQTT 3\.1\.1/,
  ],
  [
    'a reason to stop on 3.1.1',
    planOf({ version: 4 }, { kind: 'stop', at: 1, who: 'p1', reasonCode: 4, sessionExpirySeconds: undefined }),
    /words of MQTT 5\.0/,
  ],
  [
    'a full disk where there is none',
    planOf({}, { kind: 'disk', at: 1, who: 'p1', fault: 'full', millis: 1 }),
    /no disk/,
  ],
  ['intruders unlike each other', { ...planOf(), steps: [intruder(1, true), intruder(2, false)] }, /begin it anew/],
  [
    'a boundary of 0',
    planOf({}, { kind: 'crash-at', at: 1, who: 'p1', boundary: 0, downMillis: 1, machine: false }),
    /boundary of crash-at/,
  ],
];

test('a plain plan is one', () => {
  checkPlan(planOf({}, plainPublish(1, 'p1', 'a', 1), cut(2, 'p1')));
});

for (const [claim, plan, refusal] of WRONG) {
  test(`${claim}: no plan`, () => assert.throws(() => checkPlan(plan), refusal));
}

function planOf(more: Partial<ClientPlan> = {}, ...steps: readonly Step[]): Plan {
  return assemblePlan(1, {
    broker: PLAIN_BROKER,
    clients: [plainClient('p1', more)],
    network: PLAIN_NETWORK,
    steps,
    quietAt: 10,
  });
}

function subscribing(version: 4 | 5, filter: string, noLocal: boolean): Plan {
  return planOf({ version, subscriptions: [plainSubscription(filter, 1, { noLocal })] });
}

function intruder(at: number, clean: boolean): Step {
  return { kind: 'intruder', at, client: 'p1', clean, millis: 1 };
}

function cut(at: number, client: string): Step {
  return { kind: 'cut', at, client };
}
