// The headers of packets: reserved flags (section 2.1.3; in 3.1.1 section 2.2.2), properties that are none (section 2.2.2.1), and
// QoS 0, which has no Packet Identifier (section 2.2.1).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, isQoS } from '../liar/client-lies.ts';
import { CLIENT_NEVER_CLOSES, changed, clientAlters, withByte } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { type PacketName, TYPE } from '../wire/types.ts';
import { textOf } from '../wire/read.ts';
import { packet, u16 } from '../wire/write.ts';

const SUBSCRIBE_FLAGS = clientAlters('subscribe', 'leaves the reserved flags of SUBSCRIBE at 0', (frame) =>
  changed(frame, { flags: 0 }),
);

const PUBREL_FLAGS = clientAlters('pubrel', 'leaves the reserved flags of PUBREL at 0', (frame) =>
  changed(frame, { flags: 0 }),
);

const CONNECT_FLAG = clientAlters('connect', 'sets the reserved flag of CONNECT', (frame) =>
  withByte(frame, 7, (frame.body[7] ?? 0) | 1),
);

const ID_WITH_QOS_0 = clientFakes('publish', 'sends a Packet Identifier with QoS 0', isQoS(0), ({ flags, body }) => {
  const end = 2 + (body[0] ?? 0) * 256 + (body[1] ?? 0);
  return packet(TYPE.publish, flags, body.subarray(0, end), u16(1), body.subarray(end));
});

const NO_LENGTH_IN_PUBLISH = clientAlters('publish', 'leaves the Property Length of PUBLISH out', ({ flags, body }) => {
  const end = 2 + (body[0] ?? 0) * 256 + (body[1] ?? 0);
  return packet(TYPE.publish, flags, body.subarray(0, end), body.subarray(end + 1));
});

const NO_LENGTH_IN_UNSUBSCRIBE = clientAlters(
  'unsubscribe',
  'leaves the Property Length of UNSUBSCRIBE out',
  ({ flags, body }) => packet(TYPE.unsubscribe, flags, body.subarray(0, 2), body.subarray(3)),
);

/** What the flags of a packet from a client are; PUBLISH has none that are reserved. */
const FLAGS: { readonly [Name in PacketName]?: number } = {
  connect: 0,
  puback: 0,
  pubrec: 0,
  pubrel: 2,
  pubcomp: 0,
  subscribe: 2,
  unsubscribe: 2,
  pingreq: 0,
  disconnect: 0,
};

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'reserved flags have the values that are listed',
    shows: [SUBSCRIBE_FLAGS, PUBREL_FLAGS, CONNECT_FLAG].flatMap((lie) => [
      v5('MQTT-2.1.3-1', lie),
      v311('MQTT-2.2.2-1', lie),
    ]),
    play: async (stage) => {
      const { client, host, connect } = await stage.connected({ onMessage: () => undefined });
      demand(((connect.connect?.flags ?? 0) & 1) === 0, 'The reserved flag of CONNECT is set.');
      demandFlags('connect', connect.flags);
      void client.subscribe('other').catch(() => undefined);
      demandFlags('subscribe', (await host.grant()).flags);
      void client.unsubscribe('other').catch(() => undefined);
      await expectFlags(host, 'unsubscribe');
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      host.acknowledge('pubrec', (await host.expect('publish')).id);
      await expectFlags(host, 'pubrel');
      host.publish({ topic: 't', qos: 1 });
      await expectFlags(host, 'puback');
      const id = host.publish({ topic: 't', qos: 2 });
      await expectFlags(host, 'pubrec');
      host.acknowledge('pubrel', id);
      await expectFlags(host, 'pubcomp');
      void client.disconnect();
      await expectFlags(host, 'disconnect');
    },
  },
  {
    claim: 'a packet with reserved flags that are wrong ends the connection',
    shows: [v311('MQTT-2.2.2-2', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      await playWrong(stage, packet(TYPE.pingresp, 1));
      await playWrong(stage, packet(TYPE.pubrel, 0, u16(1)));
      await playWrong(stage, packet(TYPE.puback, 8, u16(1)));
    },
  },
  {
    claim: 'a PUBLISH of QoS 0 has no Packet Identifier',
    shows: [v5('MQTT-2.2.1-2', ID_WITH_QOS_0), v311('MQTT-2.3.1-5', ID_WITH_QOS_0)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await stage.done(client.publish('t', 'payload'), 'to publish');
      const { payload } = await host.expect('publish');
      demand(textOf(payload) === 'payload', 'There is something between the topic and the payload.');
    },
  },
  {
    claim: 'where there are no properties there is a Property Length of 0',
    shows: [v5('MQTT-2.2.2-1', NO_LENGTH_IN_PUBLISH), v5('MQTT-2.2.2-1', NO_LENGTH_IN_UNSUBSCRIBE)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await stage.done(client.publish('t', 'payload'), 'to publish');
      const publish = await host.expect('publish');
      demand(textOf(publish.payload) === 'payload', 'PUBLISH does not have the payload that was asked for.');
      void client.unsubscribe('filter').catch(() => undefined);
      const unsubscribe = await host.expect('unsubscribe');
      demand(unsubscribe.filters[0]?.[0] === 'filter', 'UNSUBSCRIBE does not have the filter that was asked for.');
    },
  },
];

async function expectFlags(host: Host, kind: PacketName): Promise<void> {
  demandFlags(kind, (await host.expect(kind)).flags);
}

function demandFlags(kind: PacketName, flags: number): void {
  demand(flags === FLAGS[kind], `The flags of ${kind.toUpperCase()} are ${flags}; due was ${FLAGS[kind]}.`);
}

/** The broker sends a packet that must end the connection. */
async function playWrong(stage: ClientStage, wrong: Uint8Array): Promise<void> {
  const { host } = await stage.connected();
  host.send(wrong);
  await host.expectClosedWith(0x81);
}
