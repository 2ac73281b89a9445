// UTF-8 Encoded Strings and string pairs (sections 1.5.4 and 1.5.7; 1.5.3 of 3.1.1): what is no text is refused wherever it
// stands, and what is one comes out as it went in.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { serverTakesAnyConnect } from '../liar/connect.ts';
import { changed, type Lie, serverAlters, serverMishears, serverOverlooks, withByte } from '../liar/lie.ts';
import { serverDelivers } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import type { Frame } from '../wire/frame.ts';
import { PROPERTIES, type PropertyName } from '../wire/types.ts';
import { bytes, publish, subscribe, text, unsubscribe } from '../wire/write.ts';

/** Bytes that are no UTF-8. */
const ILL_FORMED: readonly Uint8Array[] = [
  Uint8Array.of(0x80), // a continuation of nothing
  Uint8Array.of(0xc3, 0x28), // a character without its second byte
  Uint8Array.of(0xe2, 0x82), // a character cut by the end of the text
  Uint8Array.of(0xc0, 0xaf), // '/', in more bytes than it needs
  Uint8Array.of(0xed, 0xa0, 0x80), // U+D800, half of a pair
  Uint8Array.of(0xed, 0xbf, 0xbf), // U+DFFF, the other half
  Uint8Array.of(0xf4, 0x90, 0x80, 0x80), // beyond U+10FFFF
  Uint8Array.of(0xff),
];
const NULL: readonly Uint8Array[] = [Uint8Array.of(0x00), Uint8Array.of(0x61, 0x00, 0x62)];
/** The null character in two bytes is no UTF-8 either. */
const LONG_NULL: readonly Uint8Array[] = [Uint8Array.of(0xc0, 0x80)];

/** Two to four bytes a character, the highest and the lowest code points of each, and a pair of halves as one character. */
const ALL_LENGTHS = 'Zürich ä\u07ff\u0800€\ud7ff\ue000\ufffd\u{10000}😀\u{10fffd}';
const MARK = '\ufeff';

const MENDS_TOPICS = serverMishears('publish', 'makes a text of a Topic Name that is none', (frame) =>
  mended(frame, 0),
);
const MENDS_FILTERS = serverMishears('subscribe', 'makes a text of a filter that is none', (frame, { level }) =>
  mended(frame, level === 5 ? 3 : 2),
);
const OVERLOOKS: Lie = serverOverlooks('publish');
const GARBLES = serverAlters('publish', 'sends a Topic Name that is no UTF-8', (frame) => withByte(frame, 2, 0xff));
const SENDS_NULL = serverAlters('publish', 'sends U+0000 in a Topic Name', (frame) => withByte(frame, 2, 0));
const STRIPS_MARK = serverDelivers('strips U+FEFF from Topic Names', ({ topic }) => ({
  topic: topic.startsWith(MARK) ? topic.slice(1) : topic,
}));

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a Topic Name that is not UTF-8 closes the connection',
    shows: [v311('MQTT-1.5.3-1', MENDS_TOPICS), v5('MQTT-1.5.4-1', MENDS_TOPICS)],
    play: (stage) => refuseTopics(stage, ILL_FORMED),
  },
  {
    claim: 'a Topic Name with U+0000 closes the connection',
    shows: [v311('MQTT-1.5.3-2', MENDS_TOPICS), v5('MQTT-1.5.4-2', MENDS_TOPICS)],
    play: (stage) => refuseTopics(stage, [...NULL, ...LONG_NULL]),
  },
  {
    claim: 'a Topic Filter that is not UTF-8 closes the connection',
    shows: [v311('MQTT-1.5.3-1', MENDS_FILTERS), v5('MQTT-1.5.4-1', MENDS_FILTERS)],
    play: (stage) => refuseFilters(stage, ILL_FORMED),
  },
  {
    claim: 'a Topic Filter with U+0000 closes the connection',
    shows: [v311('MQTT-1.5.3-2', MENDS_FILTERS), v5('MQTT-1.5.4-2', MENDS_FILTERS)],
    play: (stage) => refuseFilters(stage, NULL),
  },
  {
    claim: 'CONNECT is refused where its texts are not UTF-8',
    shows: [v311('MQTT-1.5.3-1', serverTakesAnyConnect(4)), v5('MQTT-1.5.4-1', serverTakesAnyConnect(5))],
    play: (stage) => refuseConnects(stage, ILL_FORMED),
  },
  {
    claim: 'CONNECT is refused where its texts have U+0000',
    shows: [v311('MQTT-1.5.3-2', serverTakesAnyConnect(4)), v5('MQTT-1.5.4-2', serverTakesAnyConnect(5))],
    play: (stage) => refuseConnects(stage, NULL),
  },
  {
    claim: 'a property that is no text closes the connection',
    shows: [v5('MQTT-1.5.4-1', OVERLOOKS), v5('MQTT-1.5.4-2', OVERLOOKS)],
    play: async (stage) => {
      for (const name of ['contentType', 'responseTopic'] as const) {
        for (const wrong of [...ILL_FORMED, ...NULL]) await refuseProperty(stage, name, text(wrong));
      }
    },
  },
  {
    claim: 'a User Property of which one half is no text closes the connection',
    shows: [v5('MQTT-1.5.7-1', OVERLOOKS)],
    play: async (stage) => {
      for (const wrong of [...ILL_FORMED, ...NULL]) {
        await refuseProperty(stage, 'userProperty', bytes(text(wrong), text('value')));
        await refuseProperty(stage, 'userProperty', bytes(text('name'), text(wrong)));
      }
    },
  },
  {
    claim: 'texts of all lengths of character come out as they went in',
    shows: [
      v311('MQTT-1.5.3-1', GARBLES),
      v5('MQTT-1.5.4-1', GARBLES),
      v311('MQTT-1.5.3-2', SENDS_NULL),
      v5('MQTT-1.5.4-2', SENDS_NULL),
    ],
    play: async (stage) => {
      const topic = stage.topic(ALL_LENGTHS);
      const peer = await stage.connect();
      await peer.subscribe(topic);
      peer.publish({ topic });
      const came = await peer.receive();
      demand(came.topic === topic, `${JSON.stringify(topic)} came as ${JSON.stringify(came.topic)}.`);
    },
  },
  {
    claim: 'both halves of a User Property come out as they went in',
    shows: [
      v5(
        'MQTT-1.5.7-1',
        serverAlters('publish', 'sends a User Property that is no UTF-8', (frame) => withByte(frame, -1, 0xff)),
      ),
    ],
    play: async (stage) => {
      const peer = await stage.connect();
      await peer.subscribe(stage.topic());
      peer.publish({ topic: stage.topic(), properties: { userProperty: [ALL_LENGTHS, `${ALL_LENGTHS}!`] } });
      const [pair] = (await peer.receive()).properties.userProperty ?? [];
      demand(
        Array.isArray(pair) && pair[0] === ALL_LENGTHS && pair[1] === `${ALL_LENGTHS}!`,
        `The User Property came as ${JSON.stringify(pair)}.`,
      );
    },
  },
  {
    claim: 'U+FEFF at the start of a Topic Name is a character like others',
    shows: [v311('MQTT-1.5.3-3', STRIPS_MARK), v5('MQTT-1.5.4-3', STRIPS_MARK)],
    play: async (stage) => {
      const topic = stage.topic();
      const [marked, plain] = [await stage.connect(), await stage.connect()];
      await marked.subscribe(`${MARK}${topic}`);
      await plain.subscribe(topic);
      plain.publish({ topic: `${MARK}${topic}` });
      const came = await marked.receive();
      demand(came.topic === `${MARK}${topic}`, `U+FEFF before ${topic} came as ${JSON.stringify(came.topic)}.`);
      await plain.expectNothing();
    },
  },
];

