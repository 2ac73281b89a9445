// Session Expiry (sections 3.1.2.11.2, 3.14.2.2.2 and 4.1.1): a session outlives its connection for as long as
// its client asked, within what the broker allows, and not a moment longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Authorizer } from '../../src/auth/contract.ts';
import { millis } from '../../src/base/millis.ts';
import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import { TestBroker, type TestClient } from './harness.ts';
import { will } from './sample-will.ts';
import { endTurn } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;
const FOR_EVER = 0xffffffff;

function connect(broker: TestBroker, sessionExpiryInterval: number | undefined, clean = false): TestClient {
  return broker.connect({ clientId: 'c', clean, properties: { sessionExpiryInterval } });
}

// [MQTT-3.1.2-23] [MQTT-4.1.0-2]
test('a session ends when its Session Expiry Interval has passed since the connection closed, and not before', async () => {
  const broker = await TestBroker.open();
  const client = connect(broker, 60);
  client.subscribe('a', { qos: 1 });
  broker.pass(1_000_000);
  client.cut();
  broker.pass(59_999);
  assert.equal(broker.broker.sizes.sessions, 1);
  assert.equal(broker.broker.sizes.subscriptions, 1);
  broker.pass(1);
  assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  assert.equal(connect(broker, 60).connack?.sessionPresent, false);
});

test('a session without Session Expiry Interval, or with 0, ends with its connection', async () => {
  const broker = await TestBroker.open();
  for (const interval of [undefined, 0]) {
    for (const end of ['disconnect', 'cut'] as const) {
      const client = connect(broker, interval);
      client.subscribe('a');
      client[end]();
      assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
    }
  }
});

test('a session whose time is over is not resumed, even if nobody was woken when it was', async () => {
  const broker = await TestBroker.open();
  connect(broker, 60).cut();
  broker.passUnnoticed(60_000);
  assert.equal(connect(broker, 60).connack?.sessionPresent, false);
  assert.equal(broker.broker.sizes.sessions, 1);
});

test('a client that comes back in time stops the clock, and its new interval counts from its new end', async () => {
  const broker = await TestBroker.open();
  connect(broker, 60).cut();
  broker.pass(59_000);
  const back = connect(broker, 10);
  assert.equal(back.connack?.sessionPresent, true);
  broker.pass(120_000);
  assert.equal(back.ended, 'not yet');
  back.cut();
  broker.pass(9_999);
  assert.equal(broker.broker.sizes.sessions, 1);
  broker.pass(1);
  assert.equal(broker.broker.sizes.sessions, 0);
});

test('a resumed session whose new Session Expiry Interval is 0 ends with this connection', async () => {
  const broker = await TestBroker.open();
  connect(broker, 60).cut();
  const back = connect(broker, undefined);
  assert.equal(back.connack?.sessionPresent, true);
  back.cut();
  assert.equal(broker.broker.sizes.sessions, 0);
  assert.equal(connect(broker, 60).connack?.sessionPresent, false);
});

test('sessionExpiryMax caps what a client asks for, which CONNACK says', async () => {
  const broker = await TestBroker.open({ limits: { sessionExpiryMax: millis(100_000) } });
  for (const [asked, told, lasts] of [
    [99, undefined, 99],
    [100, undefined, 100],
    [101, 100, 100],
    [FOR_EVER, 100, 100],
  ] as const) {
    const client = connect(broker, asked, true);
    assert.equal(client.connack?.properties.sessionExpiryInterval, told);
    client.cut();
    broker.pass(lasts * 1000 - 1);
    assert.equal(broker.broker.sizes.sessions, 1);
    broker.pass(1);
    assert.equal(broker.broker.sizes.sessions, 0);
  }
});

test('with a sessionExpiryMax of 0 no session outlives its connection, and a client that asks for more is told so', async () => {
  const broker = await TestBroker.open({ limits: { sessionExpiryMax: millis(0) } });
  for (const version of VERSIONS) {
    const client = broker.connect({ version, clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } });
    if (version === 5) assert.equal(client.connack?.properties.sessionExpiryInterval, 0);
    if (version === 5) client.disconnect(0, { sessionExpiryInterval: 30 });
    else client.disconnect();
    assert.equal(client.ended, 'end');
    assert.deepEqual(client.take(), []);
    assert.equal(broker.broker.sizes.sessions, 0);
  }
});

