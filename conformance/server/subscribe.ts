// SUBSCRIBE: what the broker makes of it (sections 3.8.1 to 3.8.4, 3.1.1 the same). Its answer, SUBACK: suback.ts.

import { both, type ServerCheck, v311, v5 } from '../check.ts';
import { type Lie, SERVER_NEVER_CLOSES, serverWithholds, timesAsked } from '../liar/lie.ts';
import { serverDelivers } from '../liar/publish.ts';
import {
  SERVER_IGNORES_GRANTED_QOS,
  serverGarblesLast,
  serverHearsFilters,
  serverSplitsAnswer,
} from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import { publisher, receiveText, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { demandClosing } from '../stage/wrongs.ts';
import { textOf } from '../wire/read.ts';
import { TYPE } from '../wire/types.ts';
import { bytes, packet, properties, subscribe, text, u16 } from '../wire/write.ts';

const NO_LOCAL = 0x04;

const KEEPS_THE_FIRST = serverHearsFilters(
  'subscribe',
  'keeps the first of two equal subscriptions',
  (filters, link) =>
    timesAsked(link) === 1 ? undefined : filters.map(([name, options]) => [`${String(name)}/other`, options]),
);

const SENDS_RETAINED_ONCE: Lie = {
  ...serverWithholds('publish', (frame, link) => (frame.flags & 1) === 1 && timesAsked(link) > 1),
  does: 'sends retained messages for a new filter alone',
};

const LOSES_ONE: Lie = {
  ...serverWithholds('publish', (_frame, link) => timesAsked(link) === 5),
  does: 'loses a message while it replaces a subscription',
};

const DELIVERS_QOS_0 = serverDelivers('delivers everything with QoS 0', () => ({ qos: 0 }));
const GARBLES_LAST = serverGarblesLast('subscribe');
const SPLITS_ANSWER = serverSplitsAnswer('suback');

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'SUBSCRIBE with other flags than 0010 closes the connection',
    shows: both('MQTT-3.8.1-1', SERVER_NEVER_CLOSES),
    play: async (stage) => {
      const body = subscribeBody(stage, stage.topic(), 0);
      for (const flags of [0b0000, 0b0001, 0b0011, 0b0110, 0b1010, 0b1111]) {
        await demandClosing(stage, packet(TYPE.subscribe, flags, body));
      }
    },
  },
  {
    claim: 'a client with No Local is not sent what it published itself, and is sent what others did',
    shows: [
      v5(
        'MQTT-3.8.3-3',
        serverHearsFilters('subscribe', 'overlooks No Local', (filters) =>
          filters.map(([name, options]) => [name, options & ~NO_LOCAL]),
        ),
      ),
    ],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic(), NO_LOCAL);
      peer.publish({ topic: stage.topic(), payload: 'own' });
      await peer.expectNothing();
      const other = await stage.connect();
      other.publish({ topic: stage.topic(), payload: 'of another' });
      await receiveText(peer, 'of another');
    },
  },
  {
    claim: 'SUBSCRIBE with reserved bits in its options closes the connection, in 3.1.1 also QoS 3',
    shows: [v311('MQTT-3.8.3-4', SERVER_NEVER_CLOSES), v5('MQTT-3.8.3-5', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      const wrong = stage.level === 5 ? [0x40, 0x80, 0xc0] : [0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];
      for (const options of wrong) await demandClosing(stage, subscribe(stage.level, 1, [[stage.topic(), options]]));
    },
  },
  {
    claim: 'a filter with wildcards is refused or means what wildcards mean',
    shows: [
      v311(
        'MQTT-3.8.3-2',
        serverHearsFilters('subscribe', 'grants wildcards that it does not understand', (filters) =>
          filters.map(([name, options]) => [String(name).replaceAll(/[+#]/gu, '*'), options]),
        ),
      ),
    ],
    play: async (stage) => {
      for (const filter of [stage.topic('+/b'), stage.topic('a/#')]) {
        const peer = await stage.connect();
        peer.send(subscribe(stage.level, 1, [[filter, 0]]));
        const suback = await peer.expect('suback');
        if (suback.reasonCodes[0] === 0x80) continue;
        peer.publish({ topic: stage.topic('a/b'), payload: filter });
        await receiveText(peer, filter);
      }
    },
  },
  {
    claim: 'a second subscription with the same filter takes the place of the first',
    shows: both('MQTT-3.8.4-3', KEEPS_THE_FIRST),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const peer = await subscriber(stage, stage.topic(), 1);
      await peer.subscribe(stage.topic(), 0);
      await sender.publishWhole({ topic: stage.topic(), payload: 'once', qos: 1 });
      const received = await receiveText(peer, 'once');
      demand(received.qos === 0, `The message came with QoS ${received.qos}; the second subscription has QoS 0.`);
      await peer.expectNothing();
    },
  },
  {
    claim: 'a second subscription with the same filter brings the retained message once more',
    shows: [v311('MQTT-3.8.4-3', SENDS_RETAINED_ONCE), v5('MQTT-3.8.4-4', SENDS_RETAINED_ONCE)],
    play: async (stage) => {
      const sender = await publisher(stage, { retain: true, qos: 1 });
      await sender.publishWhole({ topic: stage.topic(), payload: 'kept', retain: true, qos: 1 });
      const peer = await stage.connect();
      for (let time = 1; time <= 2; time++) {
        await peer.subscribe(stage.topic(), 0);
        await receiveText(peer, 'kept');
      }
      await sender.publishWhole({ topic: stage.topic(), retain: true, qos: 1 });
    },
  },
  {
    claim: 'no message is lost while a subscription is replaced',
    shows: [v311('MQTT-3.8.4-3', LOSES_ONE), v5('MQTT-3.8.4-4', LOSES_ONE)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const peer = await subscriber(stage, stage.topic(), 1);
      const missing = new Set<string>();
      for (let number = 1; number <= 12; number++) {
        sender.publish({ topic: stage.topic(), payload: `message ${number}`, qos: 1 });
        missing.add(`message ${number}`);
        if (number % 3 === 0) peer.send(subscribe(stage.level, peer.nextId(), [[stage.topic(), 1]]));
      }
      await receiveAll(peer, missing);
    },
  },
  {
    claim: 'several filters in one SUBSCRIBE do what several SUBSCRIBEs do, and have one SUBACK',
    shows: [GARBLES_LAST, SPLITS_ANSWER].flatMap((lie) => [v311('MQTT-3.8.4-4', lie), v5('MQTT-3.8.4-5', lie)]),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 1 });
      const peer = await stage.connect();
      const [first, second] = [stage.topic('first'), stage.topic('second')];
      // The third takes the place of the first.
      const filters = [[first, 0] as const, [second, 0] as const, [first, 1] as const];
      peer.send(subscribe(stage.level, 77, filters));
      const suback = await peer.expect('suback');
      demand(suback.reasonCodes.length === 3, `SUBACK has ${suback.reasonCodes.length} codes for 3 filters.`);
      await peer.expectNothing();
      await sender.publishWhole({ topic: second, payload: 'second', qos: 1 });
      await receiveText(peer, 'second');
      await sender.publishWhole({ topic: first, payload: 'first', qos: 1 });
      const received = await receiveText(peer, 'first');
      demand(
        received.qos === suback.reasonCodes[2],
        `QoS ${received.qos} is not that of the last of two equal filters.`,
      );
    },
  },
  {
    claim: 'a message comes with the lower of the QoS that it was published with and the one that was granted',
    shows: [SERVER_IGNORES_GRANTED_QOS, DELIVERS_QOS_0].flatMap((lie) => [
      v311('MQTT-3.8.4-6', lie),
      v5('MQTT-3.8.4-8', lie),
    ]),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      for (const asked of [0, 1, 2]) {
        const peer = await stage.connect();
        const granted = (await peer.subscribe(stage.topic(), asked)).reasonCodes[0] ?? 0;
        for (const published of [0, 1, 2]) {
          await sender.publishWhole({ topic: stage.topic(), payload: `${published}`, qos: published });
          const { qos } = await receiveText(peer, `${published}`);
          const due = Math.min(published, granted);
          demand(qos === due, `Published with QoS ${published}, granted ${granted}: it came with QoS ${qos}.`);
        }
      }
    },
  },
];

function subscribeBody(stage: ServerStage, filter: string, options: number): Uint8Array {
  return bytes(u16(1), stage.level === 5 ? properties() : [], text(filter), [options]);
}

/** Takes messages, each of which may come more than once, until none is missing. */
async function receiveAll(peer: Peer, missing: Set<string>): Promise<void> {
  while (missing.size > 0) {
    const received = await peer.line.next();
    if (received.kind === 'suback') continue;
    demand(received.kind === 'publish', `${say(received)} came where PUBLISH was due.`);
    if (received.qos === 1) peer.acknowledge('puback', received.id);
    missing.delete(textOf(received.payload));
  }
}
