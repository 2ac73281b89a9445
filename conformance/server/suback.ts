// SUBACK: what the broker answers to SUBSCRIBE (sections 3.8.4 and 3.9).

import { both, type ServerCheck, v311, v5 } from '../check.ts';
import { serverAlters, serverOverlooks, serverWithholds, withByte } from '../liar/lie.ts';
import { serverAddsProperties, serverAnswersCodes } from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { connectFor, receiveText } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { sayCodes } from '../stage/line.ts';
import { connectWithin, demandWithin } from '../stage/narrow.ts';
import type { Received } from '../wire/read.ts';
import { type FilterFields, subscribe } from '../wire/write.ts';

const CODES_311: readonly number[] = [0x00, 0x01, 0x02, 0x80];
const CODES_5: readonly number[] = [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2];

const LONG_TEXT = 'x'.repeat(300);
const DROPS_A_CODE = serverAnswersCodes('suback', 'leaves out the last code', (codes) => codes.slice(0, -1));
const GRANTS_MORE = serverAnswersCodes('suback', 'says a QoS that it did not grant', (codes) =>
  codes.map((code) => (code === 1 ? 0 : code)),
);
const REVERSES_CODES = serverAnswersCodes('suback', 'reverses the codes', (codes) => codes.toReversed());

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'SUBSCRIBE is answered with SUBACK',
    shows: [both('MQTT-3.8.4-1', serverOverlooks('subscribe')), both('MQTT-3.8.4-1', serverWithholds('suback'))].flat(),
    play: async (stage) => {
      await ask(await stage.connect(), 1, [[stage.topic(), 0]]);
    },
  },
  {
    claim: 'SUBACK has the packet identifier of its SUBSCRIBE',
    shows: both(
      'MQTT-3.8.4-2',
      serverAlters('suback', 'answers SUBSCRIBE under another packet identifier', (frame) =>
        withByte(frame, 0, (frame.body[0] ?? 0) ^ 0x01),
      ),
    ),
    play: async (stage) => {
      const peer = await stage.connect();
      for (const id of [1, 0x1234, 0xffff]) {
        const suback = await ask(peer, id, [[stage.topic(), 0]]);
        demand(suback.id === id, `SUBACK has the packet identifier ${suback.id}; SUBSCRIBE had ${id}.`);
      }
    },
  },
  {
    claim: 'SUBACK has a code for each filter',
    shows: [v311('MQTT-3.8.4-5', DROPS_A_CODE), v5('MQTT-3.8.4-6', DROPS_A_CODE)],
    play: async (stage) => {
      const peer = await stage.connect();
      for (const count of [1, 2, 20]) {
        const suback = await ask(peer, count, manyFilters(stage, count));
        const codes = suback.reasonCodes.length;
        demand(codes === count, `SUBACK has ${codes} codes for ${count} filters.`);
      }
    },
  },
  {
    claim: 'the code of SUBACK is the QoS that messages come with, or says that none come',
    shows: [v311('MQTT-3.8.4-5', GRANTS_MORE), v5('MQTT-3.8.4-7', GRANTS_MORE)],
    play: async (stage) => {
      const { peer: sender } = await connectFor(stage, { qos: 2 });
      for (const asked of [0, 1, 2]) {
        const peer = await stage.connect();
        const [code = 0x80] = (await ask(peer, 1, [[stage.topic(), asked]])).reasonCodes;
        await sender.publishWhole({ topic: stage.topic(), payload: 'm', qos: 2 });
        if (code >= 0x80) await peer.expectNothing();
        else {
          const { qos } = await receiveText(peer, 'm');
          demand(qos === code, `SUBACK said QoS ${code}; a message of QoS 2 came with QoS ${qos}.`);
        }
      }
    },
  },
  {
    claim: 'the codes of SUBACK are in the order of the filters',
    shows: both('MQTT-3.9.3-1', REVERSES_CODES),
    play: async (stage) => {
      const peer = await stage.connect();
      // What this broker grants for each QoS, asked one by one.
      const granted: number[] = [];
      for (const qos of [0, 1, 2])
        granted.push((await peer.subscribe(stage.topic(`alone/${qos}`), qos)).reasonCodes[0] ?? 0);
      const asked = [2, 0, 1, 1, 0];
      const filters = asked.map((qos, index) => [stage.topic(`together/${index}`), qos] as const);
      const { reasonCodes } = await ask(peer, 100, filters);
      const due = asked.map((qos) => granted[qos]);
      demand(
        sayCodes(reasonCodes) === sayCodes(due),
        `The codes were ${sayCodes(reasonCodes)}; due were ${sayCodes(due)}.`,
      );
    },
  },
  {
    claim: 'SUBACK has no codes but those of its table',
    shows: [
      v311(
        'MQTT-3.9.3-2',
        serverAnswersCodes('suback', 'answers with a code of 5.0', () => [0x8f]),
      ),
      v5(
        'MQTT-3.9.3-2',
        serverAnswersCodes('suback', 'answers with a reserved code', () => [0x03]),
      ),
    ],
    play: async (stage) => {
      const filters = [
        stage.topic('+/#'),
        '$SYS/#',
        `$${stage.topic()}`,
        '/',
        stage.topic(' '),
        stage.topic('/'.repeat(300)),
      ];
      for (const filter of filters) await demandListedCode(stage, filter);
    },
  },
  {
    claim: 'SUBACK of a subscription that is not allowed says so with a code of its table',
    setUp: 'guarded',
    shows: [
      v311(
        'MQTT-3.9.3-2',
        serverAnswersCodes('suback', 'refuses with a code of 5.0', () => [0x87]),
      ),
      v5(
        'MQTT-3.9.3-2',
        serverAnswersCodes('suback', 'refuses with a reserved code', () => [0x8e]),
      ),
    ],
    play: async (stage) => {
      const peer = await stage.connect(GOOD);
      const { reasonCodes } = await ask(peer, 1, [[stage.topic('denied'), 0]]);
      demand((reasonCodes[0] ?? 0) >= 0x80, `The subscription was granted with ${sayCodes(reasonCodes)}.`);
      demandListed(stage, reasonCodes);
    },
  },
  {
    claim: 'SUBACK does not grow beyond the Maximum Packet Size of the client',
    shows: sizeLies(),
    play: async (stage) => {
      const { peer, bytesMax } = await connectWithin(stage);
      const suback = await ask(peer, 1, manyFilters(stage, bytesMax - 5));
      demandWithin(suback, bytesMax);
    },
  },
  {
    claim: 'SUBACK that refuses does not grow beyond the Maximum Packet Size of the client',
    setUp: 'guarded',
    shows: sizeLies(),
    play: async (stage) => {
      const { peer, bytesMax } = await connectWithin(stage, GOOD);
      const filters = manyFilters(stage, bytesMax - 5).map(([name, qos]) => [`${String(name)}/denied`, qos] as const);
      demandWithin(await ask(peer, 1, filters), bytesMax);
    },
  },
];

