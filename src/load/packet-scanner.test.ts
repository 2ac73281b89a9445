import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ByteWriter } from '../base/byte-writer.ts';
import { encodePacket } from '../packet/encode.ts';
import type { Packet } from '../packet/packet.ts';
import { PINGRESP } from '../packet/packet.ts';
import { packetId } from '../packet/packet-id.ts';
import { NO_CONNACK_PROPERTIES, NO_MESSAGE_PROPERTIES, NO_REASON_PROPERTIES } from '../packet/properties.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { PacketScanner } from './packet-scanner.ts';

const PUBLISH = { kind: 'publish', dup: false, retain: false, topic: 'a/b', topicAlias: 0 } as const;
const PACKETS: readonly Packet[] = [
  { kind: 'connack', sessionPresent: false, reasonCode: 0, properties: NO_CONNACK_PROPERTIES },
  {
    ...PUBLISH,
    qos: 1,
    id: packetId(7),
    payload: new Uint8Array(300).fill(5),
    subscriptionIdentifiers: [3],
    properties: { ...NO_MESSAGE_PROPERTIES, contentType: 'text' },
  },
  { kind: 'puback', id: packetId(300), reasonCode: 0x10, properties: NO_REASON_PROPERTIES },
  PINGRESP,
  {
    ...PUBLISH,
    qos: 0,
    id: undefined,
    payload: new Uint8Array(1),
    subscriptionIdentifiers: [],
    properties: NO_MESSAGE_PROPERTIES,
  },
  { kind: 'pubrec', id: packetId(2), reasonCode: 0, properties: NO_REASON_PROPERTIES },
];

/** What the scanner says of chunks, a word per packet. */
function scan(chunks: readonly Uint8Array[]): readonly string[] {
  const said: string[] = [];
  const scanner = new PacketScanner(
    {
      takePublish: (firstByte, id, bytes, start, end) =>
        said.push(`publish ${(firstByte >>> 1) & 3} ${id} ${end - start} ${bytes[start]}`),
      takeAcknowledgement: (type, id, reason) => said.push(`ack ${type} ${id} ${reason}`),
      takeOther: (packet) => said.push(packet.kind),
    },
    5,
  );
  for (const chunk of chunks) scanner.push(chunk, 0, chunk.length);
  return said;
}

function stream(): Uint8Array {
  const writer = new ByteWriter();
  for (const packet of PACKETS) encodePacket(writer, packet, 5);
  return writer.bytes.slice(0, writer.position);
}

const SAID = ['connack', 'publish 1 7 300 5', 'ack 4 300 16', 'pingresp', 'publish 0 0 1 0', 'ack 5 2 0'];

test('packets of all kinds are handed over in order', () => {
  assert.deepEqual(scan([stream()]), SAID);
});

test('any split of a stream into chunks yields the same packets', () => {
  const bytes = stream();
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 }), (cuts) => {
      const ends = [...cuts, bytes.length].sort((a, b) => a - b);
      const chunks = ends.map((end, index) => bytes.slice(index === 0 ? 0 : ends[index - 1], end));
      assert.deepEqual(scan(chunks), SAID);
    }),
  );
});

test('a topic that is longer than its packet is no MQTT', () => {
  // 30: PUBLISH, 05: five bytes, 00 09: a topic of nine.
  assert.throws(() => scan([Uint8Array.from([0x30, 0x05, 0x00, 0x09, 0x61, 0x61, 0x61])]), ProtocolError);
});
