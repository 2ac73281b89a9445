// Bad input on an open connection, and what it gets: every rule that a client can break with one packet, in every
// version that has it. Each row: these bytes end the connection, with this reason code in DISCONNECT to MQTT 5; the
// log says once who, what and against which statement; a bystander notices nothing [MQTT-4.13.1-1]; MQTT 3.1.1 [MQTT-4.8.0-1].
// Before CONNECT: bad-connect.test.ts. Every malformed form of every packet: src/packet/malformed.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { hex } from '../../src/packet/wire.arbitrary.ts';
import { expectComplaint, sceneWithBystander } from './bystander.ts';
import { type BrokerOptions, bytesOf, connectPacket } from './harness.ts';
import { lateStore } from './test-store.ts';

/** What must not be processed behind a bad packet: PUBLISH to `x`, for 3.x and for 5. */
const PUBLISH_BEHIND = { 3: hex('30 03 00 01 "x"'), 4: hex('30 03 00 01 "x"'), 5: hex('30 04 00 01 "x" 00') } as const;

/** A bad packet after CONNACK: its bytes, the reason code of DISCONNECT, the statement ('': the specification numbers none). */
type Row = readonly [claim: string, bytes: string, reasonCode: number, statement: string];

/** Claims what bad bytes get that come at this point of a connection. */
async function expectEnd(version: ProtocolVersion, [, bytes, reasonCode, statement]: Row): Promise<void> {
  for (const pieceSize of [Infinity, 1]) {
    const { broker, complaints, expectUnnoticed } = await sceneWithBystander({ limits: { packetBytesMax: 1_000_000 } });
    const client = broker.connect({ version, clientId: 'culprit' });
    const all = Buffer.concat([hex(bytes), PUBLISH_BEHIND[version]]);
    for (let at = 0; at < all.length; at += pieceSize) client.sendBytes(all.subarray(at, at + pieceSize));
    client.confirmEnd();
    client.expectEnd(reasonCode);
    assert.equal(broker.broker.sizes.connections, 1);
    assert.equal(broker.broker.sizes.sessions, 1);
    const [line, ...more] = complaints();
    assert.deepEqual(more, []);
    expectComplaint(line, /^Client "culprit" at test:2 was disconnected: ./, statement);
    assert.equal(line?.fields['clientId'], 'culprit');
    assert.equal(line?.fields['reasonCode'], reasonCode);
    expectUnnoticed();
  }
}

