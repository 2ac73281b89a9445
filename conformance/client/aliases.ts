// Topic Aliases that the broker gives (section 3.3.2.3.4).

import { type ClientCheck, v5 } from '../check.ts';
import { clientFakes, isDup, republished } from '../liar/client-lies.ts';
import { clientOverlooks, isKind, type Lie } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { Mailbox } from '../stage/mailbox.ts';
import { read } from '../wire/read.ts';

/** A client that still knows on one connection what an alias meant on another one. */
const CARRIES_FORWARD: Lie = {
  does: 'carries a Topic Alias from one connection to another',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const { topic } = read(frame, link.level);
    const known = link.memory.get('topic');
    link.memory.set('topic', topic);
    return topic === '' && typeof known === 'string' ? [republished(frame, link, { topic: known })] : undefined;
  },
};

const HIGHEST_UNHEARD = clientOverlooks('publish', (frame, { level, memory }) => {
  const [alias] = read(frame, level).properties.topicAlias ?? [];
  return alias === memory.get('highest');
});

/** A client that overlooks the highest alias which it has said that it takes. */
const NOT_THE_HIGHEST: Lie = {
  ...HIGHEST_UNHEARD,
  does: 'overlooks the highest Topic Alias that it has allowed',
  fromClient: (frame, { level, memory }) => {
    if (isKind(frame, 'connect')) memory.set('highest', read(frame, level).properties.topicAliasMaximum?.[0]);
    return undefined;
  },
};

/** A client that goes on with its own aliases, on a connection that knows none of them. */
const KEEPS_ITS_OWN = clientFakes(
  'publish',
  'goes on with the Topic Alias of an earlier connection',
  isDup,
  (frame, link) => republished(frame, link, { topic: '', properties: { topicAlias: 1 } }),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'what a Topic Alias meant on one connection it does not mean on the next',
    shows: [v5('MQTT-3.3.2-7', CARRIES_FORWARD)],
    play: async (stage) => {
      const box = new Mailbox();
      const { host } = await stage.connected({ clientId: 'zoe', sessionExpirySeconds: 60, onMessage: box.take });
      host.publish({ topic: 'long/topic', qos: 1, properties: { topicAlias: 1 } });
      await host.expect('puback');
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      again.host.publish({ topic: '', qos: 0, properties: { topicAlias: 1 } });
      await again.host.expectClosedWith(0x82, 0x94);
      demand(box.count === 1, 'A message was handed over whose Topic Alias has no meaning on this connection.');
    },
  },
  {
    claim: 'a message that is sent again has its topic, whatever alias it had before',
    shows: [v5('MQTT-3.2.2-18', KEEPS_ITS_OWN)],
    play: async (stage) => {
      const { client, host } = await stage.connected(
        { clientId: 'zoe', sessionExpirySeconds: 60 },
        { properties: { topicAliasMaximum: 10 } },
      );
      for (let count = 0; count < 2; count++) {
        void client.publish('long/topic', '', { qos: 1 }).catch(() => undefined);
        await host.expect('publish');
      }
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      for (let count = 0; count < 2; count++) {
        const { topic, properties } = await again.host.expect('publish');
        demand(properties.topicAlias === undefined, 'A Topic Alias came, and the Topic Alias Maximum is 0.');
        demand(topic === 'long/topic', `The topic is ${JSON.stringify(topic)}.`);
      }
    },
  },
  {
    claim: 'every Topic Alias up to the maximum that the client has given is understood',
    shows: [v5('MQTT-3.3.2-10', NOT_THE_HIGHEST)],
    play: async (stage) => {
      const box = new Mailbox();
      const { host, connect } = await stage.connected({ topicAliasMaximum: 5, onMessage: box.take });
      const [maximum] = connect.properties.topicAliasMaximum ?? [];
      demand(maximum === 5, 'CONNECT does not say the Topic Alias Maximum that was asked for.');
      for (const topicAlias of [1, 2, 3, 4, 5]) {
        host.publish({ topic: `t/${topicAlias}`, properties: { topicAlias } });
        host.publish({ topic: '', qos: 1, properties: { topicAlias } });
        await host.expect('puback');
        for (const message of [box.next(), box.next()]) {
          demand(message.topic === `t/${topicAlias}`, `The Topic Alias ${topicAlias} came out as ${message.topic}.`);
        }
      }
    },
  },
];
