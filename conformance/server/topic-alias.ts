// Topic aliases, those of the client and those of the broker (section 3.3.2.3.4).

import { type ServerCheck, v5 } from '../check.ts';
import { type Lie, SERVER_NEVER_CLOSES, serverClosesOn } from '../liar/lie.ts';
import { isLater, publishOf, serverDelivers, serverTakes } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { connectFor, lastingSubscriber, publisher, receiveText, resume, subscriber } from '../stage/roles.ts';
import type { Peer, ServerStage } from '../stage/server-stage.ts';

/** The aliases that our subscribers allow. */
const ALLOWED = 2;

/** A server that knows what an alias stood for on another connection. */
const REMEMBERS: Lie = serverTakes('remembers topic aliases over connections', ({ topic, properties }, link) => {
  const known = link.memory.get('topic');
  if (topic !== '') link.memory.set('topic', topic);
  return topic === '' && typeof known === 'string' && properties.topicAlias !== undefined
    ? { topic: known }
    : undefined;
});

/** A server that goes on using its alias on the next connection. */
const GOES_ON = serverDelivers('uses a topic alias of the connection before', (_, link) =>
  isLater(link) ? { topic: '', properties: { topicAlias: 1 } } : undefined,
);

/** A server that gives its topic an alias. */
function gives(topicAlias: number): Lie {
  return serverDelivers(`gives the topic alias ${topicAlias}`, () => ({ properties: { topicAlias } }));
}

/** A server that confuses two aliases. */
const CONFUSES = serverTakes('takes the topic alias 2 for 1', ({ topic, properties }) =>
  topic === '' && Number(properties.topicAlias) === 2 ? { properties: { topicAlias: 1 } } : undefined,
);

/** Publishes a few messages to more topics than there may be aliases. */
async function publishMany(stage: ServerStage): Promise<void> {
  const sender = await publisher(stage, { qos: 1 });
  for (let round = 0; round < 3; round++) {
    for (const level of ['a', 'b', 'c', 'd']) {
      await sender.publishWhole({ topic: stage.topic(level), payload: level, qos: 1 });
    }
  }
}

/** Takes what `publishMany` has published; topics may have aliases up to `allowed`, which must stand for the right topic. */
async function takeMany(stage: ServerStage, receiver: Peer, allowed: number): Promise<void> {
  const topics = new Map<number, string>();
  for (let count = 0; count < 12; count++) {
    const { topic, properties, payload } = await receiver.receive();
    const alias = properties.topicAlias?.[0];
    if (typeof alias === 'number') {
      demand(alias > 0 && alias <= allowed, `The broker gave the topic alias ${alias}; ${allowed} are allowed.`);
      if (topic !== '') topics.set(alias, topic);
    }
    const name = topic === '' && typeof alias === 'number' ? topics.get(alias) : topic;
    const due = stage.topic(String.fromCharCode(...payload));
    demand(name === due, `The message for ${due} came for ${name ?? 'an alias without a topic'}.`);
  }
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a topic alias of a connection before is not known',
    shows: [v5('MQTT-3.3.2-7', REMEMBERS)],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic());
      const session = { clientId: stage.clientId('sender'), clean: false, properties: { sessionExpiryInterval: 60 } };
      const { peer: first } = await connectFor(stage, { aliases: 1 }, session);
      first.publish({ topic: stage.topic(), payload: 'named', properties: { topicAlias: 1 } });
      await receiveText(receiver, 'named');
      first.leave();
      await first.expectClosed();
      const again = await stage.connect(session);
      again.publish({ topic: '', payload: 'nameless', properties: { topicAlias: 1 } });
      await again.expectClosedWith(0x82, 0x94);
      await receiver.expectNothing();
    },
  },
  {
    claim: 'the broker gives its topic aliases anew on each connection',
    shows: [v5('MQTT-3.3.2-7', GOES_ON)],
    play: async (stage) => {
      const properties = { topicAliasMaximum: ALLOWED };
      const first = await lastingSubscriber(stage, 'sub', stage.topic('+'), 1, { properties });
      await publishMany(stage);
      await takeMany(stage, first, ALLOWED);
      first.leave();
      await first.expectClosed();
      const again = await resume(stage, 'sub', { properties });
      await publishMany(stage);
      await takeMany(stage, again, ALLOWED);
    },
  },
  {
    claim: 'the broker gives topic aliases from 1 to the Topic Alias Maximum of the client',
    shows: [v5('MQTT-3.3.2-8', gives(0)), v5('MQTT-3.3.2-11', gives(ALLOWED + 1))],
    play: async (stage) => {
      const properties = { topicAliasMaximum: ALLOWED };
      const receiver = await subscriber(stage, stage.topic('+'), 1, { properties });
      await publishMany(stage);
      await takeMany(stage, receiver, ALLOWED);
    },
  },
  {
    claim: 'the broker gives no topic alias to a client that allows none',
    shows: [v5('MQTT-3.3.2-11', gives(1))],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic('+'), 1);
      await publishMany(stage);
      await takeMany(stage, receiver, 0);
    },
  },
  {
    claim: 'the broker takes every topic alias from 1 to its own Topic Alias Maximum',
    shows: [
      v5(
        'MQTT-3.3.2-12',
        serverClosesOn('publish', (frame, { level }) => Number(publishOf(frame, level).properties.topicAlias) > 2),
      ),
      v5('MQTT-3.3.2-12', CONFUSES),
    ],
    play: async (stage) => {
      const receiver = await subscriber(stage, stage.topic('#'));
      const { peer: sender, connack } = await connectFor(stage, { aliases: 1 });
      const maximum = Number(connack.properties.topicAliasMaximum?.[0]);
      const aliases = [...new Set([1, Math.min(2, maximum), Math.ceil(maximum / 2), maximum])];
      for (const topicAlias of aliases) {
        const topic = stage.topic(`of/${topicAlias}`);
        sender.publish({ topic, payload: `named ${topicAlias}`, properties: { topicAlias } });
      }
      for (const topicAlias of aliases) await receiveText(receiver, `named ${topicAlias}`);
      for (const topicAlias of aliases) sender.publish({ topic: '', properties: { topicAlias } });
      for (const topicAlias of aliases) {
        const { topic } = await receiver.receive();
        const due = stage.topic(`of/${topicAlias}`);
        demand(topic === due, `The message for ${due}, by its alias ${topicAlias}, came for '${topic}'.`);
      }
      // A second name takes the place of the first one.
      sender.publish({ topic: stage.topic('new'), payload: 'renamed', properties: { topicAlias: 1 } });
      sender.publish({ topic: '', payload: 'again', properties: { topicAlias: 1 } });
      await receiveText(receiver, 'renamed');
      const { topic } = await receiveText(receiver, 'again');
      demand(topic === stage.topic('new'), `After its alias had a new name the message came for '${topic}'.`);
    },
  },
  {
    claim: 'a PUBLISH with the topic alias 0 closes the connection',
    shows: [v5('MQTT-3.3.2-8', SERVER_NEVER_CLOSES)],
    play: async (stage) => {
      const { peer } = await connectFor(stage, { aliases: 1 });
      peer.publish({ topic: stage.topic(), properties: { topicAlias: 0 } });
      await peer.expectClosedWith(0x81, 0x82, 0x94);
    },
  },
];
