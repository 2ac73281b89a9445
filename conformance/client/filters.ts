// Topic Filters in SUBSCRIBE and UNSUBSCRIBE (sections 3.8.3, 3.10.3, 4.7 and 4.8.2).

import type { Client } from '../../src/client/client.ts';
import { both, type ClientCheck, v311, v5 } from '../check.ts';
import { clientAlters, type Lie } from '../liar/lie.ts';
import type { ClientStage, Host } from '../stage/client-stage.ts';
import { demand } from '../stage/fault.ts';
import { read } from '../wire/read.ts';
import { subscribe, unsubscribe } from '../wire/write.ts';

const NAME = 'Zo\u00eb/+';
const NAME_IN_LATIN_1 = Uint8Array.of(0x5a, 0x6f, 0xeb, 0x2f, 0x2b);

/** A client that subscribes to something else. */
function subscribesTo(does: string, filter: string | Uint8Array, options = 0): Lie {
  return clientAlters('subscribe', does, (frame, { level }) =>
    subscribe(level, read(frame, level).id, [[filter, options]]),
  );
}

const NO_FILTER_TO_SUBSCRIBE = clientAlters('subscribe', 'subscribes to nothing', (frame, { level }) =>
  subscribe(level, read(frame, level).id, []),
);

const LATIN_1_TO_UNSUBSCRIBE = clientAlters(
  'unsubscribe',
  'writes a filter of UNSUBSCRIBE in Latin-1',
  (frame, { level }) => unsubscribe(level, read(frame, level).id, [NAME_IN_LATIN_1]),
);

const NO_FILTER_TO_UNSUBSCRIBE = clientAlters('unsubscribe', 'unsubscribes from nothing', (frame, { level }) =>
  unsubscribe(level, read(frame, level).id, []),
);

const HASH_INSIDE = subscribesTo('writes # before the end of a filter', 'a/#/b');
const HASH_AFTER_TEXT = subscribesTo('writes # behind other characters of its level', 'a/b#');
const PLUS_AFTER_TEXT = subscribesTo('writes + behind other characters of its level', 'a/b+');
const NOTHING_SHARED = subscribesTo('shares without a ShareName', '$share//t');
const PLUS_IN_NAME = subscribesTo('writes + in a ShareName', '$share/a+/t');
const NO_FILTER_SHARED = subscribesTo('shares no filter', '$share/group/');
const NO_LOCAL_SHARED = subscribesTo('asks for No Local where it shares', '$share/group/t', 0x04);

const MISPLACED_HASH = ['a#', 'a/#/b', '#/a', 'a/b#', '##'];
const MISPLACED_PLUS = ['a+', '+a', 'a/b+/c', '++', 'a/+b'];
const SOUND = ['#', 'a/#', '+', '+/a/+', '/+', '+/#', 'a//b'];

/** The checks of this part. */
export const CHECKS: readonly ClientCheck[] = [
  {
    claim: 'the filters of SUBSCRIBE and UNSUBSCRIBE are UTF-8',
    shows: [
      ...both('MQTT-3.8.3-1', subscribesTo('writes a filter of SUBSCRIBE in Latin-1', NAME_IN_LATIN_1)),
      ...both('MQTT-3.10.3-1', LATIN_1_TO_UNSUBSCRIBE),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await demandSent(client, host, NAME);
    },
  },
  {
    claim: 'a subscription to nothing is refused, and never sent; so is the end of one',
    shows: [
      v5('MQTT-3.8.3-2', NO_FILTER_TO_SUBSCRIBE),
      v311('MQTT-3.8.3-3', NO_FILTER_TO_SUBSCRIBE),
      ...both('MQTT-3.10.3-2', NO_FILTER_TO_UNSUBSCRIBE),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await stage.refused(client.subscribe([]), 'to subscribe to nothing');
      await stage.refused(client.unsubscribe([]), 'to unsubscribe from nothing');
      void client.subscribe(['a', 'b']).catch(() => undefined);
      const { length: subscribed } = (await host.expect('subscribe')).filters;
      demand(subscribed > 0, 'SUBSCRIBE has no filter.');
      void client.unsubscribe(['a', 'b']).catch(() => undefined);
      const { length: unsubscribed } = (await host.expect('unsubscribe')).filters;
      demand(unsubscribed > 0, 'UNSUBSCRIBE has no filter.');
    },
  },
  {
    claim: 'wildcards stand where they may: # at the end, and each alone in its level',
    shows: [
      v5('MQTT-4.7.1-1', HASH_INSIDE),
      v311('MQTT-4.7.1-2', HASH_INSIDE),
      v5('MQTT-4.7.1-1', HASH_AFTER_TEXT),
      v311('MQTT-4.7.1-2', HASH_AFTER_TEXT),
      v5('MQTT-4.7.1-2', PLUS_AFTER_TEXT),
      v311('MQTT-4.7.1-3', PLUS_AFTER_TEXT),
    ],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await demandRefused(stage, client, ...MISPLACED_HASH, ...MISPLACED_PLUS);
      for (const filter of SOUND) await demandSent(client, host, filter);
    },
  },
  {
    claim: 'a shared subscription has a ShareName of a character at least, without wildcards, and a filter',
    shows: [v5('MQTT-4.8.2-1', NOTHING_SHARED), v5('MQTT-4.8.2-2', PLUS_IN_NAME), v5('MQTT-4.8.2-2', NO_FILTER_SHARED)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await demandRefused(
        stage,
        client,
        '$share//t',
        '$share/',
        '$share/a+/t',
        '$share/a#/t',
        '$share/#',
        '$share/+/t',
      );
      await demandRefused(stage, client, '$share/group', '$share/group/');
      await demandSent(client, host, '$share/group/t/+');
    },
  },
  {
    claim: 'No Local is not asked for where a subscription is shared',
    shows: [v5('MQTT-3.8.3-4', NO_LOCAL_SHARED)],
    play: async (stage) => {
      const { client, host } = await stage.connected();
      await stage.refused(
        client.subscribe({ filter: '$share/group/t', noLocal: true }),
        'to share a subscription with No Local',
      );
      void client.subscribe('$share/group/t').catch(() => undefined);
      const [[filter, options]] = nonEmpty((await host.expect('subscribe')).filters);
      demand(filter === '$share/group/t', `The filter is ${filter}.`);
      demand((options & 4) === 0, 'The No Local bit of a shared subscription is set.');
    },
  },
];

async function demandRefused(stage: ClientStage, client: Client, ...filters: readonly string[]): Promise<void> {
  for (const filter of filters) {
    await stage.refused(client.subscribe(filter), `to subscribe to ${JSON.stringify(filter)}`);
    await stage.refused(client.unsubscribe(filter), `to unsubscribe from ${JSON.stringify(filter)}`);
  }
}

/** Demands that this filter comes as it is. */
async function demandSent(client: Client, host: Host, due: string): Promise<void> {
  void client.subscribe(due).catch(() => undefined);
  const [[subscribed]] = nonEmpty((await host.expect('subscribe')).filters);
  demand(subscribed === due, `SUBSCRIBE has the filter ${subscribed}; due was ${due}.`);
  void client.unsubscribe(due).catch(() => undefined);
  const [[unsubscribed]] = nonEmpty((await host.expect('unsubscribe')).filters);
  demand(unsubscribed === due, `UNSUBSCRIBE has the filter ${unsubscribed}; due was ${due}.`);
}

function nonEmpty<T>(list: readonly T[]): readonly [T, ...(readonly T[])] {
  const [first, ...rest] = list;
  demand(first !== undefined, 'There is no filter.');
  return [first, ...rest];
}
