// The RETAIN flag of PUBLISH: what is kept, what comes of it, and how it is marked (section 3.3.1.3). The subscription
// options of 5.0 that have to do with it stand in retain-options.ts.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { isKind, type Lie, serverWithholds } from '../liar/lie.ts';
import { type Passing, publishOf, serverDelivers, serverTakes } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { gather, publisher, receiveText, subscriber } from '../stage/roles.ts';
import type { ServerStage } from '../stage/server-stage.ts';
import { textOf } from '../wire/read.ts';
import { PINGREQ, publish } from '../wire/write.ts';

/** A server that does not keep such messages; what it has kept stays. */
function keepsNot(does: string, when: (message: Passing) => boolean): Lie {
  return serverTakes(does, (message) => (message.retain && when(message) ? { retain: false } : undefined));
}

const KEEPS_THE_FIRST = keepsNot('keeps the message that it has', ({ payload }) => textOf(payload) !== 'first');
const KEEPS_UNASKED = serverTakes('keeps what was published with RETAIN 0', ({ retain, payload }) =>
  retain || payload.length === 0 ? undefined : { retain: true },
);
const REMOVES_UNASKED = serverTakes('removes what it has kept for an empty message with RETAIN 0', ({ payload }) =>
  payload.length === 0 ? { retain: true } : undefined,
);
const FORGETS_QOS = serverDelivers('forgets the QoS of what it keeps', ({ qos, retain }) =>
  retain && qos > 0 ? { qos: 0 } : undefined,
);
const STAYS_AFTER_EMPTY = keepsNot('keeps the message after an empty one', ({ payload }) => payload.length === 0);
const DROPS_EMPTY = serverWithholds('publish', (frame, link) => publishOf(frame, link.level).payload.length === 0);
const UNMARKED = serverDelivers('sends what it has kept with RETAIN 0', ({ retain }) =>
  retain ? { retain: false } : undefined,
);
const MARKED = serverDelivers('sets RETAIN on what it forwards', () => ({ retain: true }));

/** A server that sends the empty message to whoever subscribes after it. */
const KEEPS_EMPTY: Lie = {
  does: 'keeps the empty message itself',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const { retain, payload, topic } = publishOf(frame, link.level);
    if (retain && payload.length === 0) link.memory.set('topic', topic);
    return undefined;
  },
  fromServer: (frame, link) => {
    const topic = link.memory.get('topic');
    if (!isKind(frame, 'suback') || typeof topic !== 'string') return undefined;
    return [frame.bytes, publish(link.level, { topic, retain: true })];
  },
};

/** What a new subscriber of QoS 2 gets for a topic: one message with that payload and RETAIN 1. @returns its QoS. */
async function demandKept(stage: ServerStage, topic: string, payload: string): Promise<number> {
  const peer = await subscriber(stage, topic, 2);
  const { qos, retain } = await receiveText(peer, payload);
  demand(retain, 'A message came to a new subscription with RETAIN 0.');
  await peer.expectNothing();
  return qos;
}

