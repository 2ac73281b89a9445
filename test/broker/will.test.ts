// Wills (sections 3.1.2.5 and 3.1.3.2.2): published exactly once or never, and when. The first part is a table of
// every way in which a connection can end, with every relation of Will Delay and Session Expiry.
// What is published: will-message.test.ts. A Will that was pending when the broker stopped: recovery.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type ConnectChoice, TestBroker, type TestClient } from './harness.ts';
import { watched, will } from './sample-will.ts';
import { lateStore, memoryStore } from './test-store.ts';

const VERSIONS = [3, 4, 5] as const;

/** Ends a connection in one way. */
type End = (broker: TestBroker, client: TestClient, choice: ConnectChoice) => void;

/** The ways in which a connection ends after which a Will is published, sooner or later. */
const ENDS: Readonly<Record<string, End>> = {
  'a cut network': (_, client) => client.cut(),
  'an end without DISCONNECT': (_, client) => client.hangUp(),
  'a malformed packet': (_, client) => client.sendBytes('00 00'),
  'a protocol error': (_, client) => client.sendBytes('82 02 00 01'),
  'a Keep Alive timeout': (broker) => broker.pass(15_000),
};

/** The same for MQTT 5 alone. */
const ENDS_OF_5: Readonly<Record<string, End>> = {
  'DISCONNECT 0x04': (_, client) => client.disconnect(0x04),
  'DISCONNECT 0x80': (_, client) => client.disconnect(0x80),
};

/** Will Delay and Session Expiry in seconds, in every relation; and when the Will is published after the end. */
const TIMES = [
  { delay: 0, expiry: 0, after: 0 },
  { delay: 0, expiry: 60, after: 0 },
  { delay: 30, expiry: 0, after: 0 },
  { delay: 30, expiry: 60, after: 30 },
  { delay: 60, expiry: 60, after: 60 },
  { delay: 90, expiry: 60, after: 60 },
] as const;

/** Claims that the Will comes once, so many seconds from now. */
function expectWillAfter(broker: TestBroker, observer: TestClient, seconds: number): void {
  if (seconds > 0) {
    assert.deepEqual(observer.take(), []);
    broker.pass(seconds * 1000 - 1);
    assert.deepEqual(observer.take(), []);
    broker.pass(1);
  }
  assert.deepEqual(observer.messages(), ['will=w']);
  broker.pass(10_000_000);
  assert.deepEqual(observer.take(), []);
}

/** A CONNECT with a Will, and with these times. */
function withWill(version: 3 | 4 | 5, delay: number, expiry: number): ConnectChoice {
  const properties = version === 5 ? { sessionExpiryInterval: expiry } : {};
  return {
    version,
    clientId: 'c',
    clean: expiry === 0,
    keepAlive: 10,
    will: will({ delayInterval: delay }),
    properties,
  };
}

// [MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-10]; MQTT 3.1.1 [MQTT-3.1.2-8].
describe('a Will is published once', () => {
  for (const { delay, expiry, after } of TIMES) {
    const when = after === 0 ? 'at once' : `after ${after} s`;
    for (const [name, end] of Object.entries({ ...ENDS, ...ENDS_OF_5 })) {
      test(`${when}, if its delay is ${delay} s and the Session Expiry ${expiry} s, after ${name}`, async () => {
        const { broker, observer } = await watched();
        const choice = withWill(5, delay, expiry);
        end(broker, broker.connect(choice), choice);
        expectWillAfter(broker, observer, after);
      });
    }
  }
  for (const version of [3, 4] as const) {
    for (const expiry of [0, 60]) {
      for (const [name, end] of Object.entries(ENDS)) {
        test(`at once, for version ${version} ${expiry === 0 ? 'with' : 'without'} Clean Session, after ${name}`, async () => {
          const { broker, observer } = await watched();
          const choice = withWill(version, 0, expiry);
          end(broker, broker.connect(choice), choice);
          expectWillAfter(broker, observer, 0);
        });
      }
    }
  }
});

// [MQTT-3.14.4-3]; MQTT 3.1.1 [MQTT-3.1.2-10] [MQTT-3.14.4-3].
test('a Will is never published after DISCONNECT 0x00', async () => {
  for (const version of VERSIONS) {
    for (const { delay, expiry } of version === 5 ? TIMES : TIMES.filter((times) => times.delay === 0)) {
      const { broker, observer } = await watched();
      const client = broker.connect(withWill(version, delay, expiry));
      client.disconnect();
      client.confirmEnd();
      broker.pass(1_000_000);
      assert.deepEqual(observer.take(), []);
    }
  }
});

// MQTT 3.1.1 [MQTT-3.1.2-12].
test('who has no Will has none published', async () => {
  const { broker, observer } = await watched();
  for (const version of VERSIONS) {
    for (const end of Object.values(ENDS)) {
      const choice: ConnectChoice = { version, clientId: 'c', keepAlive: 10 };
      end(broker, broker.connect(choice), choice);
    }
  }
  assert.deepEqual(observer.take(), []);
});

// Section 3.1.3.2.2, the comment on [MQTT-3.1.3-9]: the session ends, or it goes on.
describe('on takeover', () => {
  for (const { delay, expiry } of TIMES) {
    for (const clean of [true, false]) {
      const published = clean || expiry === 0 || delay === 0;
      test(`with Clean Start ${clean}, delay ${delay} s and Session Expiry ${expiry} s the old Will is ${published ? 'published at once' : 'never published'}`, async () => {
        const { broker, observer } = await watched();
        broker.connect(withWill(5, delay, expiry));
        const young = broker.connect({ clientId: 'c', clean, properties: { sessionExpiryInterval: 60 } });
        assert.deepEqual(observer.messages(), published ? ['will=w'] : []);
        young.cut();
        broker.pass(1_000_000);
        assert.deepEqual(observer.take(), []);
      });
    }
  }
});

