import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ByteWriter } from '../base/byte-writer.ts';
import { TextTable } from '../base/text-table.ts';
import { USER_PROPERTIES_MAX } from './decode-properties.ts';
import { PacketDecoder } from './decoder.ts';
import { encodePublish } from './encode.ts';
import type { Packet } from './packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, PINGREQ } from './packet.ts';
import { NO_MESSAGE_PROPERTIES } from './properties.ts';
import { createTopicTable, decodeTopicName } from './topic-name.ts';
import type { Reception } from './wire.arbitrary.ts';
import { decodeAll, decodeInPieces, decoderFor, hex, takeAll } from './wire.arbitrary.ts';

const CLIENT_4: Reception = { version: 4, receives: 'from-client' };
const CONNECT_5 = hex('10 0d 00 04 "MQTT" 05 02 00 00 00 00 00');

/** A PUBLISH of QoS 0 whose payload counts up. */
function publish(payloadLength: number, topic = 't'): Uint8Array {
  const writer = new ByteWriter();
  const payload = Uint8Array.from({ length: payloadLength }, (_, index) => index);
  const form = { qos: 0, retain: false, dup: false, id: 0, topicAlias: 0, omitTopic: false } as const;
  const lists = { subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS, expiryInterval: undefined };
  encodePublish(writer, 4, { topic, payload, properties: NO_MESSAGE_PROPERTIES }, { ...form, ...lists });
  return writer.bytes.slice(0, writer.position);
}

function payloadOf(packet: Packet | undefined): Uint8Array {
  assert.equal(packet?.kind, 'publish');
  return packet.payload;
}

