// Threats from peers that nobody knows yet: what they can send before and in place of CONNECT. Over every transport.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { bytes, connect, packet, publish, text, varint } from '../../conformance/wire/write.ts';
import { millis } from '../../src/exports/broker.ts';
import { type Caller, freshId, hex, memoryHeld, Stage, TRANSPORTS, V5, VERSIONS } from './stage.ts';

const MEBIBYTE = 2 ** 20;

test('threat 1: a CONNECT that announces 256 MB is cut off at its header, and costs nothing', async (context) => {
  const stage = await Stage.open(context);
  const announced = hex('10 ff ff ff 7f');
  for (const transport of TRANSPORTS) {
    const caller = await stage.dial(transport);
    caller.send(announced);
    assert.deepEqual(await caller.ending(), [], transport);
  }
  const before = await memoryHeld();
  const callers = await Promise.all(Array.from({ length: 200 }, () => stage.dial()));
  for (const caller of callers) caller.send(announced);
  for (const caller of callers) await caller.ending();
  const grown = (await memoryHeld()) - before;
  assert.ok(grown < 20 * MEBIBYTE, `${grown} bytes more than before`);
});

test('threat 2: a big packet that is no CONNECT ends the connection at its first bytes', async (context) => {
  const stage = await Stage.open(context);
  for (const transport of TRANSPORTS) {
    const caller = await stage.dial(transport);
    // A PUBLISH that announces 64 KiB; no more of it than a header comes.
    caller.send(hex('30 80 80 04 00 01'));
    assert.deepEqual(await caller.ending(), [], transport);
  }
});

test('threat 3, 58: who has not sent all of CONNECT within connectTimeout is cut off, on every transport, whether silent, slow or nearly done', async (context) => {
  const stage = await Stage.open(context, { limits: { connectTimeout: millis(1500) } });
  const complete = connect(5, { clientId: 'a' });
  const nearly = complete.subarray(0, complete.length - 1);
  await Promise.all(
    TRANSPORTS.flatMap((transport) =>
      [new Uint8Array(0), nearly, 'trickle' as const].map(async (part) => {
        const caller = await stage.dial(transport);
        if (part !== 'trickle') caller.send(part);
        else await trickle(caller, complete);
        assert.deepEqual(await caller.ending(), [], transport);
      }),
    ),
  );
});

/** A byte now and then, so slowly that it would never be done in time; ends with the connection. Slowness takes time: the one test that sleeps. */
async function trickle(caller: Caller, whole: Uint8Array): Promise<void> {
  for (const byte of whole) {
    if (caller.isOver) return;
    caller.send(Uint8Array.of(byte));
    await wait(300);
  }
}

test('threat 4: a Remaining Length of more than four bytes is malformed; what stands behind it is read by nobody', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const smuggled = bytes(hex('10 ff ff ff ff 7f'), connect(5, { clientId: 'b' }), publish(5, { topic: 'smuggled' }));
  for (const transport of TRANSPORTS) {
    const stranger = await stage.dial(transport);
    stranger.send(smuggled);
    assert.deepEqual(await stranger.ending(), [], transport);
  }
  for (const version of VERSIONS) {
    const client = await stage.connect(version);
    client.send(hex('30 80 80 80 80 01'), publish(version.level, { topic: 'smuggled' }));
    assert.deepEqual(await client.ending(), version.level === 5 ? ['disconnect 0x81'] : []);
  }
  await stage.expectUnharmed();
});

test('threat 7: a packet is measured before its properties are read, and bytes that trickle are read once', async (context) => {
  const stage = await Stage.open(context);
  // CONNECT that announces 200 MB of properties.
  const announced = bytes(hex('10 80 80 80 60'), text('MQTT'), hex('05 02 00 3c 80 80 80 60 26'));
  const stranger = await stage.dial();
  for (const byte of announced.subarray(0, 12)) stranger.send(Uint8Array.of(byte));
  assert.deepEqual(await stranger.ending(), []);
  // As large as a packet may be, in pieces of 1 KiB: to copy or to read all of it with each piece would take many seconds.
  const pair = bytes([0x26], text(new Uint8Array(60_000).fill(0x6b)), text(new Uint8Array(60_000).fill(0x76)));
  const properties = Buffer.concat(Array.from({ length: 90 }, () => pair));
  const body = Buffer.concat([text('a'), varint(properties.length), properties]);
  const whole = Buffer.concat([Uint8Array.of(0x30), varint(body.length), body]);
  const client = await stage.connect();
  const before = process.cpuUsage();
  for (let start = 0; start < whole.length; start += 1_024) {
    client.send(whole.subarray(start, start + 1_024));
    await new Promise(setImmediate);
  }
  assert.deepEqual(await client.untilPong(), []);
  const { user, system } = process.cpuUsage(before);
  assert.ok(
    user + system < 4_000_000,
    `${user + system} microseconds for ${whole.length} bytes, both sides of the socket`,
  );
});

