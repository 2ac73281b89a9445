// Threats from packets that are not as they should be, sent by clients that were let in: they end their own connection, with the
// Reason Code of the specification where there is one, and nobody else hears of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  acknowledge,
  auth,
  binary,
  bytes,
  connect,
  disconnect,
  packet,
  PINGREQ,
  properties,
  publish,
  subscribe,
  text,
  u16,
  unsubscribe,
} from '../../conformance/wire/write.ts';
import { freshId, hex, sayFrame, Stage, TRANSPORTS, V311, V5, VERSIONS } from './stage.ts';

/** Bytes that are no UTF-8 of MQTT (section 1.5.4). */
const NO_TEXT: Readonly<Record<string, Uint8Array>> = {
  'a slash in two bytes': hex('61 c0 af'),
  'a slash in three': hex('61 e0 80 af'),
  'the first surrogate': hex('ed a0 80'),
  'the last surrogate': hex('ed bf bf'),
  'U+0000': hex('61 00 62'),
  'a character cut short': hex('61 e2 82'),
  'a byte in the middle of nothing': hex('80'),
  'what is beyond Unicode': hex('f4 90 80 80'),
};

test('threat 5: a property length of five bytes is malformed, and so is one that is longer than it need be', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const length of ['80 80 80 80 01', 'ff ff ff ff 7f', '80 80 80 80 00']) {
    const client = await stage.connect();
    client.send(packet(3, 0, text('a'), hex(length), hex('41')));
    assert.deepEqual(await client.ending(), ['disconnect 0x81'], length);
  }
  // [MQTT-1.5.5-1]
  for (const length of ['80 00', '80 80 00', '80 80 80 00']) {
    const client = await stage.connect();
    client.send(packet(3, 0, text('longer'), hex(length), hex('41')));
    assert.deepEqual(await client.ending(), ['disconnect 0x81'], length);
  }
  await stage.expectUnharmed();
});

test('threat 6: a packet is what it says, whatever the frames and chunks in which it comes: at every byte, over every transport', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const whole = publish(5, { topic: 'in/two', qos: 1, id: 7, payload: 'x', properties: { contentType: 'y' } });
  for (const transport of TRANSPORTS) {
    const client = await stage.connect(V5, {}, transport);
    for (let cut = 1; cut < whole.length; cut++) {
      client.send(whole.subarray(0, cut));
      await new Promise(setImmediate);
      client.send(whole.subarray(cut), PINGREQ.subarray(0, 1));
      assert.equal((await client.expect('puback')).body[1], 7);
      client.send(PINGREQ.subarray(1));
      await client.expect('pingresp');
    }
    // A frame with three bytes of a packet of 4096, and nothing more: not a byte of memory that is not the packet's is read.
    client.send(hex('30 80 20'));
    client.cut();
    await stage.expectUnharmed(...Array.from({ length: whole.length - 1 }, () => 'in/two'));
  }
});

test('threat 8: tens of thousands of User Properties are counted as they come, and refused past their maximum in no time', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const pairs = Buffer.concat(Array.from({ length: 60_000 }, () => hex('26 00 01 61 00 01 62')));
  const body = Buffer.concat([text('a'), hex('a0 d1 19'), pairs]);
  const client = await stage.connect();
  const before = process.cpuUsage();
  client.send(bytes(hex('30'), hex('a6 d1 19')), body);
  const [said = ''] = await client.ending();
  const { user, system } = process.cpuUsage(before);
  assert.equal(said, 'disconnect 0x97');
  assert.ok(user + system < 1_000_000, `${user + system} microseconds`);
  await stage.expectUnharmed();
});

test('threat 12: an empty topic without an alias is a protocol error', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const transport of TRANSPORTS) {
    for (const version of VERSIONS) {
      for (const qos of [0, 1, 2]) {
        const client = await stage.connect(version, {}, transport);
        client.send(publish(version.level, { topic: '', qos }));
        const [said] = await client.ending();
        assert.equal(said, version.level === 5 ? 'disconnect 0x82' : undefined, version.name);
      }
    }
  }
  await stage.expectUnharmed();
});

