// What CONNECT asks of the server by its properties (section 3.1.2.11): how large packets may be, how many topic aliases it may give
// out, and how much it is to explain.

import { type ServerCheck, v5 } from '../check.ts';
import { serverAnswers, serverHears } from '../liar/connect.ts';
import { type Lie, serverAlters, serverWithholds } from '../liar/lie.ts';
import { serverDelivers, without } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { GOOD_USER } from '../stage/guards.ts';
import { say } from '../stage/line.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import type { Received } from '../wire/read.ts';
import { acknowledge, LASTING, suback, subscribe } from '../wire/write.ts';

const BOUND = 128;
const SENDS_ANY_SIZE = serverHears('does not look at the Maximum Packet Size', ({ properties }) => ({
  properties: without(properties, 'maximumPacketSize'),
}));
const HOLDS_LARGE: Lie = {
  ...serverWithholds('publish', (frame, { memory }) => frame.bytes.length > BOUND && memory.get('closed') !== true),
  fromClient: SENDS_ANY_SIZE.fromClient ?? (() => undefined),
  does: 'keeps a packet that is too large until the client takes it',
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a message that is too large for its receiver is not sent, and others are',
    shows: [v5('MQTT-3.1.2-24', SENDS_ANY_SIZE)],
    play: async (stage) => {
      const peer = await stage.connect({ properties: { maximumPacketSize: BOUND } });
      await peer.subscribe(stage.topic(), 2);
      const sender = await stage.connect();
      for (const qos of [0, 1, 2]) {
        await sender.publishWhole({ topic: stage.topic(), qos, payload: new Uint8Array(BOUND) });
        await sender.publishWhole({ topic: stage.topic(), qos, payload: 'small' });
        const { frame } = await peer.receive();
        demand(frame.bytes.length <= BOUND, `A packet of ${frame.bytes.length} bytes came; ${BOUND} were allowed.`);
      }
      await peer.expectNothing();
    },
  },
  {
    claim: 'an answer that is too large for its receiver is not sent',
    shows: [v5('MQTT-3.1.2-24', SENDS_ANY_SIZE)],
    play: async (stage) => {
      const { peer } = await stage.introduce({ properties: { maximumPacketSize: BOUND } });
      const filters = Array.from({ length: BOUND }, (_, index) => [stage.topic(`${index}`), 0] as const);
      peer.send(subscribe(5, peer.nextId(), filters));
      // There is no SUBACK that fits: what is left is the end.
      await demandFitting(peer, BOUND);
    },
  },
  {
    claim: 'a CONNACK that is too large for its receiver is not sent',
    shows: [v5('MQTT-3.1.2-24', SENDS_ANY_SIZE)],
    play: async (stage) => {
      for (const maximumPacketSize of [2, 4, 5, 8, 12, 16]) {
        const peer = await stage.dial();
        peer.connect({ properties: { maximumPacketSize } });
        await demandFitting(peer, maximumPacketSize);
      }
    },
  },
  {
    claim: 'a message that was too large for its receiver is done with: it takes no room, and does not come later',
    shows: [v5('MQTT-3.1.2-25', HOLDS_LARGE)],
    play: async (stage) => {
      const clientId = stage.clientId('k');
      const lasting = { sessionExpiryInterval: 300, receiveMaximum: 1 };
      const peer = await stage.connect({ ...LASTING, clientId, properties: { ...lasting, maximumPacketSize: BOUND } });
      await peer.subscribe(stage.topic(), 2);
      const sender = await stage.connect();
      for (const qos of [1, 2]) {
        await sender.publishWhole({ topic: stage.topic(), qos, payload: new Uint8Array(BOUND) });
        await sender.publishWhole({ topic: stage.topic(), qos, payload: 'small' });
        demand((await peer.receive()).payload.length === 5, 'Another message came in place of the small one.');
      }
      await peer.ping();
      peer.leave();
      await peer.expectClosed();
      const back = await stage.connect({ ...LASTING, clientId, properties: lasting });
      await back.expectNothing();
    },
  },
  {
    claim: 'topic aliases of the server are at most the Topic Alias Maximum',
    shows: [
      v5(
        'MQTT-3.1.2-26',
        serverDelivers('gives out a topic alias beyond the Topic Alias Maximum', () => ({
          properties: { topicAlias: 3 },
        })),
      ),
    ],
    play: async (stage) => {
      for (const topicAlias of await aliasesGiven(stage, 2)) {
        demand(topicAlias >= 1 && topicAlias <= 2, `The topic alias ${topicAlias} came; 2 were allowed.`);
      }
    },
  },
  {
    claim: 'the server gives out no topic aliases unless CONNECT allows some',
    shows: [
      v5(
        'MQTT-3.1.2-27',
        serverDelivers('gives out a topic alias unasked', () => ({ properties: { topicAlias: 1 } })),
      ),
    ],
    play: async (stage) => {
      for (const maximum of [undefined, 0]) {
        const given = await aliasesGiven(stage, maximum);
        demand(given.length === 0, `The topic alias ${given.join()} came; none was allowed.`);
      }
    },
  },
  {
    claim: 'no Response Information comes unless CONNECT asks for it',
    shows: [
      v5(
        'MQTT-3.1.2-28',
        serverAnswers('returns Response Information unasked', ({ properties }) => ({
          properties: { ...properties, responseInformation: 'answers' },
        })),
      ),
    ],
    play: async (stage) => {
      for (const properties of [{}, { requestResponseInformation: 0 }]) {
        const { connack } = await stage.introduce({ properties });
        const given = connack.properties.responseInformation;
        demand(given === undefined, `CONNACK has the Response Information ${String(given)}, which nobody asked for.`);
      }
    },
  },
  ...(['default', 'guarded'] as const).map(explainsNothing),
];

