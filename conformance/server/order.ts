// The order of messages (section 4.6).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { serverSwaps } from '../liar/publish.ts';
import {
  connectFor,
  demandText,
  lastingSubscriber,
  publisher,
  receiveText,
  resume,
  subscriber,
} from '../stage/roles.ts';

const PAYLOADS: readonly string[] = Array.from({ length: 24 }, (_, index) => `message ${index}`);

/** Topics of which a broker may think that order does not matter there. */
const PLACES = ['t', 'sensors/1/temperature', 'unordered', 'deep/a/b/c/d/e/f', 'tele/x', '\u{1f30a}'];

const SWAPS = serverSwaps(() => true);
const SWAPS_SOMEWHERE = serverSwaps(({ topic }) => topic.endsWith('unordered'));

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'messages of one client, of one topic and QoS, come in the order in which they were published',
    shows: [v311('MQTT-4.6.0-6', SWAPS), v5('MQTT-4.6.0-5', SWAPS)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      for (const qos of [0, 1, 2]) {
        const topic = stage.topic(`${qos}`);
        const receiver = await subscriber(stage, topic, qos);
        for (const payload of PAYLOADS) {
          if (qos === 0) sender.publish({ topic, payload });
          else await sender.publishWhole({ topic, payload, qos });
        }
        for (const payload of PAYLOADS) await receiveText(receiver, payload);
      }
    },
  },
  {
    claim: 'messages that wait for a client that is away come in the order in which they were published',
    shows: [v311('MQTT-4.6.0-6', SWAPS), v5('MQTT-4.6.0-5', SWAPS)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      for (const qos of [1, 2]) {
        const topic = stage.topic(`${qos}`);
        const away = await lastingSubscriber(stage, `away${qos}`, topic, qos);
        away.leave();
        await away.expectClosed();
        for (const payload of PAYLOADS) await sender.publishWhole({ topic, payload, qos });
        const back = await resume(stage, `away${qos}`);
        for (const payload of PAYLOADS) await receiveText(back, payload);
      }
    },
  },
  {
    claim: 'messages that are published without waiting for answers come in the order in which they were published',
    shows: [v311('MQTT-4.6.0-6', SWAPS), v5('MQTT-4.6.0-5', SWAPS)],
    play: async (stage) => {
      const topic = stage.topic();
      const receiver = await subscriber(stage, topic, 2);
      const { peer: sender, connack } = await connectFor(stage, { qos: 2 });
      const allowed = Number(connack.properties.receiveMaximum?.[0] ?? Infinity);
      const payloads = PAYLOADS.slice(0, Math.min(8, allowed));
      for (const payload of payloads) sender.publish({ topic, payload, qos: 2 });
      const received: number[] = [];
      for (const _ of payloads) received.push((await sender.expect('pubrec')).id);
      for (const id of received) sender.acknowledge('pubrel', id);
      for (const _ of payloads) await sender.expect('pubcomp');
      for (const payload of payloads) await receiveText(receiver, payload);
    },
  },
  {
    claim: 'every topic is ordered, whatever its name',
    shows: [v311('MQTT-4.6.0-5', SWAPS_SOMEWHERE), v5('MQTT-4.6.0-6', SWAPS_SOMEWHERE)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic('#'), 1);
      const sender = await publisher(stage, { qos: 1 });
      for (const place of PLACES) {
        for (const payload of ['1', '2', '3', '4']) {
          await sender.publishWhole({ topic: stage.topic(place), payload, qos: 1 });
        }
      }
      const places = new Map(PLACES.map((place) => [stage.topic(place), 0]));
      for (let count = 0; count < PLACES.length * 4; count++) {
        const message = await receiver.receive();
        const due = (places.get(message.topic) ?? 0) + 1;
        demandText(message, `${due}`);
        places.set(message.topic, due);
      }
    },
  },
];
