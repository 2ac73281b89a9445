// PINGREQ (section 3.12) and DISCONNECT, from the client and from the broker (section 3.14). A broker need not say
// DISCONNECT: where it does, it has to say it well.

import { both, type ServerCheck, v5 } from '../check.ts';
import { changed, isKind, type Lie, serverAlters, serverMishears, serverOverlooks, withByte } from '../liar/lie.ts';
import { serverAddsProperties } from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import { connectWithin, demandWithin } from '../stage/narrow.ts';
import { receiveText, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import type { Received } from '../wire/read.ts';
import { TYPE } from '../wire/types.ts';
import { bytes, disconnect, packet, PINGREQ, PINGRESP, publish } from '../wire/write.ts';

/** The codes that a Server may give; 0x04 is the Client's. */
const CODES: ReadonlySet<number> = new Set([
  0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
  0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
]);
/** SUBSCRIBE with flags that it may not have. */
const WRONG_FLAGS = packet(TYPE.subscribe, 0b0000, [0, 1, 0, 0, 1, 0x74, 0]);
const LONG_TEXT = 'x'.repeat(300);

const DISCONNECTS_TOO_EARLY: Lie = {
  does: 'says DISCONNECT to clients that it does not accept',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'connect')) link.toClient(disconnect(5, 0x82));
    return undefined;
  },
  fromServer: (frame) => (isKind(frame, 'connack') && (frame.body[1] ?? 0) >= 0x80 ? [disconnect(5, 0x82)] : undefined),
};

const GOES_ON: Lie = {
  does: 'goes on after its DISCONNECT',
  fromServer: (frame) => (isKind(frame, 'disconnect') ? [frame.bytes, PINGRESP] : undefined),
};

const STAYS: Lie = { does: 'does not close after its DISCONNECT', hidesServerClosing: true };

const OVERLOOKS_FLAGS = serverMishears('disconnect', 'overlooks the flags of DISCONNECT', (frame) =>
  changed(frame, { flags: 0 }),
);

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'PINGREQ is answered with PINGRESP',
    shows: both('MQTT-3.12.4-1', serverOverlooks('pingreq')),
    play: async (stage) => {
      const peer = await stage.connect();
      for (let time = 1; time <= 3; time++) await peer.ping();
    },
  },
  {
    claim: 'a client that was not accepted is not sent DISCONNECT',
    shows: [v5('MQTT-3.14.0-1', DISCONNECTS_TOO_EARLY)],
    play: async (stage) => {
      const refused = await stage.dial();
      refused.connect({ will: { topic: stage.topic(), qos: 3 } });
      await refused.expectRefused();
      const unknown = await stage.dial();
      unknown.send(PINGREQ);
      demand((await unknown.expectClosed()) === undefined, 'DISCONNECT came before CONNECT.');
    },
  },
  {
    claim: 'DISCONNECT with flags is malformed: the Will is published',
    shows: both('MQTT-3.14.1-1', OVERLOOKS_FLAGS),
    play: async (stage) => {
      const watcher = await subscriber(stage, stage.topic());
      for (const flags of [0b0001, 0b0010, 0b1000]) {
        const peer = await stage.connect({ will: { topic: stage.topic(), payload: `${flags}` } });
        peer.send(packet(TYPE.disconnect, flags));
        await peer.expectClosedWith(0x81);
        await receiveText(watcher, `${flags}`);
      }
    },
  },
  {
    claim: 'DISCONNECT of the broker has a code that a Server may give',
    shows: [
      v5(
        'MQTT-3.14.2-1',
        serverAlters('disconnect', 'gives a code of the Client', (frame) => withByte(frame, 0, 4)),
      ),
    ],
    play: async (stage) => {
      for (const { reasonCode } of await farewells(stage)) {
        demand(
          CODES.has(reasonCode),
          `DISCONNECT has the code 0x${reasonCode.toString(16)}, which no Server may give.`,
        );
      }
    },
  },
  {
    claim: 'DISCONNECT of the broker has no Session Expiry Interval',
    shows: [
      v5(
        'MQTT-3.14.2-2',
        serverAddsProperties('disconnect', 'sends a Session Expiry Interval', { sessionExpiryInterval: 0 }),
      ),
    ],
    play: async (stage) => {
      for (const { properties } of await farewells(stage)) {
        demand(properties.sessionExpiryInterval === undefined, 'DISCONNECT has a Session Expiry Interval.');
      }
    },
  },
  {
    claim: 'DISCONNECT of the broker does not grow beyond the Maximum Packet Size of the client',
    shows: [
      v5(
        'MQTT-3.14.2-3',
        serverAddsProperties('disconnect', 'always has a Reason String', { reasonString: LONG_TEXT }),
      ),
      v5(
        'MQTT-3.14.2-4',
        serverAddsProperties('disconnect', 'always has a User Property', { userProperty: ['x', LONG_TEXT] }),
      ),
    ],
    play: async (stage) => {
      for (const provoke of [secondConnect, topicAliasZero, wrongFlags]) {
        const { peer, bytesMax } = await connectWithin(stage);
        provoke(peer);
        const farewell = await peer.expectClosed();
        if (farewell !== undefined) demandWithin(farewell, bytesMax);
      }
    },
  },
  {
    claim: 'after its DISCONNECT the broker sends nothing more',
    shows: [v5('MQTT-3.14.4-1', GOES_ON)],
    play: async (stage) => {
      const wrong = await stage.connect();
      wrong.send(bytes(WRONG_FLAGS, PINGREQ, PINGREQ));
      await wrong.expectClosed();
      await takeOverInTheFlow(stage);
    },
  },
  {
    claim: 'after its DISCONNECT the broker closes the connection',
    shows: [v5('MQTT-3.14.4-2', STAYS)],
    play: async (stage) => {
      await farewells(stage);
    },
  },
  {
    claim: 'DISCONNECT of the client discards its Will',
    shows: both('MQTT-3.14.4-3', serverOverlooks('disconnect')),
    play: async (stage) => {
      const watcher = await subscriber(stage, stage.topic());
      for (const reasonCode of [undefined, 0x00]) {
        const clientId = stage.clientId(`leaves${reasonCode}`);
        const peer = await stage.connect({ clientId, will: { topic: stage.topic(), payload: 'will' } });
        peer.leave(reasonCode);
        // With the next connection of that client, the one before has ended for the broker.
        await stage.connect({ clientId });
        await watcher.expectNothing();
      }
    },
  },
];