/** Demands that the next packet, if one comes, is of that many bytes at most. */
async function demandFitting(peer: Peer, maximum: number): Promise<void> {
  const frame = await peer.line.peekFrame();
  const length = frame?.bytes.length ?? 0;
  demand(length <= maximum, `A packet of ${length} bytes came; ${maximum} were allowed.`);
}

/** Publishes to a subscriber with that Topic Alias Maximum, often enough for aliases to be worth it. @returns those that came. */
async function aliasesGiven(stage: ServerStage, topicAliasMaximum: number | undefined): Promise<readonly number[]> {
  const peer = await stage.connect({ properties: topicAliasMaximum === undefined ? {} : { topicAliasMaximum } });
  for (const name of ['0', '1', '2', '3']) await peer.subscribe(stage.topic(name));
  const given: number[] = [];
  for (let count = 0; count < 12; count++) {
    peer.publish({ topic: stage.topic(`${count % 4}`) });
    const [alias] = (await peer.receive()).properties.topicAlias ?? [];
    if (typeof alias === 'number') given.push(alias);
  }
  return given;
}

/** With Request Problem Information 0, answers have no words, whether they say yes or no. */
function explainsNothing(setUp: 'default' | 'guarded'): ServerCheck {
  const explains = serverAlters('puback', 'explains a PUBACK to a client that asked for no explanation', (frame) =>
    acknowledge(5, 'puback', (frame.body[0] ?? 0) * 256 + (frame.body[1] ?? 0), 0x10, { reasonString: 'why' }),
  );
  const adds = serverAlters('suback', 'adds a User Property to a SUBACK for a client that asked for none', (frame) =>
    suback(5, (frame.body[0] ?? 0) * 256 + (frame.body[1] ?? 0), [0], { userProperty: ['why', 'so'] }),
  );
  return {
    claim: `answers have no Reason String and no User Property where CONNECT asks for none (${setUp})`,
    setUp,
    shows: [v5('MQTT-3.1.2-29', explains), v5('MQTT-3.1.2-29', adds)],
    play: async (stage) => {
      const peer = await stage.connect({
        properties: { requestProblemInformation: 0 },
        ...(setUp === 'guarded' && GOOD_USER),
      });
      for (const answer of await answersTo(peer, stage.topic('denied'))) {
        const { reasonString, userProperty } = answer.properties;
        demand(reasonString === undefined, `${say(answer)} says "${String(reasonString)}".`);
        demand(userProperty === undefined, `${say(answer)} has a User Property.`);
      }
    },
  };
}

/** Requests that have answers of all kinds, on a topic that may be denied to the client. */
async function answersTo(peer: Peer, topic: string): Promise<readonly Received[]> {
  peer.publish({ topic, qos: 1 });
  const puback = await peer.expect('puback');
  const id = peer.publish({ topic, qos: 2 });
  const pubrec = await peer.expect('pubrec');
  peer.acknowledge('pubrel', id);
  const pubcomp = await peer.expect('pubcomp');
  // Nobody has sent these.
  peer.acknowledge('pubrel', 4_711);
  const unknown = await peer.expect('pubcomp');
  const unsuback = await peer.unsubscribe(topic);
  peer.send(subscribe(peer.level, peer.nextId(), [[topic, 0]]));
  return [puback, pubrec, pubcomp, unknown, unsuback, await peer.expect('suback')];
}