/** For every version. */
const FROM_ALL: readonly Row[] = [
  ['a fifth byte of Remaining Length', '30 ff ff ff ff 7f', 0x81, 'MQTT-1.5.5-1'],
  ['a packet of type 0', '00 00', 0x81, ''],
  ['QoS 3', '36 05 00 01 "a" 00 01', 0x81, 'MQTT-3.3.1-4'],
  ['DUP with QoS 0', '38 03 00 01 "a"', 0x82, 'MQTT-3.3.1-2'],
  ['reserved bits of PUBACK', '41 02 00 01', 0x81, 'MQTT-2.1.3-1'],
  ['reserved bits of PUBREC', '54 02 00 01', 0x81, 'MQTT-2.1.3-1'],
  ['reserved bits of PUBREL', '60 02 00 01', 0x81, 'MQTT-3.6.1-1'],
  ['reserved bits of PUBCOMP', '78 02 00 01', 0x81, 'MQTT-2.1.3-1'],
  ['reserved bits of SUBSCRIBE', '80 02 00 01', 0x81, 'MQTT-3.8.1-1'],
  ['reserved bits of UNSUBSCRIBE', 'a0 02 00 01', 0x81, 'MQTT-3.10.1-1'],
  ['reserved bits of PINGREQ', 'c1 00', 0x81, 'MQTT-2.1.3-1'],
  ['reserved bits of DISCONNECT', 'e1 00', 0x81, 'MQTT-3.14.1-1'],
  ['a body of PINGREQ', 'c0 01 00', 0x81, ''],
  ['half a packet identifier', '40 01 00', 0x81, ''],
  ['packet identifier 0 in PUBACK', '40 02 00 00', 0x82, 'MQTT-2.2.1-5'],
  ['packet identifier 0 in PUBLISH', '32 06 00 01 "a" 00 00 00', 0x82, 'MQTT-2.2.1-3'],
  ['packet identifier 0 in SUBSCRIBE', '82 06 00 00 00 01 "a" 00', 0x82, 'MQTT-2.2.1-3'],
  ['packet identifier 0 in UNSUBSCRIBE', 'a2 05 00 00 00 01 "a"', 0x82, 'MQTT-2.2.1-3'],
  ['a topic that runs past the end', '30 03 00 09 "a"', 0x81, ''],
  ['a topic with +', '30 07 00 03 "a/+" 00 00', 0x90, 'MQTT-3.3.2-2'],
  ['a topic with #', '30 05 00 01 "#" 00 00', 0x90, 'MQTT-3.3.2-2'],
  ['a topic that is not UTF-8', '30 05 00 02 c3 28 00', 0x81, 'MQTT-1.5.4-1'],
  ['a topic with a surrogate', '30 06 00 03 ed a0 80 00', 0x81, 'MQTT-1.5.4-1'],
  ['a topic with an overlong slash', '30 05 00 02 c0 af 00', 0x81, 'MQTT-1.5.4-1'],
  ['a topic with U+0000', '30 06 00 03 "a" 00 "b" 00', 0x81, 'MQTT-1.5.4-2'],
  ['a packet larger than packetBytesMax, at its header', '30 c0 84 3d', 0x95, 'MQTT-3.2.2-15'],
  ['the largest packet there is, at its header', '30 ff ff ff 7f', 0x95, 'MQTT-3.2.2-15'],
  ['CONNACK', '20 02 00 00', 0x82, ''],
  ['SUBACK', '90 03 00 01 00', 0x82, ''],
  ['UNSUBACK', 'b0 02 00 01', 0x82, ''],
  ['PINGRESP', 'd0 00', 0x82, ''],
  ['a TLS hello', '16 03 01 02 00 01 00 01 fc 03 03', 0x81, 'MQTT-2.1.3-1'],
  ['an HTTP request', '"GET / HTTP/1.1" 0d 0a 0d 0a', 0x81, 'MQTT-2.1.3-1'],
];

/** For 3.1 and 3.1.1, which have no properties. */
const FROM_3: readonly Row[] = [
  ['an empty topic', '30 02 00 00', 0x82, 'MQTT-4.7.3-1'],
  ['no filter in SUBSCRIBE', '82 02 00 01', 0x82, 'MQTT-3.8.3-2'],
  ['an empty filter', '82 05 00 01 00 00 00', 0x82, 'MQTT-4.7.3-1'],
  ['QoS 3 in SUBSCRIBE', '82 06 00 01 00 01 "a" 03', 0x81, 'MQTT-3.8.3-4'],
  ['reserved bits of a Requested QoS', '82 06 00 01 00 01 "a" 80', 0x81, 'MQTT-3.8.3-5'],
  ['a filter with U+0000', '82 06 00 01 00 01 00 00', 0x81, 'MQTT-1.5.4-2'],
  ['no filter in UNSUBSCRIBE', 'a2 02 00 01', 0x82, 'MQTT-3.10.3-2'],
  ['AUTH', 'f0 00', 0x81, ''],
  ['a reason code in PUBACK', '40 03 00 01 00', 0x81, ''],
  ['a body of DISCONNECT', 'e0 01 00', 0x81, ''],
  ['a second CONNECT', '10 0f 00 04 "MQTT" 04 02 00 00 00 03 "new"', 0x82, 'MQTT-3.1.0-2'],
];

