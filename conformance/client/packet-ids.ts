// Packet Identifiers (section 2.2.1; in 3.1.1 section 2.3.1).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, idOf, isDup, nth, republished, withId } from '../liar/client-lies.ts';
import { clientAlters } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';

const ZERO = clientAlters('subscribe', 'gives SUBSCRIBE the Packet Identifier 0', (frame) => withId(frame, 0));

const USED = clientFakes('publish', 'gives two messages one Packet Identifier', nth(2), (frame, link) =>
  republished(frame, link, { id: 1 }),
);

const USED_BY_SUBSCRIBE = clientAlters('unsubscribe', 'gives UNSUBSCRIBE an identifier in use', (frame) =>
  withId(frame, 1),
);

const OTHER_ID_AGAIN = clientFakes('publish', 'sends a message again under another identifier', isDup, (frame, link) =>
  republished(frame, link, { id: 77 }),
);

const PUBACK_OF_ANOTHER = clientAlters('puback', 'acknowledges another identifier', (frame) =>
  withId(frame, idOf(frame) + 1),
);
const PUBREC_OF_ANOTHER = clientAlters('pubrec', 'receives another identifier', (frame) =>
  withId(frame, idOf(frame) + 1),
);
const PUBREL_OF_ANOTHER = clientAlters('pubrel', 'releases another identifier', (frame) =>
  withId(frame, idOf(frame) + 1),
);
const PUBCOMP_OF_ANOTHER = clientAlters('pubcomp', 'completes another identifier', (frame) =>
  withId(frame, idOf(frame) + 1),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'whatever waits for an answer has a Packet Identifier of its own, which is not 0',
    shows: [
      v5('MQTT-2.2.1-3', ZERO),
      v5('MQTT-2.2.1-3', USED),
      v311('MQTT-2.3.1-1', ZERO),
      v311('MQTT-2.3.1-2', USED),
      v311('MQTT-2.3.1-2', USED_BY_SUBSCRIBE),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const qos of [1, 2, 1] as const) void client.publish('t', '', { qos }).catch(() => undefined);
      void client.subscribe('t').catch(() => undefined);
      void client.unsubscribe('t').catch(() => undefined);
      const ids = new Set<number>();
      for (let count = 0; count < 5; count++) {
        const { id } = await host.line.next();
        demand(id !== 0, 'A Packet Identifier is 0.');
        demand(!ids.has(id), `The Packet Identifier ${id} came twice.`);
        ids.add(id);
      }
    },
  },
  {
    claim: 'a message that is sent again keeps its Packet Identifier',
    shows: [v311('MQTT-2.3.1-3', OTHER_ID_AGAIN)],
    play: async (stage) => {
      const { client, host } = await stage.connected({ clientId: 'zoe', clean: false });
      for (const qos of [1, 2] as const) void client.publish('t', '', { qos }).catch(() => undefined);
      const before = [(await host.expect('publish')).id, (await host.expect('publish')).id];
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      const after = [(await again.host.expect('publish')).id, (await again.host.expect('publish')).id];
      demand(String(after) === String(before), `The identifiers were ${String(before)}, and are ${String(after)} now.`);
    },
  },
  {
    claim: 'an identifier is used again only after its acknowledgement',
    shows: [
      v311(
        'MQTT-2.3.1-3',
        clientFakes('publish', 'uses an identifier again too early', nth(2), (frame, link) =>
          republished(frame, link, { id: 1 }),
        ),
      ),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      const first = await host.expect('publish');
      host.acknowledge('pubrec', first.id);
      await host.expect('pubrel');
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      const second = await host.expect('publish');
      demand(second.id !== first.id, `The identifier ${first.id} came again before PUBCOMP.`);
    },
  },
  {
    claim: 'each answer has the Packet Identifier of its PUBLISH',
    shows: [PUBACK_OF_ANOTHER, PUBREC_OF_ANOTHER, PUBREL_OF_ANOTHER, PUBCOMP_OF_ANOTHER].flatMap((lie) => [
      v5('MQTT-2.2.1-5', lie),
      ...(lie === PUBCOMP_OF_ANOTHER ? [] : [v311('MQTT-2.3.1-6', lie)]),
    ]),
    play: async (stage) => {
      const { client, host } = await stage.connected({ onMessage: () => undefined });
      host.publish({ topic: 't', qos: 1, id: 700 });
      demand((await host.expect('puback')).id === 700, 'PUBACK has another identifier than PUBLISH.');
      host.publish({ topic: 't', qos: 2, id: 800 });
      demand((await host.expect('pubrec')).id === 800, 'PUBREC has another identifier than PUBLISH.');
      host.acknowledge('pubrel', 800);
      demand((await host.expect('pubcomp')).id === 800, 'PUBCOMP has another identifier than PUBLISH.');
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      const { id } = await host.expect('publish');
      host.acknowledge('pubrec', id);
      demand((await host.expect('pubrel')).id === id, 'PUBREL has another identifier than PUBLISH.');
    },
  },
];