test('threat 13: every packet cut short at every byte ends its connection or waits for the rest, and nothing else', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    const { level } = version;
    const packets = [
      publish(level, {
        topic: 'cut',
        qos: 2,
        id: 9,
        payload: '',
        ...(level === 5 ? { properties: { contentType: 'x' } } : {}),
      }),
      subscribe(level, 3, [['cut/+', 1]], level === 5 ? { subscriptionIdentifier: 4 } : {}),
      unsubscribe(level, 3, ['cut/+'], level === 5 ? { userProperty: ['a', 'b'] } : {}),
      acknowledge(level, 'puback', 3, 0x10, { reasonString: 'x' }),
      acknowledge(level, 'pubrel', 3, 0x92, { reasonString: 'x' }),
      disconnect(level, 0, { sessionExpiryInterval: 3 }),
      auth(0x19, { authenticationMethod: 'x' }),
    ];
    for (const whole of packets) {
      // The Remaining Length is mended, so that the packet ends where it is cut.
      for (let end = 2; end < whole.length; end++) {
        const client = await stage.connect(version);
        client.send(bytes([whole[0] ?? 0, end - 2], whole.subarray(2, end)), PINGREQ);
        const frame = await client.next();
        assert.ok(frame === undefined || frame.type === 14 || frame.bytes.length > 0);
        client.cut();
      }
    }
  }
  for (const version of VERSIONS) {
    const whole = connect(version.level, {
      ...version.fields,
      clientId: freshId(),
      will: { topic: 'cut/will', payload: 'x' },
      userName: 'u',
      password: 'p',
    });
    for (let end = 2; end < whole.length; end++) {
      const stranger = await stage.dial();
      stranger.send(bytes([0x10, end - 2], whole.subarray(2, end)));
      const frame = await stranger.next();
      // MQTT 3.1 lets the user name and the password be left out although their flags are set.
      const isAllowed = version.name === '3.1' && [6, 3].includes(whole.length - end);
      assert.equal(frame !== undefined && sayFrame(frame) === 'connack 0x00', isAllowed, `${version.name} at ${end}`);
      stranger.cut();
    }
  }
  assert.equal(stage.log.filter((line) => line.startsWith('error')).length, 0);
});

test('threat 21: a property that belongs to another packet ends its publisher, and reaches no subscriber', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  // Everything that PUBLISH has not, each with a value of its form (table 2-4).
  const strangers = [
    '11 00 00 00 01',
    '12 00 01 61',
    '13 00 01',
    '15 00 01 61',
    '16 00 01 61',
    '17 01',
    '18 00 00 00 01',
    '19 01',
  ]
    .concat(['1a 00 01 61', '1c 00 01 61', '1f 00 01 61', '21 00 01', '22 00 01', '24 01', '25 01', '27 00 00 00 01'])
    .concat(['28 01', '29 01', '2a 01', '00', '04 00', '7f 00', '80 01 00']);
  for (const stranger of strangers) {
    const client = await stage.connect();
    client.send(publish(5, { topic: 'a', qos: 1, properties: hex(stranger) }));
    assert.deepEqual(await client.ending(), ['disconnect 0x81'], stranger);
  }
  await stage.expectUnharmed();
});

test('threat 41: what is no UTF-8 is refused in every field of every packet, and forwarded to nobody', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const [what, wrong] of Object.entries(NO_TEXT)) {
    for (const version of VERSIONS) {
      const { level } = version;
      const { fields } = version;
      for (const opening of [
        connect(level, { ...fields, clientId: wrong }),
        connect(level, { ...fields, clientId: freshId(), userName: wrong }),
        connect(level, { ...fields, clientId: freshId(), will: { topic: wrong } }),
      ]) {
        const stranger = await stage.dial();
        stranger.send(opening);
        for (const said of await stranger.ending())
          assert.match(said, /^connack 0x(?!00)/, `${what} in ${version.name}`);
      }
      for (const bad of [
        publish(level, { topic: wrong }),
        subscribe(level, 1, [[wrong, 0]]),
        subscribe(level, 1, [[bytes(Buffer.from('$share/g/'), wrong), 0]]),
        unsubscribe(level, 1, [wrong]),
      ]) {
        const client = await stage.connect(version);
        client.send(bad);
        assert.deepEqual(await client.ending(), level === 5 ? ['disconnect 0x81'] : [], `${what} in ${version.name}`);
      }
    }
    const pair = bytes([0x26], text(wrong), text('b'));
    const value = bytes([0x26], text('a'), text(wrong));
    for (const bad of [
      publish(5, { topic: 'a', properties: pair }),
      publish(5, { topic: 'a', properties: value }),
      publish(5, { topic: 'a', properties: bytes([0x03], text(wrong)) }),
      publish(5, { topic: 'a', properties: bytes([0x08], text(wrong)) }),
      acknowledge(5, 'pubrel', 1, 0x92, bytes([0x1f], text(wrong))),
      disconnect(5, 0, bytes([0x1f], text(wrong))),
      disconnect(5, 4, pair),
    ]) {
      const client = await stage.connect();
      client.send(bad);
      assert.deepEqual(await client.ending(), ['disconnect 0x81'], what);
    }
    const willing = await stage.dial();
    willing.send(connect(5, { clientId: freshId(), will: { topic: 'a', properties: bytes([0x03], text(wrong)) } }));
    assert.deepEqual(await willing.ending(), ['connack 0x81'], what);
  }
  await stage.expectUnharmed();
});