/** For MQTT 5. */
const FROM_5: readonly Row[] = [
  ['a Remaining Length of more bytes than it needs', 'c0 80 00', 0x81, 'MQTT-1.5.5-1'],
  ['an empty topic without alias', '30 03 00 00 00', 0x82, 'MQTT-4.7.3-1'],
  ['no Property Length', '30 03 00 01 "a"', 0x81, ''],
  ['a Property Length past the end', '30 04 00 01 "a" 05', 0x81, ''],
  ['a Property Length of five bytes', '30 08 00 01 "a" 80 80 80 80 01', 0x81, 'MQTT-1.5.5-1'],
  ['a property that does not exist', '30 05 00 01 "a" 01 7e', 0x81, ''],
  ['a property of CONNECT in PUBLISH', '30 09 00 01 "a" 05 11 00 00 00 05', 0x81, ''],
  ['Payload Format Indicator twice', '30 08 00 01 "a" 04 01 00 01 00', 0x82, ''],
  ['Message Expiry Interval twice', '30 0e 00 01 "a" 0a 02 00 00 00 01 02 00 00 00 01', 0x82, ''],
  ['Content Type twice', '30 0a 00 01 "a" 06 03 00 00 03 00 00', 0x82, ''],
  ['Correlation Data twice', '30 0a 00 01 "a" 06 09 00 00 09 00 00', 0x82, ''],
  ['a Response Topic with a wildcard', '30 08 00 01 "a" 04 08 00 01 "+"', 0x82, 'MQTT-3.3.2-14'],
  ['a Content Type that is not UTF-8', '30 08 00 01 "a" 04 03 00 01 ff', 0x81, 'MQTT-1.5.4-1'],
  ['a User Property with U+0000', '30 0b 00 01 "a" 07 26 00 01 00 00 01 "v"', 0x81, 'MQTT-1.5.4-2'],
  ['a Subscription Identifier from a client', '30 06 00 01 "a" 02 0b 01', 0x82, 'MQTT-3.3.4-6'],
  ['topic alias 0', '30 07 00 01 "a" 03 23 00 00', 0x94, 'MQTT-3.3.2-8'],
  ['a topic alias above the maximum', '30 07 00 01 "a" 03 23 00 21', 0x94, 'MQTT-3.3.2-9'],
  ['a topic alias that means nothing yet', '30 06 00 00 03 23 00 01', 0x82, ''],
  ['no filter in SUBSCRIBE', '82 03 00 01 00', 0x82, 'MQTT-3.8.3-2'],
  ['no filter in UNSUBSCRIBE', 'a2 03 00 01 00', 0x82, 'MQTT-3.10.3-2'],
  ['an empty filter', '82 06 00 01 00 00 00 00', 0x82, 'MQTT-4.7.3-1'],
  ['a filter that is not UTF-8', '82 07 00 01 00 00 01 80 00', 0x81, 'MQTT-1.5.4-1'],
  ['reserved Subscription Options', '82 07 00 01 00 00 01 "a" c0', 0x81, 'MQTT-3.8.3-5'],
  ['Maximum QoS 3', '82 07 00 01 00 00 01 "a" 03', 0x82, ''],
  ['Retain Handling 3', '82 07 00 01 00 00 01 "a" 30', 0x82, ''],
  ['No Local on a Shared Subscription', '82 10 00 01 00 00 0a "$share/g/a" 04', 0x82, 'MQTT-3.8.3-4'],
  ['Subscription Identifier 0', '82 09 00 01 02 0b 00 00 01 "a" 00', 0x82, ''],
  ['two Subscription Identifiers', '82 0b 00 01 04 0b 01 0b 02 00 01 "a" 00', 0x82, ''],
  ['a reason code that PUBACK does not have', '40 03 00 01 8e', 0x82, 'MQTT-3.4.2-1'],
  ['a reason code that PUBREC does not have', '50 03 00 01 92', 0x82, 'MQTT-3.5.2-1'],
  ['a reason code that PUBREL does not have', '62 03 00 01 80', 0x82, 'MQTT-3.6.2-1'],
  ['a reason code that PUBCOMP does not have', '70 03 00 01 80', 0x82, 'MQTT-3.7.2-1'],
  ['a reason code that a client may not disconnect with', 'e0 01 8e', 0x82, 'MQTT-3.14.2-1'],
  ['a Server Reference of CONNACK in DISCONNECT twice', 'e0 08 00 06 1c 00 00 1c 00 00', 0x82, ''],
  ['reserved bits of AUTH', 'f1 00', 0x81, 'MQTT-3.15.1-1'],
  ['AUTH, though CONNECT had no method', 'f0 06 19 04 15 00 01 "m"', 0x82, 'MQTT-4.12.0-7'],
  ['an AUTH without a method', 'f0 02 18 00', 0x82, 'MQTT-4.12.0-5'],
  ['a second CONNECT', '10 10 00 04 "MQTT" 05 02 00 00 00 00 03 "new"', 0x82, 'MQTT-3.1.0-2'],
  // Its own fault is found first, for which DISCONNECT has no word [MQTT-3.14.2-1].
  ['a second CONNECT with an unknown version', '10 0f 00 04 "MQTT" 09 02 00 00 00 03 "new"', 0x82, 'MQTT-3.1.2-2'],
];