/** A client does what it may not. */
type Provoke = (peer: Peer) => void;

const secondConnect: Provoke = (peer) => peer.connect();
const topicAliasZero: Provoke = (peer) => peer.send(publish(5, { topic: 't', properties: { topicAlias: 0 } }));
const wrongFlags: Provoke = (peer) => peer.send(WRONG_FLAGS);
const lateExpiry: Provoke = (peer) => peer.send(disconnect(5, 0, { sessionExpiryInterval: 60 }));

/** What the broker says to clients whose connection it has to close; it closes them all. */
async function farewells(stage: ServerStage): Promise<readonly Received[]> {
  const said: (Received | undefined)[] = [];
  for (const provoke of [secondConnect, topicAliasZero, wrongFlags, lateExpiry]) {
    const peer = await stage.connect();
    provoke(peer);
    said.push(await peer.expectClosed());
  }
  const clientId = stage.clientId('twice');
  const first = await stage.connect({ clientId });
  await stage.connect({ clientId });
  said.push(await first.expectClosed());
  return said.filter((farewell) => farewell !== undefined);
}

/** Takes a session over while messages are on their way to it: none comes after DISCONNECT. */
async function takeOverInTheFlow(stage: ServerStage): Promise<void> {
  const clientId = stage.clientId('flooded');
  const peer = await subscriber(stage, stage.topic(), 0, { clientId });
  const sender = await stage.connect();
  for (let number = 1; number <= 50; number++) {
    sender.publish({ topic: stage.topic(), payload: `${number}` });
    if (number === 25) await stage.connect({ clientId });
  }
  let hasLeft = false;
  for (;;) {
    const received = await peer.line.peek();
    if (received === undefined) return;
    demand(!hasLeft, `${say(received)} came after DISCONNECT.`);
    hasLeft = received.kind === 'disconnect';
  }
}
