// Threats to the acknowledgements: QoS 1 and 2 flows that are repeated, mixed up, cut off and taken over. What holds: no state grows beyond
// its bound, no message comes twice or is lost, and every answer that the specification wants is given.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Frame } from '../../conformance/wire/frame.ts';
import { acknowledge, type ConnectFields, publish, subscribe } from '../../conformance/wire/write.ts';
import { type Caller, freshId, hex, memoryHeld, sayFrame, Stage, V5, type Version, VERSIONS } from './stage.ts';

const MEBIBYTE = 2 ** 20;

/** A CONNECT for a session that lasts. */
function lasting(clientId: string): ConnectFields {
  return { clientId, clean: false, properties: { sessionExpiryInterval: 600 } };
}

/** The packet identifier of a PUBLISH of QoS 1 or 2. */
function idOf({ body }: Frame): number {
  const at = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
  return ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
}

/** What stands behind the topic, the identifier and empty properties. */
function payloadOf({ body }: Frame, version: Version): string {
  const at = 4 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
  return Buffer.from(body.subarray(at + (version.level === 5 ? 1 : 0))).toString();
}

test('threat 42: one QoS 2 identifier ten thousand times is one message and one state', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    const { level } = version;
    const client = await stage.connect(version);
    client.send(publish(level, { topic: 'once', qos: 2, id: 1, payload: 'x' }));
    assert.equal(sayFrame(await client.expect('pubrec')), 'pubrec 0x00');
    const again = publish(level, { topic: 'once', qos: 2, id: 1, payload: 'x', dup: true });
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => again));
    const burst = async (): Promise<void> => {
      for (let n = 0; n < 7; n++) {
        client.send(many);
        assert.equal((await client.untilPong()).length, 1_000);
        client.forget();
      }
    };
    await burst();
    const before = await memoryHeld();
    await burst();
    const grown = (await memoryHeld()) - before;
    assert.ok(grown < 4 * MEBIBYTE, `${grown} bytes more in ${version.name}`);
    client.send(acknowledge(level, 'pubrel', 1));
    assert.equal(sayFrame(await client.expect('pubcomp')), 'pubcomp 0x00');
    await stage.expectUnharmed('once');
  }
});

test('threat 43: a window that was filled and left is full again on the next connection, and is freed by PUBREL alone; one more is 0x93', async (context) => {
  const stage = await Stage.open(context, { limits: { receiveMaximum: 10 } });
  await stage.watch();
  const fields = lasting(freshId());
  const first = await stage.connect(V5, fields);
  for (let id = 1; id <= 10; id++) first.send(publish(5, { topic: 'window', qos: 2, id }));
  for (let id = 1; id <= 10; id++) await first.expect('pubrec');
  first.cut();
  const second = await stage.connect(V5, fields);
  // The same messages once more, as after a lost connection: they are known, and count once.
  for (let id = 1; id <= 10; id++) second.send(publish(5, { topic: 'window', qos: 2, id, dup: true }));
  for (let id = 1; id <= 10; id++) assert.equal(sayFrame(await second.expect('pubrec')), 'pubrec 0x00');
  for (let id = 1; id <= 10; id++) second.send(acknowledge(5, 'pubrel', id));
  for (let id = 1; id <= 10; id++) assert.equal(sayFrame(await second.expect('pubcomp')), 'pubcomp 0x00');
  await stage.expectUnharmed(...Array.from({ length: 10 }, () => 'window'));
  for (let id = 1; id <= 11; id++) second.send(publish(5, { topic: 'over', qos: 2, id }));
  const said = await second.ending();
  assert.equal(said.at(-1), 'disconnect 0x93');
});

test('threat 44, 46: a QoS 2 message whose PUBREC was lost with the connection is not delivered again when it comes again, however late', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    const { level } = version;
    const fields = lasting(freshId());
    for (let round = 0; round < 3; round++) {
      const client = await stage.connect(version, fields);
      for (let id = 1; id <= 200; id++) {
        client.send(publish(level, { topic: 'kept', qos: 2, id, dup: round > 0 }));
      }
      for (let id = 1; id <= 200; id++) await client.expect('pubrec');
      client.cut();
    }
    const last = await stage.connect(version, fields);
    for (let id = 1; id <= 200; id++) last.send(acknowledge(level, 'pubrel', id));
    for (let id = 1; id <= 200; id++) assert.equal(sayFrame(await last.expect('pubcomp')), 'pubcomp 0x00');
    await stage.expectUnharmed(...Array.from({ length: 200 }, () => 'kept'));
  }
});