for (const [versions, rows] of [
  [[3, 4, 5], FROM_ALL],
  [[3, 4], FROM_3],
  [[5], FROM_5],
] as const) {
  describe(`after CONNACK, from a client of version ${versions.join(', ')}`, () => {
    for (const row of rows) {
      const [claim, , reasonCode] = row;
      test(`${claim} ends the connection${versions.some((version) => version === 5) ? ` with 0x${reasonCode.toString(16)}` : ''}`, async () => {
        for (const version of versions) await expectEnd(version, row);
      });
    }
  });
}

// [MQTT-3.1.0-1] Each bad packet of above, as the first one, is either something else that is wrong or just not CONNECT.
test('every bad packet is as bad in the place of CONNECT: the connection ends without a word', async () => {
  for (const [claim, bytes] of [...FROM_ALL, ...FROM_3, ...FROM_5]) {
    if (bytes.startsWith('10')) continue; // A second CONNECT may be a good first one.
    const { broker, complaints, expectUnnoticed } = await sceneWithBystander();
    const client = broker.dial();
    client.sendBytes(hex(bytes));
    assert.deepEqual(client.take(), [], claim);
    assert.equal(client.ended, 'end', claim);
    assert.equal(complaints().length, 1, claim);
    expectUnnoticed();
  }
});

// [MQTT-3.1.0-2]: what came with it is not processed either.
test('bad bytes that come before the store has accepted CONNECT get their DISCONNECT after CONNACK', async () => {
  for (const version of [3, 4, 5] as const) {
    const { store, commit } = lateStore();
    const options: BrokerOptions = { store };
    const { broker, complaints, expectUnnoticed } = await sceneWithBystander(options);
    const client = broker.knock({
      version,
      clientId: 'culprit',
      clean: false,
      properties: { sessionExpiryInterval: 9 },
    });
    client.sendBytes('00 00');
    assert.deepEqual(client.take(), []);
    commit();
    assert.deepEqual(client.said(), version === 5 ? ['CONNACK', 'DISCONNECT 0x81'] : ['CONNACK']);
    assert.equal(client.ended, 'end');
    assert.equal(complaints().length, 1);
    expectUnnoticed();
  }
});

