// CONNECT: the protocol name, the protocol level and the flags (sections 3.1.2.1 to 3.1.2.3), and what else makes a CONNECT one that
// the server must not take (section 3.1.4).

import { both, type ServerCheck, v311, v5 } from '../check.ts';
import { serverTakesAnyConnect } from '../liar/connect.ts';
import { isKind, type Lie, SERVER_NEVER_CLOSES, serverMishears, serverWithholds, withByte } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { PROPERTIES, type Properties, TYPE } from '../wire/types.ts';
import {
  binary,
  bytes,
  connack,
  type ConnectFields,
  packet,
  properties,
  propertiesWithoutLength,
  text,
  u16,
} from '../wire/write.ts';

const TAKES_ANY_311 = serverTakesAnyConnect(4);
const TAKES_ANY_5 = serverTakesAnyConnect(5);
const OVERLOOKS_RESERVED = serverMishears('connect', 'does not look at the reserved flag', (frame) =>
  withByte(frame, 7, (frame.body[7] ?? 0) & 0xfe),
);
const ANSWERS_MALFORMED: Lie = {
  does: 'answers a CONNECT that is malformed with CONNACK',
  fromClient: (frame, link) => {
    if (isKind(frame, 'connect')) link.toClient(connack(link.level, { reasonCode: 2 }));
    return undefined;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a second CONNECT closes the connection',
    shows: both('MQTT-3.1.0-2', SERVER_NEVER_CLOSES),
    play: async (stage) => {
      const peer = await stage.connect();
      peer.connect();
      await peer.expectClosedWith(0x82);
    },
  },
  {
    claim: 'a protocol that is not called MQTT is not spoken',
    shows: [v311('MQTT-3.1.2-1', TAKES_ANY_311), v5('MQTT-3.1.2-1', TAKES_ANY_5)],
    play: async (stage) => {
      for (const protocolName of ['mqtt', 'MQTX', 'MQTTT', '']) await expectForeign(stage, { protocolName });
    },
  },
  {
    claim: 'a protocol level that nobody has is answered with return code 1 and the end',
    shows: [v311('MQTT-3.1.2-2', serverWithholds('connack')), v311('MQTT-3.1.2-2', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      const peer = await stage.dial();
      peer.connect({ protocolLevel: 2 });
      const answer = await peer.expect('connack');
      demand(answer.reasonCode === 1, `CONNACK has the return code ${answer.reasonCode}; due was 1.`);
      await peer.expectClosed();
    },
  },
  {
    claim: 'a protocol level that nobody has ends the connection',
    shows: [v5('MQTT-3.1.2-2', SERVER_NEVER_CLOSES), v5('MQTT-3.1.2-2', TAKES_ANY_5)],
    play: async (stage) => {
      for (const protocolLevel of [6, 127, 255]) await expectForeign(stage, { protocolLevel });
    },
  },
  {
    claim: 'CONNECT with the reserved flag set is refused',
    shows: both('MQTT-3.1.2-3', OVERLOOKS_RESERVED),
    play: async (stage) => {
      const peer = await stage.dial();
      peer.connect({ flags: 0x03 });
      await peer.expectRefused();
    },
  },
  {
    claim: 'CONNECT whose flags contradict each other is refused',
    shows: [
      v311('MQTT-3.1.4-1', TAKES_ANY_311),
      v311('MQTT-3.1.4-1', ANSWERS_MALFORMED),
      v5('MQTT-3.1.4-1', TAKES_ANY_5),
    ],
    play: async (stage) => {
      const will = { topic: stage.topic() };
      for (const fields of [
        { will: { ...will, qos: 3 } },
        { flags: 0x0a }, // Will QoS 1 without a Will
        { flags: 0x12 }, // Will QoS 2 without a Will
        { flags: 0x22 }, // Will Retain without a Will
        ...(stage.level === 4 ? [{ password: 'alone' }] : []),
      ]) {
        const peer = await stage.dial();
        peer.connect(fields);
        await expectMalformed(peer);
      }
    },
  },
  {
    claim: 'CONNECT whose payload is not what its flags say is refused',
    shows: [
      v311('MQTT-3.1.4-1', TAKES_ANY_311),
      v311('MQTT-3.1.4-1', ANSWERS_MALFORMED),
      v5('MQTT-3.1.4-1', TAKES_ANY_5),
    ],
    play: async (stage) => {
      const name = text(stage.clientId('p'));
      const will = bytes(stage.level === 5 ? properties() : [], text(stage.topic()), binary([]));
      for (const [flags, payload] of [
        [0x02, bytes()], // no Client Identifier
        [0x02, bytes(name, [0])], // a byte too many
        [0x02, bytes(name, text('user'))],
        [0x82, name], // no User Name
        [0xc2, bytes(name, text('user'))], // no Password
        [0x06, name], // no Will
        [0x06, bytes(name, will.subarray(0, -2))], // no Will Payload
        [0x86, bytes(name, will)],
        [0xc2, bytes(name, text('user'), u16(9), [1])], // a Password that is longer than the packet
      ] as const) {
        const peer = await stage.dial();
        peer.send(connectOf(stage, flags, payload));
        await expectMalformed(peer);
      }
    },
  },
  {
    claim: 'CONNECT with properties that cannot be is refused',
    shows: [v5('MQTT-3.1.4-1', TAKES_ANY_5)],
    play: async (stage) => {
      for (const wrong of [...WRONG_PROPERTIES, ...TWICE.map(twice)]) {
        const peer = await stage.dial();
        peer.connect({ properties: wrong });
        await expectMalformed(peer);
      }
    },
  },
  {
    claim: 'CONNECT with Will Properties that cannot be is refused',
    shows: [v5('MQTT-3.1.4-1', TAKES_ANY_5)],
    play: async (stage) => {
      for (const wrong of [{ receiveMaximum: 1 }, { topicAlias: 1 }, ...WILL_TWICE.map(twice)]) {
        const peer = await stage.dial();
        peer.connect({ will: { topic: stage.topic(), properties: wrong } });
        await expectMalformed(peer);
      }
    },
  },
];

/** Properties of other packets, and values that are not allowed; the last ones are cut short or unheard of. */
const WRONG_PROPERTIES: readonly (Properties | Uint8Array)[] = [
  { receiveMaximum: 0 },
  { maximumPacketSize: 0 },
  { requestProblemInformation: 2 },
  { requestResponseInformation: 2 },
  { authenticationData: bytes([1]) },
  { topicAlias: 1 },
  { reasonString: 'no' },
  { willDelayInterval: 1 },
  { serverKeepAlive: 1 },
  bytes([PROPERTIES.sessionExpiryInterval[0], 0, 0, 1]),
  bytes([0x7e, 0]),
];

/** Properties that may stand in CONNECT once. */
const TWICE: readonly Properties[] = [
  { sessionExpiryInterval: 1 },
  { receiveMaximum: 1 },
  { maximumPacketSize: 1_000 },
  { topicAliasMaximum: 1 },
  { requestProblemInformation: 1 },
  { requestResponseInformation: 1 },
];

/** Properties that a Will may have once. */
const WILL_TWICE: readonly Properties[] = [
  { willDelayInterval: 1 },
  { messageExpiryInterval: 1 },
  { payloadFormatIndicator: 1 },
  { contentType: 'text' },
  { responseTopic: 'answer' },
  { correlationData: bytes([1]) },
];

function twice(values: Properties): Uint8Array {
  return bytes(propertiesWithoutLength(values), propertiesWithoutLength(values));
}

/** CONNECT with any flags and any payload. */
function connectOf({ level }: ServerStage, flags: number, payload: Uint8Array): Uint8Array {
  return packet(TYPE.connect, 0, text('MQTT'), [level, flags], u16(60), level === 5 ? properties() : [], payload);
}

/** In 3.1.1 a CONNECT that is malformed is not answered [MQTT-3.1.4-1]; in 5.0 it may be. */
async function expectMalformed(peer: Peer): Promise<void> {
  const answer = await peer.expectRefused();
  demand(answer === undefined || peer.level === 5, 'CONNACK came where CONNECT was malformed.');
}

/** What is no MQTT that the server knows ends the connection; an answer, of whatever form, is no yes. */
async function expectForeign(stage: ServerStage, fields: ConnectFields): Promise<void> {
  const peer = await stage.dial();
  peer.connect(fields);
  const frame = await peer.line.peekFrame();
  if (frame !== undefined) {
    demand(frame.type === TYPE.connack, `A packet of type ${frame.type} came where CONNECT had to be refused.`);
    demand(frame.body[1] !== 0, `CONNECT was accepted: ${JSON.stringify(fields)}.`);
  }
  await peer.expectClosed();
}
