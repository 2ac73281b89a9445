// PUBACK, PUBREC, PUBREL and PUBCOMP: which of them answers what, with which reason codes, and in how few bytes
// (sections 3.3.4 and 3.4 to 3.7).

import { both, type ServerCheck, v5 } from '../check.ts';
import { changed, isKind, type Lie, SERVER_NEVER_CLOSES, serverAlters, serverWithholds } from '../liar/lie.ts';
import { publishOf } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { GOOD_USER } from '../stage/guards.ts';
import { connectWithin, demandWithin } from '../stage/narrow.ts';
import { publisher, subscribeFully, subscriber } from '../stage/roles.ts';
import type { ServerStage } from '../stage/server-stage.ts';
import { type Received, read } from '../wire/read.ts';
import { type Properties, TYPE } from '../wire/types.ts';
import { acknowledge, type ConnectFields, packet } from '../wire/write.ts';

type Acknowledgement = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';

/** The reason codes of section 3.4.2.1 and 3.5.2.1. */
const OF_PUBLISH: readonly number[] = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
/** The reason codes of section 3.6.2.1 and 3.7.2.1. */
const OF_RELEASE: readonly number[] = [0x00, 0x92];

const LONG = 'what nobody asked for, and for which there is no room in so few bytes. '.repeat(2);

/** A server with this reason code, whatever is due. */
function says(kind: Acknowledgement, code: number): Lie {
  return serverAlters(kind, `answers with the reason code 0x${code.toString(16)}`, (frame, { level }) =>
    acknowledge(level, kind, read(frame, level).id, code),
  );
}

/** A server that adds to its answer without a look at the room that there is. */
function adds(kind: Acknowledgement, more: Properties): Lie {
  return serverAlters(kind, `adds ${Object.keys(more).join()} to ${kind.toUpperCase()}`, (frame, { level }) => {
    const { id, reasonCode } = read(frame, level);
    return acknowledge(level, kind, id, reasonCode, more);
  });
}

const REASON: Properties = { reasonString: LONG };
const USER: Properties = { userProperty: ['note', LONG] };

/** A server that answers what needs no answer. */
const ANSWERS_QOS_0: Lie = {
  does: 'answers a PUBLISH of QoS 0',
  fromClient: (frame, link) => {
    if (isKind(frame, 'publish') && publishOf(frame, link.level).qos === 0) {
      link.toClient(acknowledge(link.level, 'puback', 1));
    }
    return undefined;
  },
};

const ANSWERS_ALIKE = serverAlters('pubrec', 'answers QoS 2 with PUBACK', (frame) =>
  packet(TYPE.puback, 0, frame.body),
);

function demandCode({ kind, reasonCode }: Received, codes: readonly number[]): void {
  const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  demand(codes.includes(reasonCode), `${kind?.toUpperCase()} has the reason code ${code}, which is none of its own.`);
}

/** PUBACK and PUBREC for all that a client may publish and a broker may find wrong with it, and PUBCOMP at the end. */
async function playCodes(stage: ServerStage, topics: readonly string[], user: ConnectFields = {}): Promise<void> {
  await subscriber(stage, stage.topic('heard'), 0, user);
  const sender = await publisher(stage, { qos: 2 }, user);
  for (const topic of topics) {
    sender.publish({ topic, payload: 'x', qos: 1 });
    demandCode(await sender.expect('puback'), OF_PUBLISH);
    const id = sender.publish({ topic, payload: 'x', qos: 2 });
    const pubrec = await sender.expect('pubrec');
    demandCode(pubrec, OF_PUBLISH);
    sender.acknowledge('pubrel', id);
    demandCode(await sender.expect('pubcomp'), OF_RELEASE);
  }
  sender.acknowledge('pubrel', 4_000);
  const unknown = await sender.expect('pubcomp');
  demandCode(unknown, OF_RELEASE);
}

/** The same with a client that takes few bytes. The names are long: a broker that tells of them has no room. */
async function playRoom(stage: ServerStage, topic: string, user: ConnectFields = {}): Promise<void> {
  const { peer, bytesMax } = await connectWithin(stage, user, 64);
  peer.publish({ topic, payload: 'x', qos: 1 });
  demandWithin(await peer.expect('puback'), bytesMax);
  const id = peer.publish({ topic, payload: 'x', qos: 2 });
  demandWithin(await peer.expect('pubrec'), bytesMax);
  peer.acknowledge('pubrel', id);
  demandWithin(await peer.expect('pubcomp'), bytesMax);
  peer.acknowledge('pubrel', 4_000);
  demandWithin(await peer.expect('pubcomp'), bytesMax);
}

