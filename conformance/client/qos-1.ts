// QoS 1, both ways: at least once (section 4.3.2), and QoS 0, 1 and 2 answered each in its way (section 3.3.4).

import { both, type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, idOf, isQoS, nth, republished } from '../liar/client-lies.ts';
import { clientAlters, clientWithholds, isKind, type Lie, NOTHING } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { Mailbox } from '../stage/mailbox.ts';
import { read } from '../wire/read.ts';
import { acknowledge } from '../wire/write.ts';
import { resumable } from './resumable.ts';

const ID_IN_USE = clientFakes('publish', 'gives two messages one Packet Identifier', nth(2), (frame, link) =>
  republished(frame, link, { id: 1 }),
);

const DUP_AT_ONCE = clientAlters('publish', 'sets DUP at once', (frame, link) =>
  republished(frame, link, { dup: true }),
);

/** A client that does not wait for PUBACK. */
const WAITS_FOR_NOTHING: Lie = {
  does: 'takes a message for acknowledged when it is sent',
  fromClient: (frame, link) => {
    if (isKind(frame, 'publish')) link.toClient(acknowledge(link.level, 'puback', read(frame, link.level).id));
    return undefined;
  },
};

const NO_PUBACK = clientWithholds('puback');

/** A client that takes the second message under an identifier for the first one. */
const TAKES_FOR_REPEATED: Lie = {
  does: 'takes a new message for one that it had already',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const { id } = read(frame, link.level);
    if (link.memory.get('id') !== id) {
      link.memory.set('id', id);
      return undefined;
    }
    link.toServer(acknowledge(link.level, 'puback', id));
    return NOTHING;
  },
};

const PUBREC_FOR_QOS_1 = clientFakes(
  'puback',
  'answers QoS 1 with PUBREC',
  () => true,
  (frame, { level }) => acknowledge(level, 'pubrec', idOf(frame)),
);

const ANSWERS_QOS_0: Lie = {
  does: 'answers QoS 0',
  fromServer: (frame, link) => {
    if (isQoS(0)(frame, link)) link.toServer(acknowledge(link.level, 'puback', 1));
    return undefined;
  },
};

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a message is answered as its QoS asks for: not at all, with PUBACK, with PUBREC',
    shows: [...both('MQTT-3.3.4-1', PUBREC_FOR_QOS_1), ...both('MQTT-3.3.4-1', ANSWERS_QOS_0)],
    play: async (stage) => {
      const { host } = await stage.connected({ onMessage: () => undefined });
      host.publish({ topic: 't', qos: 0 });
      // An answer to it would be here before the next PUBACK.
      host.publish({ topic: 't', qos: 1, id: 5 });
      demand((await host.expect('puback')).id === 5, 'PUBACK has another identifier than the message of QoS 1.');
      host.publish({ topic: 't', qos: 2, id: 6 });
      await host.expect('pubrec');
    },
  },
  {
    claim: 'a new message of QoS 1 has an identifier that is not in use, and no DUP',
    shows: [...both('MQTT-4.3.2-1', ID_IN_USE), v5('MQTT-4.3.2-2', DUP_AT_ONCE), v311('MQTT-4.3.2-1', DUP_AT_ONCE)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const payload of ['a', 'b']) void client.publish('t', payload, { qos: 1 }).catch(() => undefined);
      const [first, second] = [await host.expect('publish'), await host.expect('publish')];
      for (const { qos, dup, id } of [first, second]) {
        demand(qos === 1 && !dup && id > 0, `QoS ${qos}, DUP ${String(dup)} and identifier ${id} came.`);
      }
      demand(first.id !== second.id, `The identifier ${first.id} came twice.`);
    },
  },
  {
    claim: 'a message of QoS 1 is unacknowledged until PUBACK comes, also over connections',
    shows: [v5('MQTT-4.3.2-3', WAITS_FOR_NOTHING), v311('MQTT-4.3.2-1', WAITS_FOR_NOTHING)],
    play: async (stage) => {
      const { client, host } = await stage.connected(resumable(stage));
      const publishing = client.publish('t', '', { qos: 1 });
      publishing.catch(() => undefined);
      const { id } = await host.expect('publish');
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      const repeated = await again.host.expect('publish');
      demand(repeated.id === id, `The message came under the identifier ${id} first, now ${repeated.id}.`);
      demand(client.unsettledCount === 1, 'The message counts as acknowledged before PUBACK.');
      again.host.acknowledge('puback', id);
      await stage.done(publishing, 'to publish');
    },
  },
  {
    claim: 'a message of QoS 1 is answered with PUBACK, with its identifier, when the application has it',
    shows: [v5('MQTT-4.3.2-4', NO_PUBACK), v311('MQTT-4.3.2-2', NO_PUBACK)],
    play: async (stage) => {
      const box = new Mailbox();
      const { host } = await stage.connected({ onMessage: box.take });
      host.publish({ topic: 't', payload: 'm', qos: 1, id: 65_535 });
      demand((await host.expect('puback')).id === 65_535, 'PUBACK has another identifier than PUBLISH.');
      box.expect('m');
    },
  },
  {
    claim: 'after PUBACK the same identifier brings a new message, whatever its DUP says',
    shows: [v5('MQTT-4.3.2-5', TAKES_FOR_REPEATED), v311('MQTT-4.3.2-2', TAKES_FOR_REPEATED)],
    play: async (stage) => {
      const box = new Mailbox();
      const { host } = await stage.connected({ onMessage: box.take });
      for (const [payload, dup] of [
        ['a', false],
        ['b', false],
        ['c', true],
      ] as const) {
        host.publish({ topic: 't', payload, qos: 1, id: 9, dup });
        await host.expect('puback');
      }
      box.expect('a', 'b', 'c');
    },
  },
];
