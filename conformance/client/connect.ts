// What the client says first: CONNECT, its flags and the fields that they announce (section 3.1).

import { both, type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, introduction, reintroduced } from '../liar/client-lies.ts';
import { clientAlters } from '../liar/lie.ts';
import type { ClientStage } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { type Received, type ReceivedConnect, textOf } from '../wire/read.ts';
import { bytes, connect, connectFlags, packet, PINGREQ, text } from '../wire/write.ts';

const CLEAN = 0x02;
const USER_NAME = 0x80;
const PASSWORD = 0x40;

/** Everything that CONNECT has room for. */
const ALL = {
  clientId: 'zoe',
  will: { topic: 'zoe/gone', payload: 'bye', qos: 1, retain: true },
  userName: 'user',
  password: 'pass',
} as const;

const NO_WILL_FIELDS = clientAlters('connect', 'leaves the Will fields out', (frame, { level }) => {
  const { will: _, ...rest } = introduction(frame, level);
  return connect(level, { ...rest, flags: connectFlags({ ...rest, will: ALL.will, clean: true }) });
});

const WILL_FLAGS = (flags: number, does: string): ReturnType<typeof clientAlters> =>
  clientAlters('connect', does, (frame, link) => reintroduced(frame, link, { flags: flags | CLEAN }));

const WILL_QOS_WITHOUT_WILL = WILL_FLAGS(0x08, 'sets a Will QoS without a Will');
const WILL_RETAIN_WITHOUT_WILL = WILL_FLAGS(0x20, 'sets Will Retain without a Will');

const WILL_FIELDS_WITHOUT_WILL = clientAlters(
  'connect',
  'sends Will fields without the Will Flag',
  (frame, { level }) => {
    const will = introduction(frame, level);
    return connect(level, { ...will, will: ALL.will, flags: CLEAN });
  },
);

const WILL_QOS_3 = clientAlters('connect', 'sets the Will QoS to 3', (frame, link) => {
  const { flags = 0 } = introduction(frame, link.level);
  return reintroduced(frame, link, { flags: flags | 0x18 });
});

const NO_USER_NAME = clientAlters('connect', 'leaves the User Name out', (frame, { level }) => {
  const { userName: _, ...rest } = introduction(frame, level);
  return connect(level, rest);
});

const NO_PASSWORD = clientAlters('connect', 'leaves the Password out', (frame, { level }) => {
  const { password: _, ...rest } = introduction(frame, level);
  return connect(level, rest);
});

const SWAPPED_CREDENTIALS = clientAlters('connect', 'sends the Password before the User Name', (frame, link) =>
  reintroduced(frame, link, { userName: ALL.password, password: ALL.userName }),
);

const WILL_TOPIC_FIRST = clientAlters('connect', 'sends the Will Topic before the ClientID', (frame, link) =>
  reintroduced(frame, link, { clientId: ALL.will.topic, will: { ...ALL.will, topic: ALL.clientId } }),
);

const USER_NAME_WITHOUT_FLAG = clientAlters('connect', 'sends a User Name without its flag', (frame) =>
  packet(frame.type, 0, frame.body, text('user')),
);

const PASSWORD_WITHOUT_FLAG = clientFakes(
  'connect',
  'sends a Password without its flag',
  ({ body }) => ((body[7] ?? 0) & PASSWORD) === 0,
  (frame) => packet(frame.type, 0, frame.body, text('pass')),
);

