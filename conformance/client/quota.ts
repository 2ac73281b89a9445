// The broker's Receive Maximum: how many messages of QoS 1 and 2 may be on their way (sections 3.3.4 and 4.9).

import type { QoS } from '../../src/packet/packet.ts';
import { type ClientCheck, v5 } from '../check.ts';
import { clientMishears, idOf } from '../liar/client-lies.ts';
import { clientWithholds, isKind, type Lie } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { read } from '../wire/read.ts';
import { acknowledge, connack } from '../wire/write.ts';
import { resumable } from './resumable.ts';

const MAXIMUM = 2;

const OVERLOOKS_IT = clientMishears('connack', 'overlooks the Receive Maximum', (_frame, { level }) => connack(level));

const OVERLOOKS_IT_LATER = clientMishears(
  'connack',
  'overlooks the Receive Maximum of a later CONNACK',
  (frame, { level }) => connack(level, { sessionPresent: read(frame, level).sessionPresent }),
);

const NO_QUOTA: Lie = { ...clientWithholds('publish'), does: 'begins with a send quota of 0' };

/** A client for which a PUBREC that says yes is the end, as one that says no is. */
const COUNTS_PUBREC: Lie = {
  does: 'frees a place with PUBREC',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'pubrec')) return undefined;
    link.toServer(acknowledge(link.level, 'pubrel', idOf(frame)));
    return [acknowledge(link.level, 'pubrec', idOf(frame), 0x97)];
  },
};

/** A client that counts what it sends, and forgets to. */
const FREES_TWO: Lie = {
  does: 'frees two places with one PUBACK',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'puback')) return undefined;
    return [frame.bytes, acknowledge(link.level, 'puback', idOf(frame) + 1)];
  },
};

const WAITS_WITH_SUBSCRIBE: Lie = { ...clientWithholds('subscribe'), does: 'keeps SUBSCRIBE back for want of quota' };
const WAITS_WITH_PUBACK: Lie = { ...clientWithholds('puback'), does: 'keeps PUBACK back for want of quota' };

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'as many messages are under way as the Receive Maximum says, and no more',
    shows: [
      v5('MQTT-3.3.4-7', OVERLOOKS_IT),
      v5('MQTT-4.9.0-1', OVERLOOKS_IT),
      v5('MQTT-4.9.0-1', NO_QUOTA),
      v5('MQTT-4.9.0-2', FREES_TWO),
    ],
    play: async (stage) => {
      const host = await publishing(stage, 1, 1, 1, 1, 1);
      const [first, second] = [await host.expect('publish'), await host.expect('publish')];
      await host.line.expectSilence();
      // In the order in which they were sent, so that a client which counts wrong has something to count wrong with.
      host.acknowledge('puback', first.id);
      await host.expect('publish');
      await host.line.expectSilence();
      host.acknowledge('puback', second.id);
    },
  },
  {
    claim: 'a PUBREC that says yes frees no place, PUBCOMP does, and so does a PUBREC that says no',
    shows: [v5('MQTT-3.3.4-7', COUNTS_PUBREC)],
    play: async (stage) => {
      const host = await publishing(stage, 2, 2, 2, 2);
      const [first, second] = [await host.expect('publish'), await host.expect('publish')];
      host.acknowledge('pubrec', first.id);
      await host.expect('pubrel');
      await host.line.expectSilence();
      host.acknowledge('pubcomp', first.id);
      await host.expect('publish');
      host.acknowledge('pubrec', second.id, 0x97);
      await host.expect('publish');
    },
  },
  {
    claim: 'what is sent again waits for the Receive Maximum of its connection, too',
    shows: [v5('MQTT-3.3.4-7', OVERLOOKS_IT_LATER), v5('MQTT-4.9.0-1', OVERLOOKS_IT_LATER)],
    play: async (stage) => {
      const { client, host } = await stage.connected(resumable(stage));
      for (const qos of [1, 2, 1, 1] as const) {
        void client.publish('t', '', { qos }).catch(() => undefined);
        await host.expect('publish');
      }
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true, properties: { receiveMaximum: MAXIMUM } });
      const [first] = [await again.host.expect('publish'), await again.host.expect('publish')];
      await again.host.line.expectSilence();
      again.host.acknowledge('puback', first.id);
      await again.host.expect('publish');
      await again.host.line.expectSilence();
    },
  },
  {
    claim: 'without quota all packets but PUBLISH are sent and answered as ever',
    shows: [v5('MQTT-3.3.4-8', WAITS_WITH_SUBSCRIBE), v5('MQTT-4.9.0-3', WAITS_WITH_PUBACK)],
    play: async (stage) => {
      const { client, host } = await stage.connected(
        { onMessage: () => undefined },
        { properties: { receiveMaximum: 1 } },
      );
      for (const qos of [2, 1] as const) void client.publish('t', '', { qos }).catch(() => undefined);
      await host.expect('publish');
      void client.subscribe('other').catch(() => undefined);
      await host.grant();
      host.publish({ topic: 't', qos: 1 });
      await host.expect('puback');
      const id = host.publish({ topic: 't', qos: 2 });
      await host.expect('pubrec');
      host.acknowledge('pubrel', id);
      await host.expect('pubcomp');
    },
  },
];

/** A client that has published these, to a broker that takes two at a time. */
async function publishing(stage: ClientStage, ...messages: readonly QoS[]): Promise<Host> {
  const { client, host } = await stage.connected({}, { properties: { receiveMaximum: MAXIMUM } });
  for (const qos of messages) void client.publish('t', '', { qos }).catch(() => undefined);
  return host;
}
