// QoS 2 as its sender sees it: exactly once, in four packets (section 4.3.3).

import { both, type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, idOf, nth, republished, withId } from '../liar/client-lies.ts';
import { clientAlters, clientWithholds, isKind, type Lie } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { read } from '../wire/read.ts';
import { acknowledge, bytes } from '../wire/write.ts';
import { resumable } from './resumable.ts';

const ID_IN_USE = clientFakes('publish', 'gives two messages one Packet Identifier', nth(2), (frame, link) =>
  republished(frame, link, { id: 1 }),
);

const DUP_AT_ONCE = clientAlters('publish', 'sets DUP at once', (frame, link) =>
  republished(frame, link, { dup: true }),
);

/** A client that goes on as if PUBREC had come. */
const ASSUMES_PUBREC: Lie = {
  does: 'takes a message for received when it is sent',
  fromClient: (frame, link) => {
    if (isKind(frame, 'publish')) link.toClient(acknowledge(link.level, 'pubrec', read(frame, link.level).id));
    return undefined;
  },
};

/** A client that goes on as if PUBCOMP had come. */
const ASSUMES_PUBCOMP: Lie = {
  does: 'takes a message for complete when it has sent PUBREL',
  fromClient: (frame, link) => {
    if (isKind(frame, 'pubrel')) link.toClient(acknowledge(link.level, 'pubcomp', idOf(frame)));
    return undefined;
  },
};

const NO_PUBREL = clientWithholds('pubrel');
const PUBREL_OF_ANOTHER = clientAlters('pubrel', 'releases another identifier', (frame) =>
  withId(frame, idOf(frame) + 1),
);

/** A client that sends the message once more, where it has to send PUBREL. */
const PUBLISHES_AGAIN: Lie = {
  does: 'sends PUBLISH again after PUBREL',
  fromClient: (frame, link) => {
    const { memory } = link;
    if (isKind(frame, 'publish')) memory.set('publish', republished(frame, link, { dup: true }));
    if (!isKind(frame, 'pubrel')) return undefined;
    const [kept, isReleased] = [memory.get('publish'), memory.get('released') === true];
    memory.set('released', true);
    return isReleased && kept instanceof Uint8Array ? [bytes(kept, frame.bytes)] : undefined;
  },
};

const EXPIRES: Lie = { ...clientWithholds('pubrel'), does: 'lets a message expire that was sent' };
const EXPIRES_UNRECEIVED: Lie = {
  ...clientWithholds('publish', ({ flags }) => (flags & 8) !== 0),
  does: 'lets a message expire that was sent and not received',
};

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a new message of QoS 2 has an identifier that is not in use, and no DUP',
    shows: [...both('MQTT-4.3.3-1', ID_IN_USE), v5('MQTT-4.3.3-2', DUP_AT_ONCE), v311('MQTT-4.3.3-1', DUP_AT_ONCE)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const payload of ['a', 'b']) void client.publish('t', payload, { qos: 2 }).catch(() => undefined);
      const [first, second] = [await host.expect('publish'), await host.expect('publish')];
      for (const { qos, dup, id } of [first, second]) {
        demand(qos === 2 && !dup && id > 0, `QoS ${qos}, DUP ${String(dup)} and identifier ${id} came.`);
      }
      demand(first.id !== second.id, `The identifier ${first.id} came twice.`);
    },
  },
  {
    claim: 'a message of QoS 2 is sent again until PUBREC comes',
    shows: [v5('MQTT-4.3.3-3', ASSUMES_PUBREC), v311('MQTT-4.3.3-1', ASSUMES_PUBREC)],
    play: async (stage) => {
      const { host, id } = await published(stage);
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      const repeated = await again.host.expect('publish');
      demand(repeated.id === id, `The message came under the identifier ${id} first, now ${repeated.id}.`);
    },
  },
  {
    claim: 'PUBREC is answered with PUBREL, of the same identifier',
    shows: [NO_PUBREL, PUBREL_OF_ANOTHER].flatMap((lie) => [v5('MQTT-4.3.3-4', lie), v311('MQTT-4.3.3-1', lie)]),
    play: async (stage) => {
      const { host, id } = await published(stage);
      host.acknowledge('pubrec', id);
      demand((await host.expect('pubrel')).id === id, 'PUBREL has another identifier than PUBLISH.');
    },
  },
  {
    claim: 'PUBREL is sent again until PUBCOMP comes, and PUBLISH is not any more',
    shows: [
      v5('MQTT-4.3.3-5', ASSUMES_PUBCOMP),
      v5('MQTT-4.3.3-6', PUBLISHES_AGAIN),
      v311('MQTT-4.3.3-1', ASSUMES_PUBCOMP),
      v311('MQTT-4.3.3-1', PUBLISHES_AGAIN),
    ],
    play: async (stage) => {
      const { host, id, publishing } = await published(stage);
      host.acknowledge('pubrec', id);
      await host.expect('pubrel');
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      demand((await again.host.expect('pubrel')).id === id, 'PUBREL came again with another identifier.');
      await again.host.line.expectSilence();
      again.host.acknowledge('pubcomp', id);
      await stage.done(publishing, 'to publish');
    },
  },
  {
    claim: 'a message that was sent does not expire any more',
    shows: [v5('MQTT-4.3.3-7', EXPIRES), v5('MQTT-4.3.3-7', EXPIRES_UNRECEIVED)],
    play: async (stage) => {
      const { host, id } = await published(stage, 1);
      host.line.cut();
      await stage.pass(1_100);
      const again = await stage.welcome({ sessionPresent: true });
      await again.host.expect('publish');
      again.host.acknowledge('pubrec', id);
      demand((await again.host.expect('pubrel')).id === id, 'PUBREL has another identifier than PUBLISH.');
    },
  },
];

/** A client that has sent a message of QoS 2. @param messageExpiryInterval  In seconds. */
async function published(
  stage: ClientStage,
  messageExpiryInterval?: number,
): Promise<{ readonly host: Host; readonly id: number; readonly publishing: Promise<unknown> }> {
  const { client, host } = await stage.connected(resumable(stage));
  const properties = messageExpiryInterval === undefined ? undefined : { messageExpiryInterval };
  const publishing = client.publish('t', '', { qos: 2, properties });
  publishing.catch(() => undefined);
  const { id } = await host.expect('publish');
  return { host, id, publishing };
}
