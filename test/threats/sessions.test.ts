// Threats to sessions and what they keep: identifiers that are fought over, queues that nobody reads, sessions that expire by the
// thousand, and half-open peers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, type ConnectFields, publish, subscribe } from '../../conformance/wire/write.ts';
import type { Authenticator, Authorizer } from '../../src/exports/broker.ts';
import { TestBroker } from '../broker/harness.ts';
import { will } from '../broker/sample-will.ts';
import { type Caller, freshId, memoryHeld, sayFrame, Stage, TRANSPORTS, V5, VERSIONS } from './stage.ts';

const MEBIBYTE = 2 ** 20;

/** A CONNECT for a session that lasts. */
function lasting(clientId: string, seconds = 600): ConnectFields {
  return { clientId, clean: false, properties: { sessionExpiryInterval: seconds } };
}

/** Everybody who says a name is that. */
const BY_NAME: Authenticator = {
  authenticate: ({ userName }) => ({ kind: 'accepted', principal: userName }),
};

test("threat 37: another user's client identifier opens no session of theirs, in any version and over any transport, and their queue waits for them", async (context) => {
  const stage = await Stage.open(context, { authenticator: BY_NAME });
  for (const transport of TRANSPORTS) {
    for (const version of VERSIONS) {
      const { level, fields } = version;
      const clientId = freshId();
      const owner = await stage.connect(version, { ...lasting(clientId), userName: 'anna' }, transport);
      owner.send(subscribe(level, 1, [[`to/${clientId}`, 1]]));
      await owner.expect('suback');
      for (const clean of [true, false]) {
        const thief = await stage.dial(transport);
        thief.send(connect(level, { ...lasting(clientId), ...fields, clean, userName: 'bert' }));
        const [said = ''] = await thief.ending();
        assert.match(said, level === 5 ? /^connack 0x8[57]$/ : /^connack 0x0[25]$/, version.name);
      }
      assert.deepEqual(await owner.untilPong(), [], 'its owner is still connected');
      owner.cut();
      await stage.broker.publish(`to/${clientId}`, 'x', { qos: 1 });
      const thief = await stage.dial(transport);
      thief.send(connect(level, { ...lasting(clientId), ...fields, userName: 'bert' }));
      assert.equal((await thief.ending()).length, 1);
      const back = await stage.connect(version, { ...lasting(clientId), userName: 'anna' }, transport);
      assert.equal(sayFrame(await back.expect('publish')), `publish to/${clientId}`);
      back.cut();
    }
  }
});

test('threat 28: who says neither user name nor password, or one without the other, is asked about as that, and opens nothing by it', async (context) => {
  const asked: unknown[] = [];
  const authenticator: Authenticator = {
    authenticate: ({ userName, password }) => {
      asked.push([userName, password === undefined ? undefined : Buffer.from(password).toString()]);
      return { kind: 'refused', reasonCode: 0x86, detail: 'nobody is let in' };
    },
  };
  const stage = await Stage.open(context, { authenticator });
  for (const { level, fields } of VERSIONS) {
    for (const credentials of [{}, { userName: '' }, { userName: 'a' }, { userName: '', password: '' }]) {
      const stranger = await stage.dial();
      stranger.send(connect(level, { ...fields, clientId: freshId(), ...credentials }));
      assert.deepEqual(await stranger.ending(), [level === 5 ? 'connack 0x86' : 'connack 0x04']);
      const { userName, password } = { userName: undefined, password: undefined, ...credentials };
      assert.deepEqual(asked.pop(), [userName, password]);
    }
  }
});

test('threat 50: what a subscriber never acknowledges fills its queue to the limit and no further, and its publisher hears so', async (context) => {
  const stage = await Stage.open(context, { limits: { sessionQueueMessagesMax: 500, inFlightMax: 10 } });
  for (const version of VERSIONS) {
    const { level } = version;
    const topic = freshId();
    const silent = await stage.connect(version, lasting(freshId()));
    silent.send(subscribe(level, 1, [[topic, 1]]));
    await silent.expect('suback');
    const publisher = await stage.connect();
    const message = publish(5, { topic, qos: 1, id: 1, payload: new Uint8Array(10_000) });
    const idAt = message.indexOf(1, 3 + topic.length) - 1;
    const publishMany = async (): Promise<ReadonlyMap<string, number>> => {
      const heard = new Map<string, number>();
      for (let n = 1; n <= 2_000; n++) {
        new DataView(message.buffer).setUint16(idAt, n);
        publisher.send(message);
        const said = sayFrame(await publisher.expect('puback'));
        heard.set(said, (heard.get(said) ?? 0) + 1);
      }
      publisher.forget();
      return heard;
    };
    const first = await publishMany();
    const taken = first.get('puback 0x00') ?? 0;
    assert.deepEqual(
      first,
      new Map([
        ['puback 0x00', taken],
        ['puback 0x97', 2_000 - taken],
      ]),
    );
    assert.ok(taken >= 500 && taken <= 511, `${taken} were taken`);
    const before = await memoryHeld();
    assert.deepEqual(await publishMany(), new Map([['puback 0x97', 2_000]]));
    const grown = (await memoryHeld()) - before;
    // They were 20 MB.
    assert.ok(grown < 8 * MEBIBYTE, `${grown} bytes more in ${version.name}`);
    silent.cut();
    publisher.cut();
  }
});

