// Who takes part in a run: publishers of both versions with and without persistent sessions; subscribers with every pair of
// QoS, plain, overlapping and shared subscriptions, who stay, come and go, or are away until the end. A table of data;
// what they do is in publisher.ts and subscriber.ts.

import type { Chronicle } from './chronicle.ts';
import { Inbox } from './inbox.ts';
import { Mortals } from './mortals.ts';
import type { Draft } from './publisher.ts';
import { Publisher } from './publisher.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SubscriptionChoice } from './subscriber.ts';
import { Subscriber } from './subscriber.ts';
import { Witness } from './witness.ts';

/** Whether a subscriber is there: always, now and then, or only when everything is fetched at the end. */
export type Presence = 'stays' | 'visits' | 'away';

/** A subscriber with its habits. */
export interface Part {
  readonly subscriber: Subscriber;
  readonly presence: Presence;
}

/** Everybody. */
export interface Cast {
  readonly publishers: readonly Publisher[];
  readonly mortals: Mortals;
  /** Takes no part, and sees what the broker has in hand. */
  readonly witness: Witness;
  readonly parts: readonly Part[];
  /** What the members of each shared group get together. */
  readonly groups: readonly Inbox[];
  /** Gets every message, and fetches it only at the end. */
  readonly archive: Subscriber;
  /** Subscribes, unsubscribes and starts anew as the run goes on. */
  readonly fickle: Subscriber;
}

/** Everything that the cast publishes is under this level. */
const LOAD = 'load';

/** All retained topics. */
export const RETAINED_FILTER = 'load/retained/#';

/** What the fickle one subscribes to now and then. */
export const FICKLE: readonly [SubscriptionChoice, ...SubscriptionChoice[]] = [
  own(`${LOAD}/plain/2`, 1),
  own(`${LOAD}/plain/+`, 2),
  { ...own(RETAINED_FILTER, 2), wantsRetained: true },
];

/** Makes everybody. */
export function makeCast(chronicle: Chronicle, random: SeededRandom): Cast {
  const publisher = (name: string, version: 4 | 5, isPersistent: boolean, window: number): Publisher => {
    const choice = { name, version, isPersistent, window, receiveMaximum: undefined };
    return new Publisher({ ...choice, draft: () => draw(name, random) }, chronicle);
  };
  const part = (
    presence: Presence,
    name: string,
    version: 4 | 5,
    subscriptions: readonly SubscriptionChoice[],
    { slowness = 0, receiveMaximum, group }: { slowness?: number; receiveMaximum?: number; group?: Inbox } = {},
  ): Part => {
    const choice = { name, version, subscriptions, slowness, receiveMaximum, group };
    return { presence, subscriber: new Subscriber(choice, chronicle) };
  };

  const pair = new Inbox('the group of two', true);
  const lone = new Inbox('the group of one', true);
  const archive = part('away', 'archive1', 4, [own(`${LOAD}/#`, 1)]);
  const fickle = part('visits', 'fickle', 5, [], { receiveMaximum: 30 });
  return {
    mortals: new Mortals(`${LOAD}/will`, chronicle, random),
    witness: new Witness(`${LOAD}/#`, chronicle),
    publishers: [
      publisher('wide5', 5, true, 16),
      publisher('wide4', 4, true, 12),
      publisher('single5', 5, true, 1),
      publisher('narrow4', 4, true, 3),
      publisher('forgetful5', 5, false, 12),
      publisher('forgetful4', 4, false, 6),
    ],
    parts: [
      part('stays', 'all2', 5, [own(`${LOAD}/#`, 2)], { receiveMaximum: 40 }),
      part('stays', 'all1', 4, [own(`${LOAD}/+/#`, 1)]),
      archive,
      part('away', 'archive2', 5, [own(`${LOAD}/plain/+`, 2), own(`${LOAD}/retained/#`, 1)], { receiveMaximum: 100 }),
      part(
        'visits',
        'overlap5',
        5,
        [own(`${LOAD}/plain/#`, 1, 1), own(`${LOAD}/plain/1`, 2, 2), own(RETAINED_FILTER, 2)],
        { slowness: 4, receiveMaximum: 10 },
      ),
      part('visits', 'overlap4', 4, [own(`${LOAD}/+/0`, 2), own(`${LOAD}/plain/#`, 1)], { slowness: 3 }),
      part('stays', 'member5', 5, [shared('pair', 2)], { group: pair, slowness: 2, receiveMaximum: 5 }),
      part('visits', 'member4', 4, [shared('pair', 1)], { group: pair, slowness: 1 }),
      part('away', 'loner5', 5, [shared('lone', 2)], { group: lone }),
      fickle,
    ],
    groups: [pair, lone],
    archive: archive.subscriber,
    fickle: fickle.subscriber,
  };
}

/**
 * Makes up what a publisher publishes next. A retained topic has one publisher and one QoS, so that there is a last write:
 * what is repeated with QoS 1 is published anew, and would come after a QoS 2 message that is not.
 */
function draw(name: string, random: SeededRandom): Draft {
  const size = random.chance(0.03) ? random.between(2000, 12_000) : random.between(16, 200);
  const kind = random.pick(['plain', 'plain', 'plain', 'shared', 'shared', 'retained']);
  if (kind !== 'retained') {
    const topic = `${LOAD}/${kind}/${random.between(0, kind === 'plain' ? 3 : 1)}`;
    return { topic, qos: random.pick([1, 2]), retain: false, isClear: false, size };
  }
  const qos = random.pick([1, 2]);
  const isCleared = random.chance(0.3);
  const topic = `${LOAD}/retained/${name}/${isCleared ? 'cleared' : 'kept'}${qos}`;
  return { topic, qos, retain: true, isClear: isCleared && random.chance(0.5), size };
}

function own(filter: string, qos: 1 | 2, identifier?: number): SubscriptionChoice {
  return { filter, share: '', qos, wantsRetained: false, identifier };
}

function shared(group: string, qos: 1 | 2): SubscriptionChoice {
  return { filter: `${LOAD}/shared/#`, share: group, qos, wantsRetained: false, identifier: undefined };
}