async function refuseTopics(stage: ServerStage, wrongs: readonly Uint8Array[]): Promise<void> {
  for (const wrong of wrongs) {
    const peer = await stage.connect();
    peer.send(publish(stage.level, { topic: bytes(text(stage.topic()).subarray(2), wrong) }));
    await expectMalformed(peer);
  }
}

async function refuseFilters(stage: ServerStage, wrongs: readonly Uint8Array[]): Promise<void> {
  for (const wrong of wrongs) {
    const peer = await stage.connect();
    peer.send(subscribe(stage.level, 1, [[bytes(text(stage.topic()).subarray(2), wrong), 0]]));
    await expectMalformed(peer);
  }
}

async function refuseConnects(stage: ServerStage, wrongs: readonly Uint8Array[]): Promise<void> {
  for (const wrong of wrongs) {
    const pair = bytes([PROPERTIES.userProperty[0]], text('name'), text(wrong));
    const type = bytes([PROPERTIES.contentType[0]], text(wrong));
    for (const fields of [
      { clientId: wrong },
      { userName: wrong },
      { will: { topic: wrong } },
      ...(stage.level === 5 ? [{ properties: pair }, { will: { topic: stage.topic(), properties: type } }] : []),
    ]) {
      const peer = await stage.dial();
      peer.connect(fields);
      await peer.expectRefused();
    }
  }
}

/** Tries it in PUBLISH, and what SUBSCRIBE and UNSUBSCRIBE may have also there. */
async function refuseProperty(stage: ServerStage, name: PropertyName, value: Uint8Array): Promise<void> {
  const topic = stage.topic();
  const wrong = bytes([PROPERTIES[name][0]], value);
  const others = [subscribe(5, 1, [[topic, 0]], wrong), unsubscribe(5, 1, [topic], wrong)];
  for (const sent of [publish(5, { topic, properties: wrong }), ...(name === 'userProperty' ? others : [])]) {
    const peer = await stage.connect();
    peer.send(sent);
    await expectMalformed(peer);
  }
}

/** Malformed; or, in the eyes of some, a Topic Name or filter that is not valid. */
function expectMalformed(peer: Peer): Promise<void> {
  return peer.expectClosedWith(0x81, 0x82, 0x8f, 0x90);
}

/** The frame with '?' for each byte of a text that may be wrong. @param offset  Of the text's length in the body. */
function mended(frame: Frame, offset: number): Uint8Array {
  const length = (frame.body[offset] ?? 0) * 256 + (frame.body[offset + 1] ?? 0);
  const body = frame.body.map((byte, at) => {
    const isText = at >= offset + 2 && at < offset + 2 + length;
    return isText && (byte === 0 || byte >= 0x80) ? 0x3f : byte;
  });
  return changed(frame, { body });
}
