import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteWriter } from '../base/byte-writer.ts';
import type { PublishContent, PublishForm } from './encode.ts';
import { encodePacket, encodePublish, PACKET_SIZE_MAX, packetSize, patchPacketId, publishSize } from './encode.ts';
import type { Message } from './message.ts';
import type { Packet } from './packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from './packet.ts';
import { packetId } from './packet-id.ts';
import { NO_MESSAGE_PROPERTIES, NO_REASON_PROPERTIES } from './properties.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { decodeAll, hex } from './wire.arbitrary.ts';

const MESSAGE: Message = {
  topic: 'a/b',
  payload: new TextEncoder().encode('hi'),
  qos: 2,
  retain: true,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
};

const FORM: PublishForm = {
  qos: 0,
  retain: false,
  dup: false,
  id: 0,
  topicAlias: 0,
  omitTopic: false,
  subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
  expiryInterval: undefined,
};

function published(version: ProtocolVersion, content: PublishContent, form: PublishForm): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(1));
  encodePublish(writer, version, content, form);
  const bytes = writer.bytes.slice(0, writer.position);
  assert.equal(publishSize(version, content, form), bytes.length);
  return bytes;
}

function encoded(packet: Packet, version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(1));
  encodePacket(writer, packet, version);
  assert.equal(packetSize(packet, version), writer.position);
  return writer.bytes.slice(0, writer.position);
}

describe('PUBLISH from a message', () => {
  test('takes QoS and RETAIN from the form, not from the message', () => {
    assert.deepEqual(published(4, MESSAGE, FORM), hex('30 07 00 03 "a/b" "hi"'));
  });

  test('carries DUP, QoS 2, RETAIN and its Packet Identifier', () => {
    const form: PublishForm = { ...FORM, qos: 2, dup: true, retain: true, id: 0x1234 };
    assert.deepEqual(published(4, MESSAGE, form), hex('3d 09 00 03 "a/b" 12 34 "hi"'));
  });

  test('leaves alias, identifiers, expiry and properties out where the version has none', () => {
    const form: PublishForm = { ...FORM, topicAlias: 3, subscriptionIdentifiers: [1], expiryInterval: 7 };
    const content = { ...MESSAGE, properties: { ...NO_MESSAGE_PROPERTIES, contentType: 't' } };
    assert.deepEqual(published(3, content, form), hex('30 07 00 03 "a/b" "hi"'));
  });

  test('lets a topic alias stand for the topic', () => {
    const form: PublishForm = { ...FORM, topicAlias: 3, omitTopic: true };
    assert.deepEqual(published(5, MESSAGE, form), hex('30 08 00 00 03 23 00 03 "hi"'));
  });

  test('sends the expiry that is left instead of the one it was published with', () => {
    const content = { ...MESSAGE, properties: { ...NO_MESSAGE_PROPERTIES, messageExpiryInterval: 60 } };
    assert.deepEqual(
      published(5, content, { ...FORM, expiryInterval: 59 }),
      hex('30 0d 00 03 "a/b" 05 02 00 00 00 3b "hi"'),
    );
    assert.deepEqual(published(5, content, FORM), hex('30 08 00 03 "a/b" 00 "hi"'));
  });

  test('carries an expiry, an alias or an identifier for a message that has no properties', () => {
    for (const [change, block] of [
      [{ expiryInterval: 1 }, '05 02 00 00 00 01'],
      [{ topicAlias: 1 }, '03 23 00 01'],
      [{ subscriptionIdentifiers: [1] }, '02 0b 01'],
    ] as const) {
      assert.deepEqual(published(5, MESSAGE, { ...FORM, ...change }).subarray(7), hex(`${block} "hi"`));
    }
  });

  test('writes one byte for properties that are all absent, shared constant or not', () => {
    const content = { ...MESSAGE, properties: { ...NO_MESSAGE_PROPERTIES } };
    assert.deepEqual(published(5, content, FORM), hex('30 08 00 03 "a/b" 00 "hi"'));
  });

  test('writes a topic alias that is alone as it does among other properties', () => {
    for (const topicAlias of [1, 255, 256, 65_535]) {
      for (const omitTopic of [false, true]) {
        const form: PublishForm = { ...FORM, qos: 1, id: 7, topicAlias, omitTopic };
        const plain = published(5, { ...MESSAGE, properties: { ...NO_MESSAGE_PROPERTIES } }, form);
        assert.deepEqual(published(5, MESSAGE, form), plain);
      }
    }
  });

  test('is laid down behind what the writer holds', () => {
    const writer = new ByteWriter(new Uint8Array(4));
    encodePacket(writer, { kind: 'pingreq' }, 5);
    encodePublish(writer, 5, MESSAGE, FORM);
    assert.deepEqual(writer.bytes.slice(0, writer.position), hex('c0 00 30 08 00 03 "a/b" 00 "hi"'));
  });

  test('tells where its Packet Identifier is, so that a copy becomes another packet', () => {
    const topics = ['t', 'ü'.repeat(61), 'ü'.repeat(62), '\u{1f600}'.repeat(40), 'x'.repeat(20_000)];
    for (const topic of topics) {
      for (const version of [4, 5] as const) {
        const writer = new ByteWriter();
        writer.position = 5;
        const idAt = encodePublish(writer, version, { ...MESSAGE, topic }, { ...FORM, qos: 1, id: 1 });
        const copy = writer.bytes.slice(5, writer.position);
        patchPacketId(copy, idAt, 0xabcd);
        const [packet] = decodeAll(copy, { version, receives: 'from-server' });
        assert.equal(packet?.kind, 'publish');
        assert.equal(packet.id, 0xabcd);
        assert.equal(packet.topic, topic);
      }
    }
    assert.equal(encodePublish(new ByteWriter(), 5, MESSAGE, FORM), -1);
  });

  test('has the right Remaining Length on both sides of every step in its length', () => {
    for (const steps of [127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152]) {
      const payload = new Uint8Array(steps - 5);
      const bytes = published(4, { ...MESSAGE, payload }, FORM);
      const [packet] = decodeAll(bytes, { version: 4, receives: 'from-client' });
      assert.equal(packet?.kind, 'publish');
      assert.equal(packet.payload.length, payload.length);
    }
  });

  test('moves its rest when the topic or the properties take more bytes than was guessed', () => {
    for (const length of [100, 118, 119, 120, 121, 122, 123, 124, 125, 16_370, 16_378]) {
      const content: PublishContent = {
        topic: 'ä'.repeat(3),
        payload: new Uint8Array(length).fill(7),
        properties: { ...NO_MESSAGE_PROPERTIES, userProperties: [['name', 'x'.repeat(200)]] },
      };
      const [packet] = decodeAll(published(5, content, FORM), { version: 5, receives: 'from-server' });
      assert.equal(packet?.kind, 'publish');
      assert.deepEqual(packet.payload, content.payload);
      assert.deepEqual(packet.properties, content.properties);
    }
  });
});

