// Packet identifiers (section 2.2.1; 2.3.1 of 3.1.1): who has one, whose is it, and when is it free again.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { isKind, type Lie, NOTHING, serverAlters, serverMishears, withByte } from '../liar/lie.ts';
import { publishOf, serverDelivers, serverTakes } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import type { Peer } from '../stage/server-stage.ts';
import type { Received } from '../wire/read.ts';
import { type PacketName, TYPE } from '../wire/types.ts';
import { acknowledge, LASTING, packet, publish, subscribe, unsubscribe } from '../wire/write.ts';

const SENDS_ID_WITH_QOS_0 = serverAlters('publish', 'sends a packet identifier with QoS 0', (frame, { level }) => {
  const { topic, payload } = publishOf(frame, level);
  // Of the message of QoS 1 the flags alone are changed: the topics here are short, so the fixed header has two bytes.
  return packet(TYPE.publish, 0, publish(level, { topic, qos: 1, id: 1, payload }).subarray(2));
});
const READS_ID_WITH_QOS_0 = serverTakes('reads a packet identifier where QoS is 0', ({ payload, qos }) =>
  qos === 0 ? { payload: payload.subarray(2) } : undefined,
);
const SENDS_ID_0 = serverDelivers('sends PUBLISH with the packet identifier 0', () => ({ id: 0 }));
const SENDS_ONE_ID = serverDelivers('sends each PUBLISH under the same packet identifier', () => ({ id: 7 }));
const TAKES_ID_0: Lie = serverMishears('subscribe', 'takes the packet identifier 0 for one', (frame) =>
  withByte(frame, 1, 9),
);
const RESENDS_UNDER_ANOTHER = serverDelivers('sends a PUBLISH again under another identifier', ({ dup, id }) =>
  dup ? { id: id + 1 } : undefined,
);
const TAKES_NEW_FOR_OLD: Lie = {
  does: 'takes a message for a duplicate of an earlier one under its identifier, which was acknowledged',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const { id, qos } = publishOf(frame, link.level);
    if (qos !== 2 || !link.memory.has(`id ${id}`)) {
      link.memory.set(`id ${id}`, true);
      return undefined;
    }
    link.toClient(acknowledge(link.level, 'pubrec', id));
    return NOTHING;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a PUBLISH of QoS 0 comes without a packet identifier',
    shows: [v311('MQTT-2.3.1-5', SENDS_ID_WITH_QOS_0), v5('MQTT-2.2.1-2', SENDS_ID_WITH_QOS_0)],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic(), 2);
      peer.publish({ topic: stage.topic(), payload: 'payload' });
      demandPayload(await peer.receive(), 'payload');
    },
  },
  {
    claim: 'a PUBLISH of QoS 0 is read without a packet identifier, whatever its payload begins with',
    shows: [v311('MQTT-2.3.1-5', READS_ID_WITH_QOS_0), v5('MQTT-2.2.1-2', READS_ID_WITH_QOS_0)],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic());
      peer.publish({ topic: stage.topic(), payload: '\u0000\u0001payload' });
      demandPayload(await peer.receive(), '\u0000\u0001payload');
    },
  },
  {
    claim: 'messages that wait for their acknowledgement have identifiers of their own, none of them 0',
    shows: [
      v311('MQTT-2.3.1-1', SENDS_ID_0),
      v311('MQTT-2.3.1-4', SENDS_ONE_ID),
      v5('MQTT-2.2.1-4', SENDS_ID_0),
      v5('MQTT-2.2.1-4', SENDS_ONE_ID),
    ],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic(), 2);
      const sender = await stage.connect();
      const taken = new Set<number>();
      for (const qos of [1, 2, 2, 1]) {
        await sender.publishWhole({ topic: stage.topic(), qos });
        const { id } = await peer.expect('publish');
        demand(id !== 0, 'A PUBLISH has the packet identifier 0.');
        demand(!taken.has(id), `The packet identifier ${id} is used twice at a time.`);
        taken.add(id);
        if (taken.size !== 2) continue;
        // PUBREC alone does not free it.
        peer.acknowledge('pubrec', id);
        await peer.expect('pubrel');
      }
    },
  },
  {
    claim: 'SUBSCRIBE, UNSUBSCRIBE and PUBLISH under the packet identifier 0 close the connection',
    shows: [v311('MQTT-2.3.1-1', TAKES_ID_0)],
    play: async (stage) => {
      const [topic, { level }] = [stage.topic(), stage];
      for (const wrong of [
        subscribe(level, 0, [[topic, 0]]),
        unsubscribe(level, 0, [topic]),
        publish(level, { topic, qos: 1, id: 0 }),
        publish(level, { topic, qos: 2, id: 0 }),
      ]) {
        const peer = await stage.connect();
        peer.send(wrong);
        await peer.expectClosed();
      }
    },
  },
  {
    claim: 'a PUBLISH that is sent again has the identifier that it had',
    shows: [v311('MQTT-2.3.1-3', RESENDS_UNDER_ANOTHER), v311('MQTT-2.3.1-4', RESENDS_UNDER_ANOTHER)],
    play: async (stage) => {
      const clientId = stage.clientId('r');
      const first = await stage.connect({ ...LASTING, clientId });
      await first.subscribe(stage.topic(), 2);
      const sender = await stage.connect();
      const ids: number[] = [];
      for (const qos of [1, 2]) {
        await sender.publishWhole({ topic: stage.topic(), qos, payload: `${qos}` });
        ids.push((await first.expect('publish')).id);
      }
      first.cut();
      const second = await stage.connect({ ...LASTING, clientId });
      for (const id of ids) {
        const again = await second.receive();
        demand(again.id === id, `The PUBLISH with the packet identifier ${id} came again under ${again.id}.`);
      }
    },
  },
  {
    claim: 'an identifier whose exchange is over may be used again, for another message',
    shows: [v311('MQTT-2.3.1-3', TAKES_NEW_FOR_OLD)],
    play: async (stage) => {
      const watcher = await stage.connect();
      await watcher.subscribe(stage.topic(), 2);
      const peer = await stage.connect();
      for (const payload of ['first', 'second']) {
        for (const qos of [2, 1]) {
          await peer.publishWhole({ topic: stage.topic(), qos, id: 5, payload });
          demandPayload(await watcher.receive(), payload);
        }
        peer.send(subscribe(stage.level, 5, [[stage.topic(payload), 0]]));
        await peer.expect('suback');
        peer.send(unsubscribe(stage.level, 5, [stage.topic(payload)]));
        await peer.expect('unsuback');
      }
    },
  },
  ...(['puback', 'pubrec', 'pubcomp'] as const).map(answersUnder),
  {
    claim: 'PUBREL has the identifier of its PUBLISH',
    shows: [v311('MQTT-2.3.1-6', answersWrongly('pubrel')), v5('MQTT-2.2.1-5', answersWrongly('pubrel'))],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic(), 2);
      await (await stage.connect()).publishWhole({ topic: stage.topic(), qos: 2 });
      const { id } = await peer.expect('publish');
      peer.acknowledge('pubrec', id);
      demandId(await peer.expect('pubrel'), id);
    },
  },
  {
    claim: 'SUBACK has the identifier of its SUBSCRIBE',
    shows: [v311('MQTT-2.3.1-7', answersWrongly('suback')), v5('MQTT-2.2.1-6', answersWrongly('suback'))],
    play: async (stage) => {
      const peer = await stage.connect();
      for (const id of IDS) {
        peer.send(subscribe(stage.level, id, [[stage.topic(), 1]]));
        demandId(await peer.expect('suback'), id);
      }
    },
  },
  {
    claim: 'UNSUBACK has the identifier of its UNSUBSCRIBE',
    shows: [v311('MQTT-2.3.1-7', answersWrongly('unsuback')), v5('MQTT-2.2.1-6', answersWrongly('unsuback'))],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic());
      for (const id of IDS) {
        peer.send(unsubscribe(stage.level, id, [stage.topic()]));
        demandId(await peer.expect('unsuback'), id);
      }
    },
  },
];

