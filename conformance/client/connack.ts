// What CONNACK says, and what the client makes of it: Session Present, and the limits of the broker (section 3.2).

import { type ClientCheck, v5 } from '../check.ts';
import { clientFakes, isDup, isQoS, publishedWith, republished } from '../liar/client-lies.ts';
import { CLIENT_NEVER_CLOSES, clientAlters } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { say } from '../stage/line.ts';
import { packet } from '../wire/write.ts';

const SENT_AS_QOS_2 = clientFakes('publish', 'publishes with a QoS that the broker lacks', isQoS(1), (frame, link) =>
  republished(frame, link, { qos: 2 }),
);

const RETAINED = clientAlters('publish', 'has a broker retain that does not', (frame, link) =>
  republished(frame, link, { retain: true }),
);

const TOO_LARGE = clientAlters('publish', 'sends a packet that is too large for the broker', (frame) =>
  packet(frame.type, frame.flags, frame.body, new Uint8Array(100)),
);

const RESENT_AS_IT_WAS = clientFakes('publish', 'sends QoS 2 again to a broker that lacks it', isDup, (frame, link) =>
  republished(frame, link, { qos: 2 }),
);

const RESENT_TOO_LARGE = clientFakes('publish', 'sends a packet again that is too large', isDup, (frame, link) =>
  republished(frame, link, { payload: 'x'.repeat(64) }),
);

const DUP_AFTER_LOSS = clientAlters('publish', 'goes on with a session that the broker has lost', (frame, link) =>
  republished(frame, link, { dup: true }),
);

const ALIAS_TOO_HIGH = clientAlters('publish', 'sends a Topic Alias above the maximum', (frame, link) =>
  publishedWith(frame, link, { topicAlias: 3 }),
);

const ALIAS_UNASKED = clientAlters('publish', 'sends a Topic Alias where the broker takes none', (frame, link) =>
  publishedWith(frame, link, { topicAlias: 1 }),
);

