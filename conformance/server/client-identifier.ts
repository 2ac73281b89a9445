// The Client Identifier in CONNECT (section 3.1.3.1): which ones every server takes, and what becomes of a client without one.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { connectOf, SERVER_REFUSES_IN_SILENCE, serverAnswers, serverHears, serverPretends } from '../liar/connect.ts';
import { isKind, type Lie, NOTHING, SERVER_NEVER_CLOSES } from '../liar/lie.ts';
import { without } from '../liar/publish.ts';
import { demand, notOffered } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import type { Received } from '../wire/read.ts';
import { connack, type ConnectFields, LASTING } from '../wire/write.ts';

/** All characters that every server must take in a Client Identifier. */
const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** More bytes than most servers care for; those that do not mind may take it. */
const LONG = 'long'.repeat(1_000);

const REFUSES_23: Lie = {
  does: 'refuses Client Identifiers of 23 bytes',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'connect') || connectOf(frame, link.level).clientId.length < 23) return undefined;
    link.toClient(connack(link.level, { reasonCode: link.level === 5 ? 0x85 : 2 }));
    return NOTHING;
  },
};
const ONE_FOR_ALL = serverPretends(
  'gives every client without an identifier the same one',
  ({ clientId }, { memory }) => {
    memory.set('nameless', clientId === '');
    return clientId === '' ? { clientId: `nameless${process.pid}` } : undefined;
  },
  ({ properties: values }, { memory }) =>
    memory.get('nameless') === true
      ? { properties: { ...values, assignedClientIdentifier: `nameless${process.pid}` } }
      : undefined,
);
const DOES_NOT_TELL = serverAnswers(
  'does not say which Client Identifier it has assigned',
  ({ properties: values }) => ({
    properties: without(values, 'assignedClientIdentifier'),
  }),
);
const TELLS_WRONGLY = serverAnswers('says another Client Identifier than it has assigned', ({ properties: values }) =>
  values.assignedClientIdentifier === undefined
    ? undefined
    : { properties: { ...values, assignedClientIdentifier: `another${process.pid}` } },
);
const TAKES_NAMELESS = serverHears('assigns an identifier to a client that wants to keep its session', () => ({
  clean: true,
}));
const OTHER_CODE = serverAnswers('refuses with another return code', ({ reasonCode }) =>
  reasonCode === 0 ? undefined : { reasonCode: 5 },
);

/** How not to refuse. */
const REFUSALS: readonly Lie[] = [SERVER_REFUSES_IN_SILENCE, OTHER_CODE, SERVER_NEVER_CLOSES];

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'Client Identifiers of 1 to 23 digits and letters are taken',
    shows: [v311('MQTT-3.1.3-5', REFUSES_23), v5('MQTT-3.1.3-5', REFUSES_23)],
    play: async (stage) => {
      const scope = stage.clientId('');
      for (const clientId of [
        LETTERS.slice(0, 23),
        LETTERS.slice(23, 46),
        LETTERS.slice(46),
        LETTERS.slice(0, 1),
        scope.padEnd(22, 'x'),
        scope.padEnd(23, 'x'),
      ]) {
        const { connack: answer } = await stage.introduce({ clientId });
        demand(answer.reasonCode === 0, `The Client Identifier ${clientId} is refused with ${answer.reasonCode}.`);
      }
    },
  },
  {
    claim: 'clients without an identifier each get one of their own',
    shows: [
      v311('MQTT-3.1.3-6', ONE_FOR_ALL),
      v5('MQTT-3.1.3-6', ONE_FOR_ALL),
      v5('MQTT-3.2.2-16', ONE_FOR_ALL),
      v5('MQTT-3.2.2-16', DOES_NOT_TELL),
    ],
    play: async (stage) => {
      const [first, second] = [await nameless(stage), await nameless(stage)];
      for (const { peer } of [first, second]) await peer.ping();
      if (stage.level === 4) return;
      demand(assigned(first.connack) !== assigned(second.connack), 'Two clients were assigned one Client Identifier.');
    },
  },
  {
    claim: 'the session of a client without an identifier is that of the identifier it was assigned',
    shows: [v5('MQTT-3.1.3-7', DOES_NOT_TELL), v5('MQTT-3.1.3-7', TELLS_WRONGLY)],
    play: async (stage) => {
      const { peer, connack: answer } = await nameless(stage, { ...LASTING, clean: true });
      await peer.subscribe(stage.topic(), 1);
      peer.leave();
      await peer.expectClosed();
      const back = await stage.introduce({ ...LASTING, clientId: assigned(answer) });
      demand(back.connack.sessionPresent, 'There is no session for the assigned Client Identifier.');
      await (await stage.connect()).publishWhole({ topic: stage.topic(), qos: 1 });
      await back.peer.receive();
    },
  },
  {
    claim: 'a Client Identifier that is not taken ends the connection',
    shows: [v5('MQTT-3.1.3-8', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      const { peer, answer } = await tryLong(stage);
      const code = answer?.reasonCode ?? 0x85;
      demand(code === 0x85, `CONNACK has the reason code ${code}; due was 0x85.`);
      await peer.expectClosed();
    },
  },
  {
    claim: 'a Client Identifier that is not taken is answered with return code 2 and the end',
    shows: REFUSALS.map((lie) => v311('MQTT-3.1.3-9', lie)),
    play: async (stage) => {
      const { peer, answer } = await tryLong(stage);
      await demandRejected(peer, answer);
    },
  },
  {
    claim: 'a client without an identifier that wants to keep its session is answered with return code 2 and the end',
    shows: [TAKES_NAMELESS, ...REFUSALS].map((lie) => v311('MQTT-3.1.3-8', lie)),
    play: async (stage) => {
      const peer = await stage.dial();
      peer.connect({ clientId: '', clean: false });
      await demandRejected(peer, await peer.line.peek());
    },
  },
];

/** A client without an identifier. */
async function nameless(stage: ServerStage, fields: ConnectFields = {}): ReturnType<ServerStage['introduce']> {
  const met = await stage.introduce({ ...fields, clientId: '' });
  const code = met.connack.reasonCode;
  // No server has to take these.
  if (code === (stage.level === 5 ? 0x85 : 2)) throw notOffered('Clients without an identifier are refused.');
  demand(code === 0, `A client without an identifier is refused with ${code}.`);
  return met;
}

function assigned({ properties }: Received): string {
  const id = properties.assignedClientIdentifier?.[0];
  demand(typeof id === 'string' && id !== '', 'CONNACK has no Assigned Client Identifier.');
  return id;
}

/** Tries a Client Identifier that servers need not take. */
async function tryLong(stage: ServerStage): Promise<{ readonly peer: Peer; readonly answer: Received | undefined }> {
  const peer = await stage.dial();
  peer.connect({ clientId: stage.clientId(LONG) });
  const answer = await peer.line.peek();
  if (answer?.reasonCode === 0) throw notOffered(`Client Identifiers of ${LONG.length} bytes are taken.`);
  return { peer, answer };
}

async function demandRejected(peer: Peer, answer: Received | undefined): Promise<void> {
  demand(answer !== undefined, 'The connection was closed without a word; due was CONNACK with return code 2.');
  demand(answer.kind === 'connack', `${say(answer)} came where CONNACK was due.`);
  demand(answer.reasonCode === 2, `CONNACK has the return code ${answer.reasonCode}; due was 2.`);
  await peer.expectClosed();
}