// MQTT 3.1.1 section 3.1.2.4 names no end; a broker must have one.
test('a 3.x session without Clean Session lasts for sessionExpiryMax', async () => {
  for (const version of [3, 4] as const) {
    const broker = await TestBroker.open();
    broker.connect({ version, clientId: 'c', clean: false }).disconnect();
    broker.pass(DEFAULT_LIMITS.sessionExpiryMax - 1);
    assert.equal(broker.broker.sizes.sessions, 1);
    broker.pass(1);
    assert.equal(broker.broker.sizes.sessions, 0);
  }
});

// Section 3.14.2.2.2.
test('DISCONNECT may change the Session Expiry Interval, up, down, and to 0', async () => {
  const broker = await TestBroker.open({ limits: { sessionExpiryMax: millis(1_000_000) } });
  for (const [sessionExpiryInterval, lasts] of [
    [undefined, 60],
    [600, 600],
    [30, 30],
    [0, 0],
    [FOR_EVER, 1_000],
  ] as const) {
    const client = connect(broker, 60);
    client.subscribe('a');
    client.disconnect(0, { sessionExpiryInterval });
    assert.deepEqual(client.take(), []);
    assert.equal(client.ended, 'end');
    if (lasts > 0) {
      broker.pass(lasts * 1000 - 1);
      assert.equal(broker.broker.sizes.sessions, 1);
      broker.pass(1);
    }
    assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  }
});

test('what DISCONNECT says of the Session Expiry Interval does not outlive the next CONNECT', async () => {
  const broker = await TestBroker.open();
  connect(broker, 60).disconnect(0, { sessionExpiryInterval: 600 });
  connect(broker, 60).cut();
  broker.pass(60_000);
  assert.equal(broker.broker.sizes.sessions, 0);
});

// Section 3.14.2.2.2: it is no valid DISCONNECT then, so the Will is published.
test('a DISCONNECT that would lengthen a session of interval 0 is a protocol error 0x82', async () => {
  const broker = await TestBroker.open();
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will');
  for (const interval of [undefined, 0]) {
    const client = broker.connect({
      clientId: 'c',
      will: will({ qos: 0 }),
      properties: { sessionExpiryInterval: interval },
    });
    client.disconnect(0, { sessionExpiryInterval: 1 });
    client.expectEnd(0x82);
    assert.deepEqual(observer.messages(), ['will=w']);
    assert.equal(broker.broker.sizes.sessions, 1);
  }
  const still = broker.connect({ clientId: 'c' });
  still.disconnect(0, { sessionExpiryInterval: 0 });
  assert.deepEqual(still.take(), []);
  assert.equal(broker.warnings().length, 2);
});

test('sessions end each at its own moment, whatever the order in which they were left', async () => {
  const broker = await TestBroker.open();
  const seconds = [50, 10, 40, 20, 30, 60, 5];
  for (const sessionExpiryInterval of seconds) {
    broker.connect({ clientId: `c${sessionExpiryInterval}`, properties: { sessionExpiryInterval } }).cut();
  }
  let passed = 0;
  for (const [n, due] of seconds.toSorted((a, b) => a - b).entries()) {
    assert.equal(broker.broker.sizes.sessions, seconds.length - n);
    broker.pass((due - passed) * 1000);
    passed = due;
  }
  assert.equal(broker.broker.sizes.sessions, 0);
  assert.equal(broker.broker.nextDeadline(), undefined);
});

test('where what is due at one moment takes long, the broker says so and goes on when it is asked again; nothing is done twice', async () => {
  let isSlow = false;
  const authorizer: Authorizer = {
    allowsAll: false,
    allows: (_, action) => {
      if (isSlow && action === 'will') broker.passUnnoticed(4);
      return true;
    },
  };
  const broker: TestBroker = await TestBroker.open({ authorizer });
  const observer = broker.connect();
  observer.subscribe('will');
  for (let index = 0; index < 5; index++) {
    const properties = { sessionExpiryInterval: 60 };
    broker.connect({ clientId: `c${index}`, will: will({ qos: 0, delayInterval: 10 }), properties }).cut();
  }
  isSlow = true;
  broker.passUnnoticed(10_000);
  const now = millis(broker.monotonicClock);
  const tick = (): readonly [isMore: boolean, heard: number] => {
    const isMore = broker.broker.tick(now);
    endTurn();
    return [isMore, observer.messages().length];
  };
  assert.deepEqual(
    [tick(), tick(), tick()],
    [
      [true, 3],
      [false, 2],
      [false, 0],
    ],
  );
});