async function demandNothingKept(stage: ServerStage, topic: string): Promise<void> {
  await (await subscriber(stage, topic, 2)).expectNothing();
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a message with RETAIN 1 is kept for later subscribers, in place of the one before, with its QoS',
    shows: [
      v5('MQTT-3.3.1-5', KEEPS_THE_FIRST),
      v5('MQTT-3.3.1-5', FORGETS_QOS),
      v311('MQTT-3.3.1-5', FORGETS_QOS),
      v311(
        'MQTT-3.3.1-5',
        keepsNot('keeps nothing', () => true),
      ),
      v311('MQTT-3.3.1-6', KEEPS_THE_FIRST),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2, retain: true });
      const topic = stage.topic();
      await sender.publishWhole({ topic, payload: 'first', qos: 2, retain: true });
      const before = await demandKept(stage, topic, 'first');
      demand(before === 2, `A message that was published at QoS 2 was kept at QoS ${before}.`);
      await sender.publishWhole({ topic, payload: 'second', qos: 1, retain: true });
      const after = await demandKept(stage, topic, 'second');
      demand(after === 1, `A message that was published at QoS 1 was kept at QoS ${after}.`);
    },
  },
  {
    claim: 'a new subscription gets what is kept for every topic that its filter matches',
    shows: [
      v311(
        'MQTT-3.3.1-6',
        serverWithholds('publish', (frame, { level }) => publishOf(frame, level).topic.endsWith('b')),
      ),
      v311('MQTT-3.3.1-8', UNMARKED),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1, retain: true });
      for (const level of ['a', 'b', 'c/d']) {
        await sender.publishWhole({ topic: stage.topic(level), payload: level, qos: 1, retain: true });
      }
      const receiver = await subscriber(stage, stage.topic('#'), 1);
      const seen = await gather(receiver, 3);
      const texts = seen.map(({ payload }) => textOf(payload)).sort();
      demand(texts.join() === 'a,b,c/d', `Three messages were kept; those of ${texts.join()} came.`);
      for (const { retain, topic } of seen) demand(retain, `What was kept for ${topic} came with RETAIN 0.`);
    },
  },
  {
    claim: 'a message of QoS 0 with RETAIN 1 ends what was kept before',
    shows: [v311('MQTT-3.3.1-7', KEEPS_THE_FIRST), v5('MQTT-3.3.1-5', KEEPS_THE_FIRST)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1, retain: true });
      const topic = stage.topic();
      await sender.publishWhole({ topic, payload: 'first', qos: 1, retain: true });
      sender.publish({ topic, payload: 'second', retain: true });
      await sender.ping();
      // The new message may be discarded at any time; the old one may not stay.
      const receiver = await subscriber(stage, topic, 1);
      receiver.send(PINGREQ);
      await receiver.line.expectPastPublish('pingresp');
      const kept = await receiver.line.peekQuietly();
      demand(kept === undefined || textOf(kept.payload) === 'second', 'The message before was kept.');
    },
  },
  {
    claim: 'an empty message with RETAIN 1 is forwarded, ends what was kept, and is not kept itself',
    shows: [
      v5('MQTT-3.3.1-6', STAYS_AFTER_EMPTY),
      v5('MQTT-3.3.1-6', DROPS_EMPTY),
      v5('MQTT-3.3.1-7', KEEPS_EMPTY),
      v311('MQTT-3.3.1-10', STAYS_AFTER_EMPTY),
      v311('MQTT-3.3.1-10', DROPS_EMPTY),
      v311('MQTT-3.3.1-11', KEEPS_EMPTY),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1, retain: true });
      const topic = stage.topic();
      const receiver = await subscriber(stage, topic, 1);
      await sender.publishWhole({ topic, payload: 'full', qos: 1, retain: true });
      await receiveText(receiver, 'full');
      await sender.publishWhole({ topic, payload: '', qos: 1, retain: true });
      await receiveText(receiver, '');
      await demandNothingKept(stage, topic);
    },
  },
  {
    claim: 'a message with RETAIN 0 is not kept, and leaves what is kept alone',
    shows: [
      v5('MQTT-3.3.1-8', KEEPS_UNASKED),
      v5('MQTT-3.3.1-8', REMOVES_UNASKED),
      v311('MQTT-3.3.1-12', KEEPS_UNASKED),
      v311('MQTT-3.3.1-12', REMOVES_UNASKED),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1, retain: true });
      const [kept, passing] = [stage.topic('kept'), stage.topic('passing')];
      await sender.publishWhole({ topic: kept, payload: 'kept', qos: 1, retain: true });
      await sender.publishWhole({ topic: kept, payload: 'not kept', qos: 1 });
      await sender.publishWhole({ topic: kept, payload: '', qos: 1 });
      await sender.publishWhole({ topic: passing, payload: 'not kept', qos: 1 });
      await demandKept(stage, kept, 'kept');
      await demandNothingKept(stage, passing);
    },
  },
  {
    claim: 'a message is forwarded with RETAIN 0 to a subscription that is there, and with RETAIN 1 to a new one',
    shows: [v311('MQTT-3.3.1-8', UNMARKED), v311('MQTT-3.3.1-9', MARKED), v5('MQTT-3.3.1-12', MARKED)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1, retain: true });
      const receiver = await subscriber(stage, stage.topic(), 1);
      for (const retain of [true, false]) {
        await sender.publishWhole({ topic: stage.topic(), payload: `${retain}`, qos: 1, retain });
        const seen = await receiveText(receiver, `${retain}`);
        demand(!seen.retain, 'A message came with RETAIN 1 to a subscription that was there.');
      }
      await demandKept(stage, stage.topic(), 'true');
    },
  },
];