test('threat 45: the same QoS 2 identifier from connections that take each other over is one message', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    const { level } = version;
    const fields = lasting(freshId());
    let owner: Caller | undefined;
    for (let round = 0; round < 30; round++) {
      // The message leaves the old connection in the moment in which the next one takes over.
      owner?.send(publish(level, { topic: 'raced', qos: 2, id: 5, dup: true }));
      owner = await stage.connect(version, fields);
      owner.send(publish(level, { topic: 'raced', qos: 2, id: 5, dup: round > 0 }));
    }
    await owner?.expect('pubrec');
    owner?.send(acknowledge(level, 'pubrel', 5));
    assert.equal(sayFrame((await owner?.expect('pubcomp')) ?? assert.fail()), 'pubcomp 0x00');
    await stage.expectUnharmed('raced');
  }
});

test('threat 47: after a resume new deliveries go round the identifiers that are still in use', async (context) => {
  const stage = await Stage.open(context);
  for (const version of VERSIONS) {
    const { level } = version;
    const topic = freshId();
    const fields = lasting(freshId());
    const before = await stage.connect(version, fields);
    before.send(subscribe(level, 1, [[topic, 2]]));
    await before.expect('suback');
    for (let n = 0; n < 20; n++) await stage.broker.publish(topic, `old ${n}`, { qos: 2 });
    const halfway: number[] = [];
    for (let n = 0; n < 20; n++) {
      const id = idOf(await before.expect('publish'));
      // Every other one is past PUBREC when the connection breaks.
      if (n % 2 === 1) continue;
      before.send(acknowledge(level, 'pubrec', id));
      halfway.push(id);
    }
    for (let n = 0; n < halfway.length; n++) await before.expect('pubrel');
    before.cut();
    for (let n = 0; n < 20; n++) await stage.broker.publish(topic, `new ${n}`, { qos: 2 });
    const after = await stage.connect(version, fields);
    const released: number[] = [];
    const payloads: string[] = [];
    const ids: number[] = [];
    while (released.length < halfway.length || payloads.length < 30) {
      const frame = await after.next();
      assert.ok(frame !== undefined);
      if (frame.type === 6) released.push(((frame.body[0] ?? 0) << 8) | (frame.body[1] ?? 0));
      else {
        ids.push(idOf(frame));
        payloads.push(payloadOf(frame, version));
      }
    }
    assert.deepEqual(released, halfway, version.name);
    assert.equal(new Set([...ids, ...halfway]).size, ids.length + halfway.length, 'an identifier was given out twice');
    assert.deepEqual(payloads, [
      ...Array.from({ length: 10 }, (_, n) => `old ${2 * n + 1}`),
      ...Array.from({ length: 20 }, (_, n) => `new ${n}`),
    ]);
    after.cut();
  }
});

test('threat 48: a PUBREL is always answered: twice, for nothing, and never with a second delivery', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    const { level } = version;
    const client = await stage.connect(version);
    client.send(publish(level, { topic: 'released', qos: 2, id: 3 }), acknowledge(level, 'pubrel', 3));
    client.send(acknowledge(level, 'pubrel', 3), acknowledge(level, 'pubrel', 9));
    const unknown = level === 5 ? 'pubcomp 0x92' : 'pubcomp 0x00';
    assert.deepEqual(await client.untilPong(), ['pubrec 0x00', 'pubcomp 0x00', unknown, unknown]);
    // A PUBREC for nothing is answered, too, and starts nothing.
    client.send(acknowledge(level, 'pubrec', 77));
    assert.deepEqual(
      (await client.untilPong()).map((said) => said.slice(0, 6)),
      ['pubrel'],
    );
    await stage.expectUnharmed('released');
  }
});

test('threat 72: a subscriber that reads slowly gets everything in the order of publishing', async (context) => {
  const stage = await Stage.open(context, { limits: { outboxBytesMax: 65_536, inFlightMax: 16 } });
  for (const version of VERSIONS) {
    const { level } = version;
    const topic = freshId();
    const subscriber = await stage.connect(version, lasting(freshId()));
    subscriber.send(subscribe(level, 1, [[topic, 1]]));
    await subscriber.expect('suback');
    const payload = (n: number): string => `${n}`.padEnd(8_192, '.');
    const published = Promise.all(
      Array.from({ length: 300 }, (_, n) => stage.broker.publish(topic, payload(n), { qos: 1 })),
    );
    await published;
    for (let n = 0; n < 300; n++) {
      const frame = await subscriber.expect('publish');
      assert.equal(Number.parseInt(payloadOf(frame, version), 10), n, version.name);
      // Now and then it does not come to its answers for a few turns.
      if (n % 7 === 0) for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      subscriber.send(acknowledge(level, 'puback', idOf(frame)));
    }
    subscriber.send(hex('e0 00'));
    await subscriber.ending();
  }
});
