// The flags DUP and QoS of PUBLISH (sections 3.3.1.1 and 3.3.1.2), and QoS 0, which has nothing else (section 4.3.1).

import { both, type ServerCheck } from '../check.ts';
import { SERVER_NEVER_CLOSES } from '../liar/lie.ts';
import { isLater, serverDelivers } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { demandText, gather, lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';
import { publish } from '../wire/write.ts';

const FORGETS_DUP = serverDelivers('resends with DUP 0', ({ dup }) => (dup ? { dup: false } : undefined));
const MARKS_QOS_0 = serverDelivers('sets DUP at QoS 0', ({ qos }) => (qos === 0 ? { dup: true } : undefined));
const RAISES_QOS_0 = serverDelivers('sends QoS 1 where QoS 0 is due', ({ qos }) =>
  qos === 0 ? { qos: 1, id: 1 } : undefined,
);
const MARKS_FIRST = serverDelivers('sets DUP when it sends for the first time', (_, link) =>
  isLater(link) ? undefined : { dup: true },
);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'what was not acknowledged comes again with DUP 1, at QoS 1 and 2',
    shows: both('MQTT-3.3.1-1', FORGETS_DUP),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 2);
      for (const qos of [1, 2]) {
        await sender.publishWhole({ topic: stage.topic(), payload: `qos ${qos}`, qos });
        await first.expect('publish');
      }
      first.cut();
      const again = await resume(stage, 'sub');
      const copies = await gather(again, 2);
      demand(copies.length === 2, `Two messages were not acknowledged; ${copies.length} came again.`);
      for (const { qos, dup } of copies) demand(dup, `The PUBLISH of QoS ${qos} came again with DUP 0.`);
    },
  },
  {
    claim: 'a message of QoS 0 is sent at QoS 0 with DUP 0',
    shows: [
      ...both('MQTT-3.3.1-2', MARKS_QOS_0),
      ...both('MQTT-4.3.1-1', RAISES_QOS_0),
      ...both('MQTT-4.3.1-1', MARKS_QOS_0),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const low = await subscriber(stage, stage.topic(), 0);
      const high = await subscriber(stage, stage.topic(), 2);
      sender.publish({ topic: stage.topic(), payload: 'published at 0' });
      for (const peer of [low, high]) {
        const { qos, dup } = await receiveText(peer, 'published at 0');
        demand(qos === 0, `A message of QoS 0 was sent at QoS ${qos}.`);
        demand(!dup, 'A message of QoS 0 was sent with DUP 1.');
      }
      await sender.publishWhole({ topic: stage.topic(), payload: 'published at 1', qos: 1, dup: true });
      const { qos, dup } = await receiveText(low, 'published at 1');
      demand(qos === 0, `A message was sent at QoS ${qos} to a subscription of QoS 0.`);
      demand(!dup, 'A message was sent with DUP 1 to a subscription of QoS 0.');
    },
  },
  {
    claim: 'the DUP flag of a message that comes in is not that of the messages that go out',
    shows: both('MQTT-3.3.1-3', MARKS_FIRST),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const receiver = await subscriber(stage, stage.topic(), 2);
      for (const qos of [1, 2]) {
        await sender.publishWhole({ topic: stage.topic(), payload: `qos ${qos}`, qos, dup: true });
        const { dup } = await receiveText(receiver, `qos ${qos}`);
        demand(!dup, `A message of QoS ${qos} was sent with DUP 1 for the first time.`);
      }
    },
  },
  {
    claim: 'a PUBLISH with both QoS bits closes the connection, and nobody gets it',
    shows: [
      ...both('MQTT-3.3.1-4', SERVER_NEVER_CLOSES),
      ...both(
        'MQTT-3.3.1-4',
        serverDelivers('sends a PUBLISH with both QoS bits', () => ({ qos: 3 })),
      ),
    ],
    play: async (stage) => {
      const sender = await stage.connect();
      const other = await publisher(stage);
      const receiver = await subscriber(stage, stage.topic());
      sender.send(publish(stage.level, { topic: stage.topic(), payload: 'wrong', qos: 3, id: 1 }));
      await sender.expectClosedWith(0x81, 0x82);
      other.publish({ topic: stage.topic(), payload: 'right' });
      const next = await receiver.expect('publish');
      demand(next.qos !== 3, 'A PUBLISH with both QoS bits came.');
      demandText(next, 'right');
    },
  },
];