test('threat 49: packet identifier 0 is a protocol error; so is an answer that belongs to another QoS', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  for (const version of VERSIONS) {
    const { level } = version;
    const zeros = [
      publish(level, { topic: 'a', qos: 1, id: 0 }),
      publish(level, { topic: 'a', qos: 2, id: 0 }),
      subscribe(level, 0, [['a', 0]]),
      unsubscribe(level, 0, ['a']),
    ];
    for (const zero of zeros) {
      const client = await stage.connect(version);
      client.send(zero);
      assert.deepEqual(await client.ending(), level === 5 ? ['disconnect 0x82'] : [], version.name);
    }
    const subscriber = await stage.connect(version);
    subscriber.send(subscribe(level, 1, [['own', 2]]));
    await subscriber.expect('suback');
    await stage.broker.publish('own', 'x', { qos: 2 });
    const delivery = await subscriber.expect('publish');
    const idAt = 2 + 'own'.length;
    const id = ((delivery.body[idAt] ?? 0) << 8) | (delivery.body[idAt + 1] ?? 0);
    subscriber.send(acknowledge(level, 'puback', id));
    assert.deepEqual(await subscriber.ending(), level === 5 ? ['disconnect 0x82'] : [], version.name);
    await stage.expectUnharmed('own');
  }
});

test('threat 57: an alias of 0, above the maximum or never given ends the connection; aliases die with theirs', async (context) => {
  const stage = await Stage.open(context);
  await stage.watch();
  const clientId = freshId();
  const lasting = { clientId, clean: false, properties: { sessionExpiryInterval: 60 } };
  for (const transport of TRANSPORTS) {
    const first = await stage.connect(V5, lasting, transport);
    first.send(publish(5, { topic: 'aliased', properties: { topicAlias: 1 } }));
    first.send(publish(5, { topic: '', properties: { topicAlias: 1 } }), hex('e0 00'));
    await first.ending();
    for (const [alias, reason] of [
      [1, '0x82'],
      [2, '0x82'],
      [0, '0x94'],
      [65_535, '0x94'],
    ] as const) {
      const client = await stage.connect(V5, lasting, transport);
      client.send(publish(5, { topic: '', properties: { topicAlias: alias } }));
      assert.deepEqual(await client.ending(), [`disconnect ${reason}`], `alias ${alias} over ${transport}`);
    }
    await stage.expectUnharmed('aliased', 'aliased');
  }
});

test('subscription identifier 0, and a property twice that may come once, are protocol errors', async (context) => {
  const stage = await Stage.open(context);
  for (const bad of [
    packet(8, 2, u16(1), properties(hex('0b 00')), text('a'), [0]),
    packet(8, 2, u16(1), properties(hex('0b 01 0b 02')), text('a'), [0]),
    publish(5, { topic: 'a', properties: hex('01 00 01 00') }),
    publish(5, { topic: 'a', properties: bytes([0x09], binary([1]), [0x09], binary([1])) }),
    disconnect(5, 0, hex('11 00 00 00 00 11 00 00 00 00')),
  ]) {
    const client = await stage.connect();
    client.send(bad);
    assert.deepEqual(await client.ending(), ['disconnect 0x82'], Buffer.from(bad).toString('hex'));
  }
  const old = await stage.connect(V311);
  old.send(hex('82 00'));
  assert.deepEqual(await old.ending(), []);
});
