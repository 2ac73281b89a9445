// A session that goes on over connections: what is sent again, what is not, and in which order (sections 3.1.2.11.2, 4.4 and 4.6).

import { both, type ClientCheck, v5 } from '../check.ts';
import { clientFakes, clientSwaps, isDup, republished } from '../liar/client-lies.ts';
import { clientWithholds, isKind, type Lie } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { textOf } from '../wire/read.ts';
import { bytes } from '../wire/write.ts';
import { resumable } from './resumable.ts';

const FORGETS_PUBLISH: Lie = { ...clientWithholds('publish', isDup), does: 'forgets what it has published' };

const OTHER_ID_AGAIN = clientFakes('publish', 'sends a message again under another identifier', isDup, (frame, link) =>
  republished(frame, link, { id: 77 }),
);

const RESENDS_AT_ONCE = clientFakes(
  'publish',
  'sends a message again on the same connection',
  () => true,
  (frame, link) => bytes(frame.bytes, republished(frame, link, { dup: true })),
);

/** A client that sends a refused message again with the next connection. */
const INSISTS: Lie = {
  does: 'sends a message again that was refused',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const first = link.memory.get('publish');
    link.memory.set('publish', first ?? republished(frame, link, { dup: true }));
    const isNewConnection = link.memory.get('link') !== link;
    link.memory.set('link', link);
    return isNewConnection && first instanceof Uint8Array ? [bytes(first, frame.bytes)] : undefined;
  },
};

const DISORDERED: Lie = { ...clientSwaps('publish', isDup), does: 'sends messages again in another order' };

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a session that is kept goes on: what is unacknowledged is sent again, under its identifiers, in order',
    shows: [
      v5('MQTT-3.1.2-23', FORGETS_PUBLISH),
      ...both('MQTT-4.4.0-1', FORGETS_PUBLISH),
      ...both('MQTT-4.4.0-1', OTHER_ID_AGAIN),
      ...both('MQTT-4.6.0-1', DISORDERED),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected(resumable(stage));
      const sent = [
        ['a', 1],
        ['b', 2],
        ['c', 1],
        ['d', 2],
      ] as const;
      const ids: number[] = [];
      for (const [payload, qos] of sent) {
        void client.publish('t', payload, { qos }).catch(() => undefined);
        ids.push((await host.expect('publish')).id);
      }
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      for (const [index, [payload]] of sent.entries()) {
        const { payload: came, id } = await again.host.expect('publish');
        demand(textOf(came) === payload, `Message ${textOf(came)} came again where ${payload} was due.`);
        demand(id === ids[index], `Message ${payload} came again under the identifier ${id}.`);
      }
    },
  },
  {
    claim: 'PUBREL is sent again on the next connection, under its identifier',
    shows: both('MQTT-4.4.0-1', { ...clientWithholds('pubrel', secondOnly()), does: 'forgets what it has released' }),
    play: async (stage) => {
      const { client, host } = await stage.connected(resumable(stage));
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      const { id } = await host.expect('publish');
      host.acknowledge('pubrec', id);
      await host.expect('pubrel');
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      demand((await again.host.expect('pubrel')).id === id, 'PUBREL came again with another identifier.');
    },
  },
  {
    claim: 'nothing is sent again on the same connection, however long the answer takes',
    shows: [v5('MQTT-4.4.0-1', RESENDS_AT_ONCE)],
    play: async (stage) => {
      const { client, host } = await stage.connected({ keepAliveSeconds: 0 });
      for (const qos of [1, 2] as const) {
        void client.publish('t', '', { qos }).catch(() => undefined);
        await host.expect('publish');
        await stage.pass(300);
        await host.line.expectSilence();
      }
    },
  },
  {
    claim: 'a message that the broker has refused is not sent again',
    shows: [v5('MQTT-4.4.0-2', INSISTS)],
    play: async (stage) => {
      const { client, host } = await stage.connected(resumable(stage));
      for (const qos of [1, 2] as const) {
        const publishing = client.publish('t', 'refused', { qos });
        publishing.catch(() => undefined);
        const { id } = await host.expect('publish');
        host.acknowledge(qos === 1 ? 'puback' : 'pubrec', id, 0x97);
        await stage.refused(publishing, 'to publish what the broker refuses');
      }
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      void client.publish('t', 'next', { qos: 1 }).catch(() => undefined);
      const { payload } = await again.host.expect('publish');
      demand(textOf(payload) === 'next', 'A refused message came again.');
    },
  },
];

/** Picks what comes on a connection after the first one on which such a packet came. */
function secondOnly(): NonNullable<Parameters<typeof clientWithholds>[1]> {
  return (_frame, link) => {
    const first = link.memory.get('link') ?? link;
    link.memory.set('link', first);
    return first !== link;
  };
}
