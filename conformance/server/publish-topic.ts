// The Topic Name of PUBLISH (section 3.3.2.1).

import { both, type ServerCheck } from '../check.ts';
import { changed, isKind, type Lie, NOTHING, SERVER_NEVER_CLOSES } from '../liar/lie.ts';
import { publishOf, serverDelivers } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { connectFor, demandText, publisher, receiveText, subscriber } from '../stage/roles.ts';
import { read } from '../wire/read.ts';
import { acknowledge, bytes, packet, text } from '../wire/write.ts';

/** Texts that take one to four bytes a letter, an empty level, a space. */
const NAMES = ['plain', 'gr\u00fc\u00df', '\u6e29\u5ea6', '\u{1f30a}\u{1f321}', 'two//levels', ' a space '];

const NOT_UTF8 = Uint8Array.of(0x61, 0xc3, 0x28);

/** A server that loses the last byte of a topic name whose last letter takes more than one. */
const SENDS_HALF_LETTERS: Lie = serverDelivers('sends a topic name that is not UTF-8', ({ topic }) => {
  const bytesOfTopic = new TextEncoder().encode(topic);
  return (bytesOfTopic.at(-1) ?? 0) < 0x80 ? undefined : { topic: bytesOfTopic.slice(0, -1) };
});

/** A server that puts something before the topic name. */
const SENDS_PAYLOAD_FIRST: Lie = {
  does: 'sends the topic name behind something else',
  fromServer: (frame) =>
    isKind(frame, 'publish') ? [changed(frame, { body: bytes(text('x'), frame.body) })] : undefined,
};

/** A server that takes the message and says so. */
const TAKES_WILDCARDS: Lie = {
  does: 'takes a topic name with a wildcard',
  fromClient: (frame, link) => {
    if (!isKind(frame, 'publish') || !/[+#]/.test(publishOf(frame, link.level).topic)) return undefined;
    link.toClient(acknowledge(link.level, 'puback', read(frame, link.level).id));
    return NOTHING;
  },
};

const SENDS_WILDCARDS = serverDelivers('sends a topic name with a wildcard', ({ topic }) => ({
  topic: topic.replace(/[^/]*$/, '+'),
}));

/** A server for which `/c` at the end of a filter is `/#`. */
const MATCHES_TOO_MUCH: Lie = {
  does: 'sends what the filter does not match',
  fromClient: (frame) => {
    if (!isKind(frame, 'subscribe')) return undefined;
    const body = frame.body.slice();
    body[body.length - 2] = '#'.charCodeAt(0);
    return [changed(frame, { body })];
  },
};

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'the topic name comes first in the PUBLISH that is sent, letter for letter',
    shows: [...both('MQTT-3.3.2-1', SENDS_HALF_LETTERS), ...both('MQTT-3.3.2-1', SENDS_PAYLOAD_FIRST)],
    play: async (stage) => {
      const sender = await publisher(stage);
      const receiver = await subscriber(stage, stage.topic('#'));
      for (const name of NAMES) {
        sender.publish({ topic: stage.topic(name), payload: name });
        const message = await receiver.receive();
        demand(
          message.topic === stage.topic(name),
          `The message for '${stage.topic(name)}' came for '${message.topic}'.`,
        );
        demandText(message, name);
      }
    },
  },
  {
    claim: 'a PUBLISH whose topic name is not UTF-8, or not there, closes the connection',
    shows: both('MQTT-3.3.2-1', SERVER_NEVER_CLOSES),
    play: async (stage) => {
      const sender = await stage.connect();
      sender.publish({ topic: NOT_UTF8, payload: 'x' });
      await sender.expectClosedWith(0x81, 0x82, 0x90);
      const other = await stage.connect();
      other.send(packet(3, 0));
      await other.expectClosedWith(0x81, 0x82, 0x90);
    },
  },
  {
    claim: 'a PUBLISH for a topic name with a wildcard is refused',
    shows: both('MQTT-3.3.2-2', TAKES_WILDCARDS),
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic('#'), 1);
      for (const name of ['a/+', '#', 'a+b']) {
        const { peer } = await connectFor(stage, { qos: 1 });
        peer.publish({ topic: stage.topic(name), payload: 'x', qos: 1 });
        const answer = await peer.line.peek();
        // 5.0 has a reason code for names that a server does not accept; to close is right in both.
        if (answer?.kind === 'puback') {
          demand(answer.reasonCode === 0x90, `A PUBLISH for '${name}' was acknowledged.`);
        } else if (answer !== undefined) {
          demand(answer.kind === 'disconnect' && stage.level === 5, `${answer.kind} answered a PUBLISH for '${name}'.`);
        }
      }
      await receiver.expectNothing();
    },
  },
  {
    claim: 'a message comes under its topic name, not under the filter, and only if the filter matches it',
    shows: [...both('MQTT-3.3.2-2', SENDS_WILDCARDS), ...both('MQTT-3.3.2-3', MATCHES_TOO_MUCH)],
    play: async (stage) => {
      const sender = await publisher(stage);
      const receiver = await subscriber(stage, stage.topic('+/b/c'));
      for (const name of ['a/b/d', 'a/x/c', 'b/c', 'a/b/c', 'a/b', 'a/b/c/d']) {
        sender.publish({ topic: stage.topic(name), payload: name });
      }
      const { topic } = await receiveText(receiver, 'a/b/c');
      demand(topic === stage.topic('a/b/c'), `The message for '${stage.topic('a/b/c')}' came for '${topic}'.`);
      await sender.ping();
      await receiver.expectNothing();
    },
  },
];
