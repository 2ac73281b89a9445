// Texts and numbers as they are written: UTF-8 (sections 1.5.4 and 1.5.7; in 3.1.1 section 1.5.3), and Variable Byte Integers in as few
// bytes as it takes (section 1.5.5).

import { type ClientCheck, v311, v5 } from '../check.ts';
import { clientFakes, clientMishears, publishedWith, republished } from '../liar/client-lies.ts';
import { CLIENT_NEVER_CLOSES, clientAlters } from '../liar/lie.ts';
import type { ClientStage } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { Mailbox } from '../stage/mailbox.ts';
import { read } from '../wire/read.ts';
import { bytes, varint } from '../wire/write.ts';

/** Half of a surrogate pair, as CESU-8 would write it. */
const SURROGATE = Uint8Array.of(0x61, 0xed, 0xa0, 0xbd);
const WITH_NULL = Uint8Array.of(0x61, 0x00);
const ILL_FORMED = 'a\ud83d';
const BYTE_ORDER_MARK = '\ufeff';

const SENDS_SURROGATE = clientAlters('publish', 'sends half of a surrogate pair', (frame, link) =>
  republished(frame, link, { topic: SURROGATE }),
);

const SENDS_NULL = clientAlters('publish', 'sends U+0000 in a topic', (frame, link) =>
  republished(frame, link, { topic: WITH_NULL }),
);

const STRIPS_MARK = clientMishears('publish', 'strips U+FEFF', (frame, link) =>
  republished(frame, link, { topic: read(frame, link.level).topic.replaceAll(BYTE_ORDER_MARK, '') }),
);

const LONG_LENGTH = clientAlters('publish', 'writes the Remaining Length in more bytes than it takes', (frame) => {
  const digits = varint(frame.body.length);
  const last = digits.length - 1;
  return bytes([frame.bytes[0] ?? 0], digits.subarray(0, last), [(digits[last] ?? 0) | 0x80, 0], frame.body);
});

const LONG_IDENTIFIER = clientAlters(
  'subscribe',
  'writes the Subscription Identifier in more bytes than it takes',
  (frame) =>
    // Packet Identifier, Property Length, and the property, whose value is one byte.
    bytes([0x82, frame.body.length + 1], frame.body.subarray(0, 2), [3, 0x0b, 0x81, 0], frame.body.subarray(5)),
);

const LATIN_1_PAIR = clientFakes(
  'publish',
  'writes a User Property in Latin-1',
  (frame, { level }) => read(frame, level).properties.userProperty !== undefined,
  (frame, link) => {
    const whole = publishedWith(frame, link, {});
    // The value is the end of the properties, and the payload is empty.
    whole[whole.length - 1] = 0xeb;
    return whole;
  },
);

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'no text leaves the client that is not well-formed UTF-8',
    shows: [v5('MQTT-1.5.4-1', SENDS_SURROGATE), v311('MQTT-1.5.3-1', SENDS_SURROGATE)],
    play: (stage) => playRefused(stage, ILL_FORMED),
  },
  {
    claim: 'no text leaves the client that has U+0000 in it',
    shows: [v5('MQTT-1.5.4-2', SENDS_NULL), v311('MQTT-1.5.3-2', SENDS_NULL)],
    play: (stage) => playRefused(stage, 'a\0'),
  },
  {
    claim: 'a topic that is not UTF-8 ends the connection',
    shows: [v311('MQTT-1.5.3-1', CLIENT_NEVER_CLOSES)],
    play: (stage) => playClosed(stage, SURROGATE, Uint8Array.of(0x61, 0xff), Uint8Array.of(0xc0, 0xaf)),
  },
  {
    claim: 'a topic with U+0000 in it ends the connection',
    shows: [v311('MQTT-1.5.3-2', CLIENT_NEVER_CLOSES)],
    play: (stage) => playClosed(stage, WITH_NULL),
  },
  {
    claim: 'U+FEFF is a character like others, at the beginning of a text, too',
    shows: [v5('MQTT-1.5.4-3', STRIPS_MARK), v311('MQTT-1.5.3-3', STRIPS_MARK)],
    play: async (stage) => {
      const box = new Mailbox();
      const topic = `${BYTE_ORDER_MARK}a/${BYTE_ORDER_MARK}b`;
      const { client, host } = await stage.connected({ onMessage: box.take });
      host.publish({ topic, qos: 1 });
      await host.expect('puback');
      const came = box.next().topic;
      demand(came === topic, `${JSON.stringify(came)} was handed over; sent was ${JSON.stringify(topic)}.`);
      await stage.done(client.publish(topic, ''), 'to publish');
      demand((await host.expect('publish')).topic === topic, 'The client has sent the topic without U+FEFF.');
    },
  },
  {
    claim: 'a Variable Byte Integer is written in as few bytes as it takes',
    shows: [v5('MQTT-1.5.5-1', LONG_LENGTH), v5('MQTT-1.5.5-1', LONG_IDENTIFIER)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      void client.subscribe('t').catch(() => undefined);
      await host.expect('subscribe');
      for (const size of [0, 100, 127, 128, 16_383, 16_384]) {
        await stage.done(client.publish('t', new Uint8Array(size)), 'to publish');
        const { frame } = await host.expect('publish');
        const spent = frame.bytes.length - frame.body.length - 1;
        const due = varint(frame.body.length).length;
        demand(spent === due, `The Remaining Length ${frame.body.length} took ${spent} bytes; ${due} are enough.`);
      }
    },
  },
  {
    claim: 'both texts of a User Property are UTF-8',
    shows: [v5('MQTT-1.5.7-1', LATIN_1_PAIR)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      for (const pair of [
        [ILL_FORMED, 'v'],
        ['n', ILL_FORMED],
        ['n\0', 'v'],
        ['n', 'v\0'],
      ] as const) {
        const refused = client.publish('t', '', { properties: { userProperties: [pair] } });
        await stage.refused(refused, `to send the User Property ${JSON.stringify(pair)}`);
      }
      await stage.done(
        client.publish('t', '', { properties: { userProperties: [['nam\u00eb', 'valu\u00eb']] } }),
        'to publish',
      );
      const [pair] = (await host.expect('publish')).properties.userProperty ?? [];
      demand(JSON.stringify(pair) === JSON.stringify(['nam\u00eb', 'valu\u00eb']), 'The User Property is another one.');
    },
  },
];

/** The application hands in a text that MQTT has no place for, everywhere; what comes at last is sound. */
async function playRefused(stage: ClientStage, text: string): Promise<void> {
  const { client, host } = await stage.connected();
  const what = `to send ${JSON.stringify(text)}`;
  await stage.refused(client.publish(text, 'm'), what);
  await stage.refused(client.subscribe(text), what);
  await stage.refused(client.unsubscribe(text), what);
  await stage.refused((await stage.start({ clientId: text })).client, what);
  if (stage.level === 5) {
    await stage.refused(client.publish('t', 'm', { properties: { contentType: text } }), what);
    await stage.refused(client.publish('t', 'm', { properties: { responseTopic: text } }), what);
  }
  await stage.done(client.publish('a\u00eb\u{1f600}', 'm'), 'to publish');
  const { topic } = await host.expect('publish');
  demand(topic === 'a\u00eb\u{1f600}', `The topic is ${JSON.stringify(topic)}.`);
}

/** The broker sends a message to each of these topics, which must end the connection. */
async function playClosed(stage: ClientStage, ...topics: readonly Uint8Array[]): Promise<void> {
  for (const topic of topics) {
    const { host } = await stage.connected();
    host.publish({ topic });
    await host.expectClosedWith(0x81, 0x90);
  }
}
