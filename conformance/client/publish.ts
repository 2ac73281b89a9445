// What the client publishes: flags, topics and properties of PUBLISH (section 3.3).

import type { ReceivedMessage } from '../../src/client/received-message.ts';
import { both, type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, isDup, isQoS, publishedWith, republished } from '../liar/client-lies.ts';
import { CLIENT_NEVER_CLOSES, changed, clientAlters } from '../liar/lie.ts';
import { demand } from '../stage/fault.ts';
import { packet, text } from '../wire/write.ts';
import { TYPE } from '../wire/types.ts';
import { resumable } from './resumable.ts';

const NAME = 'Zo\u00eb';
const NAME_IN_LATIN_1 = Uint8Array.of(0x5a, 0x6f, 0xeb);
const WILDCARDS = ['a/#', '#', 'a/+/b', '+', 'a+', 'a#b'];

const DUP_FORGOTTEN = clientFakes('publish', 'sends again without DUP', isDup, (frame, link) =>
  republished(frame, link, { dup: false }),
);

const DUP_WITH_QOS_0 = clientFakes('publish', 'sets DUP with QoS 0', isQoS(0), (frame, link) =>
  republished(frame, link, { dup: true }),
);

const DUP_PASSED_ON = clientAlters('publish', 'passes DUP on', (frame, link) =>
  republished(frame, link, { dup: true }),
);

const QOS_3 = clientAlters('publish', 'publishes with QoS 3', (frame) => changed(frame, { flags: frame.flags | 6 }));

const LATIN_1_TOPIC = clientAlters('publish', 'writes the topic in Latin-1', (frame, link) =>
  republished(frame, link, { topic: NAME_IN_LATIN_1 }),
);

const WILDCARD = clientAlters('publish', 'publishes to a topic with a wildcard', (frame, link) =>
  republished(frame, link, { topic: 'a/#' }),
);

const EMPTY_TOPIC = clientAlters('publish', 'publishes to the empty topic', (frame, link) =>
  republished(frame, link, { topic: '' }),
);

const NULL_IN_TOPIC = clientAlters('publish', 'publishes to a topic with U+0000', (frame, link) =>
  republished(frame, link, { topic: 'a\0' }),
);

const TOPIC_TOO_LONG = clientAlters('publish', 'publishes to a topic of 65,536 bytes', ({ flags }, { level }) =>
  // The length of such a text does not fit in its two bytes.
  packet(TYPE.publish, flags, text(''), new Uint8Array(65_536).fill(0x61), level === 5 ? [0] : []),
);

const LATIN_1_RESPONSE_TOPIC = clientAlters('publish', 'writes the Response Topic in Latin-1', (frame, link) =>
  publishedWith(frame, link, { responseTopic: latin1() }),
);

const LATIN_1_CONTENT_TYPE = clientAlters('publish', 'writes the Content Type in Latin-1', (frame, link) =>
  publishedWith(frame, link, { contentType: latin1() }),
);

const WILDCARD_IN_RESPONSE_TOPIC = clientAlters('publish', 'asks for a response to a wildcard', (frame, link) =>
  publishedWith(frame, link, { responseTopic: 'a/+' }),
);