describe('what a version lacks is left out', () => {
  const properties = { reasonString: 'no', userProperties: [['k', 'v']] as const };

  test('the Reason Code and the properties of an acknowledgement', () => {
    const packet: Packet = { kind: 'pubrec', id: packetId(7), reasonCode: 0x97, properties };
    assert.deepEqual(encoded(packet, 4), hex('50 02 00 07'));
    assert.deepEqual(encoded(packet, 3), hex('50 02 00 07'));
  });

  test('all failures of SUBACK but 0x80', () => {
    const packet: Packet = { kind: 'suback', id: packetId(7), reasonCodes: [0, 1, 2, 0x80, 0x87, 0xa2], properties };
    assert.deepEqual(encoded(packet, 4), hex('90 08 00 07 00 01 02 80 80 80'));
    assert.deepEqual(encoded(packet, 3), hex('90 08 00 07 00 01 02 80 80 80'));
  });

  test('the Reason Codes of UNSUBACK', () => {
    const packet: Packet = { kind: 'unsuback', id: packetId(7), reasonCodes: [0x11], properties };
    assert.deepEqual(encoded(packet, 4), hex('b0 02 00 07'));
  });

  test('all that DISCONNECT says', () => {
    const packet: Packet = {
      kind: 'disconnect',
      reasonCode: 0x8e,
      properties: { ...properties, sessionExpiryInterval: undefined, serverReference: undefined },
    };
    assert.deepEqual(encoded(packet, 4), hex('e0 00'));
  });

  test('the options of a subscription but its QoS', () => {
    const packet: Packet = {
      kind: 'subscribe',
      id: packetId(7),
      subscriptions: [{ filter: 'a', options: { qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 } }],
      properties: { subscriptionIdentifier: 3, userProperties: [] },
    };
    assert.deepEqual(encoded(packet, 4), hex('82 06 00 07 00 01 "a" 01'));
  });

  test('Session Present in MQTT 3.1', () => {
    const [packet] = decodeAll(hex('20 02 01 00'), { version: 4, receives: 'from-server' });
    assert.equal(packet?.kind, 'connack');
    assert.deepEqual(encoded(packet, 3), hex('20 02 00 00'));
  });
});

describe('what would garble the stream fails an assertion', () => {
  const assertion = { name: 'AssertionError' };

  test('a topic of more than 65,535 bytes', () => {
    assert.throws(() => published(5, { ...MESSAGE, topic: 'x'.repeat(65_536) }, FORM), assertion);
    assert.throws(() => published(5, { ...MESSAGE, topic: 'ä'.repeat(32_768) }, FORM), assertion);
    assert.equal(published(4, { ...MESSAGE, topic: 'x'.repeat(65_535) }, FORM).length, 65_543);
  });

  test('an AUTH before MQTT 5.0, and a bridge in it', () => {
    const [auth] = decodeAll(hex('f0 00'), { version: 5, receives: 'from-server' });
    assert.equal(auth?.kind, 'auth');
    assert.throws(() => encoded(auth, 4), assertion);
    const [connect] = decodeAll(hex('10 0c 00 04 "MQTT" 84 02 00 0a 00 00'), { version: 4, receives: 'from-client' });
    assert.equal(connect?.kind, 'connect');
    assert.throws(() => encoded({ ...connect, version: 5 }, 5), assertion);
  });
});

test('a packet may be larger than any that MQTT knows, and its size says so', () => {
  const content = { ...MESSAGE, payload: new Uint8Array(PACKET_SIZE_MAX - 9) };
  assert.equal(publishSize(4, content, FORM), PACKET_SIZE_MAX + 1);
});

test('an acknowledgement that says success takes four bytes, one that refuses five', () => {
  const packet: Packet = { kind: 'puback', id: packetId(7), reasonCode: 0, properties: NO_REASON_PROPERTIES };
  assert.equal(packetSize(packet, 5), 4);
  assert.equal(packetSize({ ...packet, reasonCode: 0x80 }, 5), 5);
});
