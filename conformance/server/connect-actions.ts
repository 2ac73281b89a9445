// What the server does with a CONNECT (section 3.1.4): it says yes, and lets go of an older connection of the same client; or it says
// no, and does nothing of what comes behind.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { connectOf, SERVER_IGNORES_CLEAN, serverAnswers, serverHears, serverPretends } from '../liar/connect.ts';
import { isKind, type Lie, type Link, SERVER_NEVER_CLOSES, serverWithholds } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import type { Peer } from '../stage/server-stage.ts';
import type { Frame } from '../wire/frame.ts';
import { textOf } from '../wire/read.ts';
import { connack, connect, type ConnectFields, hopelessConnect, LASTING, publish } from '../wire/write.ts';

const ALWAYS_CLEAN = serverPretends(
  'starts a new session whatever CONNECT says, and says that it does not',
  () => ({ clean: true }),
  () => ({ sessionPresent: true }),
);
const SAYS_NO = serverAnswers('refuses a CONNECT with which nothing is wrong', () => ({ reasonCode: 5 }));
const SAYS_NOTHING = serverWithholds('connack');
const MINDS_NO_PASSWORD = serverHears('takes any password', () => ({ userName: 'good', password: 'good' }));
/** The server hears a good CONNECT, and what follows; the client hears a no. */
const GOES_ON: Lie = {
  does: 'refuses a client, and does what it has sent behind CONNECT',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'connect') || !isHopeless(frame, link)) return undefined;
    link.memory.set('refused', link);
    return [connect(link.level)];
  },
  fromServer: (frame, link) =>
    isKind(frame, 'connack') && link.memory.get('refused') === link
      ? [connack(link.level, { reasonCode: link.level === 5 ? 0x8c : 1 })]
      : undefined,
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a CONNECT with which nothing is wrong is answered with a yes',
    shows: [SAYS_NO, SAYS_NOTHING].flatMap((lie) => [v311('MQTT-3.1.4-4', lie), v5('MQTT-3.1.4-5', lie)]),
    play: async (stage) => {
      const will = { topic: stage.topic('will'), payload: 'will', qos: 1, retain: true };
      for (const fields of [{}, LASTING, { will }, { keepAlive: 0 }, { keepAlive: 0xffff }]) {
        const { peer, connack: answer } = await stage.introduce(fields);
        demand(answer.reasonCode === 0, `CONNACK says ${answer.reasonCode} where nothing was wrong.`);
        await peer.ping();
        peer.leave();
      }
    },
  },
  {
    claim: 'a client that connects again loses its older connection',
    shows: [v311('MQTT-3.1.4-2', SERVER_NEVER_CLOSES), v5('MQTT-3.1.4-3', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      const clientId = stage.clientId('k');
      const older = await stage.connect({ clientId });
      const newer = await stage.connect({ clientId });
      await older.expectClosedWith(0x8e);
      await newer.ping();
    },
  },
  {
    claim: 'a client that takes its connection over starts clean if it says so',
    shows: [v311('MQTT-3.1.4-3', SERVER_IGNORES_CLEAN), v5('MQTT-3.1.4-4', SERVER_IGNORES_CLEAN)],
    play: async (stage) => {
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      const older = await stage.connect(client);
      await older.subscribe(stage.topic());
      const newer = await stage.connect({ ...client, clean: true });
      await (await stage.connect()).publishWhole({ topic: stage.topic(), qos: 1 });
      await newer.expectNothing();
    },
  },
  {
    claim: 'a client that takes its connection over goes on with its session if it says so',
    shows: [v311('MQTT-3.1.4-3', ALWAYS_CLEAN), v5('MQTT-3.1.4-4', ALWAYS_CLEAN)],
    play: async (stage) => {
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      const older = await stage.connect(client);
      await older.subscribe(stage.topic());
      const newer = await stage.connect(client);
      newer.publish({ topic: stage.topic(), payload: 'still' });
      demand(textOf((await newer.receive()).payload) === 'still', 'Another message came.');
    },
  },
  {
    claim: 'what comes behind a CONNECT that is refused is not done',
    shows: [v311('MQTT-3.1.4-5', GOES_ON), v5('MQTT-3.1.4-6', GOES_ON)],
    play: async (stage) => {
      const watcher = await stage.connect();
      await watcher.subscribe(stage.topic(), 1);
      const peer = await stage.dial();
      peer.send(
        connect(stage.level, hopelessConnect(stage.level)),
        publish(stage.level, { topic: stage.topic() }),
        publish(stage.level, { topic: stage.topic(), qos: 1 }),
      );
      await demandNo(peer);
      await watcher.expectNothing();
    },
  },
  {
    claim: 'a client with a wrong password is refused',
    setUp: 'guarded',
    shows: [v5('MQTT-3.1.4-2', SERVER_NEVER_CLOSES), v5('MQTT-3.1.4-2', MINDS_NO_PASSWORD)],
    play: async (stage) => {
      for (const fields of [{}, { userName: 'good' }, { userName: 'good', password: 'bad' }, { password: 'good' }]) {
        const peer = await stage.dial();
        peer.connect(fields);
        await peer.expectRefused(0x86, 0x87);
      }
    },
  },
];

function isHopeless(frame: Frame, { level }: Link): boolean {
  const { protocolLevel, properties } = connectOf(frame, level);
  return level === 5 ? properties.authenticationMethod !== undefined : protocolLevel === 2;
}

/** Demands that CONNECT is not accepted, whatever becomes of the connection. */
async function demandNo(peer: Peer): Promise<void> {
  const answer = await peer.line.peek();
  demand(answer?.kind !== 'connack' || answer.reasonCode !== 0, 'A CONNECT that had to be refused was accepted.');
}
