// Small plans about queues that fill: more comes than is taken, and a limit is reached, with each policy; or a client does not read.

import type { BrokerLimits, QueuePolicy } from '../../src/broker/limits.ts';
import type { QoS } from '../../src/packet/packet.ts';
import type { ClientPlan, Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { skewed } from './draft.ts';
import { plainPublish, plainSubscription } from './plain-parts.ts';
import { Scene } from './scene.ts';

/** Two clients publish into each other's full queues. */
export function fullQueues(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed);
  const pair = [
    ['b1', 't/1', 't/2'],
    ['b2', 't/2', 't/1'],
  ] as const;
  for (const [name, own, other] of pair) {
    const filter = random.chance(0.2) ? '#' : other;
    scene.add(name, {
      ...windowOf(random),
      subscriptions: [plainSubscription(random.chance(0.15) ? `$share/g/${filter}` : filter, random.pick([1, 2]))],
      ...(random.chance(0.7) ? { handlingMillisMin: 10, handlingMillisMax: random.pick([50, 300]) } : {}),
    });
    for (let i = random.between(1, 3); i > 0; i--) {
      scene.do(
        plainPublish(random.between(100, 600), name, own, random.pick([1, 2]), {
          count: random.between(3, 20),
          payloadBytes: random.pick([0, 0, 300]),
        }),
      );
    }
  }
  if (random.chance(0.5)) {
    scene.add('s3', { subscriptions: [plainSubscription('#', 1)] });
    scene.leave(random.between(50, 300), 's3', 1_000);
  }
  for (let i = random.between(0, 3); i > 0; i--) {
    const at = random.between(100, 900);
    if (random.chance(0.4)) scene.do({ kind: 'cut', at, client: random.pick(['b1', 'b2']) });
    else scene.leave(at, random.pick(['b1', 'b2', 'broker']), random.pick([5, 100, 800]));
  }
  return scene.finish({ ...queueLimits(random), inFlightMax: random.between(1, 3) });
}

/** A client does not read for a while, and much is said to it. */
export function slowReaders(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, ['small-links']);
  scene.add('p1', { startsAt: 0 });
  const readers = (random.chance(0.3) ? ['s2', 's3'] : ['s2']).map((name) => {
    const isV5 = random.chance(0.6);
    return scene.add(name, {
      version: isV5 ? 5 : 4,
      clean: random.chance(0.5),
      receiveMaximum: isV5 ? random.pick([undefined, 2, 20]) : undefined,
      keepAliveSeconds: random.pick([0, 0, 1]),
      subscriptions: [plainSubscription('t/#', random.pick([0, 1, 2]))],
      handlingMillisMax: random.pick([0, 0, 30]),
    });
  });
  for (let i = random.between(1, 3); i > 0; i--) {
    const at = random.between(150, 1_000);
    scene.do({
      kind: 'stall',
      at,
      client: random.pick(['s2', 's2', 's2', 'p1']),
      to: random.pick(['client', 'client', 'both', 'broker']),
      millis: skewed(random, 50, 3_000),
    });
    scene.do(
      plainPublish(at + random.between(0, 40), 'p1', 't/1', random.pick<QoS>([0, 0, 1, 2]), {
        count: skewed(random, 10, 150),
        everyMillis: random.pick([0, 0, 1]),
        payloadBytes: random.pick([0, 0, 100]),
      }),
    );
    for (const reader of readers) if (random.chance(0.3)) scene.interrupt(at + random.between(1, 500), reader);
  }
  const limits = random.chance(0.5) ? { transientQueueMessagesMax: random.between(2, 20) } : {};
  return scene.finish(random.chance(0.3) ? { ...limits, ...queueLimits(random) } : limits);
}

/** As small as they can be, with every policy. */
function queueLimits(random: SeededRandom): Partial<BrokerLimits> {
  const policy = random.pick<QueuePolicy>(['reject', 'reject', 'drop-oldest', 'drop-newest', 'end-session']);
  const messages = random.between(1, 5);
  const bytes = random.between(1_024, 1_500);
  const heads = random.chance(0.4) ? { queueHeadMessagesMax: random.between(1, 2) } : {};
  switch (random.pick(['session', 'session', 'session bytes', 'all', 'all bytes'])) {
    case 'session':
      return { ...heads, sessionQueueMessagesMax: messages, sessionQueueMessagesPolicy: policy };
    case 'session bytes':
      return { ...heads, sessionQueueBytesMax: bytes, sessionQueueBytesPolicy: policy };
    case 'all':
      return { ...heads, queuesMessagesMax: messages, queuesMessagesPolicy: policy };
    default:
      return { ...heads, queuesBytesMax: bytes, queuesBytesPolicy: policy };
  }
}

/** A window of one or two, at times. */
function windowOf(random: SeededRandom): Partial<ClientPlan> {
  return random.chance(0.4) ? { inFlightMax: random.between(1, 2) } : {};
}
