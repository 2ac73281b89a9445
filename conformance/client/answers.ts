// PUBACK, PUBREC, PUBREL, PUBCOMP and DISCONNECT of MQTT 5.0: which Reason Codes they have, and that what they say in their properties
// does not make them too large for the broker (sections 3.4.2 to 3.7.2 and 3.14.2).

import { type ClientCheck, v5 } from '../check.ts';
import { withReason } from '../liar/client-lies.ts';
import { clientAlters, type Lie } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import type { Received } from '../wire/read.ts';
import type { Properties } from '../wire/types.ts';
import { properties } from '../wire/write.ts';

/** What may leave the client, and how it is made to leave. */
interface Subject {
  readonly kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' | 'disconnect';
  readonly section: string;
  /** The number of the section's statement about the Reason String; that about User Properties is the next one. */
  readonly reasonStatement: number;
  /** How many bytes stand before the Reason Code. */
  readonly before: number;
  readonly codes: readonly number[];
  /** Has the client send such packets, for every cause that there is. */
  readonly elicit: (stage: ClientStage, connack: Connack) => Promise<readonly Received[]>;
}

type Connack = NonNullable<Parameters<ClientStage['connected']>[1]>;

const PUBLISH_CODES = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const RELEASE_CODES = [0x00, 0x92];
const DISCONNECT_CODES = [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x8c, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];
/** Keep Alive timeout: a code that none of these packets may have from a client. */
const FOREIGN_CODE = 0x8d;
/** Large enough for the packets of these plays, not for a sentence in one. */
const MAXIMUM_PACKET_SIZE = 24;
const LONG = 'a sentence that is longer than the packet may be';

const SUBJECTS: readonly Subject[] = [
  {
    kind: 'puback',
    section: '3.4.2',
    reasonStatement: 2,
    before: 2,
    codes: PUBLISH_CODES,
    elicit: async (stage, connack) => {
      const host = await receiving(stage, connack);
      host.publish({ topic: 't', qos: 1 });
      return [await host.expect('puback')];
    },
  },
  {
    kind: 'pubrec',
    section: '3.5.2',
    reasonStatement: 2,
    before: 2,
    codes: PUBLISH_CODES,
    elicit: async (stage, connack) => {
      const host = await receiving(stage, connack);
      const id = host.publish({ topic: 't', qos: 2 });
      const first = await host.expect('pubrec');
      host.publish({ topic: 't', qos: 2, id, dup: true });
      return [first, await host.expect('pubrec')];
    },
  },
  {
    kind: 'pubrel',
    section: '3.6.2',
    reasonStatement: 2,
    before: 2,
    codes: RELEASE_CODES,
    elicit: async (stage, connack) => {
      const { client, host } = await stage.connected({}, connack);
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      host.acknowledge('pubrec', (await host.expect('publish')).id);
      const first = await host.expect('pubrel');
      // Of a message that the client knows nothing of.
      host.acknowledge('pubrec', 999);
      return [first, await host.expect('pubrel')];
    },
  },
  {
    kind: 'pubcomp',
    section: '3.7.2',
    reasonStatement: 2,
    before: 2,
    codes: RELEASE_CODES,
    elicit: async (stage, connack) => {
      const host = await receiving(stage, connack);
      const id = host.publish({ topic: 't', qos: 2 });
      await host.expect('pubrec');
      host.acknowledge('pubrel', id);
      const first = await host.expect('pubcomp');
      host.acknowledge('pubrel', 999);
      return [first, await host.expect('pubcomp')];
    },
  },
  {
    kind: 'disconnect',
    section: '3.14.2',
    reasonStatement: 3,
    before: 0,
    codes: DISCONNECT_CODES,
    elicit: async (stage, connack) => {
      const farewells: Received[] = [];
      const polite = await stage.connected({}, connack);
      void polite.client.disconnect();
      farewells.push(await polite.host.expect('disconnect'));
      const willful = await stage.connected({}, connack);
      void willful.client.disconnect({ reasonCode: 0x04 });
      farewells.push(await willful.host.expect('disconnect'));
      // A filter with a wildcard is no topic: the client ends the connection, and may say why.
      const wronged = await stage.connected({}, connack);
      wronged.host.publish({ topic: 'a/#' });
      const last = await wronged.host.expectClosed();
      return last === undefined ? farewells : [...farewells, last];
    },
  },
];

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = SUBJECTS.flatMap((subject) => [codeCheck(subject), sizeCheck(subject)]);

function codeCheck({ kind, section, before, codes, elicit }: Subject): ClientCheck {
  const name = kind.toUpperCase();
  const lie = clientAlters(kind, `sends ${name} with a Reason Code of other packets`, (frame) =>
    withReason(frame, before, [FOREIGN_CODE]),
  );
  return {
    claim: `${name} has a Reason Code that the specification lists for it`,
    shows: [v5(`MQTT-${section}-1`, lie)],
    play: async (stage) => {
      for (const { reasonCode } of await elicit(stage, {})) {
        demand(codes.includes(reasonCode), `${name} has the Reason Code 0x${reasonCode.toString(16)}.`);
      }
    },
  };
}

function sizeCheck({ kind, section, before, reasonStatement, elicit }: Subject): ClientCheck {
  const name = kind.toUpperCase();
  const adding = (what: string, values: Properties): Lie =>
    clientAlters(kind, `sends ${name} with a ${what} that makes it too large`, (frame) =>
      withReason(frame, before, [0], properties(values)),
    );
  return {
    claim: `${name} has no Reason String and no User Property that would make it too large for the broker`,
    shows: [
      v5(`MQTT-${section}-${reasonStatement}`, adding('Reason String', { reasonString: LONG })),
      v5(`MQTT-${section}-${reasonStatement + 1}`, adding('User Property', { userProperty: ['why', LONG] })),
    ],
    play: async (stage) => {
      const answers = await elicit(stage, { properties: { maximumPacketSize: MAXIMUM_PACKET_SIZE } });
      for (const { frame, properties: said } of answers) {
        if (frame.bytes.length <= MAXIMUM_PACKET_SIZE) continue;
        const size = `${name} has ${frame.bytes.length} bytes; the Maximum Packet Size is ${MAXIMUM_PACKET_SIZE}`;
        demand(said.reasonString === undefined, `${size}, and there is a Reason String in it.`);
        demand(said.userProperty === undefined, `${size}, and there is a User Property in it.`);
      }
    },
  };
}

/** The broker of a client that takes whatever comes. */
async function receiving(stage: ClientStage, connack: Connack): Promise<Host> {
  const { host } = await stage.connected({ onMessage: () => undefined }, connack);
  return host;
}
