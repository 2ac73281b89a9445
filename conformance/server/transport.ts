// What a broker needs of the world: a stream of bytes, and nothing that the specification does not have (section 4.2;
// 3.1.1: also section 7).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { type Lie, serverWithholds } from '../liar/lie.ts';
import { serverSwaps } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { publisher, receiveText, subscriber } from '../stage/roles.ts';
import { bytes, publish } from '../wire/write.ts';

const MESSAGES = 12;
const SWAPS = serverSwaps(() => true);
const WANTS_MORE: Lie = {
  ...serverWithholds('connack'),
  does: 'accepts nobody without a packet that the specification does not have',
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'packets may come in any pieces, and what is delivered is in order and complete',
    shows: [v311('MQTT-7.1.1-1', SWAPS), v5('MQTT-4.2.0-1', SWAPS)],
    play: async (stage) => {
      const peer = await subscriber(stage, stage.topic(), 1);
      const sender = await publisher(stage, { qos: 1 });
      const packets = Array.from({ length: MESSAGES }, (_, index) =>
        publish(stage.level, { topic: stage.topic(), payload: `message ${index}`, qos: 1, id: index + 1 }),
      );
      // Half of them in one piece, half byte by byte.
      sender.send(bytes(...packets.slice(0, MESSAGES / 2)));
      for (const byte of bytes(...packets.slice(MESSAGES / 2))) {
        sender.send(Uint8Array.of(byte));
        await stage.pass(0);
      }
      for (let index = 0; index < MESSAGES; index++) {
        await receiveText(peer, `message ${index}`);
        const puback = await sender.expect('puback');
        demand(puback.id === index + 1, `PUBACK has the packet identifier ${puback.id}; due was ${index + 1}.`);
      }
    },
  },
  {
    claim: 'a client that uses nothing but what the specification has is served',
    shows: [v311('MQTT-7.0.0-2', WANTS_MORE)],
    play: async (stage) => {
      const peer = await stage.connect();
      for (const qos of [0, 1, 2]) {
        await peer.subscribe(stage.topic(`${qos}`), qos);
        const sender = await stage.connect();
        await sender.publishWhole({ topic: stage.topic(`${qos}`), payload: `QoS ${qos}`, qos });
        await receiveText(peer, `QoS ${qos}`);
        await peer.unsubscribe(stage.topic(`${qos}`));
      }
      await peer.ping();
      peer.leave();
      await peer.expectClosed();
    },
  },
];
