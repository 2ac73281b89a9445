// QoS 2 with the broker as the sender of PUBLISH (section 4.3.3).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { changed, isKind, type Lie, serverAlters, serverWithholds, withByte } from '../liar/lie.ts';
import { isLater, serverDelivers, serverSaysAgain } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';

const NUMBERS_ALIKE = serverDelivers('uses an identifier that is in use', () => ({ id: 7 }));
const MARKS_FIRST = serverDelivers('sends for the first time with DUP 1', () => ({ dup: true }));
const SENDS_QOS_1 = serverDelivers('sends QoS 1 where QoS 2 is due', () => ({ qos: 1 }));
const FORGETS = serverWithholds('publish', (_, link) => isLater(link));
const RELEASES_NOT = serverWithholds('pubrel');
const RELEASES_ANOTHER = serverAlters('pubrel', 'releases another identifier', (frame) => withByte(frame, 1, 99));
const FORGETS_RELEASE = serverWithholds('pubrel', (_, link) => isLater(link));
const RELEASES_AGAIN = serverSaysAgain('pubrel');

/** A server that begins anew with the PUBLISH that it had released. */
const PUBLISHES_AGAIN: Lie = {
  does: 'sends PUBLISH again where PUBREL is due',
  fromServer: (frame, link) => {
    if (isKind(frame, 'publish')) link.memory.set('published', frame);
    const published = link.memory.get('published');
    if (!isKind(frame, 'pubrel') || !isLater(link) || published === undefined) return undefined;
    const { body } = published as typeof frame;
    return [changed({ ...frame, type: 3 }, { flags: 0x0c, body }), frame.bytes];
  },
};

/** One message of QoS 2 on its way to a client that lasts. */
async function underWay(stage: ServerStage): Promise<{ readonly receiver: Peer; readonly id: number }> {
  const sender = await publisher(stage, { qos: 2 });
  const receiver = await lastingSubscriber(stage, 'sub', stage.topic(), 2);
  await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 2 });
  const { id } = await receiver.expect('publish');
  return { receiver, id };
}

async function demandPubrel(receiver: Peer, id: number): Promise<void> {
  const pubrel = await receiver.expect('pubrel');
  demand(pubrel.id === id, `PUBREL has the packet identifier ${pubrel.id}; that of PUBLISH was ${id}.`);
  demand(pubrel.reasonCode === 0, `PUBREL has the reason code 0x${pubrel.reasonCode.toString(16)}.`);
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'messages of QoS 2 that are under way are sent at QoS 2 with DUP 0, each with an identifier of its own',
    shows: [
      v311('MQTT-4.3.3-1', NUMBERS_ALIKE),
      v311('MQTT-4.3.3-1', MARKS_FIRST),
      v5('MQTT-4.3.3-1', NUMBERS_ALIKE),
      v5('MQTT-4.3.3-2', MARKS_FIRST),
      v5('MQTT-4.3.3-2', SENDS_QOS_1),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 2);
      const sender = await publisher(stage, { qos: 2 });
      const inUse: number[] = [];
      for (let count = 0; count < 10; count++) {
        await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 2 });
        const { id, qos, dup } = await receiver.expect('publish');
        demand(qos === 2, `A message of QoS 2 was sent at QoS ${qos}.`);
        demand(!dup, 'A message was sent with DUP 1 for the first time.');
        demand(id !== 0, 'A message of QoS 2 had the packet identifier 0.');
        demand(!inUse.includes(id), `The packet identifier ${id} was used again before PUBCOMP.`);
        inUse.push(id);
        // Some wait for PUBREC, some for PUBCOMP: the identifiers of all of these are in use.
        const released = inUse.at(-3);
        if (released === undefined) continue;
        receiver.acknowledge('pubrec', released);
        await demandPubrel(receiver, released);
        if (count >= 5) receiver.acknowledge('pubcomp', inUse.shift() ?? 0);
      }
    },
  },
  {
    claim: 'a message of QoS 2 without PUBREC is sent again to a client that comes back',
    shows: [v311('MQTT-4.3.3-1', FORGETS), v5('MQTT-4.3.3-3', FORGETS)],
    play: async (stage) => {
      const { receiver, id } = await underWay(stage);
      receiver.cut();
      const again = await receiveText(await resume(stage, 'sub'), 'x');
      demand(again.qos === 2 && again.id === id, `The message was sent as ${id} and again as ${again.id}.`);
    },
  },
  {
    claim: 'PUBREC is answered with a PUBREL of the same identifier',
    shows: [
      v311('MQTT-4.3.3-1', RELEASES_NOT),
      v311('MQTT-4.3.3-1', RELEASES_ANOTHER),
      v5('MQTT-4.3.3-4', RELEASES_NOT),
      v5('MQTT-4.3.3-4', RELEASES_ANOTHER),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 2);
      const sender = await publisher(stage, { qos: 2 });
      // 0x10: nobody but the client was interested; a yes like 0x00.
      for (const reasonCode of [undefined, 0x00, 0x10]) {
        await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 2 });
        const { id } = await receiver.expect('publish');
        receiver.acknowledge('pubrec', id, reasonCode);
        await demandPubrel(receiver, id);
        receiver.acknowledge('pubcomp', id);
      }
    },
  },
  {
    claim: 'PUBREL without PUBCOMP is sent again to a client that comes back, and its PUBLISH is not',
    shows: [
      v311('MQTT-4.3.3-1', FORGETS_RELEASE),
      v311('MQTT-4.3.3-1', PUBLISHES_AGAIN),
      v5('MQTT-4.3.3-5', FORGETS_RELEASE),
      v5('MQTT-4.3.3-6', PUBLISHES_AGAIN),
    ],
    play: async (stage) => {
      const { receiver, id } = await underWay(stage);
      receiver.acknowledge('pubrec', id);
      await demandPubrel(receiver, id);
      receiver.cut();
      for (let count = 0; count < 2; count++) {
        const again = await resume(stage, 'sub');
        await demandPubrel(again, id);
        await again.expectNothing();
        again.cut();
      }
    },
  },
  {
    claim: 'PUBREL is not sent again after PUBCOMP, and neither is PUBLISH',
    shows: [
      v311('MQTT-4.3.3-1', RELEASES_AGAIN),
      v5('MQTT-4.3.3-5', RELEASES_AGAIN),
      v5('MQTT-4.3.3-6', serverSaysAgain('publish')),
    ],
    play: async (stage) => {
      const { receiver, id } = await underWay(stage);
      receiver.acknowledge('pubrec', id);
      await demandPubrel(receiver, id);
      receiver.acknowledge('pubcomp', id);
      await receiver.ping();
      receiver.cut();
      await (await resume(stage, 'sub')).expectNothing();
    },
  },
];
