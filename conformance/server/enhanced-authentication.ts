// Enhanced authentication (section 4.12) and AUTH (section 3.15): the steps before CONNACK, and those that a client asks for later.
// The broker that offers it knows the method `TEST` (stage/guards.ts); what is asked of every broker is to refuse others.

import { type ServerCheck, v5 } from '../check.ts';
import { serverAnswers, serverHears, writable } from '../liar/connect.ts';
import { changed, isKind, type Lie, SERVER_NEVER_CLOSES, serverAlters, serverMishears } from '../liar/lie.ts';
import { without } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { type Received, read, textOf } from '../wire/read.ts';
import { type Properties, TYPE } from '../wire/types.ts';
import { auth, hopelessConnect, packet, properties } from '../wire/write.ts';

const METHOD = 'TEST';
const CONTINUE = 0x18;
const RE_AUTHENTICATE = 0x19;
const BOUND = 64;
const HELLO: Properties = { authenticationMethod: METHOD, authenticationData: dataOf('hello') };

const FORGETS_METHOD = serverHears('does not look at the Authentication Method', () => ({ properties: {} }));
const OTHER_CODE = altersAuth('sends AUTH with a reason code that is not in the table', () => ({ reasonCode: 0x92 }));
const WRONG_STEP = altersAuth('asks for more with the reason code 0', () => ({ reasonCode: 0 }));
const NAMES_NONE = altersAuth('sends AUTH without Authentication Method', (fields) => ({
  properties: without(fields.properties, 'authenticationMethod'),
}));
const NAMES_ANOTHER = altersAuth('names another Authentication Method in AUTH', (fields) => ({
  properties: { ...fields.properties, authenticationMethod: 'OTHER' },
}));
const ENDS_NAMELESS = serverAnswers('sends CONNACK without Authentication Method', (fields) => ({
  properties: without(fields.properties, 'authenticationMethod'),
}));
const TALKS = altersAuth('explains more in AUTH than the client can take', (fields) => ({
  properties: { ...fields.properties, reasonString: 'because '.repeat(BOUND) },
}));
const ADDS = altersAuth('adds more User Properties to AUTH than the client can take', (fields) => ({
  properties: { ...fields.properties, userProperty: ['because', 'of this'.repeat(BOUND)] },
}));
const SETS_FLAGS = serverAlters('auth', 'sets a reserved flag of AUTH', (frame) => changed(frame, { flags: 1 }));
const OVERLOOKS_FLAGS = serverMishears('auth', 'does not look at the flags of AUTH', (frame) =>
  changed(frame, { flags: 0 }),
);
const MENDS_CODES = serverMishears('auth', 'takes any reason code of AUTH for the right one', (frame) =>
  changed(frame, { body: frame.body.with(0, CONTINUE) }),
);
const TAKES_ANY_DATA = serverMishears('auth', 'takes any answer for the right one', () =>
  auth(CONTINUE, { authenticationMethod: METHOD, authenticationData: dataOf('response') }),
);
const TAKES_ANY_METHOD = serverMishears('auth', 'does not look at the Authentication Method of AUTH', (frame) => {
  const { reasonCode, properties: values } = read(frame, 5);
  return auth(reasonCode, { ...writable(values), authenticationMethod: METHOD });
});
const ASKS_UNASKED: Lie = {
  does: 'sends AUTH to a client that has named no method',
  fromServer: (frame) =>
    isKind(frame, 'connack') ? [auth(CONTINUE, { authenticationMethod: METHOD }), frame.bytes] : undefined,
};
const NAMES_UNASKED = serverAnswers('names a method in CONNACK to a client that has named none', (fields) => ({
  properties: { ...fields.properties, authenticationMethod: METHOD },
}));

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a client with an Authentication Method that nobody has is refused',
    shows: ['MQTT-4.12.0-1', 'MQTT-3.1.4-2'].flatMap((id) => [v5(id, FORGETS_METHOD), v5(id, SERVER_NEVER_CLOSES)]),
    play: async (stage) => {
      const peer = await stage.dial();
      peer.connect(hopelessConnect(5));
      await peer.expectRefused(0x8c, 0x87);
    },
  },
  {
    claim: 'a client that names no Authentication Method hears of none',
    shows: [v5('MQTT-4.12.0-6', ASKS_UNASKED), v5('MQTT-4.12.0-6', NAMES_UNASKED)],
    play: async (stage) => {
      const { peer, connack } = await stage.introduce();
      demand(connack.properties.authenticationMethod === undefined, 'CONNACK has an Authentication Method.');
      await peer.expectNothing();
    },
  },
  {
    claim: 'the server asks for more with AUTH 0x18, and ends with AUTH 0x00, each under the method of CONNECT',
    setUp: 'guarded',
    shows: [
      v5('MQTT-4.12.0-2', WRONG_STEP),
      v5('MQTT-3.15.2-1', OTHER_CODE),
      v5('MQTT-4.12.0-5', NAMES_NONE),
      v5('MQTT-4.12.0-5', NAMES_ANOTHER),
      v5('MQTT-4.12.0-5', ENDS_NAMELESS),
      v5('MQTT-3.15.1-1', SETS_FLAGS),
    ],
    play: async (stage) => {
      const peer = await stage.dial();
      peer.connect({ properties: HELLO });
      demandStep(await peer.expect('auth'), CONTINUE, 'challenge');
      answer(peer, 'response');
      demandStep(await peer.expect('connack'), 0, 'welcome');
      peer.send(auth(RE_AUTHENTICATE, HELLO));
      demandStep(await peer.expect('auth'), CONTINUE, 'challenge');
      answer(peer, 'response');
      demandStep(await peer.expect('auth'), 0, 'welcome');
      await peer.ping();
    },
  },
  {
    claim: 'a client whose answer is wrong is refused',
    setUp: 'guarded',
    shows: [v5('MQTT-4.12.0-4', SERVER_NEVER_CLOSES), v5('MQTT-4.12.0-4', TAKES_ANY_DATA)],
    play: async (stage) => {
      const peer = await challenged(stage);
      answer(peer, 'wrong');
      await peer.expectRefused(0x87);
    },
  },
  {
    claim: 'a client whose answer is wrong when it authenticates again loses its connection',
    setUp: 'guarded',
    shows: [v5('MQTT-4.12.1-2', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      const peer = await challenged(stage);
      answer(peer, 'response');
      await peer.expect('connack');
      peer.send(auth(RE_AUTHENTICATE, HELLO));
      await peer.expect('auth');
      answer(peer, 'wrong');
      await peer.expectClosedWith(0x87);
    },
  },
  {
    claim: 'AUTH under another method than that of CONNECT ends the connection',
    setUp: 'guarded',
    shows: [v5('MQTT-4.12.0-5', TAKES_ANY_METHOD)],
    play: async (stage) => {
      for (const values of [{ authenticationMethod: 'OTHER' }, {}]) {
        const peer = await challenged(stage);
        peer.send(auth(CONTINUE, { ...values, authenticationData: dataOf('response') }));
        await expectEnd(peer);
      }
    },
  },
  {
    claim: 'AUTH with reserved flags set ends the connection',
    setUp: 'guarded',
    shows: [v5('MQTT-3.15.1-1', OVERLOOKS_FLAGS)],
    play: async (stage) => {
      for (const flags of [1, 2, 4, 8]) {
        const peer = await challenged(stage);
        const values = { authenticationMethod: METHOD, authenticationData: dataOf('response') };
        peer.send(packet(TYPE.auth, flags, [CONTINUE], properties(values)));
        await expectEnd(peer);
      }
    },
  },
  {
    claim: 'AUTH with a reason code that is not in the table ends the connection',
    setUp: 'guarded',
    shows: [v5('MQTT-3.15.2-1', MENDS_CODES)],
    play: async (stage) => {
      for (const code of [0x01, 0x17, 0x87]) {
        const peer = await challenged(stage);
        peer.send(auth(code, { authenticationMethod: METHOD, authenticationData: dataOf('response') }));
        await expectEnd(peer);
      }
    },
  },
  {
    claim: 'AUTH has no Reason String and no User Property for which the client has no room',
    setUp: 'guarded',
    shows: [v5('MQTT-3.15.2-2', TALKS), v5('MQTT-3.15.2-3', ADDS)],
    play: async (stage) => {
      const peer = await stage.dial();
      peer.connect({ properties: { ...HELLO, maximumPacketSize: BOUND } });
      const { properties: values, frame } = await peer.expect('auth');
      const isPlain = values.reasonString === undefined && values.userProperty === undefined;
      demand(isPlain || frame.bytes.length <= BOUND, `AUTH has ${frame.bytes.length} bytes; ${BOUND} were allowed.`);
    },
  },
];

