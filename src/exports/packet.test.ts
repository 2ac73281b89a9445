// The door `vouch/packet` has everything that it takes to speak MQTT; the codec itself is tested in packet/.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Packet } from './packet.ts';
import * as door from './packet.ts';

test('through the door alone, a packet can be put together, encoded and decoded again', () => {
  const packet: Packet = {
    kind: 'publish',
    dup: false,
    qos: 1,
    retain: false,
    topic: 'lamp/state',
    id: door.packetId(7),
    payload: new Uint8Array([1, 2, 3]),
    topicAlias: 0,
    subscriptionIdentifiers: door.NO_SUBSCRIPTION_IDENTIFIERS,
    properties: door.NO_MESSAGE_PROPERTIES,
  };
  const writer = new door.ByteWriter();
  door.encodePacket(writer, packet, 5);

  const topics = door.createTopicTable();
  const decoder = new door.PacketDecoder({ receives: 'from-server', maximumPacketSize: 1024, version: 5, topics });
  decoder.push(writer.bytes, 0, writer.position);
  assert.deepEqual(decoder.next(), packet);
  assert.equal(decoder.next(), undefined);
});

test('what breaks a rule is an error of the door, with its reason code', () => {
  const topics = door.createTopicTable();
  const decoder = new door.PacketDecoder({ receives: 'from-server', maximumPacketSize: 1024, version: 5, topics });
  // A PUBLISH with QoS 3.
  decoder.push(new Uint8Array([0x36, 0x02, 0x00, 0x00]), 0, 4);
  assert.throws(
    () => decoder.next(),
    (error) => error instanceof door.ProtocolError && error.reasonCode === door.Reason.malformedPacket,
  );
});
