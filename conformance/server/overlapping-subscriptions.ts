// A message that several subscriptions of one client match: at which QoS it comes, and with which Subscription Identifiers
// (section 3.3.4; 3.1.1 section 3.3.5). A broker may send one copy or one for each subscription.

import { type ServerCheck, v311, v5 } from '../check.ts';
import { isKind, type Lie } from '../liar/lie.ts';
import { publishOf, serverDelivers, without } from '../liar/publish.ts';
import { demand } from '../stage/fault.ts';
import { connectFor, gather, publisher, subscribeFully } from '../stage/roles.ts';
import type { Received } from '../wire/read.ts';
import { publish } from '../wire/write.ts';

const LOWERS = serverDelivers('sends at QoS 1 where QoS 2 is due', ({ qos }) => (qos === 2 ? { qos: 1 } : undefined));
const RAISES = serverDelivers('sends at QoS 2 what was published at QoS 1', ({ qos }) =>
  qos === 1 ? { qos: 2 } : undefined,
);
const TAKES_THE_LOWEST = serverDelivers('sends at the lowest QoS of the subscriptions', () => ({ qos: 0 }));

const NAMES_NONE = serverDelivers('sends no Subscription Identifier', ({ properties }) => ({
  properties: without(properties, 'subscriptionIdentifier'),
}));
const NAMES_ONE = serverDelivers('sends one Subscription Identifier', () => ({
  properties: { subscriptionIdentifier: 1 },
}));
const NAMES_A_STRANGER = serverDelivers('sends a Subscription Identifier that nobody gave', ({ properties }) => ({
  properties: { ...properties, subscriptionIdentifier: [1, 2, 3] },
}));

/** A server that sends a copy for each of three subscriptions, and an identifier in one. */
const NAMES_ONE_COPY: Lie = {
  does: 'sends several copies, one of them with a Subscription Identifier',
  fromServer: (frame, link) => {
    if (!isKind(frame, 'publish')) return undefined;
    const message = publishOf(frame, link.level);
    const bare = publish(link.level, { ...message, properties: {} });
    const named = publish(link.level, { ...message, properties: { subscriptionIdentifier: [1, 2] } });
    return [named, bare, bare];
  },
};

function demandQos(copies: readonly Received[], published: number): void {
  const seen = copies.map(({ qos }) => qos).sort((a, b) => b - a);
  const most = Math.min(published, 2);
  demand(seen[0] === most, `A message of QoS ${published} came at QoS ${seen[0]}; due was ${most}.`);
  // One more copy for each subscription is allowed, at its own QoS.
  const allowed = [2, 1, 0].map((qos) => Math.min(published, qos));
  for (const qos of seen) {
    const place = allowed.indexOf(qos);
    demand(
      place >= 0,
      `A message of QoS ${published} came at QoS ${seen.join(', ')} to subscriptions of QoS 2, 1 and 0.`,
    );
    allowed.splice(place, 1);
  }
}

function identifiersOf({ properties }: Received): readonly number[] {
  return (properties.subscriptionIdentifier ?? []).map(Number);
}

/** The checks of this part. */
export const CHECKS: readonly ServerCheck[] = [
  {
    claim: 'a message comes at the highest QoS of the subscriptions that match it, and at no higher one than its own',
    shows: [
      v5('MQTT-3.3.4-2', LOWERS),
      v5('MQTT-3.3.4-2', RAISES),
      v5('MQTT-3.3.4-2', TAKES_THE_LOWEST),
      v311('MQTT-3.3.5-1', LOWERS),
      v311('MQTT-3.3.5-1', RAISES),
      v311('MQTT-3.3.5-1', TAKES_THE_LOWEST),
    ],
    play: async (stage) => {
      const sender = await publisher(stage, { qos: 2 });
      const { peer: receiver } = await connectFor(stage, { wildcards: true });
      await subscribeFully(receiver, stage.topic('#'), 0);
      await subscribeFully(receiver, stage.topic('+'), 2);
      await subscribeFully(receiver, stage.topic(), 1);
      for (const qos of [2, 1, 0]) {
        await sender.publishWhole({ topic: stage.topic(), payload: 'x', qos });
        demandQos(await gather(receiver), qos);
      }
    },
  },
  {
    claim: 'a message has the Subscription Identifiers of all subscriptions that match it, in one copy or over several',
    shows: [
      v5('MQTT-3.3.4-3', NAMES_NONE),
      v5('MQTT-3.3.4-3', NAMES_A_STRANGER),
      v5('MQTT-3.3.4-4', NAMES_ONE),
      v5('MQTT-3.3.4-5', NAMES_ONE_COPY),
    ],
    play: async (stage) => {
      const sender = await publisher(stage);
      const { peer: receiver } = await connectFor(stage, { identifiers: true, wildcards: true });
      await subscribeFully(receiver, stage.topic('#'), 0, { subscriptionIdentifier: 1 });
      await subscribeFully(receiver, stage.topic('+'), 0);
      await subscribeFully(receiver, stage.topic(), 0, { subscriptionIdentifier: 2 });
      await subscribeFully(receiver, stage.topic('other'), 0, { subscriptionIdentifier: 3 });
      sender.publish({ topic: stage.topic(), payload: 'x' });
      const copies = await gather(receiver);
      const named = [...new Set(copies.flatMap(identifiersOf))].sort((a, b) => a - b);
      demand(named.join() === '1,2', `The Subscription Identifiers 1 and 2 were due; ${named.join(', ')} came.`);
      const nameless = copies.filter((copy) => identifiersOf(copy).length === 0).length;
      demand(nameless <= 1, `${nameless} copies had no Subscription Identifier; one subscription has none.`);
      demand(copies.length <= 3, `${copies.length} copies came for 3 subscriptions.`);
    },
  },
];