/** A client that has to answer now. */
async function challenged(stage: ServerStage): Promise<Peer> {
  const peer = await stage.dial();
  peer.connect({ properties: HELLO });
  await peer.expect('auth');
  return peer;
}

function answer(peer: Peer, data: string): void {
  peer.send(auth(CONTINUE, { authenticationMethod: METHOD, authenticationData: dataOf(data) }));
}

/** Demands an AUTH or CONNACK with this reason code and data, under the method of CONNECT, and with no flags. */
function demandStep(step: Received, reasonCode: number, data: string): void {
  const { authenticationMethod, authenticationData } = step.properties;
  demand(step.reasonCode === reasonCode, `${say(step)} has the reason code ${step.reasonCode}; due was ${reasonCode}.`);
  demand(authenticationMethod?.[0] === METHOD, `${say(step)} names the method ${String(authenticationMethod)}.`);
  const came = authenticationData?.[0];
  const isRight = came instanceof Uint8Array && textOf(came) === data;
  demand(isRight, `${say(step)} does not have the data "${data}".`);
  demand(step.flags === 0, `${say(step)} has the flags ${step.flags}.`);
}

/** Before CONNACK a server may close with one, or without a word; a DISCONNECT would come too early. */
async function expectEnd(peer: Peer): Promise<void> {
  await peer.expectRefused(0x81, 0x82, 0x87, 0x8c);
}

function dataOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

interface AuthFields {
  readonly reasonCode: number;
  readonly properties: Properties;
}

/** A server that sends another AUTH than the one that is due. */
function altersAuth(does: string, change: (fields: AuthFields) => Partial<AuthFields>): Lie {
  return serverAlters('auth', does, (frame) => {
    const { reasonCode, properties: values } = read(frame, 5);
    const fields = { reasonCode, properties: writable(values) };
    const said = { ...fields, ...change(fields) };
    return auth(said.reasonCode, said.properties);
  });
}
