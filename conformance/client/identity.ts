// Who the client says it is: the ClientID and the texts of CONNECT (sections 3.1.3.1 to 3.1.3.5), and the session that belongs to it.

import { both, type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, introduction, isQoS, nth, reintroduced, republished } from '../liar/client-lies.ts';
import { clientAlters, isKind, type Lie } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { textOf } from '../wire/read.ts';
import { bytes } from '../wire/write.ts';

/** 'Zoë' as UTF-8 has it, and as Latin-1 has it, which is not UTF-8. */
const NAME = 'Zo\u00eb';
const NAME_IN_LATIN_1 = Uint8Array.of(0x5a, 0x6f, 0xeb);
/** Half of a surrogate pair: no UTF-8 stands for it. */
const ILL_FORMED = 'Zo\ud83d';

const OTHER_ID_LATER = clientFakes('connect', 'comes back under another ClientID', nth(2), (frame, link) =>
  reintroduced(frame, link, { clientId: 'another' }),
);

const LATIN_1_ID = clientAlters('connect', 'writes the ClientID in Latin-1', (frame, link) =>
  reintroduced(frame, link, { clientId: NAME_IN_LATIN_1 }),
);

const LATIN_1_USER = clientAlters('connect', 'writes the User Name in Latin-1', (frame, link) =>
  reintroduced(frame, link, { userName: NAME_IN_LATIN_1 }),
);

const LATIN_1_WILL = clientAlters('connect', 'writes the Will Topic in Latin-1', (frame, link) =>
  reintroduced(frame, link, { will: { topic: NAME_IN_LATIN_1 } }),
);

const ANONYMOUS_SESSION = clientAlters('connect', 'asks for a session without a ClientID', (frame, link) => {
  const { flags = 0 } = introduction(frame, link.level);
  return reintroduced(frame, link, { clientId: '', flags: flags & ~0x02 });
});

/** A client that sends an earlier session's message once more, before the first one of the new session. */
const REMEMBERS: Lie = {
  does: 'goes on with a session that it has asked to be discarded',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'publish') || !isQoS(1)(frame, link)) return undefined;
    const first = link.memory.get('publish');
    link.memory.set('publish', republished(frame, link, { dup: true }));
    return first instanceof Uint8Array ? [bytes(first, frame.bytes)] : undefined;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'the client comes back under its own ClientID, to its own session',
    shows: both('MQTT-3.1.3-2', OTHER_ID_LATER),
    play: async (stage) => {
      const kept = stage.level === 5 ? { sessionExpirySeconds: 60 } : { clean: false };
      const { host, connect } = await stage.connected({ clientId: 'zoe', ...kept });
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      const names = [connect, again.connect].map((packet) => packet.connect?.clientId);
      demand(
        names.every((name) => name === 'zoe'),
        `The ClientIDs are ${JSON.stringify(names)}.`,
      );
    },
  },
  {
    claim: 'the client comes back under the ClientID that the broker has assigned',
    shows: [v5('MQTT-3.1.3-2', OTHER_ID_LATER)],
    play: async (stage) => {
      const assigned = { properties: { assignedClientIdentifier: 'assigned' } };
      const { host } = await stage.connected({ sessionExpirySeconds: 60 }, assigned);
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      const name = again.connect.connect?.clientId;
      demand(name === 'assigned', `The ClientID is ${JSON.stringify(name)}; assigned was another one.`);
    },
  },
  {
    claim: 'the texts of CONNECT are UTF-8, and a text that has no UTF-8 is refused',
    shows: [
      ...both('MQTT-3.1.3-4', LATIN_1_ID),
      v5('MQTT-3.1.3-11', LATIN_1_WILL),
      v311('MQTT-3.1.3-10', LATIN_1_WILL),
      v5('MQTT-3.1.3-12', LATIN_1_USER),
      v311('MQTT-3.1.3-11', LATIN_1_USER),
    ],
    play: async (stage) => {
      for (const options of [{ clientId: ILL_FORMED }, { userName: ILL_FORMED }, { will: { topic: ILL_FORMED } }]) {
        const { client } = await stage.start(options);
        await stage.refused(client, `to connect with ${JSON.stringify(options)}`);
      }
      await stage.start({ clientId: NAME, userName: NAME, will: { topic: NAME } });
      const host = await stage.accept();
      const fields = (await host.expect('connect')).connect;
      for (const text of [fields?.clientId, fields?.userName, fields?.will?.topic]) {
        demand(text === NAME, `${JSON.stringify(text)} came; due was ${JSON.stringify(NAME)}.`);
      }
    },
  },
  {
    claim: 'a client without a ClientID asks for a clean session',
    shows: [v311('MQTT-3.1.3-7', ANONYMOUS_SESSION)],
    play: async (stage) => {
      await stage.refused((await stage.start({ clean: false })).client, 'to keep a session without a ClientID');
      await stage.start({});
      const host = await stage.accept();
      const fields = (await host.expect('connect')).connect;
      demand(fields?.clientId !== '' || (fields.flags & 2) !== 0, 'CleanSession is 0, and the ClientID is empty.');
    },
  },
  {
    claim: 'a client that asks for a new session has nothing left of an old one',
    shows: [v5('MQTT-3.1.2-4', REMEMBERS), v311('MQTT-3.1.2-6', REMEMBERS)],
    play: async (stage) => {
      const old = await stage.connected({ clientId: 'zoe' });
      void old.client.publish('t', 'old', { qos: 1 }).catch(() => undefined);
      await old.host.expect('publish');
      await stage.done(old.client.disconnect(), 'to disconnect');
      const { client, host, connect } = await stage.connected({ clientId: 'zoe', clean: true });
      demand(((connect.connect?.flags ?? 0) & 2) !== 0, 'CONNECT does not ask for a new session.');
      void client.publish('t', 'new', { qos: 1 }).catch(() => undefined);
      const first = await host.expect('publish');
      demand(!first.dup, 'A PUBLISH of the discarded session came again.');
      demand(textOf(first.payload) === 'new', 'The first message is another one.');
    },
  },
];
