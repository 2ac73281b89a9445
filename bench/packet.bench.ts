// What one packet costs in the codec, alone: no socket, no session, no store.
//
//     node bench/packet.bench.ts
//
// Each line is the best of several rounds, in nanoseconds per packet: on a shared machine the best is what the
// code needs, and the rest is what the neighbours took. Decoding goes through `PacketDecoder` in chunks of
// about 64 KiB, as a socket delivers them; encoding goes into one writer that is emptied at 64 KiB.

import { ByteWriter } from '../src/base/byte-writer.ts';
import { PacketDecoder } from '../src/packet/decoder.ts';
import type { PublishForm } from '../src/packet/encode.ts';
import { encodePacket, encodePublish } from '../src/packet/encode.ts';
import type { Message } from '../src/packet/message.ts';
import type { Packet } from '../src/packet/packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../src/packet/packet.ts';
import { packetId } from '../src/packet/packet-id.ts';
import type { MessageProperties } from '../src/packet/properties.ts';
import { NO_MESSAGE_PROPERTIES, NO_REASON_PROPERTIES } from '../src/packet/properties.ts';
import type { ProtocolVersion } from '../src/packet/protocol-version.ts';
import { createTopicTable } from '../src/packet/topic-name.ts';

const ROUNDS = 7;
const PACKETS_PER_ROUND = 300_000;
const CHUNK_BYTES = 65_536;
const TOPICS = Array.from({ length: 64 }, (_, index) => `devices/${index}/temperature`);
const PAYLOAD = new Uint8Array(16).fill(0x61);
const RICH_PROPERTIES: MessageProperties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 60,
  contentType: 'application/json',
  responseTopic: 'replies/42',
  correlationData: new Uint8Array(16),
  userProperties: [['trace', '0123456789abcdef']],
};

/** Keeps results alive, so that nothing is optimised away. */
let sink = 0;

for (const version of [4, 5] as const) {
  decoding(`decode PUBLISH QoS 0, version ${version}`, version, (index) =>
    publishPacket(index, 0, NO_MESSAGE_PROPERTIES),
  );
  decoding(`decode PUBLISH QoS 1, version ${version}`, version, (index) =>
    publishPacket(index, 1, NO_MESSAGE_PROPERTIES),
  );
  decoding(`decode PUBACK, version ${version}`, version, pubackPacket);
}
decoding('decode PUBLISH QoS 1, version 5, six properties', 5, (index) => publishPacket(index, 1, RICH_PROPERTIES));
for (const version of [4, 5] as const) {
  encoding(`encode PUBLISH QoS 0, version ${version}`, version, 0, NO_MESSAGE_PROPERTIES);
  encoding(`encode PUBLISH QoS 1, version ${version}`, version, 1, NO_MESSAGE_PROPERTIES);
}
encoding('encode PUBLISH QoS 1, version 5, an alias', 5, 1, NO_MESSAGE_PROPERTIES, 7);
encoding('encode PUBLISH QoS 1, version 5, an alias, by the table', 5, 1, { ...NO_MESSAGE_PROPERTIES }, 7);
encoding('encode PUBLISH QoS 1, version 5, six properties', 5, 1, RICH_PROPERTIES);
acknowledging('encode PUBACK, version 5', 5);

function decoding(name: string, version: ProtocolVersion, packetAt: (index: number) => Packet): void {
  const writer = new ByteWriter(new Uint8Array(2 * CHUNK_BYTES));
  let inChunk = 0;
  while (writer.position < CHUNK_BYTES) encodePacket(writer, packetAt(inChunk++), version);
  const chunk = writer.bytes.slice(0, writer.position);
  const decoder = new PacketDecoder({
    receives: 'from-client',
    maximumPacketSize: CHUNK_BYTES,
    version,
    topics: createTopicTable(),
  });
  report(name, () => {
    let count = 0;
    while (count < PACKETS_PER_ROUND) {
      decoder.push(chunk, 0, chunk.length);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        sink += packet.kind.length;
        count++;
      }
      decoder.keep();
    }
    return count;
  });
}

function encoding(
  name: string,
  version: ProtocolVersion,
  qos: 0 | 1,
  properties: MessageProperties,
  topicAlias = 0,
): void {
  const writer = new ByteWriter(new Uint8Array(2 * CHUNK_BYTES));
  const messages = TOPICS.map((topic) => message(topic, qos, properties));
  report(name, () => {
    for (let count = 0; count < PACKETS_PER_ROUND; count++) {
      if (writer.position > CHUNK_BYTES) writer.position = 0;
      const form: PublishForm = {
        qos,
        retain: false,
        dup: false,
        id: qos === 0 ? 0 : (count & 0xfff) + 1,
        topicAlias,
        omitTopic: topicAlias > 0,
        subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
        expiryInterval: properties.messageExpiryInterval,
      };
      sink += encodePublish(writer, version, messages[count & 63] as Message, form);
    }
    return PACKETS_PER_ROUND;
  });
}

function acknowledging(name: string, version: ProtocolVersion): void {
  const writer = new ByteWriter(new Uint8Array(2 * CHUNK_BYTES));
  const packets = TOPICS.map((_, index) => pubackPacket(index));
  report(name, () => {
    for (let count = 0; count < PACKETS_PER_ROUND; count++) {
      if (writer.position > CHUNK_BYTES) writer.position = 0;
      encodePacket(writer, packets[count & 63] as Packet, version);
    }
    return PACKETS_PER_ROUND;
  });
}

function report(name: string, round: () => number): void {
  let best = Number.POSITIVE_INFINITY;
  for (let index = 0; index < ROUNDS; index++) {
    const begin = process.hrtime.bigint();
    const count = round();
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / count);
  }
  process.stdout.write(`${name.padEnd(52)} ${best.toFixed(0).padStart(6)} ns\n`);
}

function publishPacket(index: number, qos: 0 | 1, properties: MessageProperties): Packet {
  return {
    kind: 'publish',
    dup: false,
    qos,
    retain: false,
    topic: TOPICS[index & 63] as string,
    id: qos === 0 ? undefined : packetId((index & 0xfff) + 1),
    payload: PAYLOAD,
    topicAlias: 0,
    subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
    properties,
  };
}

function pubackPacket(index: number): Packet {
  return { kind: 'puback', id: packetId((index & 0xfff) + 1), reasonCode: 0, properties: NO_REASON_PROPERTIES };
}

function message(topic: string, qos: 0 | 1, properties: MessageProperties): Message {
  return { topic, payload: PAYLOAD, qos, retain: false, properties, expiresAt: undefined };
}

// Printed, so that the sink counts as used.
process.stdout.write(sink === 0 ? 'nothing was measured\n' : '');