// [MQTT-3.1.3-9]
describe('while its delay runs a Will', () => {
  test('is cancelled by a connection that resumes the session, and does not come back', async () => {
    const { broker, observer } = await watched();
    broker.connect(withWill(5, 30, 60)).cut();
    broker.pass(29_999);
    const back = broker.connect({ clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } });
    assert.equal(back.connack?.sessionPresent, true);
    broker.pass(1_000_000);
    back.cut();
    broker.pass(1_000_000);
    assert.deepEqual(observer.take(), []);
  });

  test('is published by a connection that begins anew: its session ends', async () => {
    const { broker, observer } = await watched();
    broker.connect(withWill(5, 30, 60)).cut();
    broker.pass(10_000);
    broker.connect({ clientId: 'c', clean: true });
    expectWillAfter(broker, observer, 0);
  });

  test('is replaced by that of the next connection', async () => {
    const { broker, observer } = await watched();
    broker.connect(withWill(5, 30, 60)).cut();
    const next = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } };
    broker.connect({ ...next, will: will({ payload: Buffer.from('second') }) }).cut();
    broker.pass(1_000_000);
    assert.deepEqual(observer.messages(), ['will=second']);
  });

  test('is not cancelled by another client, nor by one who is refused', async () => {
    const broker = await TestBroker.open({
      authenticator: { authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }) },
    });
    const observer = broker.connect({ clientId: 'observer' });
    observer.subscribe('will');
    broker.connect(withWill(5, 30, 60)).cut();
    broker.connect({ clientId: 'd', clean: false });
    assert.equal(broker.knock({ clientId: 'c', userName: 'mallory' }).ended, 'end');
    expectWillAfter(broker, observer, 30);
  });
});

test('a Will whose delay is over is published, even if the client is back before anybody was woken for it', async () => {
  const { broker, observer } = await watched();
  broker.connect(withWill(5, 30, 60)).cut();
  broker.passUnnoticed(30_000);
  const back = broker.connect({ clientId: 'c', clean: false });
  assert.equal(back.connack?.sessionPresent, true);
  assert.deepEqual(observer.messages(), ['will=w']);
});

test('a Will that was published is gone: the session does not publish it again', async () => {
  const { broker, observer } = await watched();
  broker.connect(withWill(5, 10, 60)).cut();
  broker.pass(10_000);
  assert.deepEqual(observer.messages(), ['will=w']);
  broker.connect({ clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } }).cut();
  broker.pass(1_000_000);
  assert.deepEqual(observer.take(), []);
});

test('a session lasts its full Session Expiry though its Will was published before', async () => {
  const { broker } = await watched();
  broker.connect(withWill(5, 10, 60)).cut();
  broker.pass(59_999);
  assert.equal(broker.broker.sizes.sessions, 2);
  broker.pass(1);
  assert.equal(broker.broker.sizes.sessions, 1);
});

test('a CONNECT that is cut off while it waits for the store has a Will; one that is refused has none', async () => {
  const { store, commit } = lateStore();
  const broker = await TestBroker.open({ store });
  const observer = broker.knock({ clientId: 'observer' });
  observer.take();
  observer.subscribe('will');
  const lasting = { properties: { sessionExpiryInterval: 60 } };
  const refused = broker.knock({ ...lasting, clientId: 'refused', will: will({ qos: 0 }) });
  broker.pass(10_000);
  assert.deepEqual(refused.said(), ['CONNACK 0x88']);
  assert.deepEqual(observer.take(), []);
  broker.knock({ ...lasting, clientId: 'cut', will: will({ qos: 0, payload: Buffer.from('cut') }) }).cut();
  assert.deepEqual(observer.messages(), ['will=cut']);
  commit();
  assert.deepEqual(refused.take(), []);
});

// [MQTT-4.1.0-2] In one turn of time: each at its moment, and nobody misses one because of another.
test('Wills and sessions that are due together are published before the sessions end, in order of their moments', async () => {
  const { broker, observer } = await watched();
  for (const [clientId, delay, expiry] of [
    ['a', 30, 60],
    ['b', 10, 60],
    ['c', 90, 20],
  ] as const) {
    const payload = Buffer.from(clientId);
    const client = broker.connect({
      clientId,
      will: will({ qos: 0, payload, delayInterval: delay }),
      properties: { sessionExpiryInterval: expiry },
    });
    client.cut();
  }
  broker.pass(1_000_000);
  assert.deepEqual(observer.messages(), ['will=b', 'will=c', 'will=a']);
  assert.equal(broker.broker.sizes.sessions, 1);
});

// Section 3.1.2.5: a Server that shuts down may publish Wills after its restart.
describe('when the broker stops', () => {
  for (const { delay, expiry, after } of TIMES) {
    const when = after === 0 ? 'at once' : `${after} s after its restart`;
    test(`a Will with delay ${delay} s and Session Expiry ${expiry} s is published ${when}, once`, async () => {
      const published: string[] = [];
      const events = { messagePublished: (message: { readonly topic: string }) => void published.push(message.topic) };
      const store = memoryStore();
      const first = await TestBroker.open({ store, events });
      const client = first.connect(withWill(5, delay, expiry));
      await first.broker.close();
      client.expectEnd(0x8b);
      assert.deepEqual(published, after === 0 ? ['will'] : []);
      const { monotonicClock: monotonic, wallClock: wall } = first;
      const second = await TestBroker.open({ store, events, monotonic, wall });
      if (after > 0) {
        second.pass(after * 1000 - 1);
        assert.deepEqual(published, []);
        second.pass(1);
      }
      second.pass(1_000_000);
      assert.deepEqual(published, ['will']);
    });
  }
});