// [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5]
describe('an acknowledgement that does not fit its delivery ends the connection with 0x82', () => {
  for (const [claim, qos, answer, statement] of [
    ['PUBACK for a QoS 2 delivery', 2, 'puback', 'MQTT-4.3.2-3'],
    ['PUBREC for a QoS 1 delivery', 1, 'pubrec', 'MQTT-4.3.3-3'],
    ['PUBCOMP for a QoS 1 delivery', 1, 'pubcomp', 'MQTT-4.3.3-5'],
    ['PUBCOMP before PUBREC', 2, 'pubcomp', 'MQTT-4.3.3-5'],
  ] as const) {
    test(claim, async () => {
      for (const version of [3, 4, 5] as const) {
        const { broker, bystander, complaints, expectUnnoticed } = await sceneWithBystander();
        const client = broker.connect({ version, clientId: 'culprit' });
        client.subscribe('a', { qos });
        bystander.publish('a', 'x', { qos });
        bystander.take();
        client.answer(answer, client.expect('publish').id);
        client.expectEnd(0x82);
        assert.equal(complaints().length, 1);
        expectComplaint(complaints()[0], /^Client "culprit" at test:2 was disconnected: ./, statement);
        expectUnnoticed();
      }
    });
  }
});

// [MQTT-3.3.4-7]: a 3.x client cannot know the number.
test('an MQTT 5 client that sends more than Receive Maximum unacknowledged is ended with 0x93', async () => {
  for (const version of [3, 4, 5] as const) {
    const { broker, bystander, complaints, expectUnnoticed } = await sceneWithBystander({
      limits: { receiveMaximum: 2 },
    });
    const client = broker.connect({ version, clientId: 'culprit' });
    for (const id of [1, 2, 3]) client.publish('a', `${id}`, { qos: 2, id });
    assert.deepEqual(bystander.messages(), version === 5 ? ['a=1', 'a=2'] : ['a=1', 'a=2', 'a=3']);
    if (version === 5) {
      client.expectEnd(0x93);
      expectComplaint(complaints()[0], /^Client "culprit" at test:2 was disconnected: ./, 'MQTT-3.3.4-7');
    }
    assert.equal(complaints().length, version === 5 ? 1 : 0);
    expectUnnoticed();
  }
});

// [MQTT-4.8.2-1] [MQTT-4.8.2-2]: a filter that is not taken is answered in its place, and ends nothing.
test('a bad $share is refused in SUBACK with 0x8F, 3.x: 0x80, and the filters beside it are taken', async () => {
  const { broker, expectUnnoticed } = await sceneWithBystander();
  const bad = [
    '$share',
    '$share/',
    '$share/g',
    '$share/g/',
    '$share//a',
    '$share/+/a',
    '$share/g+/a',
    '$share/#/a',
    '$share/g/a+',
    '$share/g/#/a',
  ];
  for (const version of [3, 4, 5] as const) {
    const client = broker.connect({ version, clientId: 'culprit' });
    client.requestSubscription(['good', ...bad, '$share/g/good/#'], { qos: 1 });
    const refused = version === 5 ? 0x8f : 0x80;
    assert.deepEqual(client.expect('suback').reasonCodes, [1, ...bad.map(() => refused), 1]);
    assert.equal(broker.broker.sizes.subscriptions, 3);
    client.disconnect();
  }
  expectUnnoticed();
});

test('more than 1,000 User Properties end the connection with 0x97', async () => {
  const userProperties = Array.from({ length: 1001 }, () => ['', ''] as const);
  const { broker, expectUnnoticed } = await sceneWithBystander();
  const client = broker.connect({ clientId: 'culprit' });
  client.sendBytes(
    bytesOf(
      {
        kind: 'disconnect',
        reasonCode: 0,
        properties: {
          sessionExpiryInterval: undefined,
          reasonString: undefined,
          serverReference: undefined,
          userProperties,
        },
      },
      5,
    ),
  );
  client.expectEnd(0x97);
  const first = broker.dial();
  first.sendBytes(bytesOf(connectPacket({ properties: { userProperties } }), 5));
  assert.deepEqual(first.said(), ['CONNACK 0x97']);
  expectUnnoticed();
});