const SUBSCRIPTION_IDENTIFIER = clientAlters('publish', 'publishes with a Subscription Identifier', (frame, link) =>
  publishedWith(frame, link, { subscriptionIdentifier: 7 }),
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'DUP is set when a message is sent again, and not before',
    shows: both('MQTT-3.3.1-1', DUP_FORGOTTEN),
    play: async (stage) => {
      const { client, host } = await stage.connected(resumable(stage));
      for (const qos of [1, 2] as const) void client.publish('t', '', { qos }).catch(() => undefined);
      for (let count = 0; count < 2; count++) demand(!(await host.expect('publish')).dup, 'DUP is set the first time.');
      host.line.cut();
      const again = await stage.welcome({ sessionPresent: true });
      for (let count = 0; count < 2; count++) {
        demand((await again.host.expect('publish')).dup, 'A message was sent again without DUP.');
      }
    },
  },
  {
    claim: 'DUP is never set with QoS 0',
    shows: [...both('MQTT-3.3.1-2', DUP_WITH_QOS_0), ...both('MQTT-4.3.1-1', DUP_WITH_QOS_0)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const payload of ['same', 'same']) {
        await stage.done(client.publish('t', payload), 'to publish');
        const { qos, dup } = await host.expect('publish');
        demand(qos === 0 && !dup, `QoS ${qos} and DUP ${String(dup)} came; due were 0 and 0.`);
      }
    },
  },
  {
    claim: 'the DUP of a message that came is not passed on with what the application makes of it',
    shows: both('MQTT-3.3.1-3', DUP_PASSED_ON),
    play: async (stage) => {
      const { promise, resolve } = Promise.withResolvers<ReceivedMessage>();
      const { client, host } = await stage.connected({ onMessage: resolve });
      host.publish({ topic: 'a', payload: 'm', qos: 1, dup: true });
      await host.expect('puback');
      const { payload, properties } = await stage.done(promise, 'to hand a message over');
      const options = stage.level === 5 ? { properties } : {};
      void client.publish('b', payload, { qos: 1, ...options }).catch(() => undefined);
      demand(!(await host.expect('publish')).dup, 'DUP is set, and the message was never sent before.');
    },
  },
  {
    claim: 'a QoS of 3 is refused, and never sent',
    shows: both('MQTT-3.3.1-4', QOS_3),
    play: async (stage) => {
      const { client, host } = await stage.connected();
      // No caller who is held to the types can ask for it.
      await stage.refused(client.publish('t', '', { qos: 3 as never }), 'to publish with QoS 3');
      void client.publish('t', '', { qos: 2 }).catch(() => undefined);
      demand((await host.expect('publish')).qos === 2, 'The QoS is not the one that was asked for.');
    },
  },
  {
    claim: 'a PUBLISH with QoS 3 ends the connection',
    shows: [v311('MQTT-3.3.1-4', CLIENT_NEVER_CLOSES)],
    play: async (stage) => {
      const { host } = await stage.connected();
      host.publish({ topic: 't', qos: 3, id: 1 });
      await host.expectClosed();
    },
  },
  {
    claim: 'the topic comes first, and is UTF-8',
    shows: both('MQTT-3.3.2-1', LATIN_1_TOPIC),
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await stage.done(client.publish(NAME, 'm'), 'to publish');
      const { topic } = await host.expect('publish');
      demand(topic === NAME, `The topic is ${JSON.stringify(topic)}.`);
    },
  },
  {
    claim: 'nothing is published to a topic with wildcards',
    shows: [...both('MQTT-3.3.2-2', WILDCARD), v5('MQTT-4.7.0-1', WILDCARD), v311('MQTT-4.7.1-1', WILDCARD)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const topic of WILDCARDS) {
        await stage.refused(client.publish(topic, 'm'), `to publish to ${topic}`);
        await stage.refused((await stage.start({ will: { topic } })).client, `to connect with a Will to ${topic}`);
      }
      await stage.done(client.publish('a/b', 'm'), 'to publish');
      const { topic } = await host.expect('publish');
      demand(!/[+#]/.test(topic), `A message to ${topic} came.`);
    },
  },
  {
    claim: 'nothing is published to a topic that is empty, has U+0000 or is too long',
    shows: [
      ...both('MQTT-4.7.3-1', EMPTY_TOPIC),
      ...both('MQTT-4.7.3-2', NULL_IN_TOPIC),
      ...both('MQTT-4.7.3-3', TOPIC_TOO_LONG),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      const most = 'a'.repeat(65_535);
      for (const topic of ['', 'a\0', `${most}a`]) {
        await stage.refused(client.publish(topic, ''), 'to publish to a topic that is none');
        await stage.refused(client.subscribe(topic), 'to subscribe to a filter that is none');
      }
      await stage.done(client.publish(most, ''), 'to publish');
      const { topic } = await host.expect('publish');
      demand(topic === most, `A topic of ${topic.length} characters came; published was to one of ${most.length}.`);
    },
  },
  {
    claim: 'Response Topic and Content Type are UTF-8, and the Response Topic has no wildcards',
    shows: [
      v5('MQTT-3.3.2-13', LATIN_1_RESPONSE_TOPIC),
      v5('MQTT-3.3.2-14', WILDCARD_IN_RESPONSE_TOPIC),
      v5('MQTT-3.3.2-19', LATIN_1_CONTENT_TYPE),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const responseTopic of WILDCARDS) {
        await stage.refused(
          client.publish('t', '', { properties: { responseTopic } }),
          'to ask for a response to a wildcard',
        );
      }
      await stage.done(
        client.publish('t', '', { properties: { responseTopic: NAME, contentType: NAME } }),
        'to publish',
      );
      const { responseTopic, contentType } = (await host.expect('publish')).properties;
      demand(String(responseTopic) === NAME, `The Response Topic is ${String(responseTopic)}.`);
      demand(String(contentType) === NAME, `The Content Type is ${String(contentType)}.`);
    },
  },
  {
    claim: 'a message that is passed on with its properties has no Subscription Identifier any more',
    shows: [v5('MQTT-3.3.4-6', SUBSCRIPTION_IDENTIFIER)],
    play: async (stage) => {
      const { promise, resolve } = Promise.withResolvers<ReceivedMessage>();
      const { client, host } = await stage.connected({ onMessage: resolve });
      host.publish({ topic: 'a', qos: 1, properties: { subscriptionIdentifier: 7, contentType: 'text' } });
      await host.expect('puback');
      const { payload, properties } = await stage.done(promise, 'to hand a message over');
      await stage.done(client.publish('b', payload, { properties }), 'to publish');
      const sent = (await host.expect('publish')).properties;
      demand(sent.subscriptionIdentifier === undefined, 'A Subscription Identifier came from a client.');
    },
  },
];

/** The name, where a text is due: the writer takes bytes as they are. */
function latin1(): string {
  // A text property is written as its bytes; these are no UTF-8.
  return NAME_IN_LATIN_1 as unknown as string;
}