const LONG_NAME = 'a-level-with-a-long-name/'.repeat(6);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a PUBLISH of QoS 0 is not answered, one of QoS 1 with PUBACK, one of QoS 2 with PUBREC',
    shows: [
      ...both('MQTT-3.3.4-1', ANSWERS_QOS_0),
      ...both('MQTT-3.3.4-1', serverWithholds('puback')),
      ...both('MQTT-3.3.4-1', ANSWERS_ALIKE),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      for (const id of [1, 0x0100, 0xffff]) {
        sender.publish({ topic: stage.topic(), payload: 'x' });
        await sender.expectNothing();
        sender.publish({ topic: stage.topic(), payload: 'x', qos: 1, id });
        const puback = await sender.expect('puback');
        demand(puback.id === id, `PUBACK ${puback.id} answered PUBLISH ${id}.`);
        sender.publish({ topic: stage.topic(), payload: 'x', qos: 2, id });
        const pubrec = await sender.expect('pubrec');
        demand(pubrec.id === id, `PUBREC ${pubrec.id} answered PUBLISH ${id}.`);
        sender.acknowledge('pubrel', id);
        await sender.expect('pubcomp');
      }
    },
  },
  {
    claim: 'PUBACK, PUBREC and PUBCOMP have reason codes of their own',
    shows: [
      v5('MQTT-3.4.2-1', says('puback', 0x92)),
      v5('MQTT-3.5.2-1', says('pubrec', 0x01)),
      v5('MQTT-3.7.2-1', says('pubcomp', 0x10)),
    ],
    play: (stage) => playCodes(stage, [stage.topic('heard'), stage.topic('unheard')]),
  },
  {
    claim: 'PUBACK, PUBREC and PUBCOMP for a message that is refused have reason codes of their own',
    setUp: 'guarded',
    shows: [
      v5('MQTT-3.4.2-1', says('puback', 0x92)),
      v5('MQTT-3.5.2-1', says('pubrec', 0x01)),
      v5('MQTT-3.7.2-1', says('pubcomp', 0x10)),
    ],
    play: (stage) => playCodes(stage, [stage.topic('denied')], GOOD_USER),
  },
  {
    claim: 'PUBREL has reason codes of its own',
    shows: [v5('MQTT-3.6.2-1', says('pubrel', 0x83))],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 2);
      const sender = await publisher(stage, { qos: 2 });
      await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 2 });
      const { id } = await receiver.expect('publish');
      receiver.acknowledge('pubrec', id);
      demandCode(await receiver.expect('pubrel'), OF_RELEASE);
      receiver.acknowledge('pubcomp', id);
      receiver.acknowledge('pubrec', 4_000);
      const unknown = await receiver.line.peekQuietly();
      if (unknown?.kind === 'pubrel') demandCode(unknown, OF_RELEASE);
    },
  },
  {
    claim: 'PUBACK, PUBREC and PUBCOMP are not made larger than the client takes',
    shows: [
      v5('MQTT-3.4.2-2', adds('puback', REASON)),
      v5('MQTT-3.4.2-3', adds('puback', USER)),
      v5('MQTT-3.5.2-2', adds('pubrec', REASON)),
      v5('MQTT-3.5.2-3', adds('pubrec', USER)),
      v5('MQTT-3.7.2-2', adds('pubcomp', REASON)),
      v5('MQTT-3.7.2-3', adds('pubcomp', USER)),
    ],
    play: (stage) => playRoom(stage, stage.topic(`${LONG_NAME}unheard`)),
  },
  {
    claim: 'PUBACK and PUBREC for a message that is refused are not made larger than the client takes',
    setUp: 'guarded',
    shows: [v5('MQTT-3.4.2-2', adds('puback', REASON)), v5('MQTT-3.5.2-2', adds('pubrec', REASON))],
    play: (stage) => playRoom(stage, stage.topic(`${LONG_NAME}denied`), GOOD_USER),
  },
  {
    claim: 'PUBREL is not made larger than the client takes',
    shows: [v5('MQTT-3.6.2-2', adds('pubrel', REASON)), v5('MQTT-3.6.2-3', adds('pubrel', USER))],
    play: async (stage) => {
      const { peer: receiver, bytesMax } = await connectWithin(stage, {}, 64);
      await subscribeFully(receiver, stage.topic(), 2);
      const sender = await publisher(stage, { qos: 2 });
      await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 2 });
      const { id } = await receiver.expect('publish');
      receiver.acknowledge('pubrec', id);
      demandWithin(await receiver.expect('pubrel'), bytesMax);
      receiver.acknowledge('pubcomp', id);
      receiver.acknowledge('pubrec', 4_000);
      const unknown = await receiver.line.peekQuietly();
      if (unknown?.kind === 'pubrel') demandWithin(unknown, bytesMax);
    },
  },
  {
    claim: 'a PUBREL with other flags than 0010 closes the connection',
    shows: both('MQTT-3.6.1-1', SERVER_NEVER_CLOSES),
    play: async (stage) => {
      for (const flags of [0, 3, 6, 10]) {
        const sender = await publisher(stage, { qos: 2 });
        const id = sender.publish({ topic: stage.topic(), payload: 'x', qos: 2 });
        await sender.expect('pubrec');
        sender.send(packet(TYPE.pubrel, flags, [id >> 8, id & 0xff]));
        await sender.expectClosedWith(0x81, 0x82);
      }
    },
  },
  {
    claim: 'the PUBREL of the broker has the flags 0010',
    shows: both(
      'MQTT-3.6.1-1',
      serverAlters('pubrel', 'sends PUBREL with the flags 0000', (frame) => changed(frame, { flags: 0 })),
    ),
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic(), 2);
      const sender = await publisher(stage, { qos: 2 });
      await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos: 2 });
      receiver.acknowledge('pubrec', (await receiver.expect('publish')).id);
      const { flags } = await receiver.expect('pubrel');
      demand(flags === 2, `PUBREL had the flags ${flags.toString(2).padStart(4, '0')}.`);
    },
  },
];
