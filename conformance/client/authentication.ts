// Enhanced authentication: AUTH, before CONNACK and after it (sections 3.1.2.11.9, 3.15 and 4.12).

import { type ClientCheck, v5 } from '../check.ts';
import { CLIENT_NEVER_CLOSES, changed, clientAlters, clientWithholds, isKind, type Lie } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import type { Received } from '../wire/read.ts';
import { type Properties, TYPE } from '../wire/types.ts';
import { auth, bytes, packet, PINGREQ, properties } from '../wire/write.ts';

const METHOD = 'TEST';
const CONTINUE = 0x18;
const AGAIN = 0x19;
const MAXIMUM_PACKET_SIZE = 40;
const LONG = 'a sentence that is longer than the packet may be';

/** A client that says something else in AUTH. */
function says(does: string, reasonCode: number, values: Properties): Lie {
  return clientAlters('auth', does, () => auth(reasonCode, values));
}

const TALKS_AHEAD = clientAlters('auth', 'sends another packet before CONNACK', (frame) => bytes(PINGREQ, frame.bytes));
const ASKS_INSTEAD = says('asks for a new authentication in place of going on', AGAIN, {
  authenticationMethod: METHOD,
});
const FOREIGN_CODE = says('sends AUTH with a Reason Code of other packets', 0x80, { authenticationMethod: METHOD });
const OTHER_METHOD = says('changes the Authentication Method', CONTINUE, { authenticationMethod: 'OTHER' });
const NO_METHOD = says('leaves the Authentication Method out', CONTINUE, {});
const OTHER_METHOD_LATER = says('authenticates again by another method', AGAIN, { authenticationMethod: 'OTHER' });
const OTHER_FLAGS = clientAlters('auth', 'sets reserved flags of AUTH', (frame) => changed(frame, { flags: 2 }));
const NO_AUTH: Lie = { ...clientWithholds('auth'), does: 'does not answer AUTH' };

const ADDS = (what: string, values: Properties): Lie =>
  clientAlters('auth', `sends AUTH with a ${what} that makes it too large`, () =>
    packet(TYPE.auth, 0, [AGAIN], properties({ authenticationMethod: METHOD, ...values })),
  );

