// QoS 1, both ways: the broker as the sender of PUBLISH and as its receiver (section 4.3.2).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { serverAlters, serverWithholds, withByte } from '../liar/lie.ts';
import { isLater, serverDelivers, serverIgnoresButAnswers, serverSaysAgain } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';

const NUMBERS_ALIKE = serverDelivers('uses an identifier that is in use', () => ({ id: 7 }));
const MARKS_FIRST = serverDelivers('sends for the first time with DUP 1', () => ({ dup: true }));
const SENDS_QOS_0 = serverDelivers('sends QoS 0 where QoS 1 is due', () => ({ qos: 0 }));
const FORGETS = serverWithholds('publish', (_, link) => isLater(link));
const SAYS_AGAIN = serverSaysAgain('publish');
const ANSWERS_OTHERS = serverAlters('puback', 'answers with another packet identifier', (frame) =>
  withByte(frame, 1, 99),
);
const ANSWERS_ONLY = serverIgnoresButAnswers('acknowledges what it does not take', ({ dup }) => !dup);
const TAKES_DUP_FOR_OLD = serverIgnoresButAnswers('takes a PUBLISH with DUP for the one before', ({ dup }) => dup);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'messages of QoS 1 that are under way are sent at QoS 1 with DUP 0, each with an identifier of its own',
    shows: [
      v311('MQTT-4.3.2-1', NUMBERS_ALIKE),
      v311('MQTT-4.3.2-1', MARKS_FIRST),
      v5('MQTT-4.3.2-1', NUMBERS_ALIKE),
      v5('MQTT-4.3.2-2', MARKS_FIRST),
      v5('MQTT-4.3.2-2', SENDS_QOS_0),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 1);
      const sender = await publisher(stage, { qos: 1 });
      const inUse: number[] = [];
      for (let count = 0; count < 8; count++) {
        await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 1 });
        const { id, qos, dup } = await receiver.expect('publish');
        demand(qos === 1, `A message of QoS 1 was sent at QoS ${qos}.`);
        demand(!dup, 'A message was sent with DUP 1 for the first time.');
        demand(id !== 0, 'A message of QoS 1 had the packet identifier 0.');
        demand(!inUse.includes(id), `The packet identifier ${id} was used again before PUBACK.`);
        inUse.push(id);
        // From the fourth on, an older one is free again; its identifier may come back.
        if (count >= 3) receiver.acknowledge('puback', inUse.shift() ?? 0);
      }
    },
  },
  {
    claim: 'a message of QoS 1 without PUBACK is sent again to a client that comes back',
    shows: [v311('MQTT-4.3.2-1', FORGETS), v5('MQTT-4.3.2-3', FORGETS)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 1);
      await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 1 });
      const { id } = await first.expect('publish');
      first.cut();
      const second = await resume(stage, 'sub');
      const again = await second.expect('publish');
      demand(again.id === id, `The message was sent as ${id} and again as ${again.id}.`);
      second.cut();
      const third = await receiveText(await resume(stage, 'sub'), 'x');
      demand(third.id === id, `The message was sent as ${id} and again as ${third.id}.`);
    },
  },
  {
    claim: 'a message of QoS 1 is not sent again after PUBACK',
    shows: [v311('MQTT-4.3.2-1', SAYS_AGAIN), v5('MQTT-4.3.2-3', SAYS_AGAIN)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 1);
      await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 1 });
      await receiveText(first, 'x');
      await first.ping();
      first.cut();
      await (await resume(stage, 'sub')).expectNothing();
    },
  },
  {
    claim: 'a PUBLISH of QoS 1 is answered with a PUBACK of the same identifier, and the message is taken',
    shows: [
      v311('MQTT-4.3.2-2', ANSWERS_OTHERS),
      v311('MQTT-4.3.2-2', ANSWERS_ONLY),
      v5('MQTT-4.3.2-4', ANSWERS_OTHERS),
      v5('MQTT-4.3.2-4', ANSWERS_ONLY),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const sender = await publisher(stage, { qos: 1 });
      for (const id of [1, 0x0100, 0x1234, 0xffff]) {
        await sender.publishWhole({ topic: stage.topic(), payload: `${id}`, qos: 1, id });
        await receiveText(receiver, `${id}`);
      }
    },
  },
  {
    claim: 'after PUBACK a PUBLISH of the same identifier is a new message, with DUP or without',
    shows: [v311('MQTT-4.3.2-2', TAKES_DUP_FOR_OLD), v5('MQTT-4.3.2-5', TAKES_DUP_FOR_OLD)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const sender = await publisher(stage, { qos: 1 });
      for (const dup of [false, true, true, false]) {
        await sender.publishWhole({ topic: stage.topic(), payload: 'the same', qos: 1, id: 5, dup });
        await receiveText(receiver, 'the same');
      }
    },
  },
];