const ALIAS_ZERO = clientAlters('publish', 'sends the Topic Alias 0', (frame, link) =>
  publishedWith(frame, link, { topicAlias: 0 }),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'a client without a session closes the connection on which the broker has one',
    shows: [v5('MQTT-3.2.2-4', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      await stage.start({ clientId: 'zoe', clean: true });
      const { host } = await stage.welcome({ sessionPresent: true });
      await host.expectClosedWith(0x82);
    },
  },
  {
    claim: 'where the broker has lost the session, the client sends nothing as if it had not',
    shows: [v5('MQTT-3.2.2-5', DUP_AFTER_LOSS)],
    play: async (stage) => {
      const { client, host } = await stage.connected({ clientId: 'zoe', sessionExpirySeconds: 60 });
      void client.publish('t', 'm', { qos: 2 }).catch(() => undefined);
      const { id } = await host.expect('publish');
      host.acknowledge('pubrec', id);
      await host.expect('pubrel');
      void client.publish('t', 'n', { qos: 1 }).catch(() => undefined);
      await host.expect('publish');
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: false });
      // No PUBREL, and what is published again is a new message.
      const next = await again.host.expect('publish');
      demand(!next.dup, 'A message came with DUP in a new session.');
    },
  },
  {
    claim: 'nothing is published with a QoS above the Maximum QoS',
    shows: [v5('MQTT-3.2.2-11', SENT_AS_QOS_2)],
    play: async (stage) => {
      const { client, host } = await stage.connected({}, { properties: { maximumQoS: 1 } });
      await stage.refused(client.publish('t', 'm', { qos: 2 }), 'to publish with QoS 2');
      void client.publish('t', 'm', { qos: 1 }).catch(() => undefined);
      const { qos } = await host.expect('publish');
      demand(qos <= 1, `A message of QoS ${qos} came; the Maximum QoS is 1.`);
    },
  },
  {
    claim: 'a message that waited for a connection is not sent with a QoS above the Maximum QoS',
    shows: [v5('MQTT-3.2.2-11', SENT_AS_QOS_2)],
    play: async (stage) => {
      const { client } = await stage.start({ startOffline: true });
      const connecting = await stage.done(client, 'to start');
      const waiting = connecting.publish('t', 'm', { qos: 2 });
      void connecting.publish('t', 'm', { qos: 1 }).catch(() => undefined);
      const { host } = await stage.welcome({ properties: { maximumQoS: 1 } });
      await stage.refused(waiting, 'to publish with QoS 2');
      const { qos } = await host.expect('publish');
      demand(qos <= 1, `A message of QoS ${qos} came; the Maximum QoS is 1.`);
    },
  },
  {
    claim: 'a broker that retains nothing is asked to retain nothing',
    shows: [v5('MQTT-3.2.2-14', RETAINED)],
    play: async (stage) => {
      const { client, host } = await stage.connected({}, { properties: { retainAvailable: 0 } });
      await stage.refused(client.publish('t', 'm', { retain: true }), 'to publish a retained message');
      await stage.done(client.publish('t', 'm'), 'to publish');
      const { retain } = await host.expect('publish');
      demand(!retain, 'A message with RETAIN came; Retain Available is 0.');
    },
  },
  {
    claim: 'no packet is larger than the Maximum Packet Size',
    shows: [v5('MQTT-3.2.2-15', TOO_LARGE)],
    play: async (stage) => {
      const most = 64;
      const { client, host } = await stage.connected({}, { properties: { maximumPacketSize: most } });
      const long = 'x'.repeat(most);
      await stage.refused(client.publish('t', 'x'.repeat(most - 5)), 'to publish more than the broker takes');
      await stage.refused(client.publish('t', long, { qos: 1 }), 'to publish more than the broker takes');
      await stage.refused(client.subscribe(long), 'to subscribe to more than the broker takes');
      await stage.refused(client.unsubscribe(long), 'to unsubscribe from more than the broker takes');
      await stage.done(client.publish('t', 'x'.repeat(most - 6)), 'to publish just what the broker takes');
      const { length } = (await host.expect('publish')).frame.bytes;
      demand(length <= most, `A packet of ${length} bytes came; the Maximum Packet Size is ${most}.`);
    },
  },
  {
    claim: 'what the next broker does not take is not sent to it again',
    shows: [v5('MQTT-3.2.2-11', RESENT_AS_IT_WAS), v5('MQTT-3.2.2-15', RESENT_TOO_LARGE)],
    play: async (stage) => {
      const most = 64;
      const { client, host } = await stage.connected({ clientId: 'zoe', sessionExpirySeconds: 60 });
      const large = client.publish('t', 'x'.repeat(most), { qos: 1 });
      await host.expect('publish');
      const exactly = client.publish('t', 'm', { qos: 2 });
      await host.expect('publish');
      void client.publish('t', 'm', { qos: 1 }).catch(() => undefined);
      await host.expect('publish');
      host.line.cut();
      const limits = { maximumQoS: 1, maximumPacketSize: most };
      const again = await stage.welcome({ sessionPresent: true, properties: limits });
      await stage.refused(large, 'to publish more than the broker takes');
      let next = await again.host.line.next();
      // The identifier of the message of QoS 2 is put away in this way: the broker may have the message.
      if (next.kind === 'pubrel') {
        again.host.acknowledge('pubcomp', next.id);
        await stage.refused(exactly, 'to publish with QoS 2');
        next = await again.host.line.next();
      }
      demand(next.kind === 'publish', `${say(next)} came where PUBLISH was due.`);
      demand(next.qos <= 1, `A message of QoS ${next.qos} came; the Maximum QoS is 1.`);
      const { length } = next.frame.bytes;
      demand(length <= most, `A packet of ${length} bytes came; the Maximum Packet Size is ${most}.`);
    },
  },
  {
    claim: 'Topic Aliases are above 0, and not above the Topic Alias Maximum of the broker',
    shows: [v5('MQTT-3.2.2-17', ALIAS_TOO_HIGH), v5('MQTT-3.3.2-9', ALIAS_TOO_HIGH), v5('MQTT-3.3.2-8', ALIAS_ZERO)],
    play: async (stage) => {
      const { client, host } = await stage.connected({}, { properties: { topicAliasMaximum: 2 } });
      for (const topic of ['a', 'b', 'c', 'a', 'b', 'c']) {
        await stage.done(client.publish(topic, 'm'), 'to publish');
        const { properties } = await host.expect('publish');
        for (const alias of properties.topicAlias ?? []) {
          demand(alias === 1 || alias === 2, `The Topic Alias is ${String(alias)}; the maximum is 2.`);
        }
      }
    },
  },
  {
    claim: 'a broker that speaks of no Topic Alias gets none',
    shows: [v5('MQTT-3.2.2-18', ALIAS_UNASKED)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const topic of ['a', 'a', 'a']) {
        await stage.done(client.publish(topic, 'm'), 'to publish');
        const { properties } = await host.expect('publish');
        demand(properties.topicAlias === undefined, 'A Topic Alias came, and the Topic Alias Maximum is 0.');
      }
    },
  },
];
