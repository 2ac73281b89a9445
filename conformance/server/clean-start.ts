// Whose session is it, and since when: Clean Start and Clean Session (section 3.1.2.4), the Client Identifier as its name
// (section 3.1.3.1), and what CONNACK says of it (section 3.2.2.1.1).

import { type ServerCheck, v311, v5 } from '../check.ts';
import { SERVER_IGNORES_CLEAN, serverAnswers, serverHears, serverPretends } from '../liar/connect.ts';
import { isKind, type Lie, serverWithholds } from '../liar/lie.ts';
import { isLater } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { textOf } from '../wire/read.ts';
import { type ConnectFields, LASTING, publish } from '../wire/write.ts';

/** Heard: a session that ends with its connection. Said: what the client expects of the other one. */
const FORGETS_SESSIONS = serverPretends(
  'forgets every session, and says that it has not',
  () => ({ clean: true, properties: {} }),
  (_, link) => ({ sessionPresent: isLater(link) }),
);
const STORES_NOTHING = serverHears('ends every session with its connection', () => ({ clean: true, properties: {} }));
const KEEPS_CLEAN_SESSIONS: Lie = serverHears('keeps a session beyond its connection', () => ({ clean: false }));
const REFUSES_NEW = serverAnswers('refuses a client that has no session to go on with', () => ({ reasonCode: 0x85 }));
const ONE_FOR_ALL = serverHears('takes all clients for one', () => ({ clientId: `one${process.pid}` }));
const SAYS_ABSENT = serverAnswers('never says that a session is present', () => ({ sessionPresent: false }));
const SAYS_PRESENT = serverAnswers('always says that a session is present', ({ reasonCode }) =>
  reasonCode === 0 ? { sessionPresent: true } : undefined,
);
const DELETES_RETAINED: Lie = {
  does: 'deletes the retained messages of a client whose session ends',
  fromClient: (frame, link) => {
    if (isKind(frame, 'publish')) link.memory.set('retained', frame.body.slice(2, 2 + (frame.body[1] ?? 0)));
    const topic = link.memory.get('retained');
    if (!isKind(frame, 'disconnect') || !(topic instanceof Uint8Array)) return undefined;
    return [publish(link.level, { topic, retain: true }), frame.bytes];
  },
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a client that starts clean finds nothing of its old session',
    shows: [v311('MQTT-3.1.2-6', SERVER_IGNORES_CLEAN), v5('MQTT-3.1.2-4', SERVER_IGNORES_CLEAN)],
    play: async (stage) => {
      const clientId = await leaveSession(stage);
      await publishTo(stage, 'while away');
      const peer = await stage.connect({ ...LASTING, clientId, clean: true });
      await publishTo(stage, 'after');
      await peer.expectNothing();
    },
  },
  {
    claim: 'a client that starts clean has no exchanges left: its identifiers are free, and nothing is sent again',
    shows: [v311('MQTT-3.1.2-6', SERVER_IGNORES_CLEAN), v5('MQTT-3.1.2-4', SERVER_IGNORES_CLEAN)],
    play: async (stage) => {
      const watcher = await stage.connect();
      await watcher.subscribe(stage.topic(), 2);
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      const first = await stage.connect(client);
      first.publish({ topic: stage.topic(), qos: 2, id: 5, payload: 'half' });
      await first.expect('pubrec');
      first.cut();
      const second = await stage.connect({ ...client, clean: true });
      await second.publishWhole({ topic: stage.topic(), qos: 2, id: 5, payload: 'new' });
      // Whether the first one is published before its PUBREL comes is the broker's choice.
      let came = textOf((await watcher.receive()).payload);
      if (came === 'half') came = textOf((await watcher.receive()).payload);
      demand(came === 'new', `The message "${came}" came where "new" was due.`);
      await second.expectNothing();
    },
  },
  {
    claim: 'a session that was started with Clean Session 1 ends with its connection',
    shows: [v311('MQTT-3.1.2-6', KEEPS_CLEAN_SESSIONS)],
    play: async (stage) => {
      const clientId = stage.clientId('k');
      const first = await stage.connect({ clientId });
      await first.subscribe(stage.topic(), 1);
      await leave(first);
      await publishTo(stage, 'while away');
      const { peer, connack } = await stage.introduce({ clientId, clean: false });
      demand(!connack.sessionPresent, 'The session of a client with Clean Session 1 has outlived its connection.');
      await publishTo(stage, 'after');
      await peer.expectNothing();
    },
  },
  {
    claim:
      'a client that comes back goes on with its session: subscriptions, and what it was sent and has not acknowledged',
    shows: [v311('MQTT-3.1.2-4', FORGETS_SESSIONS), v5('MQTT-3.1.2-5', FORGETS_SESSIONS)],
    play: async (stage) => {
      const clientId = stage.clientId('k');
      const first = await stage.connect({ ...LASTING, clientId });
      await first.subscribe(stage.topic(), 1);
      await publishTo(stage, 'sent');
      await first.expect('publish');
      first.cut();
      const second = await stage.connect({ ...LASTING, clientId });
      await expectPayload(second, 'sent');
      await publishTo(stage, 'after');
      await expectPayload(second, 'after');
    },
  },
  {
    claim: 'a client that asks for a session that is not there gets a new one, which then is there',
    shows: [
      v311('MQTT-3.1.2-4', REFUSES_NEW),
      v311('MQTT-3.1.2-4', STORES_NOTHING),
      v5('MQTT-3.1.2-6', REFUSES_NEW),
      v5('MQTT-3.1.2-23', STORES_NOTHING),
    ],
    play: async (stage) => {
      const clientId = await leaveSession(stage);
      const { connack } = await stage.introduce({ ...LASTING, clientId });
      demand(connack.sessionPresent, 'A session that had to outlive its connection is gone.');
    },
  },
  {
    claim: 'messages of QoS 1 and 2 are stored for a client that is away',
    shows: [v311('MQTT-3.1.2-5', serverWithholds('publish')), v5('MQTT-3.1.2-23', serverWithholds('publish'))],
    play: async (stage) => {
      const clientId = await leaveSession(stage);
      await publishTo(stage, 'QoS 1', 1);
      await publishTo(stage, 'QoS 2', 2);
      const back = await stage.connect({ ...LASTING, clientId });
      // Nothing is promised of the order between two publishers.
      const came = new Set([textOf((await back.receive()).payload), textOf((await back.receive()).payload)]);
      demand(came.has('QoS 1') && came.has('QoS 2'), `What came is ${Array.from(came).join(' and ')}.`);
    },
  },
  {
    claim: 'retained messages outlive the session of the client that published them',
    shows: [v311('MQTT-3.1.2-7', DELETES_RETAINED)],
    play: async (stage) => {
      const sender = await stage.connect();
      await sender.publishWhole({ topic: stage.topic(), payload: 'retained', qos: 1, retain: true });
      await leave(sender);
      const peer = await stage.connect();
      await peer.subscribe(stage.topic(), 1);
      await expectPayload(peer, 'retained');
    },
  },
  {
    claim: 'a session belongs to its Client Identifier',
    shows: [v311('MQTT-3.1.3-2', ONE_FOR_ALL), v5('MQTT-3.1.3-2', ONE_FOR_ALL)],
    play: async (stage) => {
      const clientId = await leaveSession(stage);
      const other = await stage.introduce({ ...LASTING, clientId: stage.clientId('other') });
      demand(!other.connack.sessionPresent, 'A client was given the session of another one.');
      await publishTo(stage, 'not for the other');
      await other.peer.expectNothing();
      const own = await stage.introduce({ ...LASTING, clientId });
      demand(own.connack.sessionPresent, 'A client was not given its session.');
    },
  },
  {
    claim: 'Session Present is 0 for a client that starts clean',
    shows: [v311('MQTT-3.2.2-1', SAYS_PRESENT), v5('MQTT-3.2.2-2', SAYS_PRESENT)],
    play: async (stage) => {
      const clientId = await leaveSession(stage);
      const { connack } = await stage.introduce({ ...LASTING, clientId, clean: true });
      demand(connack.reasonCode === 0, `CONNACK says ${connack.reasonCode}.`);
      demand(!connack.sessionPresent, 'Session Present is 1 for a client that starts clean.');
    },
  },
  {
    claim: 'Session Present is 0 for a client that has no session',
    shows: [v311('MQTT-3.2.2-3', SAYS_PRESENT), v5('MQTT-3.2.2-3', SAYS_PRESENT)],
    play: async (stage) => {
      const { connack } = await stage.introduce({ ...LASTING, clientId: stage.clientId('k') });
      demand(connack.reasonCode === 0, `CONNACK says ${connack.reasonCode}.`);
      demand(!connack.sessionPresent, 'Session Present is 1 where there was no session.');
    },
  },
  {
    claim: 'Session Present is 1 for a client that has a session, also an empty one',
    shows: [v311('MQTT-3.2.2-2', SAYS_ABSENT), v5('MQTT-3.2.2-3', SAYS_ABSENT)],
    play: async (stage) => {
      const clientId = stage.clientId('k');
      await leave(await stage.connect({ ...LASTING, clientId }));
      const { connack } = await stage.introduce({ ...LASTING, clientId });
      demand(connack.reasonCode === 0, `CONNACK says ${connack.reasonCode}.`);
      demand(connack.sessionPresent, 'Session Present is 0 where there was a session.');
    },
  },
];

/** A session with a subscription to `stage.topic()` whose client has left. @returns its Client Identifier. */
async function leaveSession(stage: ServerStage): Promise<string> {
  const clientId = stage.clientId('k');
  const peer = await stage.connect({ ...LASTING, clientId });
  await peer.subscribe(stage.topic(), 2);
  await leave(peer);
  return clientId;
}

/** Leaves, and sees that the broker knows. */
async function leave(peer: Peer): Promise<void> {
  peer.leave();
  await peer.expectClosed();
}

async function publishTo(stage: ServerStage, payload: string, qos = 1): Promise<void> {
  const sender = await stage.connect();
  await sender.publishWhole({ topic: stage.topic(), payload, qos });
}

async function expectPayload(peer: Peer, due: string): Promise<void> {
  const came = textOf((await peer.receive()).payload);
  demand(came === due, `The message "${came}" came where "${due}" was due.`);
}
