// Threats by way of what outlives its publisher: Wills and retained messages, with every combination of the options that decide about them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, publish, subscribe } from '../../conformance/wire/write.ts';
import { type BrokerLimits, createBroker, DEFAULT_LIMITS } from '../../src/exports/broker.ts';
import { TestBroker, type TestClient } from '../broker/harness.ts';
import { watched, will } from '../broker/sample-will.ts';
import { freshId, Stage, TRANSPORTS, VERSIONS } from './stage.ts';

test('threat 51: Wills fill no more retained messages than publishers may', async (context) => {
  const stage = await Stage.open(context, { limits: { retainedMessagesMax: 5 } });
  for (let n = 0; n < 60; n++) {
    const transport = TRANSPORTS[n % TRANSPORTS.length] ?? 'tcp';
    const version = VERSIONS[n % VERSIONS.length] ?? VERSIONS[0];
    assert.ok(version !== undefined);
    const client = await stage.connect(
      version,
      { will: { topic: `kept/${n}`, payload: 'x', retain: true } },
      transport,
    );
    client.cut();
  }
  const publisher = await stage.connect();
  for (let id = 1; id <= 10; id++) publisher.send(publish(5, { topic: `more/${id}`, qos: 1, id, retain: true }));
  await publisher.untilPong();
  const reader = await stage.connect();
  reader.send(subscribe(5, 1, [['#', 0]]));
  const heard = await reader.untilPong();
  assert.equal(heard.filter((said) => said.startsWith('publish')).length, 5);
});

/** How a connection ends, in this test. */
type End = 'cut' | 'disconnect 0x00' | 'disconnect 0x04' | 'taken over' | 'taken over by a clean start';

/** How often a Will is published after that, whatever comes later (section 3.1.2.5, 3.1.3.2.2). */
function expectedWills(end: End, delay: number, expiry: number): number {
  if (end === 'disconnect 0x00') return 0;
  // A session that goes on with a new connection before its delay is over takes the Will back.
  return end === 'taken over' && delay > 0 && expiry > 0 ? 0 : 1;
}

test('threat 70: for every delay, expiry and end a Will is published once or never, as the specification says', async () => {
  for (const end of [
    'cut',
    'disconnect 0x00',
    'disconnect 0x04',
    'taken over',
    'taken over by a clean start',
  ] as const) {
    for (const delayInterval of [0, 1, 5, 60]) {
      for (const expiry of [0, 1, 5, 60]) {
        const { broker, observer } = await watched();
        const choice = { clientId: 'willing', clean: false, properties: { sessionExpiryInterval: expiry } };
        const client = broker.connect({ ...choice, will: will({ topic: 'will/x', delayInterval }) });
        const next = endConnection(broker, client, choice, end);
        const inTime = observer.acknowledgeAll().length;
        const name = `${end}, delay ${delayInterval} s, expiry ${expiry} s`;
        const expected = expectedWills(end, delayInterval, expiry);
        const isAtOnce = delayInterval === 0 || expiry === 0 || end === 'taken over by a clean start';
        assert.equal(inTime, isAtOnce ? expected : 0, `at once: ${name}`);
        broker.pass((Math.min(delayInterval, expiry) + 1) * 1_000);
        assert.equal(inTime + observer.acknowledgeAll().length, expected, name);
        next?.disconnect();
        broker.pass(120_000);
        assert.deepEqual(observer.acknowledgeAll(), [], `later: ${name}`);
      }
    }
  }
});

function endConnection(
  broker: TestBroker,
  client: TestClient,
  choice: { readonly clientId: string; readonly properties: { readonly sessionExpiryInterval: number } },
  end: End,
): TestClient | undefined {
  if (end === 'taken over') return broker.connect({ ...choice, clean: false });
  if (end === 'taken over by a clean start') return broker.connect({ ...choice, clean: true });
  if (end === 'cut') client.cut();
  else client.disconnect(end === 'disconnect 0x04' ? 4 : 0);
  return undefined;
}

/** The limits that are numbers, each at the least that it may be. */
function leastLimits(): Partial<BrokerLimits> {
  const least: Record<string, number> = {};
  for (const [name, usual] of Object.entries(DEFAULT_LIMITS)) {
    if (typeof usual !== 'number') continue;
    const smallest = [1, 2, 4, 16, 23, 64, 256, 1_024, 65_536].find((value) => isTaken({ [name]: value }));
    if (smallest !== undefined) least[name] = smallest;
  }
  return least;
}

function isTaken(limits: Partial<BrokerLimits>): boolean {
  try {
    createBroker({ limits });
    return true;
  } catch {
    return false;
  }
}

test('threat 52: with any limit at its least, alone or with all others, retained messages and Wills end no more than a connection', async () => {
  const least = leastLimits();
  assert.ok(Object.keys(least).length > 20);
  // The time for CONNECT would be over, and the connections that there may be.
  const { connectionsMax: _connections, systemTopicsInterval: _interval, ...together } = least;
  const settings = [...Object.entries(least).map(([name, value]) => ({ [name]: value })), together];
  for (const limits of settings) {
    const broker = await TestBroker.open({ limits });
    for (const version of [3, 4, 5] as const) {
      for (let n = 0; n < 3; n++) {
        const lasting = { clientId: `c${n}`, clean: false, version, properties: { sessionExpiryInterval: n } };
        const client = broker.knock({ ...lasting, will: will({ topic: `a/${n}`, retain: true }) });
        if (client.ended !== 'not yet') continue;
        client.requestSubscription(['#', 'a/+', '$share/g/a'], { qos: 2 });
        for (const qos of [0, 1, 2] as const) {
          if (client.ended !== 'not yet') break;
          const properties = version === 5 ? { messageExpiryInterval: qos } : {};
          client.publish(`a/${qos}`, 'x'.repeat(qos * 100), { qos, id: qos + 1, retain: true, properties });
          client.publish(`a/${qos}`, '', { qos, id: qos + 5, retain: true });
        }
        if (client.ended === 'not yet') client.cut();
      }
      broker.pass(2_000);
    }
    const errors = broker.log.filter(({ level }) => level === 'error');
    assert.deepEqual(errors, [], JSON.stringify(limits));
    broker.pass(1_000_000);
  }
});

test('a Will that may not be is refused at CONNECT over every transport, and the session is not made', async (context) => {
  const stage = await Stage.open(context);
  for (const transport of TRANSPORTS) {
    for (const topic of ['a/#', '+', '', 'a\u0000b']) {
      const stranger = await stage.dial(transport);
      stranger.send(connect(5, { clientId: freshId(), will: { topic } }));
      const [said = ''] = await stranger.ending();
      assert.match(said, /^connack 0x(?:8[12]|90)$/, JSON.stringify(topic));
    }
  }
});