/** Counts the bytes that are copied from now on, and tells the largest array that any were copied to. */
function watchCopies(context: TestContext): { bytes: number; largestTarget: number } {
  const copies = { bytes: 0, largestTarget: 0 };
  context.mock.method(Uint8Array.prototype, 'set', function set(this: Uint8Array, source: Uint8Array, at = 0) {
    copies.bytes += source.length;
    copies.largestTarget = Math.max(copies.largestTarget, this.length);
    for (const [index, byte] of source.entries()) this[at + index] = byte;
  });
  return copies;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

describe('a chunk', () => {
  test('gives its packets in order, one for each call, and then nothing', () => {
    const chunk = join(publish(1), hex('c0 00'), publish(2));
    const decoder = decoderFor(CLIENT_4);
    decoder.push(chunk, 0, chunk.length);
    assert.equal(payloadOf(decoder.next()).length, 1);
    assert.equal(decoder.next(), PINGREQ);
    assert.equal(payloadOf(decoder.next()).length, 2);
    assert.equal(decoder.next(), undefined);
    assert.equal(decoder.next(), undefined);
  });

  test('is read between the offsets only', () => {
    const chunk = join(hex('ff ff'), publish(3), hex('ff'));
    const decoder = decoderFor(CLIENT_4);
    decoder.push(chunk, 2, chunk.length - 1);
    assert.deepEqual(payloadOf(decoder.next()), Uint8Array.of(0, 1, 2));
    assert.equal(decoder.next(), undefined);
  });

  test('lends its bytes to the payload of a PUBLISH', () => {
    const chunk = publish(3);
    const decoder = decoderFor(CLIENT_4);
    decoder.push(chunk, 0, chunk.length);
    assert.equal(payloadOf(decoder.next()).buffer, chunk.buffer);
  });

  test('that is a Buffer gives payloads that are no Buffers, so that their slice copies', () => {
    const chunk = Buffer.from(publish(3));
    const decoder = decoderFor(CLIENT_4);
    decoder.push(chunk, 0, chunk.length);
    const payload = payloadOf(decoder.next());
    assert.equal(Object.getPrototypeOf(payload), Uint8Array.prototype);
    assert.deepEqual(payload, Uint8Array.of(0, 1, 2));
  });

  test('without bytes changes nothing', () => {
    const decoder = decoderFor(CLIENT_4);
    decoder.push(new Uint8Array(0), 0, 0);
    assert.equal(decoder.next(), undefined);
    decoder.keep();
    assert.equal(decoder.waitingBytes, 0);
  });
});

describe('what outlives a chunk', () => {
  test('the fields of a CONNECT are copies', () => {
    const chunk = hex('10 18 00 04 "MQTT" 04 c6 00 00 00 00 00 01 "w" 00 01 "x" 00 01 "u" 00 01 "p" ff');
    chunk[1] = chunk.length - 3;
    const decoder = decoderFor({ version: undefined, receives: 'from-client' });
    decoder.push(chunk, 0, chunk.length - 1);
    const packet = decoder.next();
    chunk.fill(0);
    assert.equal(packet?.kind, 'connect');
    assert.deepEqual(packet.password, Uint8Array.of(0x70));
    assert.deepEqual(packet.will?.payload, Uint8Array.of(0x78));
  });

  test('the correlation data of a PUBLISH is a copy', () => {
    const chunk = hex('30 08 00 01 "a" 04 09 00 01 07');
    const [packet] = decodeAll(chunk, { version: 5, receives: 'from-client' });
    chunk.fill(0);
    assert.equal(packet?.kind, 'publish');
    assert.deepEqual(packet.properties.correlationData, Uint8Array.of(7));
  });

  test('packets without properties share one value for them', () => {
    const [packet] = decodeAll(hex('30 04 00 01 "a" 00'), { version: 5, receives: 'from-client' });
    assert.equal(packet?.kind, 'publish');
    assert.equal(packet.properties, NO_MESSAGE_PROPERTIES);
    assert.equal(packet.subscriptionIdentifiers, NO_SUBSCRIPTION_IDENTIFIERS);
  });
});

describe('a packet that is split', () => {
  const packets = [publish(0), publish(5), publish(124), publish(125), publish(20_000)];
  const stream = join(...packets);

  for (const size of [1, 2, 3, 7, 64, 1000, 16_384, 20_003, 65_536]) {
    test(`over chunks of ${size} bytes is the packet that was sent`, () => {
      const decoded = decodeInPieces(stream, [size], CLIENT_4);
      assert.deepEqual(
        decoded.map((packet) => payloadOf(packet)),
        [0, 5, 124, 125, 20_000].map((length) => payloadOf(decodeAll(publish(length), CLIENT_4)[0])),
      );
    });
  }

  test('does not disturb the packets taken before in the same push', () => {
    const decoder = decoderFor(CLIENT_4);
    const first = publish(4);
    decoder.push(first, 0, 5);
    assert.equal(decoder.next(), undefined);
    decoder.keep();
    const rest = join(first.subarray(5), publish(9).subarray(0, 6));
    decoder.push(rest, 0, rest.length);
    const payload = payloadOf(decoder.next());
    assert.equal(decoder.next(), undefined);
    decoder.keep();
    decoder.push(publish(9), 6, 14);
    assert.equal(payloadOf(decoder.next()).length, 9);
    assert.deepEqual(payload, Uint8Array.of(0, 1, 2, 3));
  });

  test('is kept by the next push when the owner forgot to, as long as the first chunk is intact', () => {
    const bytes = publish(10);
    const decoder = decoderFor(CLIENT_4);
    decoder.push(bytes.slice(0, 4), 0, 4);
    assert.equal(decoder.next(), undefined);
    decoder.push(bytes.slice(4), 0, bytes.length - 4);
    assert.equal(payloadOf(decoder.next()).length, 10);
  });

  test('takes no more from the next chunk than it lacks', () => {
    const bytes = publish(10);
    const decoder = decoderFor(CLIENT_4);
    decoder.push(bytes, 0, 1);
    assert.equal(decoder.next(), undefined);
    decoder.keep();
    const rest = join(bytes.subarray(1), publish(3));
    decoder.push(rest, 0, rest.length);
    assert.notEqual(payloadOf(decoder.next()).buffer, rest.buffer);
    assert.equal(payloadOf(decoder.next()).buffer, rest.buffer);
  });
});

describe('an owner that stops between packets', () => {
  test('finds the rest after keep(), with more behind it', () => {
    const chunk = join(publish(1), publish(2), publish(3), publish(4).subarray(0, 4));
    const decoder = decoderFor(CLIENT_4);
    decoder.push(chunk, 0, chunk.length);
    assert.equal(payloadOf(decoder.next()).length, 1);
    decoder.keep();
    chunk.fill(0xee);
    assert.equal(payloadOf(decoder.next()).length, 2);
    const more = join(publish(4).subarray(4), publish(5));
    decoder.push(more, 0, more.length);
    decoder.keep();
    more.fill(0xee);
    assert.deepEqual(
      takeAll(decoder).map((packet) => payloadOf(packet).length),
      [3, 4, 5],
    );
    assert.equal(decoder.waitingBytes, 0);
  });

  test('is told how many bytes wait', () => {
    const decoder = decoderFor(CLIENT_4);
    const chunk = join(publish(1), publish(2));
    decoder.push(chunk, 0, chunk.length);
    assert.equal(decoder.waitingBytes, chunk.length);
    decoder.next();
    assert.equal(decoder.waitingBytes, publish(2).length);
    decoder.keep();
    assert.equal(decoder.waitingBytes, publish(2).length);
    decoder.next();
    assert.equal(decoder.waitingBytes, 0);
  });

  test('may change the largest packet that is taken in between', () => {
    const decoder = decoderFor({ ...CLIENT_4, maximumPacketSize: 10 });
    const chunk = join(publish(2), publish(100));
    decoder.push(chunk, 0, chunk.length);
    decoder.next();
    decoder.maximumPacketSize = 105;
    assert.equal(payloadOf(decoder.next()).length, 100);
  });
});

describe('limits', () => {
  test('a packet of the maximum size is taken, and one byte more is refused when its header is there', () => {
    const bytes = publish(20);
    const exact = { ...CLIENT_4, maximumPacketSize: bytes.length };
    assert.equal(decodeAll(bytes, exact).length, 1);
    const tooSmall = decoderFor({ ...exact, maximumPacketSize: bytes.length - 1 });
    tooSmall.push(bytes, 0, 2);
    assert.throws(() => tooSmall.next(), { kind: 'packet-too-large', reasonCode: 0x95 });
  });

  test('a promise of 256 MiB costs as much memory as the bytes that came', (context) => {
    const copies = watchCopies(context);
    const decoder = decoderFor(CLIENT_4);
    const header = hex('30 ff ff ff 7f 00 01 "t"');
    decoder.push(header, 0, header.length);
    decoder.next();
    decoder.keep();
    for (let turn = 0; turn < 100; turn++) {
      decoder.push(new Uint8Array(100), 0, 100);
      assert.equal(decoder.next(), undefined);
      decoder.keep();
    }
    assert.equal(decoder.waitingBytes, 10_008);
    assert.ok(copies.largestTarget <= 2 * 10_008, `${copies.largestTarget} bytes were allocated at once`);
  });

  test('bytes that come one by one are copied a few times each, and each body is decoded once', (context) => {
    const copies = watchCopies(context);
    let parsed = 0;
    const topics = new TextTable((bytes, start, end) => {
      parsed++;
      return decodeTopicName(bytes, start, end);
    });
    // Too long for the table, so that it is parsed with each body.
    const packet = publish(3000, 'x'.repeat(200));
    const decoder = decoderFor({ ...CLIENT_4, topics });
    let decoded = 0;
    for (let repetition = 0; repetition < 3; repetition++) {
      for (let at = 0; at < packet.length; at++) {
        decoder.push(packet, at, at + 1);
        if (decoder.next() !== undefined) decoded++;
        decoder.keep();
      }
    }
    assert.equal(decoded, 3);
    assert.equal(parsed, 3);
    assert.ok(copies.bytes <= 3 * 3 * packet.length, `${copies.bytes} bytes were copied for ${3 * packet.length}`);
  });

  test('an owner that takes no packet while bytes trickle in costs linear copying', (context) => {
    const copies = watchCopies(context);
    const decoder = decoderFor(CLIENT_4);
    const ping = hex('c0 00');
    for (let turn = 0; turn < 5000; turn++) {
      decoder.push(ping, 0, 2);
      decoder.keep();
    }
    assert.ok(copies.bytes <= 3 * 10_000, `${copies.bytes} bytes were copied for 10000`);
    assert.equal(takeAll(decoder).length, 5000);
  });

  test('User Properties are taken up to their maximum, and one more is refused with 0x97', () => {
    const withProperties = (count: number): Uint8Array => {
      const length = 5 * count;
      const block = Array.from({ length: count }, () => [0x26, 0, 0, 0, 0]).flat();
      const body = [0, 1, 0x74, (length & 127) | 128, length >>> 7, ...block];
      return Uint8Array.from([0x30, (body.length & 127) | 128, body.length >>> 7, ...body]);
    };
    const client5: Reception = { version: 5, receives: 'from-client' };
    const [packet] = decodeAll(withProperties(USER_PROPERTIES_MAX), client5);
    assert.equal(packet?.kind, 'publish');
    assert.equal(packet.properties.userProperties.length, USER_PROPERTIES_MAX);
    assert.throws(() => decodeAll(withProperties(USER_PROPERTIES_MAX + 1), client5), {
      kind: 'protocol-error',
      reasonCode: 0x97,
    });
  });
});

describe('the version', () => {
  test('is undefined until a CONNECT has come', () => {
    const decoder = decoderFor({ version: undefined, receives: 'from-client' });
    decoder.push(CONNECT_5, 0, 7);
    assert.equal(decoder.next(), undefined);
    assert.equal(decoder.version, undefined);
  });

  test('is known after a CONNECT whose rest is wrong, so that the refusal can be worded', () => {
    const bytes = CONNECT_5.slice();
    bytes[9] = 0x03; // The reserved Connect Flag.
    const decoder = decoderFor({ version: undefined, receives: 'from-client' });
    decoder.push(bytes, 0, bytes.length);
    assert.throws(() => decoder.next(), { statement: 'MQTT-3.1.2-3' });
    assert.equal(decoder.version, 5);
  });

  test('is not changed by a second CONNECT, which is decoded for the owner to judge', () => {
    const second = hex('10 0d 00 04 "MQTT" 04 02 00 00 00 01 "a"');
    const chunk = join(CONNECT_5, second);
    const decoder = decoderFor({ version: undefined, receives: 'from-client' });
    decoder.push(chunk, 0, chunk.length);
    assert.deepEqual(
      takeAll(decoder).map((packet) => packet.kind),
      ['connect', 'connect'],
    );
    assert.equal(decoder.version, 5);
  });

  test('must be known to a client', () => {
    const options = {
      receives: 'from-server',
      maximumPacketSize: 1,
      version: undefined,
      topics: createTopicTable(),
    } as const;
    assert.throws(() => new PacketDecoder(options), { name: 'AssertionError' });
  });
});

test('a decoder that has thrown throws again, and never gets past the error', () => {
  const chunk = join(hex('30 04 00 01 "#" 00'), publish(1));
  const decoder = decoderFor(CLIENT_4);
  decoder.push(chunk, 0, chunk.length);
  assert.throws(() => decoder.next(), { reasonCode: 0x90 });
  assert.throws(() => decoder.next(), { reasonCode: 0x90 });
});

test('a SUBSCRIBE or UNSUBSCRIBE may have so many Topic Filters and no more, where its receiver says how many', () => {
  for (const [name, few, many] of [
    ['SUBSCRIBE', '82 0a 00 01 00 01 61 00 00 01 62 00', '82 0e 00 01 00 01 61 00 00 01 62 00 00 01 63 00'],
    ['UNSUBSCRIBE', 'a2 08 00 01 00 01 61 00 01 62', 'a2 0b 00 01 00 01 61 00 01 62 00 01 63'],
  ] as const) {
    const options = {
      receives: 'from-client',
      maximumPacketSize: 100,
      version: 4,
      topics: createTopicTable(),
    } as const;
    const read = (body: string, filtersMax?: number): Packet | undefined => {
      const decoder = new PacketDecoder(filtersMax === undefined ? options : { ...options, filtersMax });
      const bytes = hex(body);
      decoder.push(bytes, 0, bytes.length);
      return decoder.next();
    };
    assert.equal(read(few, 2)?.kind, name.toLowerCase());
    assert.equal(read(many)?.kind, name.toLowerCase());
    assert.throws(() => read(many, 2), {
      kind: 'too-many-filters',
      reasonCode: 0x97,
      message: `${name}: it has more than the 2 Topic Filters allowed`,
    });
  }
});
