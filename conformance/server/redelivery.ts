// What is sent again, when, and in which order (section 4.4, and [MQTT-4.6.0-1] of 3.1.1); what stays until it is sent
// (section 4.5); what becomes of messages that a broker does not allow (3.1.1 section 3.3.5).

import { both, type ServerCheck, v311, v5 } from '../check.ts';
import {
  changed,
  isKind,
  type Lie,
  SERVER_NEVER_CLOSES,
  serverAlters,
  serverWithholds,
  withByte,
} from '../liar/lie.ts';
import {
  isLater,
  publishOf,
  serverAlsoDelivers,
  serverDelivers,
  serverSaysAgain,
  serverSwaps,
} from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { GOOD_USER } from '../stage/guards.ts';
import { say } from '../stage/line.ts';
import { demandText, lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';
import { textOf } from '../wire/read.ts';

/** How long a client without an acknowledgement waits for a PUBLISH that must not come. */
const HELD_MILLIS = 1_200;
const TOO_SOON_MILLIS = 300;

const FORGETS = serverWithholds('publish', (_, link) => isLater(link));
const FORGETS_RELEASE = serverWithholds('pubrel', (_, link) => isLater(link));
const RENUMBERS = serverDelivers('sends again with another packet identifier', ({ id }, link) =>
  isLater(link) ? { id: id + 100 } : undefined,
);
const RENUMBERS_RELEASE = serverAlters('pubrel', 'sends PUBREL again with another packet identifier', (frame, link) =>
  isLater(link) ? withByte(frame, 1, 99) : frame.bytes,
);

/** A server that loses patience. */
const RETRIES: Lie = {
  does: 'sends PUBLISH again after a while',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'publish') || publishOf(frame, link.level).qos === 0) return undefined;
    const again = changed(frame, { flags: frame.flags | 8 });
    setTimeout(() => link.toClient(again), TOO_SOON_MILLIS);
    return undefined;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'PUBLISH and PUBREL without acknowledgement are sent again with the identifiers that they had',
    shows: [
      ...both('MQTT-4.4.0-1', FORGETS),
      ...both('MQTT-4.4.0-1', FORGETS_RELEASE),
      ...both('MQTT-4.4.0-1', RENUMBERS),
      ...both('MQTT-4.4.0-1', RENUMBERS_RELEASE),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 2);
      for (const [payload, qos] of [
        ['released', 2],
        ['one', 1],
        ['two', 2],
      ] as const) {
        await sender.publishWhole({ topic: stage.topic(), payload, qos });
      }
      const [released, one, two] = [
        await first.expect('publish'),
        await first.expect('publish'),
        await first.expect('publish'),
      ];
      first.acknowledge('pubrec', released.id);
      await first.expect('pubrel');
      first.cut();
      const again = await resume(stage, 'sub');
      const due = [`pubrel ${released.id}`, `publish ${one.id}`, `publish ${two.id}`].sort();
      const seen: string[] = [];
      for (let count = 0; count < 3; count++) {
        const packet = await again.line.next();
        seen.push(`${packet.kind} ${packet.id}`);
      }
      demand(seen.sort().join() === due.join(), `Due were ${due.join(', ')}; ${seen.join(', ')} came.`);
      await again.expectNothing();
    },
  },
  {
    claim: 'nothing is sent again while the connection lasts',
    shows: [v5('MQTT-4.4.0-1', RETRIES)],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const receiver = await subscriber(stage, stage.topic(), 2);
      for (const qos of [1, 2]) {
        await sender.publishWhole({ topic: stage.topic(), payload: `${qos}`, qos });
        demandText(await receiver.expect('publish'), `${qos}`);
      }
      await stage.pass(HELD_MILLIS);
      await receiver.expectNothing();
    },
  },
  {
    claim: 'a message that the client has refused is not sent again',
    shows: [v5('MQTT-4.4.0-2', serverSaysAgain('publish'))],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 2);
      for (const [qos, answer] of [
        [1, 'puback'],
        [2, 'pubrec'],
      ] as const) {
        await sender.publishWhole({ topic: stage.topic(), payload: `${qos}`, qos });
        first.acknowledge(answer, (await first.expect('publish')).id, 0x83);
      }
      await first.expectNothing();
      first.cut();
      await (await resume(stage, 'sub')).expectNothing();
    },
  },
  {
    claim: 'what is sent again comes in the order in which it was sent first, and before what is new',
    shows: [
      v311(
        'MQTT-4.6.0-1',
        serverSwaps((_, link) => isLater(link)),
      ),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const first = await lastingSubscriber(stage, 'sub', stage.topic(), 2);
      const sent: string[] = [];
      for (const qos of [1, 2, 2, 1, 1, 2]) {
        const payload = `${sent.length} at QoS ${qos}`;
        await sender.publishWhole({ topic: stage.topic(), payload, qos });
        demandText(await first.expect('publish'), payload);
        sent.push(payload);
      }
      first.cut();
      const again = await resume(stage, 'sub');
      for (const payload of sent) demandText(await again.expect('publish'), payload);
      await again.expectNothing();
    },
  },
  {
    claim: 'a message is kept for every session with a subscription that matches, connected or not',
    shows: both('MQTT-4.5.0-1', FORGETS),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const filters = [stage.topic('a/b'), stage.topic('+/b'), stage.topic('#')];
      for (const [index, filter] of filters.entries()) {
        const peer = await lastingSubscriber(stage, `away${index}`, filter, 2);
        peer.leave();
        await peer.expectClosed();
      }
      const other = await lastingSubscriber(stage, 'other', stage.topic('a/c'), 2);
      const here = await subscriber(stage, stage.topic('a/#'), 2);
      for (const qos of [1, 2]) {
        await sender.publishWhole({ topic: stage.topic('a/b'), payload: `${qos}`, qos });
      }
      for (const qos of [1, 2]) await receiveText(here, `${qos}`);
      for (const index of filters.keys()) {
        const back = await resume(stage, `away${index}`);
        // Only messages of one QoS have an order.
        const seen = [await back.receive(), await back.receive()].map(
          ({ payload, qos }) => `${textOf(payload)} ${qos}`,
        );
        demand(seen.sort().join() === '1 1,2 2', `Kept were messages of QoS 1 and 2; ${seen.join()} came.`);
        await back.expectNothing();
      }
      await other.expectNothing();
    },
  },
  {
    claim: 'a message that is not allowed is acknowledged like others or closes the connection, and reaches nobody',
    setUp: 'guarded',
    shows: [
      v311('MQTT-3.3.5-2', SERVER_NEVER_CLOSES),
      v311(
        'MQTT-3.3.5-2',
        serverAlsoDelivers('delivers what is not allowed', () => true),
      ),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic('#'), 0, GOOD_USER);
      const topic = stage.topic('denied');
      for (const qos of [1, 2]) {
        const sender = await publisher(stage, { qos: 2 }, GOOD_USER);
        const id = sender.publish({ topic, payload: 'x', qos });
        const due = qos === 1 ? (['puback'] as const) : (['pubrec', 'pubcomp'] as const);
        for (const kind of due) {
          const answer = await sender.line.peek();
          if (answer === undefined) break;
          demand(answer.kind === kind && answer.id === id, `${say(answer)} came where ${kind.toUpperCase()} was due.`);
          if (kind === 'pubrec') sender.acknowledge('pubrel', id);
        }
      }
      await receiver.expectNothing();
    },
  },
];
