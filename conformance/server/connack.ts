// CONNACK (section 3.2): it comes first and once, says what the table allows and no more than the client can take; and what it says of
// the server is true.

import { both, type ServerCheck, v311, v5 } from '../check.ts';
import { serverAnswers } from '../liar/connect.ts';
import {
  isKind,
  type Lie,
  SERVER_NEVER_CLOSES,
  serverAlters,
  serverClosesOn,
  serverRepeats,
  withByte,
} from '../liar/lie.ts';
import { publishOf } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import type { ServerStage } from '../stage/server-stage.ts';
import type { Received } from '../wire/read.ts';
import {
  bytes,
  connect,
  type ConnectFields,
  hopelessConnect,
  LASTING,
  PINGREQ,
  PINGRESP,
  subscribe,
  type WillFields,
} from '../wire/write.ts';

/** Table 3-1 of 5.0, without the yes. */
const REFUSALS_5: readonly number[] = [
  0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c,
  0x9d, 0x9f,
];
/** Table 3.1 of 3.1.1, without the yes. */
const REFUSALS_311: readonly number[] = [1, 2, 3, 4, 5];
const BOUND = 64;

const SPEAKS_FIRST = serverAlters('connack', 'sends PINGRESP before CONNACK', (frame) => bytes(PINGRESP, frame.bytes));
const SETS_RESERVED = serverAlters('connack', 'sets a reserved flag of CONNACK', (frame) =>
  withByte(frame, 0, (frame.body[0] ?? 0) | 0x80),
);
const SAYS_PRESENT = serverAlters('connack', 'says with a no that a session is present', (frame) =>
  frame.body[1] === 0 ? frame.bytes : withByte(frame, 0, 1),
);
const OTHER_CODE = serverAlters('connack', 'refuses with a code that is not in the table', (frame) =>
  frame.body[1] === 0 ? frame.bytes : withByte(frame, 1, 0x92),
);
const UNDERSTATES_QOS = serverAnswers(
  'takes a Will of QoS 2 and says that it knows QoS 1 at most',
  ({ properties }) => ({
    properties: { ...properties, maximumQoS: 1 },
  }),
);
const UNDERSTATES_RETAIN = serverAnswers('retains a Will and says that it cannot', ({ properties }) => ({
  properties: { ...properties, retainAvailable: 0 },
}));
const TALKS = serverAnswers('explains more than the client can take', ({ properties }) => ({
  properties: { ...properties, reasonString: 'because '.repeat(BOUND) },
}));
const ADDS = serverAnswers('adds more User Properties than the client can take', ({ properties }) => ({
  properties: { ...properties, userProperty: ['because', 'of this'.repeat(BOUND)] },
}));
const SAYS_QOS_0 = serverAnswers('says that it knows no QoS but 0', ({ properties }) => ({
  properties: { ...properties, maximumQoS: 0 },
}));
const KNOWS_NO_QOS: Lie = {
  does: 'says that it knows no QoS but 0, and refuses subscriptions with another',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'suback')) return SAYS_QOS_0.fromServer?.(frame, link);
    return [withByte(frame, -1, frame.body.at(-1) === 0 ? 0 : 0x80)];
  },
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'the first packet of the server is CONNACK, whatever waits for the client',
    shows: both('MQTT-3.2.0-1', SPEAKS_FIRST),
    play: async (stage) => {
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      const first = await stage.connect(client);
      await first.subscribe(stage.topic(), 1);
      first.leave();
      await first.expectClosed();
      await (await stage.connect()).publishWhole({ topic: stage.topic(), qos: 1, retain: true });
      const peer = await stage.dial();
      peer.send(connect(stage.level, client), PINGREQ, subscribe(stage.level, 9, [[stage.topic(), 1]]));
      const connack = await peer.expect('connack');
      demand(connack.reasonCode === 0, `CONNACK says ${connack.reasonCode}.`);
    },
  },
  {
    claim: 'CONNACK comes once',
    shows: [v5('MQTT-3.2.0-2', serverRepeats('connack'))],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic());
      await peer.publishWhole({ topic: stage.topic('other'), qos: 2 });
      await peer.expectNothing();
    },
  },
  {
    claim: 'reserved flags of CONNACK are 0',
    shows: [v5('MQTT-3.2.2-1', SETS_RESERVED)],
    play: async (stage) => {
      for (let count = 0; count < 2; count++) {
        const { connack, peer } = await stage.introduce({ ...LASTING, clientId: stage.clientId('k') });
        const flags = connack.frame.body[0] ?? 0;
        demand((flags & 0xfe) === 0, `The flags of CONNACK are 0x${flags.toString(16)}.`);
        peer.leave();
        await peer.expectClosed();
      }
    },
  },
  {
    claim: 'Session Present is 0 in a CONNACK that says no, and the end follows',
    shows: [
      v311('MQTT-3.2.2-4', SAYS_PRESENT),
      v311('MQTT-3.2.2-5', SERVER_NEVER_CLOSES),
      v5('MQTT-3.2.2-6', SAYS_PRESENT),
      v5('MQTT-3.2.2-7', SERVER_NEVER_CLOSES),
    ],
    play: async (stage) => {
      const client: ConnectFields = { ...LASTING, clientId: stage.clientId('k') };
      const first = await stage.connect(client);
      first.leave();
      await first.expectClosed();
      const peer = await stage.dial();
      peer.connect({ ...client, ...hopelessConnect(stage.level) });
      const connack = await peer.expectRefused();
      demand(connack?.sessionPresent !== true, 'Session Present is 1 in a CONNACK that says no.');
    },
  },
  {
    claim: 'a CONNACK that says no has a code of the table',
    shows: [v311('MQTT-3.2.2-6', OTHER_CODE), v5('MQTT-3.2.2-8', OTHER_CODE)],
    play: async (stage) => {
      for (const fields of [
        hopelessConnect(stage.level),
        { will: { topic: stage.topic(), qos: 3 } },
        { clientId: '', clean: false },
        { clientId: 'long'.repeat(10_000) },
        { userName: 'nobody', password: 'wrong' },
        { will: { topic: stage.topic('#') } },
      ]) {
        const peer = await stage.dial();
        peer.connect(fields);
        const connack = await peer.line.peek();
        const code = connack?.reasonCode ?? 0;
        const isListed = (stage.level === 5 ? REFUSALS_5 : REFUSALS_311).includes(code);
        demand(code === 0 || isListed, `CONNACK has the code ${code}, which is not in the table.`);
      }
    },
  },
  {
    claim: 'messages of every QoS are taken up to the Maximum QoS, which is 2 unless CONNACK says less',
    shows: [
      v5(
        'MQTT-3.2.2-9',
        serverClosesOn('publish', (frame, { level }) => publishOf(frame, level).qos === 2),
      ),
    ],
    play: async (stage) => {
      const { peer, connack } = await stage.introduce();
      for (let qos = 0; qos <= maximumQoS(connack); qos++) await peer.publishWhole({ topic: stage.topic(), qos });
      await peer.ping();
    },
  },
  {
    claim: 'subscriptions of every QoS are granted, whatever the Maximum QoS',
    shows: [v5('MQTT-3.2.2-10', KNOWS_NO_QOS)],
    play: async (stage) => {
      const peer = await stage.connect();
      for (const qos of [0, 1, 2]) await peer.subscribe(stage.topic(`${qos}`), qos);
    },
  },
  {
    claim: 'a Will is taken up to the Maximum QoS, and refused beyond',
    shows: [v5('MQTT-3.2.2-12', UNDERSTATES_QOS)],
    play: async (stage) => {
      const maximum = maximumQoS((await stage.introduce()).connack);
      for (const qos of [0, 1, 2]) {
        await tryWill(stage, { qos }, qos <= maximum ? undefined : 0x9b);
      }
    },
  },
  {
    claim: 'a Will that is to be retained is taken, unless CONNACK says Retain Available 0: then it is refused',
    shows: [v5('MQTT-3.2.2-13', UNDERSTATES_RETAIN)],
    play: async (stage) => {
      const { connack } = await stage.introduce();
      await tryWill(stage, { retain: true }, connack.properties.retainAvailable?.[0] === 0 ? 0x9a : undefined);
    },
  },
  {
    claim: 'CONNACK has no Reason String and no User Property for which the client has no room',
    shows: [v5('MQTT-3.2.2-19', TALKS), v5('MQTT-3.2.2-20', ADDS)],
    play: async (stage) => {
      for (const properties of [{}, { authenticationMethod: 'nobody has this' }]) {
        const peer = await stage.dial();
        peer.connect({ properties: { ...properties, maximumPacketSize: BOUND } });
        const connack = await peer.line.peek();
        if (connack === undefined) continue;
        const { reasonString, userProperty } = connack.properties;
        const { length } = connack.frame.bytes;
        const isPlain = reasonString === undefined && userProperty === undefined;
        demand(isPlain || length <= BOUND, `CONNACK has ${length} bytes; ${BOUND} were allowed.`);
      }
    },
  },
];

function maximumQoS({ properties }: Received): number {
  return Number(properties.maximumQoS?.[0] ?? 2);
}

/** Tries a Will. @param refusal  The reason code with which it must be refused; `undefined`: it must be taken. */
async function tryWill(stage: ServerStage, will: Partial<WillFields>, refusal: number | undefined): Promise<void> {
  const peer = await stage.dial();
  peer.connect({ will: { topic: stage.topic('will'), ...will } });
  if (refusal !== undefined) {
    await peer.expectRefused(refusal, 0x80, 0x83);
    return;
  }
  const { reasonCode } = await peer.expect('connack');
  demand(reasonCode === 0, `A Will that had to be taken is refused with ${reasonCode}.`);
}