const PASSWORD_ALONE = clientAlters('connect', 'sends a Password without a User Name', (frame, link) =>
  reintroduced(frame, link, { flags: CLEAN | PASSWORD, password: 'pass' }),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'the first packet on a connection is CONNECT',
    shows: both(
      'MQTT-3.1.0-1',
      clientAlters('connect', 'sends PINGREQ before CONNECT', (frame) => bytes(PINGREQ, frame.bytes)),
    ),
    play: async (stage) => {
      await stage.start();
      const host = await stage.accept();
      const first = await host.line.next();
      demand(first.kind === 'connect', `The first packet was ${first.kind?.toUpperCase()}.`);
    },
  },
  {
    claim: 'a client that has everything to say says it, in order',
    shows: [
      ...both('MQTT-3.1.2-9', NO_WILL_FIELDS),
      ...both('MQTT-3.1.3-1', SWAPPED_CREDENTIALS),
      ...both('MQTT-3.1.3-3', WILL_TOPIC_FIRST),
      v5('MQTT-3.1.2-17', NO_USER_NAME),
      v311('MQTT-3.1.2-19', NO_USER_NAME),
      v5('MQTT-3.1.2-19', NO_PASSWORD),
      v311('MQTT-3.1.2-21', NO_PASSWORD),
    ],
    play: async (stage) => {
      const { fields } = await introductionOf(stage, ALL);
      const { clientId, will, userName, password, flags } = fields;
      demand(clientId === ALL.clientId, `The ClientID is ${JSON.stringify(clientId)}.`);
      demand(will?.topic === ALL.will.topic, `The Will Topic is ${JSON.stringify(will?.topic)}.`);
      demand(textOf(will.payload) === ALL.will.payload, 'The Will Payload is another one.');
      demand(userName === ALL.userName, `The User Name is ${JSON.stringify(userName)}.`);
      demand(password !== undefined && textOf(password) === ALL.password, 'The Password is another one.');
      demand(
        (flags & 0x3c) === 0x2c,
        `The flags 0x${flags.toString(16)} do not say that the Will is retained, with QoS 1.`,
      );
    },
  },
  {
    claim: 'the Will QoS is the one that was asked for, and never 3',
    shows: [v5('MQTT-3.1.2-12', WILL_QOS_3), v311('MQTT-3.1.2-14', WILL_QOS_3)],
    play: async (stage) => {
      for (const qos of [0, 1, 2] as const) {
        const { fields } = await introductionOf(stage, { will: { topic: 'w', qos } });
        const said = (fields.flags >> 3) & 3;
        demand(said === qos, `The Will QoS is ${said}; asked for was ${qos}.`);
      }
    },
  },
  {
    claim: 'a client without a Will says nothing of one',
    shows: [
      v5('MQTT-3.1.2-11', WILL_QOS_WITHOUT_WILL),
      v311('MQTT-3.1.2-13', WILL_QOS_WITHOUT_WILL),
      v5('MQTT-3.1.2-13', WILL_RETAIN_WITHOUT_WILL),
      v311('MQTT-3.1.2-15', WILL_RETAIN_WITHOUT_WILL),
      v311('MQTT-3.1.2-11', WILL_FIELDS_WITHOUT_WILL),
    ],
    play: async (stage) => {
      const { fields } = await introductionOf(stage, { clientId: 'zoe' });
      demand((fields.flags & 0x3c) === 0, `The flags are 0x${fields.flags.toString(16)}, and there is no Will.`);
    },
  },
  {
    claim: 'a client without a User Name sends none',
    shows: [v5('MQTT-3.1.2-16', USER_NAME_WITHOUT_FLAG), v311('MQTT-3.1.2-18', USER_NAME_WITHOUT_FLAG)],
    play: async (stage) => {
      const { fields } = await introductionOf(stage, { clientId: 'zoe' });
      demand((fields.flags & USER_NAME) === 0, 'The User Name Flag is set, and there is no User Name.');
    },
  },
  {
    claim: 'a client with a User Name and without a Password sends no Password',
    shows: [v5('MQTT-3.1.2-18', PASSWORD_WITHOUT_FLAG), v311('MQTT-3.1.2-20', PASSWORD_WITHOUT_FLAG)],
    play: async (stage) => {
      const { fields } = await introductionOf(stage, { userName: 'user' });
      demand((fields.flags & PASSWORD) === 0, 'The Password Flag is set, and there is no Password.');
    },
  },
  {
    claim: 'a Password without a User Name is not sent to a broker of MQTT 3.1.1',
    shows: [v311('MQTT-3.1.2-22', PASSWORD_ALONE)],
    play: async (stage) => {
      await stage.refused((await stage.start({ password: 'pass' })).client, 'to connect with a Password alone');
      const { fields } = await introductionOf(stage, {});
      const isAlone = (fields.flags & USER_NAME) === 0 && (fields.flags & PASSWORD) !== 0;
      demand(!isAlone, 'The Password Flag is set, and the User Name Flag is not.');
    },
  },
];

/** The CONNECT of a client with these options. */
async function introductionOf(
  stage: ClientStage,
  options: Parameters<ClientStage['start']>[0],
): Promise<{ readonly packet: Received; readonly fields: ReceivedConnect }> {
  await stage.start(options);
  const host = await stage.accept();
  const received = await host.expect('connect');
  const fields = received.connect;
  demand(fields !== undefined, 'CONNECT has no fields.');
  return { packet: received, fields };
}
