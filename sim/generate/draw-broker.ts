// The broker of a plan, and its links: limits as small as they can be, where the switches say so.

import type { BrokerLimits, QueuePolicy } from '../../src/broker/limits.ts';
import { millis } from '../../src/base/millis.ts';
import type { BrokerPlan, ClientPlan, DiskPlan, NetworkPlan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Draft } from './draft.ts';
import { PLAIN_NETWORK } from './plain-parts.ts';

type Limits = { -readonly [Name in keyof BrokerLimits]?: BrokerLimits[Name] };

const POLICIES: readonly [QueuePolicy, ...QueuePolicy[]] = ['reject', 'drop-oldest', 'drop-newest', 'end-session'];

/** The broker. */
export function drawBroker(draft: Draft, clients: readonly ClientPlan[]): BrokerPlan {
  const random = draft.random.fork('broker');
  const changes = draft.traits.has('changing') && random.chance(0.6);
  return {
    ...(changes && { limitsLater: { receiveMaximum: random.between(1, 3), inFlightMax: random.between(1, 3) } }),
    store: draft.store,
    limits: drawLimits(draft, random, clients),
    packetIdMax: draft.traits.has('few-packet-ids') && random.chance(0.7) ? random.between(4, 10) : 65_535,
    disk: drawDisk(draft, random),
  };
}

/** How a disk is when nothing is wrong with it. */
export function drawDisk({ traits }: Draft, random: SeededRandom): DiskPlan {
  const [commitMillisMin, commitMillisMax] = traits.has('slow-commits')
    ? random.pick<readonly [number, number]>([
        [0, 30],
        [5, 20],
        [20, 100],
      ])
    : random.pick<readonly [number, number]>([
        [0, 0],
        [0, 3],
        [1, 5],
      ]);
  return {
    commitMillisMin,
    commitMillisMax,
    tuning: traits.has('tiny-tuning') && random.chance(0.8) ? 'tiny' : 'usual',
  };
}

/** The links. */
export function drawNetwork({ random: whole, traits }: Draft): NetworkPlan {
  const random = whole.fork('network');
  const isSmall = traits.has('small-links');
  const [delayMillisMin, delayMillisMax] = traits.has('slow-links')
    ? random.pick<readonly [number, number]>([
        [5, 50],
        [20, 20],
        [0, 120],
      ])
    : random.pick<readonly [number, number]>([
        [0, 0],
        [0, 4],
        [1, 10],
      ]);
  return {
    delayMillisMin,
    delayMillisMax,
    chunkBytesMax: random.chance(isSmall ? 0.6 : 0.15) ? random.pick([1, 3, 7, 20, 100]) : 0,
    bufferBytes: isSmall ? random.pick([64, 200, 500, 2_000]) : PLAIN_NETWORK.bufferBytes,
  };
}

function drawLimits(draft: Draft, random: SeededRandom, clients: readonly ClientPlan[]): Partial<BrokerLimits> {
  const { traits } = draft;
  const isAllV5 = clients.every(({ version }) => version === 5);
  const limits: Limits = {
    willRestartGrace: millis(random.pick([0, 50, 500, 2_000, 15_000])),
    publisherHoldMillis: millis(drawHoldMillis(random, clients)),
  };
  if (traits.has('queue-limits')) drawQueueLimits(random, limits);
  if (traits.has('queue-heads')) {
    limits.queueHeadMessagesMax = random.between(1, 3);
    if (random.chance(0.3)) limits.queueHeadBytesMax = random.pick([32, 100, 300]);
    if (random.chance(0.3)) limits.queueHeadsBytesMax = random.pick([100, 500, 2_000]);
  }
  if (traits.has('small-windows')) {
    if (random.chance(0.5)) limits.receiveMaximum = random.between(1, 3);
    if (random.chance(0.5)) limits.inFlightMax = random.between(1, 4);
  }
  if (traits.has('aliases')) {
    limits.topicAliasMaximum = random.between(0, 3);
    limits.topicAliasesOutMax = random.between(0, 3);
  }
  if (traits.has('small-links')) limits.outboxBytesMax = random.pick([100, 500, 2_000]);
  if (traits.has('broker-limits')) drawOtherLimits(draft, random, limits, isAllV5);
  if (traits.has('client-stop') && limits.sessionExpiryMax === 0) delete limits.sessionExpiryMax; // DISCONNECT may not change 0.
  return limits;
}

/**
 * How long a publisher of 3.1.1 stays that was refused. One that is a subscriber, too, must have the time to take what fills its own
 * queue: cut off before its application is done with a message, it would get the same one again for ever.
 */
function drawHoldMillis(random: SeededRandom, clients: readonly ClientPlan[]): number {
  const both = clients.filter(({ version, subscriptions }) => version === 4 && subscriptions.length > 0);
  if (both.length === 0) return random.pick([0, 20, 200]);
  return random.pick([700, 1_000]) + Math.max(...both.map(({ handlingMillisMax }) => handlingMillisMax));
}

/** One or two of them, since the first hides the others. */
function drawQueueLimits(random: SeededRandom, limits: Limits): void {
  for (let left = random.between(1, 2); left > 0; left--) {
    switch (random.between(0, 4)) {
      case 0:
      case 1:
        limits.sessionQueueMessagesMax = random.between(1, 6);
        limits.sessionQueueMessagesPolicy = random.pick(POLICIES);
        break;
      case 2:
        limits.sessionQueueBytesMax = random.between(1_024, 3_000);
        limits.sessionQueueBytesPolicy = random.pick(POLICIES);
        break;
      case 3:
        if (random.chance(0.5)) {
          limits.queuesMessagesMax = random.between(2, 10);
          limits.queuesMessagesPolicy = random.pick(POLICIES);
        } else {
          limits.queuesBytesMax = random.between(1_024, 4_000);
          limits.queuesBytesPolicy = random.pick(POLICIES);
        }
        break;
      default:
        limits.transientQueueMessagesMax = random.between(1, 6);
        if (random.chance(0.3)) limits.transientQueueBytesMax = random.between(1_024, 2_000);
    }
  }
}

function drawOtherLimits({ traits }: Draft, random: SeededRandom, limits: Limits, isAllV5: boolean): void {
  if (random.chance(0.4)) limits.storeLateBytesMax = random.pick([1, 200, 2_000]);
  if (random.chance(0.4)) limits.routeCacheMax = random.between(0, 2);
  const keepAliveSecondsMax = random.chance(0.3) ? random.between(1, 5) : 0;
  // A client of 3.1.1 is not told of a shorter Keep Alive.
  if (isAllV5) limits.keepAliveSecondsMax = keepAliveSecondsMax;
  if (random.chance(0.3)) limits.sessionExpiryMax = millis(random.pick([0, 1_000, 5_000, 60_000]));
  if (random.chance(0.2)) limits.subscriptionsMax = random.between(1, 3);
  // A client of 3.1.1 is not told why it is refused, and would try for ever.
  if (!isAllV5) return;
  // A Will on a deeper topic would be refused for good, too.
  if (random.chance(0.15) && !traits.has('wills')) limits.topicLevelsMax = 2;
  if (random.chance(0.5)) limits.retainedMessagesMax = random.between(0, 3);
  if (random.chance(0.3)) limits.packetBytesMax = random.pick([128, 300]);
}
