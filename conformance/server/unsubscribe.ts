// UNSUBSCRIBE and its answer, UNSUBACK (sections 3.10 and 3.11).

import { both, type ServerCheck, v311, v5 } from '../check.ts';
import {
  type Lie,
  SERVER_NEVER_CLOSES,
  serverAlters,
  serverOverlooks,
  serverRepeats,
  serverWithholds,
  withByte,
} from '../liar/lie.ts';
import {
  SERVER_FORGETS_UNSUBSCRIBE,
  serverAddsProperties,
  serverAnswersCodes,
  serverGarblesLast,
  serverHearsFilters,
} from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { sayCodes } from '../stage/line.ts';
import { connectWithin, demandWithin } from '../stage/narrow.ts';
import { lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';
import type { Peer } from '../stage/server-stage.ts';
import { demandClosing } from '../stage/wrongs.ts';
import type { Received } from '../wire/read.ts';
import { TYPE } from '../wire/types.ts';
import { bytes, packet, properties, text, u16, unsubscribe } from '../wire/write.ts';

const CODES: readonly number[] = [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91];
const LONG_TEXT = 'x'.repeat(300);

const COMPARES_BY_MATCHING = serverHearsFilters(
  'unsubscribe',
  'ends every subscription that the filter matches',
  (filters) => filters.map(([name, options]) => [String(name).replace(/\/b$/u, '/+'), options]),
);
const KEEPS_WILDCARDS = serverHearsFilters('unsubscribe', 'compares no filters with wildcards', (filters) =>
  filters.map(([name, options]) => [String(name).replace('+', '/'), options]),
);
const ANOTHER_IDENTIFIER = serverAlters('unsuback', 'answers UNSUBSCRIBE under another packet identifier', (frame) =>
  withByte(frame, 0, (frame.body[0] ?? 0) ^ 0x01),
);
const OVERLOOKS = serverOverlooks('unsubscribe');

/** After UNSUBSCRIBE, whatever was being delivered is forgotten. */
function forgetsAfterUnsubscribe(does: string, kind: 'publish' | 'pubrel'): Lie {
  const remembers: Lie = {
    does,
    fromClient: (frame, link) => {
      if (frame.type === TYPE.unsubscribe) link.memory.set('unsubscribed', true);
      return undefined;
    },
  };
  return { ...serverWithholds(kind, (_frame, link) => link.memory.get('unsubscribed') === true), ...remembers };
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'UNSUBSCRIBE with other flags than 0010 closes the connection',
    shows: both('MQTT-3.10.1-1', SERVER_NEVER_CLOSES),
    play: async (stage) => {
      const body = bytes(u16(1), stage.level === 5 ? properties() : [], text(stage.topic()));
      for (const flags of [0b0000, 0b0001, 0b0011, 0b0110, 0b1010, 0b1111]) {
        await demandClosing(stage, packet(TYPE.unsubscribe, flags, body));
      }
    },
  },
  {
    claim: 'UNSUBSCRIBE ends the subscription with the same filter, character for character, and no other',
    shows: [both('MQTT-3.10.4-1', COMPARES_BY_MATCHING), both('MQTT-3.10.4-1', KEEPS_WILDCARDS)].flat(),
    play: async (stage) => {
      const peer = await subscriber(stage, stage.topic('a/+'));
      const others = [
        stage.topic('a/b'),
        stage.topic('a/#'),
        stage.topic('A/+'),
        stage.topic('a/+/'),
        stage.topic('+/+'),
      ];
      for (const filter of others) {
        await peer.unsubscribe(filter);
        peer.publish({ topic: stage.topic('a/b'), payload: filter });
        await receiveText(peer, filter);
      }
      await peer.unsubscribe(stage.topic('a/+'));
      peer.publish({ topic: stage.topic('a/b') });
      await peer.expectNothing();
    },
  },
  {
    claim: 'after UNSUBSCRIBE no new message comes',
    shows: both('MQTT-3.10.4-2', SERVER_FORGETS_UNSUBSCRIBE),
    play: async (stage) => {
      const peer = await subscriber(stage, stage.topic(), 1);
      const sender = await publisher(stage);
      sender.publish({ topic: stage.topic(), payload: 'before' });
      await receiveText(peer, 'before');
      await peer.unsubscribe(stage.topic());
      sender.publish({ topic: stage.topic(), payload: 'after' });
      await sender.ping();
      await peer.expectNothing();
    },
  },
  {
    claim: 'a QoS 2 delivery that has begun goes on after UNSUBSCRIBE',
    shows: both('MQTT-3.10.4-3', forgetsAfterUnsubscribe('breaks off deliveries at UNSUBSCRIBE', 'pubrel')),
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const peer = await subscriber(stage, stage.topic(), 2);
      await sender.publishWhole({ topic: stage.topic(), payload: 'begun', qos: 2 });
      const { id } = await peer.expect('publish');
      await peer.unsubscribe(stage.topic());
      peer.acknowledge('pubrec', id);
      const pubrel = await peer.expect('pubrel');
      demand(pubrel.id === id, `PUBREL has the packet identifier ${pubrel.id}; PUBREC had ${id}.`);
      peer.acknowledge('pubcomp', id);
      await peer.ping();
    },
  },
  {
    claim: 'deliveries of QoS 1 and 2 that have begun are taken up again by a connection after UNSUBSCRIBE',
    shows: both('MQTT-3.10.4-3', forgetsAfterUnsubscribe('forgets deliveries at UNSUBSCRIBE', 'publish')),
    play: async (stage) => {
      for (const qos of [1, 2] as const) {
        const sender = await publisher(stage, { qos });
        const peer = await lastingSubscriber(stage, `lasting${qos}`, stage.topic(`${qos}`), qos);
        await sender.publishWhole({ topic: stage.topic(`${qos}`), payload: `QoS ${qos}`, qos });
        // So that there is a subscription left.
        await peer.subscribe(stage.topic('other'));
        await peer.expect('publish');
        await peer.unsubscribe(stage.topic(`${qos}`));
        peer.cut();
        await receiveText(await resume(stage, `lasting${qos}`), `QoS ${qos}`);
      }
    },
  },
  {
    claim: 'UNSUBSCRIBE is answered with UNSUBACK',
    shows: both('MQTT-3.10.4-4', OVERLOOKS),
    play: async (stage) => {
      const peer = await subscriber(stage, stage.topic());
      await peer.unsubscribe(stage.topic());
    },
  },
  {
    claim: 'UNSUBACK has the packet identifier of its UNSUBSCRIBE',
    shows: [v311('MQTT-3.10.4-4', ANOTHER_IDENTIFIER), v5('MQTT-3.10.4-5', ANOTHER_IDENTIFIER)],
    play: async (stage) => {
      const peer = await subscriber(stage, stage.topic());
      for (const id of [1, 0x1234, 0xffff]) {
        const unsuback = await ask(peer, id, [stage.topic()]);
        demand(unsuback.id === id, `UNSUBACK has the packet identifier ${unsuback.id}; UNSUBSCRIBE had ${id}.`);
      }
    },
  },
  {
    claim: 'UNSUBSCRIBE of what nobody subscribed to is answered with UNSUBACK',
    shows: both('MQTT-3.10.4-5', OVERLOOKS),
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.unsubscribe(stage.topic());
      await peer.unsubscribe(stage.topic('+/#'), stage.topic('x'));
    },
  },
  {
    claim: 'several filters in one UNSUBSCRIBE do what several UNSUBSCRIBEs do, and have one UNSUBACK',
    shows: [serverGarblesLast('unsubscribe'), serverRepeats('unsuback')].flatMap((lie) => both('MQTT-3.10.4-6', lie)),
    play: async (stage) => {
      const filters = [stage.topic('a'), stage.topic('b'), stage.topic('c')];
      const peer = await stage.connect();
      for (const filter of filters) await peer.subscribe(filter, 0);
      await peer.unsubscribe(...filters.slice(1));
      await peer.expectNothing();
      for (const topic of filters.toReversed()) peer.publish({ topic, payload: topic });
      await receiveText(peer, stage.topic('a'));
      await peer.expectNothing();
    },
  },
  {
    claim: 'UNSUBACK does not grow beyond the Maximum Packet Size of the client',
    shows: [
      v5('MQTT-3.11.2-1', serverAddsProperties('unsuback', 'always has a Reason String', { reasonString: LONG_TEXT })),
      v5(
        'MQTT-3.11.2-2',
        serverAddsProperties('unsuback', 'always has a User Property', { userProperty: ['x', LONG_TEXT] }),
      ),
    ],
    play: async (stage) => {
      const { peer, bytesMax } = await connectWithin(stage);
      const filters = Array.from({ length: bytesMax - 5 }, (_, index) => stage.topic(`${index}`));
      demandWithin(await ask(peer, 1, filters), bytesMax);
    },
  },
  {
    claim: 'the codes of UNSUBACK are in the order of the filters, one for each',
    shows: [
      v5(
        'MQTT-3.11.3-1',
        serverAnswersCodes('unsuback', 'reverses the codes', (codes) => codes.toReversed()),
      ),
      v5(
        'MQTT-3.11.3-1',
        serverAnswersCodes('unsuback', 'leaves out the last code', (codes) => codes.slice(0, -1)),
      ),
    ],
    play: async (stage) => {
      const peer = await stage.connect();
      const held = ['x', 'a', 'b'].map((name) => stage.topic(name));
      for (const filter of held) await peer.subscribe(filter, 0);
      const [one = '', ...two] = held;
      // What this broker says of filters that it has and has not, asked one by one.
      const yes = (await peer.unsubscribe(one)).reasonCodes[0];
      const no = (await peer.unsubscribe(one)).reasonCodes[0];
      const { reasonCodes } = await peer.unsubscribe(...two, stage.topic('c'), stage.topic('d'), stage.topic('e'));
      const due = [yes, yes, no, no, no];
      demand(
        sayCodes(reasonCodes) === sayCodes(due),
        `The codes were ${sayCodes(reasonCodes)}; due were ${sayCodes(due)}.`,
      );
    },
  },
  {
    claim: 'UNSUBACK has no codes but those of its table',
    shows: [
      v5(
        'MQTT-3.11.3-2',
        serverAnswersCodes('unsuback', 'answers with a code of SUBACK', () => [0x01]),
      ),
    ],
    play: async (stage) => {
      const peer = await subscriber(stage, stage.topic());
      for (const filter of [stage.topic(), stage.topic(), '$SYS/#', '#', '/', `$${stage.topic()}`]) {
        for (const code of (await peer.unsubscribe(filter)).reasonCodes) {
          demand(CODES.includes(code), `UNSUBACK has the code 0x${code.toString(16)}, which its table does not have.`);
        }
      }
    },
  },
];

async function ask(peer: Peer, id: number, filters: readonly string[]): Promise<Received> {
  peer.send(unsubscribe(peer.level, id, filters));
  return await peer.line.expectPastPublish('unsuback');
}
