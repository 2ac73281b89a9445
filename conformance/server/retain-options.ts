// Retain Handling and Retain As Published: the subscription options of 5.0 that say which kept messages come, and how
// messages are marked (section 3.3.1.3).

import { type ServerCheck, v5 } from '../check.ts';
import { changed, isKind, type Lie, serverWithholds } from '../liar/lie.ts';
import { serverDelivers } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { publisher, receiveText, subscriber, subscribeFully } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';

/** Bits of the subscription options (section 3.8.3.1). */
const RETAIN_AS_PUBLISHED = 0x08;
const SEND_IF_NEW = 0x10;
const SEND_NEVER = 0x20;

/** A server that takes the options of the one filter of SUBSCRIBE, its last byte, for others. */
function mistakes(does: string, mistake: (options: number) => number): Lie {
  return {
    does,
    fromClient: (frame) => {
      if (!isKind(frame, 'subscribe')) return undefined;
      const body = frame.body.slice();
      const last = body.length - 1;
      body[last] = mistake(body[last] ?? 0);
      return [changed(frame, { body })];
    },
  };
}

const TAKES_0_FOR_1 = mistakes('takes Retain Handling 0 for 1', (options) =>
  (options & 0x30) === 0 ? options | SEND_IF_NEW : options,
);
const TAKES_1_FOR_0 = mistakes('takes Retain Handling 1 for 0', (options) => options & ~SEND_IF_NEW);
const TAKES_1_FOR_2 = mistakes('takes Retain Handling 1 for 2', (options) =>
  (options & SEND_IF_NEW) === 0 ? options : (options & 0x0f) | SEND_NEVER,
);
const TAKES_2_FOR_0 = mistakes('takes Retain Handling 2 for 0', (options) => options & ~SEND_NEVER);
const TAKES_2_FOR_1 = mistakes('takes Retain Handling 2 for 1', (options) =>
  (options & SEND_NEVER) === 0 ? options : (options & 0x0f) | SEND_IF_NEW,
);

/** Two topics with a kept message each. @returns a filter for both. */
async function keepTwo(stage: ServerStage): Promise<string> {
  const sender = await publisher(stage, { qos: 1, retain: true });
  for (const level of ['a', 'b']) {
    await sender.publishWhole({ topic: stage.topic(level), payload: level, qos: 1, retain: true });
  }
  return stage.topic('+');
}

async function demandBoth(peer: Peer): Promise<void> {
  const seen = [await peer.receive(), await peer.receive()];
  demand(new Set(seen.map(({ topic }) => topic)).size === 2, 'One kept message came twice, another did not come.');
  await peer.expectNothing();
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'with Retain Handling 0 what is kept comes at every SUBSCRIBE',
    shows: [v5('MQTT-3.3.1-9', TAKES_0_FOR_1), v5('MQTT-3.3.1-9', serverWithholds('publish'))],
    play: async (stage) => {
      const filter = await keepTwo(stage);
      const peer = await subscriber(stage, filter, 1);
      await demandBoth(peer);
      await subscribeFully(peer, filter, 1);
      await demandBoth(peer);
    },
  },
  {
    claim: 'with Retain Handling 1 what is kept comes to a subscription that is new, and to no other',
    shows: [v5('MQTT-3.3.1-10', TAKES_1_FOR_0), v5('MQTT-3.3.1-10', TAKES_1_FOR_2)],
    play: async (stage) => {
      const filter = await keepTwo(stage);
      const peer = await subscriber(stage, filter, 1 | SEND_IF_NEW);
      await demandBoth(peer);
      await subscribeFully(peer, filter, 1 | SEND_IF_NEW);
      await peer.expectNothing();
      await peer.unsubscribe(filter);
      await subscribeFully(peer, filter, 1 | SEND_IF_NEW);
      await demandBoth(peer);
    },
  },
  {
    claim: 'with Retain Handling 2 nothing comes of what is kept',
    shows: [v5('MQTT-3.3.1-11', TAKES_2_FOR_0), v5('MQTT-3.3.1-11', TAKES_2_FOR_1)],
    play: async (stage) => {
      const filter = await keepTwo(stage);
      const peer = await subscriber(stage, filter, 1 | SEND_NEVER);
      await peer.expectNothing();
      await subscribeFully(peer, filter, 1 | SEND_NEVER);
      await peer.expectNothing();
    },
  },
  {
    claim: 'RETAIN is forwarded as it was published where Retain As Published is 1, and as 0 where it is 0',
    shows: [
      v5(
        'MQTT-3.3.1-12',
        mistakes('takes Retain As Published 0 for 1', (options) => options | RETAIN_AS_PUBLISHED),
      ),
      v5(
        'MQTT-3.3.1-13',
        mistakes('takes Retain As Published 1 for 0', (options) => options & ~RETAIN_AS_PUBLISHED),
      ),
      v5(
        'MQTT-3.3.1-13',
        serverDelivers('sets RETAIN on all that it forwards', () => ({ retain: true })),
      ),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1, retain: true });
      const plain = await subscriber(stage, stage.topic(), 1);
      const asPublished = await subscriber(stage, stage.topic(), 1 | RETAIN_AS_PUBLISHED);
      for (const retain of [true, false]) {
        await sender.publishWhole({ topic: stage.topic(), payload: `${retain}`, qos: 1, retain });
        const copy = await receiveText(asPublished, `${retain}`);
        demand(copy.retain === retain, `RETAIN was published as ${retain} and forwarded as ${copy.retain}.`);
        const plainCopy = await receiveText(plain, `${retain}`);
        demand(!plainCopy.retain, 'RETAIN was forwarded to a subscription with Retain As Published 0.');
      }
    },
  },
];
