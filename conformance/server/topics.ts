// Topic Names and Topic Filters: what is one, and which matches which (section 4.7).

import { both, type ServerCheck, type Showing, v311, v5 } from '../check.ts';
import { type Lie, SERVER_NEVER_CLOSES } from '../liar/lie.ts';
import { serverTakes } from '../liar/publish.ts';
import { serverHearsFilters, serverPassesOn } from '../liar/subscribe.ts';
import { demand } from '../stage/fault.ts';
import { receiveText, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';
import { demandClosing, demandNoSubscription } from '../stage/wrongs.ts';
import { PINGREQ, publish, subscribe, unsubscribe } from '../wire/write.ts';

const PASSES_WILDCARDS = serverPassesOn('passes on messages whose Topic Name has wildcards', ({ topic }) =>
  /[+#]/u.test(topic),
);
const PASSES_DOLLAR = serverPassesOn('matches wildcards at the start with a $', ({ topic }) => topic.startsWith('$'));

/** A server that reads a filter as if certain characters did not stand for anything. */
function takesLiterally(wildcard: RegExp): Lie {
  return serverHearsFilters('subscribe', 'takes wildcards for plain characters', (filters) =>
    filters.map(([name, options]) => [String(name).replaceAll(wildcard, '*'), options]),
  );
}
const TAKES_HASH_LITERALLY = takesLiterally(/#/gu);
const TAKES_PLUS_LITERALLY = takesLiterally(/\+/gu);
const GRANTS_EMPTY = serverHearsFilters('subscribe', 'grants an empty filter', (filters) =>
  filters.map(([name, options]) => [name === '' ? 'empty' : name, options]),
);
const NORMALISES = serverTakes('normalises Topic Names', ({ topic }) => ({ topic: topic.normalize('NFC') }));
const FOLDS = serverTakes('folds Topic Names', ({ topic }) => ({ topic: topic.replaceAll('//', '/').trim() }));

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a message whose Topic Name has wildcards is delivered to nobody',
    shows: wildcards('MQTT-4.7.1-1', 'MQTT-4.7.0-1', PASSES_WILDCARDS),
    play: async (stage) => {
      const watcher = await subscriber(stage, stage.topic('#'));
      for (const name of ['+', 'a/+', 'a/#', '+/a', 'a+', 'a#b']) {
        const peer = await stage.connect();
        peer.publish({ topic: stage.topic(name) });
        await settled(peer);
        await watcher.expectNothing();
      }
    },
  },
  {
    claim: 'a filter with # elsewhere than as its last level is not granted',
    shows: wildcards('MQTT-4.7.1-2', 'MQTT-4.7.1-1', TAKES_HASH_LITERALLY),
    play: async (stage) => {
      for (const filter of ['a#', 'a/#/b', '#/a', '##', 'a/b#', '#a']) {
        await demandNoSubscription(stage, stage.topic(filter));
      }
    },
  },
  {
    claim: '# matches its parent and everything below it',
    shows: wildcards('MQTT-4.7.1-2', 'MQTT-4.7.1-1', TAKES_HASH_LITERALLY),
    play: async (stage) => {
      await demandMatches(stage, 'a/#', ['a', 'a/', 'a/b', 'a/b/c', 'a//'], ['', 'b', 'ab', '/a', 'A/b']);
    },
  },
  {
    claim: 'a filter with + as a part of a level is not granted',
    shows: wildcards('MQTT-4.7.1-3', 'MQTT-4.7.1-2', TAKES_PLUS_LITERALLY),
    play: async (stage) => {
      for (const filter of ['a+', '+a', 'a/b+/c', '++', 'a/+b', '+#']) {
        await demandNoSubscription(stage, stage.topic(filter));
      }
    },
  },
  {
    claim: '+ matches one level, at any place',
    shows: wildcards('MQTT-4.7.1-3', 'MQTT-4.7.1-2', TAKES_PLUS_LITERALLY),
    play: async (stage) => {
      await demandMatches(stage, 'a/+', ['a/b', 'a/', 'a/bc'], ['a', 'a/b/c', '/a/b', 'b/b']);
      await demandMatches(stage, '+/b', ['a/b', '/b'], ['b', 'a/b/', 'a/a/b']);
      await demandMatches(stage, 'a/+/+/d', ['a/b/c/d', 'a///d'], ['a/b/d', 'a/b/c/c/d']);
      await demandMatches(stage, '+/b/#', ['a/b', 'a/b/c'], ['a', 'b', 'a/c/b']);
      const first = await subscriber(stage, `+/${stage.topic('first')}`);
      first.publish({ topic: `any/${stage.topic('first')}`, payload: 'first level' });
      await receiveText(first, 'first level');
    },
  },
  {
    claim: 'a filter that begins with a wildcard matches no Topic Name that begins with $',
    shows: both('MQTT-4.7.2-1', PASSES_DOLLAR),
    play: async (stage) => {
      const name = `$${stage.topic('a')}`;
      const watchers = [await subscriber(stage, '#'), await subscriber(stage, '+/a'), await subscriber(stage, '+/#')];
      const sender = await stage.connect();
      // A broker may refuse such messages; then nothing comes either.
      sender.publish({ topic: name, payload: name });
      await settled(sender);
      const marker = await stage.connect();
      marker.publish({ topic: stage.topic('a') });
      for (const watcher of watchers) await demandNoDollar(watcher, stage.topic('a'));
    },
  },
  {
    claim: 'an empty Topic Name and an empty Topic Filter are not taken',
    shows: [both('MQTT-4.7.3-1', GRANTS_EMPTY), both('MQTT-4.7.3-1', SERVER_NEVER_CLOSES)].flat(),
    play: async (stage) => {
      await demandNoSubscription(stage, '');
      await demandClosing(stage, publish(stage.level, { topic: '' }), [0x81, 0x82, 0x90, 0x94]);
    },
  },
  {
    claim: 'a Topic Name and a Topic Filter with the null character are not taken',
    shows: both('MQTT-4.7.3-2', SERVER_NEVER_CLOSES),
    play: async (stage) => {
      const wrong = stage.topic('a\u0000b');
      await demandClosing(stage, publish(stage.level, { topic: wrong }), [0x81, 0x82, 0x90]);
      await demandClosing(stage, subscribe(stage.level, 1, [[wrong, 0]]), [0x81, 0x82, 0x8f]);
      await demandClosing(stage, unsubscribe(stage.level, 1, [wrong]), [0x81, 0x82, 0x8f]);
    },
  },
  {
    claim: 'names and filters are compared as they are, character for character',
    shows: [both('MQTT-4.7.3-4', NORMALISES), both('MQTT-4.7.3-4', FOLDS)].flat(),
    play: async (stage) => {
      for (const [name, others] of LOOKALIKES) await demandMatches(stage, name, [name], others);
    },
  },
];

/** Names, and others that somebody might take for the same. */
const LOOKALIKES: readonly (readonly [name: string, others: readonly string[]])[] = [
  ['\u00e9', ['e\u0301', 'e', '\u00c9']],
  ['e\u0301', ['\u00e9']],
  ['a/b', ['a//b', 'a/b/', '/a/b', 'a/./b', 'a/c/../b', 'a%2Fb', 'a\\b', 'A/b']],
  ['a//b', ['a/b', 'a///b']],
  ['a b', ['a  b', 'a%20b', 'a\u00a0b', ' a b', 'a b ']],
  ['\ufeffa', ['a']],
  ['\u212b', ['\u00c5', 'A\u030a']],
];

/** The same statement under its two names, and with one lie. */
function wildcards(id311: string, id5: string, lie: Lie): readonly Showing[] {
  return [v311(id311, lie), v5(id5, lie)];
}

/** Demands that a filter matches some names, and that it does not match others; all of them below this play's topic. */
async function demandMatches(
  stage: ServerStage,
  filter: string,
  names: readonly string[],
  others: readonly string[],
): Promise<void> {
  const peer = await subscriber(stage, stage.topic(filter));
  const sender = await stage.connect();
  for (const name of others) sender.publish({ topic: stage.topic(name), payload: `not ${name}` });
  for (const name of names) sender.publish({ topic: stage.topic(name), payload: name });
  for (const name of names) {
    const { topic } = await receiveText(peer, name);
    demand(topic === stage.topic(name), `The message came with the Topic Name '${topic}', not '${stage.topic(name)}'.`);
  }
  await peer.expectNothing();
}

/** Waits until the broker is done with what a client has sent: it answers PINGREQ, or has closed the connection. */
async function settled(peer: Peer): Promise<void> {
  peer.send(PINGREQ);
  await peer.line.peek();
}

/** Reads what comes, up to the message with that name: none of it has a name that begins with $. */
async function demandNoDollar(watcher: Peer, last: string): Promise<void> {
  for (;;) {
    const { topic } = await watcher.expect('publish');
    demand(!topic.startsWith('$'), `The message to '${topic}' came.`);
    if (topic === last) return;
  }
}