/** Who may connect to the set-up `guarded`. */
const GOOD = { userName: 'good', password: 'good' };

function sizeLies() {
  return [
    v5('MQTT-3.9.2-1', serverAddsProperties('suback', 'always has a Reason String', { reasonString: LONG_TEXT })),
    v5(
      'MQTT-3.9.2-2',
      serverAddsProperties('suback', 'always has a User Property', { userProperty: ['x', LONG_TEXT] }),
    ),
  ];
}

async function ask(peer: Peer, id: number, filters: readonly FilterFields[]): Promise<Received> {
  peer.send(subscribe(peer.level, id, filters));
  return await peer.line.expectPastPublish('suback');
}

function manyFilters(stage: ServerStage, count: number): readonly FilterFields[] {
  return Array.from({ length: count }, (_, index) => [stage.topic(`${index}`), 0]);
}

/** A broker may close the connection in place of an answer; an answer has a code that there is. */
async function demandListedCode(stage: ServerStage, filter: string): Promise<void> {
  const peer = await stage.connect();
  peer.send(subscribe(stage.level, 1, [[filter, 1]]));
  let answer = await peer.line.peek();
  while (answer?.kind === 'publish') answer = await peer.line.peek();
  if (answer?.kind === 'suback') demandListed(stage, answer.reasonCodes);
}

function demandListed(stage: ServerStage, codes: readonly number[]): void {
  const listed = stage.level === 5 ? CODES_5 : CODES_311;
  for (const code of codes) {
    demand(listed.includes(code), `SUBACK has the code 0x${code.toString(16)}, which its table does not have.`);
  }
}