/** A client that has no Authentication Method, and answers all the same. */
const ANSWERS: Lie = {
  does: 'answers AUTH, though it has no Authentication Method',
  fromServer: (frame, link) => {
    if (isKind(frame, 'auth')) link.toServer(auth(CONTINUE, { authenticationMethod: METHOD }));
    return undefined;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'until CONNACK, a client with an Authentication Method sends AUTH and nothing else',
    shows: [
      v5('MQTT-3.1.2-30', TALKS_AHEAD),
      v5('MQTT-4.12.0-3', ASKS_INSTEAD),
      v5('MQTT-4.12.0-3', NO_AUTH),
      v5('MQTT-4.12.0-5', OTHER_METHOD),
      v5('MQTT-4.12.0-5', NO_METHOD),
      v5('MQTT-3.15.2-1', FOREIGN_CODE),
      v5('MQTT-3.15.1-1', OTHER_FLAGS),
    ],
    play: async (stage) => {
      const { host, connect } = await introduced(stage);
      demand(methodOf(connect) === METHOD, 'CONNECT does not name the Authentication Method.');
      for (let round = 0; round < 2; round++) {
        challenge(host, CONTINUE);
        demandAuth(await host.expect('auth'), CONTINUE);
      }
      await host.line.expectSilence();
      host.send(accepted());
      await host.expect('publish');
    },
  },
  {
    claim: 'a client that authenticates again says so, and keeps its method',
    shows: [v5('MQTT-4.12.1-1', OTHER_METHOD_LATER), v5('MQTT-4.12.0-5', OTHER_METHOD_LATER)],
    play: async (stage) => {
      const { client, host } = await authenticated(stage);
      const again = client.reauthenticate();
      again.catch(() => undefined);
      demandAuth(await host.expect('auth'), AGAIN);
      challenge(host, CONTINUE);
      demandAuth(await host.expect('auth'), CONTINUE);
      challenge(host, 0);
      await stage.done(again, 'to authenticate again');
    },
  },
  {
    claim: 'a new authentication that fails closes the connection',
    shows: [v5('MQTT-4.12.1-2', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      const { client, host } = await authenticated(stage, () => {
        throw new Error('The broker is not the one that it says it is.');
      });
      client.reauthenticate().catch(() => undefined);
      await host.expect('auth');
      challenge(host, CONTINUE);
      await host.expectClosed();
    },
  },
  {
    claim: 'AUTH with reserved flags that are set ends the connection',
    shows: [v5('MQTT-3.15.1-1', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      const { host } = await introduced(stage);
      host.send(packet(TYPE.auth, 1, [CONTINUE], properties({ authenticationMethod: METHOD })));
      await host.expectClosedWith(0x81);
      const open = await authenticated(stage);
      open.client.reauthenticate().catch(() => undefined);
      await open.host.expect('auth');
      open.host.send(packet(TYPE.auth, 8, [0], properties({ authenticationMethod: METHOD })));
      await open.host.expectClosedWith(0x81);
    },
  },
  {
    claim: 'AUTH has no Reason String and no User Property that would make it too large for the broker',
    shows: [
      v5('MQTT-3.15.2-2', ADDS('Reason String', { reasonString: LONG })),
      v5('MQTT-3.15.2-3', ADDS('User Property', { userProperty: ['why', LONG] })),
    ],
    play: async (stage) => {
      const { client, host } = await authenticated(stage);
      client.reauthenticate().catch(() => undefined);
      const { frame, properties: said } = await host.expect('auth');
      const isTooLarge = frame.bytes.length > MAXIMUM_PACKET_SIZE;
      demand(!isTooLarge || said.reasonString === undefined, 'AUTH is too large, and there is a Reason String in it.');
      demand(!isTooLarge || said.userProperty === undefined, 'AUTH is too large, and there is a User Property in it.');
    },
  },
  {
    claim: 'a client without an Authentication Method sends no AUTH, not even as an answer',
    shows: [v5('MQTT-4.12.0-7', ANSWERS)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await stage.refused(client.reauthenticate(), 'to authenticate again without a method');
      challenge(host, CONTINUE);
      await host.expectClosed();
    },
  },
];

type Respond = () => Uint8Array;

/** A client that has said CONNECT, with a method, and has a message to publish. */
async function introduced(stage: ClientStage): Promise<{ readonly host: Host; readonly connect: Received }> {
  const { client } = await stage.start({ ...withMethod(), startOffline: true });
  const working = await stage.done(client, 'to start');
  void working.publish('t', '', { qos: 1 }).catch(() => undefined);
  const host = await stage.accept();
  return { host, connect: await host.expect('connect') };
}

/** A client whose first authentication is over. @param respond  How it answers challenges. */
function authenticated(stage: ClientStage, respond?: Respond): ReturnType<ClientStage['connected']> {
  const limits = { maximumPacketSize: MAXIMUM_PACKET_SIZE, authenticationMethod: METHOD };
  return stage.connected(withMethod(respond), { properties: limits });
}

function withMethod(respond: Respond = () => Uint8Array.of(1)): NonNullable<Parameters<ClientStage['start']>[0]> {
  return { authentication: { method: METHOD, begin: () => ({ respond }) } };
}

function challenge(host: Host, reasonCode: number): void {
  host.send(auth(reasonCode, { authenticationMethod: METHOD, authenticationData: Uint8Array.of(7) }));
}

function accepted(): Uint8Array {
  return packet(TYPE.connack, 0, [0, 0], properties({ authenticationMethod: METHOD }));
}

function demandAuth(packetOfClient: Received, reasonCode: number): void {
  const { flags, reasonCode: code } = packetOfClient;
  demand(flags === 0, `The flags of AUTH are ${flags}.`);
  demand(code === reasonCode, `AUTH has the Reason Code 0x${code.toString(16)}; due was 0x${reasonCode.toString(16)}.`);
  const method = methodOf(packetOfClient);
  demand(method === METHOD, `AUTH has the Authentication Method ${String(method)}; that of CONNECT was ${METHOD}.`);
}

function methodOf({ properties: { authenticationMethod } }: Received): unknown {
  return authenticationMethod?.[0];
}