test('threat 50: ten thousand sessions that expire leave nothing behind, subscriptions included', async () => {
  const broker = await TestBroker.open();
  const round = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const client = broker.connect({
        clientId: `expiring${n}`,
        clean: false,
        properties: { sessionExpiryInterval: 10 },
      });
      client.subscribe(`expiring/${n}/+/#`, { qos: 1 });
      client.cut();
    }
    assert.equal(broker.broker.sizes.sessions, count);
    broker.pass(11_000);
    assert.deepEqual(broker.broker.sizes, { connections: 0, sessions: 0, subscriptions: 0, retained: 0 });
  };
  round(2_000);
  const before = await memoryHeld();
  round(10_000);
  // The log of the test is not what is measured.
  broker.log.length = 0;
  const grown = (await memoryHeld()) - before;
  assert.ok(grown < 2 * MEBIBYTE, `${grown} bytes more`);
});

test('threat 53: a client identifier that flaps over all transports and versions has one owner in the end, and one session', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const clientId = 'flapping';
  const flood = await stage.connect();
  const callers: Caller[] = [];
  for (let round = 0; round < 100; round++) {
    const transport = TRANSPORTS[round % TRANSPORTS.length] ?? 'tcp';
    const { level, fields } = VERSIONS[round % VERSIONS.length] ?? V5;
    const caller = await stage.dial(transport);
    // Who comes over TCP, and who has shaken hands with TLS, all at once: nobody waits for an answer.
    caller.send(connect(level, { ...lasting(clientId), ...fields }), subscribe(level, 1, [['flap', 0]]));
    callers.push(caller);
    flood.send(publish(5, { topic: 'flap', payload: `${round}` }));
  }
  const owner = await stage.connect(V5, lasting(clientId));
  for (const caller of callers) await caller.ending();
  await flood.untilPong();
  await stage.broker.publish('flap', 'last');
  const heard = await owner.untilPong();
  assert.equal(heard.at(-1), 'publish flap');
  assert.ok(heard.length <= 101);
  assert.equal(owner.isOver, false);
  await stage.expectUnharmed(...Array.from({ length: 101 }, () => 'flap'));
});

test('threat 54: peers that are gone without a word are taken over at once, one after another, a thousand times', async () => {
  const broker = await TestBroker.open();
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will/#', { qos: 1 });
  const choice = {
    clientId: 'half-open',
    clean: false,
    properties: { sessionExpiryInterval: 600 },
    will: will({ topic: 'will/half-open' }),
  } as const;
  for (let n = 0; n < 1_000; n++) {
    const client = broker.connect(choice);
    client.subscribe('much', { qos: 1 });
    // It takes nothing more, and never says that it is gone.
    client.stopReading(10_000_000);
  }
  const last = broker.connect(choice);
  assert.equal(last.connack?.sessionPresent, true);
  assert.equal(observer.acknowledgeAll().length, 1_000, 'each takeover publishes one Will');
  assert.equal(broker.broker.sizes.sessions, 2);
  assert.equal(broker.broker.sizes.subscriptions, 2);
});

test('threat 58: a Keep Alive of 65,535 s, or none, is cut down to keepAliveMax, for every version', async () => {
  const broker = await TestBroker.open({ limits: { keepAliveSecondsMax: 60 } });
  for (const version of [3, 4, 5] as const) {
    for (const keepAlive of [0, 65_535]) {
      const client = broker.connect({ version, clientId: `idle${version}`, keepAlive });
      if (version === 5) assert.equal(client.connack?.properties.serverKeepAlive, 60);
      broker.pass(89_000);
      assert.equal(client.ended, 'not yet');
      broker.pass(2_000);
      assert.notEqual(client.ended, 'not yet', `version ${version}, Keep Alive ${keepAlive}`);
    }
  }
});

test('threat 69: what goes wrong with one session hinders the end of no other', async () => {
  const authorizer: Authorizer = {
    allowsAll: false,
    allows: ({ clientId }, action) => {
      if (clientId === 'poison1' && action === 'will' && isPoisonous) throw new Error('poison');
      return true;
    },
  };
  let isPoisonous = false;
  const broker = await TestBroker.open({ authorizer });
  const observer = broker.connect({ clientId: 'observer' });
  observer.subscribe('will/#');
  for (let n = 0; n < 3; n++) {
    const properties = { sessionExpiryInterval: 10 };
    const clientId = `poison${n}`;
    broker.connect({ clientId, clean: false, properties, will: will({ topic: `will/${n}`, delayInterval: 5 }) }).cut();
  }
  isPoisonous = true;
  broker.pass(6_000);
  assert.deepEqual(
    observer.acknowledgeAll().map(({ topic }) => topic),
    ['will/0', 'will/2'],
  );
  broker.pass(6_000);
  assert.equal(broker.broker.sizes.sessions, 1);
});