test('threat 9: a CONNECT that is refused leaves nothing behind, however often it comes', async (context) => {
  const stage = await Stage.open(context);
  const refused = [
    connect(5, { clientId: 'a', will: { topic: '', payload: 'x' } }),
    connect(5, { clientId: 'a', will: { topic: 'a', payload: 'x', properties: hex('18 00') } }),
    connect(5, { clientId: 'a', will: { topic: '$SYS/x', payload: 'x'.repeat(10_000) } }),
    connect(4, { clientId: '', clean: false }),
    connect(4, { protocolLevel: 9 }),
    connect(5, {
      clientId: 'a',
      properties: { authenticationMethod: 'none', authenticationData: new Uint8Array(10_000) },
    }),
  ];
  const storm = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const callers = await Promise.all(refused.map(() => stage.dial()));
      for (const [n, caller] of callers.entries()) caller.send(refused[n] ?? hex(''));
      for (const caller of callers) await caller.ending();
    }
  };
  await storm(50);
  const before = await memoryHeld();
  await storm(100);
  const grown = (await memoryHeld()) - before;
  assert.ok(grown < 4 * MEBIBYTE, `${grown} bytes more after 600 refusals`);
  assert.equal(stage.log.filter((line) => line.startsWith('error')).length, 0);
});

test('threat 10, 11: every type of packet before CONNECT ends the connection, and every one that only a server sends ends a client', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const transport of TRANSPORTS) {
    for (let type = 0; type < 16; type++) {
      if (type === 1) continue;
      const caller = await stage.dial(transport);
      caller.send(packet(type, type === 6 || type === 8 || type === 10 ? 2 : 0, [0, 1]));
      assert.deepEqual(await caller.ending(), [], `type ${type} over ${transport}`);
    }
  }
  for (const version of VERSIONS) {
    // CONNACK, SUBACK, UNSUBACK, PINGRESP; and AUTH, which 3.x has not, and type 0, which nobody has.
    for (const type of [0, 2, 9, 11, 13, 15]) {
      const client = await stage.connect(version);
      client.send(packet(type, 0, type === 13 || type === 0 ? [] : [0, 1, 0]));
      const said = await client.ending();
      assert.ok(said.length === (version.level === 5 ? 1 : 0), `type ${type} in ${version.name}: ${said.join()}`);
    }
  }
  await stage.expectUnharmed();
});

test('threat 14: who speaks another protocol is cut off, and nobody else notices', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const strangers = {
    'a TLS hello': hex('16 03 01 02 00 01 00 01 fc 03 03'),
    HTTP: Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    'the opening of SSH': Buffer.from('SSH-2.0-x\r\n'),
    zeros: new Uint8Array(1_000),
    ones: new Uint8Array(1_000).fill(0xff),
  };
  for (const transport of TRANSPORTS) {
    for (const [name, opening] of Object.entries(strangers)) {
      const caller = await stage.dial(transport);
      caller.send(opening);
      assert.deepEqual(await caller.ending(), [], `${name} over ${transport}`);
    }
  }
  await stage.expectUnharmed();
});

test('threat 55: a second CONNECT ends the connection, and the first session with it', async (context) => {
  const stage = await Stage.open(context);
  for (const transport of TRANSPORTS) {
    for (const version of VERSIONS) {
      const clientId = freshId();
      const client = await stage.connect(version, { clientId }, transport);
      client.send(connect(version.level, { ...version.fields, clientId: freshId() }));
      assert.deepEqual(await client.ending(), version.level === 5 ? ['disconnect 0x82'] : [], version.name);
    }
  }
});

test('threat 56: AUTH without a method, with another one, after DISCONNECT or out of turn ends that connection alone', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const method = (name: string): Uint8Array => bytes([0x15], text(name));
  const auth = (reasonCode: number, properties: Uint8Array): Uint8Array =>
    packet(15, 0, [reasonCode], [properties.length], properties);
  for (const wrong of [
    auth(0x19, hex('')),
    auth(0x18, method('x')),
    auth(0x19, method('x')),
    auth(0x55, hex('')),
    hex('f0 00'),
  ]) {
    const client = await stage.connect(V5);
    client.send(wrong);
    const [said = ''] = await client.ending();
    assert.match(said, /^disconnect 0x8[12]$/);
  }
  const leaver = await stage.connect(V5);
  leaver.send(hex('e0 00'), auth(0x19, method('x')));
  assert.deepEqual(await leaver.ending(), []);
  await stage.expectUnharmed();
});

test('threat 59: a refused connection is closed, not left open: its sockets are gone', async (context) => {
  const stage = await Stage.open(context);
  for (const transport of TRANSPORTS) {
    const caller = await stage.dial(transport);
    caller.send(connect(4, { clientId: '', clean: false }));
    assert.deepEqual(await caller.ending(), ['connack 0x02'], transport);
  }
});