/** Both ends of the range, and one whose bytes differ. */
const IDS: readonly number[] = [1, 0x1234, 0xffff];

/** The answer to a PUBLISH, whatever its identifier. */
function answersUnder(kind: 'puback' | 'pubrec' | 'pubcomp'): ServerCheck {
  const lie = answersWrongly(kind);
  // PUBCOMP is not in the list of 3.1.1.
  const shows = [v5('MQTT-2.2.1-5', lie), ...(kind === 'pubcomp' ? [] : [v311('MQTT-2.3.1-6', lie)])];
  return {
    claim: `${kind.toUpperCase()} has the identifier of its PUBLISH`,
    shows,
    play: async (stage) => {
      const peer = await stage.connect();
      for (const id of IDS) await answerFor(peer, kind, id, stage.topic());
    },
  };
}

async function answerFor(peer: Peer, kind: 'puback' | 'pubrec' | 'pubcomp', id: number, topic: string): Promise<void> {
  peer.publish({ topic, id, qos: kind === 'puback' ? 1 : 2 });
  if (kind === 'puback') return demandId(await peer.expect('puback'), id);
  const pubrec = await peer.expect('pubrec');
  if (kind === 'pubrec') demandId(pubrec, id);
  peer.acknowledge('pubrel', id);
  const pubcomp = await peer.expect('pubcomp');
  if (kind === 'pubcomp') demandId(pubcomp, id);
}

function answersWrongly(kind: PacketName): Lie {
  const name = kind.toUpperCase();
  return serverAlters(kind, `sends ${name} under the next identifier`, (frame) => {
    return withByte(frame, 1, ((frame.body[1] ?? 0) + 1) & 0xff);
  });
}

function demandId(answer: Received, id: number): void {
  demand(answer.id === id, `${say(answer)} has the packet identifier ${answer.id}; due was ${id}.`);
}

function demandPayload({ payload }: Received, due: string): void {
  const came = new TextDecoder().decode(payload);
  demand(came === due, `The payload came as ${JSON.stringify(came)}; it is ${JSON.stringify(due)}.`);
}
