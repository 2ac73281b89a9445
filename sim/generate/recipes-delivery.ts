// Small plans about messages on their way, each built around one situation, with its details left to chance: what a plan of the swarm
// meets now and then, these meet every time.

import type { ClientPlan, Plan, SubscriptionPlan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { skewed } from './draft.ts';
import { plainPublish, plainSubscription } from './plain-parts.ts';
import { Scene } from './scene.ts';

/** Handshakes of QoS 1 and 2 are cut short in every state, by everything that can, and go on. */
export function handshakes(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, random.chance(0.7) ? ['slow-links'] : []);
  const fewIds = random.chance(0.4) ? { packetIdMax: random.between(4, 8) } : {};
  const keepAliveSeconds = random.pick([0, 0, 1]);
  const publisher = scene.add('p1', { ...narrow(random), ...fewIds, keepAliveSeconds });
  const subscriber = scene.add('s2', {
    ...narrow(random),
    ...fewIds,
    keepAliveSeconds,
    ...(random.chance(0.3) && { version: 5, later: { receiveMaximum: random.between(1, 2), hasWill: true } }),
    subscriptions: [plainSubscription('t/1', random.pick([1, 2, 2]))],
    ...slow(random, 0.3),
  });
  const qos = random.pick([1, 2, 2, 2] as const);
  const begin = 4 * scene.roundMillis + 200;
  scene.do(plainPublish(begin, 'p1', 't/1', qos, { count: skewed(random, 1, 6), everyMillis: random.pick([0, 0, 3]) }));
  let at = begin;
  for (let left = random.pick([1, 1, 2, 3]); left > 0; left--) {
    at += random.between(0, 5 * scene.roundMillis);
    scene.interrupt(at, random.pick([publisher, subscriber]));
  }
  // What a packet identifier that was forgotten would now be taken for.
  scene.do(
    plainPublish(at + random.between(1, 600), 'p1', 't/1', qos, { count: random.between(1, 8), everyMillis: 1 }),
  );
  const limitsLater = { receiveMaximum: random.between(1, 2), inFlightMax: random.between(1, 2) };
  return scene.finish({}, { ...fewIds, ...(random.chance(0.2) && { limitsLater }) });
}

/** A subscriber is away while messages come, the broker is restarted, and the subscriber comes back for them. */
export function away(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed);
  scene.add('p1', { startsAt: 0 });
  const ways = ['stop', 'crash', 'machine'] as const;
  const names = random.chance(0.4) ? ['s2', 's3'] : ['s2'];
  for (const name of names) {
    scene.add(name, {
      ...narrow(random),
      subscriptions: [plainSubscription(random.pick(['t/1', 't/+', '#']), random.pick([1, 2]))],
    });
    scene.leave(200, name, random.between(700, 1_200), ways);
  }
  const publish = (at: number, count: number): void =>
    scene.do(
      plainPublish(at, 'p1', random.pick(['t/1', 't/1', 't/2']), random.pick([1, 2]), {
        count,
        payloadBytes: random.pick([0, 0, 200]),
      }),
    );
  publish(random.between(250, 350), skewed(random, 1, 20));
  if (random.chance(0.5)) publish(random.between(350, 500), skewed(random, 1, 10));
  if (random.chance(0.8)) scene.leave(random.between(300, 700), 'broker', random.between(1, 200), ways);
  // While it is being read back.
  publish(random.between(850, 1_400), skewed(random, 1, 10));
  if (random.chance(0.4)) scene.do({ kind: 'cut', at: random.between(900, 1_500), client: 's2' });
  if (random.chance(0.3)) scene.leave(random.between(900, 1_500), 'broker', random.between(1, 100), ways);
  return scene.finish(random.chance(0.6) ? { queueHeadMessagesMax: random.between(1, 4) } : {});
}

/** Topics as aliases, over connections that break. */
export function aliases(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed);
  const inFlightMax = random.pick([2, 20]);
  scene.add('p1', { version: 5, topicAliasMaximum: random.between(0, 3), inFlightMax });
  scene.add('s2', {
    version: 5,
    topicAliasMaximum: random.between(1, 3),
    receiveMaximum: random.pick([undefined, 1, 3]),
    subscriptions: [plainSubscription('#', random.pick([0, 1, 2]))],
  });
  for (let i = random.between(2, 6); i > 0; i--) {
    const topic = random.pick(['a', 'a/b', 't/1', 't/2']);
    const at = random.between(100, 1_000);
    scene.do(
      plainPublish(at, 'p1', topic, random.pick([0, 1, 2]), {
        count: random.between(2, 6),
        everyMillis: random.between(0, 20),
      }),
    );
  }
  for (let i = random.between(1, 4); i > 0; i--) {
    const at = random.between(100, 1_200);
    if (random.chance(0.7)) scene.do({ kind: 'cut', at, client: random.pick(['p1', 's2']) });
    else scene.leave(at, random.pick(['broker', 'p1', 's2']), skewed(random, 1, 100));
  }
  return scene.finish({ topicAliasMaximum: random.between(0, 3), topicAliasesOutMax: random.between(0, 3) });
}

/** Members of a shared subscription leave while messages are in flight to them. */
export function sharing(random: SeededRandom, seed: number): Plan {
  // What members cannot take at once waits for the group.
  const isTight = random.chance(0.5);
  const scene = new Scene(random, seed, isTight && random.chance(0.5) ? ['slow-commits'] : []);
  scene.add('p1', { startsAt: 0 });
  const filter = random.pick(['$share/g/t/1', '$share/g/t/+', '$share/g/#']);
  const members = ['s2', 's3', 's4', 's5'].slice(0, random.between(2, 4));
  for (const name of members) {
    const isV5 = isTight || random.chance(0.7);
    const subscriptions: SubscriptionPlan[] = [plainSubscription(filter, random.pick([1, 2, 2]))];
    if (random.chance(0.2))
      subscriptions.push(plainSubscription(random.pick(['t/1', '#', '$share/h/t/1']), random.pick([1, 2])));
    scene.add(name, {
      version: isV5 ? 5 : 4,
      clean: random.chance(0.3),
      sessionExpirySeconds: isV5 ? random.pick([undefined, undefined, 0, 1, 3]) : undefined,
      receiveMaximum: isTight ? 1 : isV5 ? random.pick([undefined, 2]) : undefined,
      subscriptions,
      ...slow(random, isTight ? 0.9 : 0.5),
      startsAt: random.chance(0.2) ? random.between(0, 600) : 0,
    });
  }
  const [first = 's2', ...others] = members;
  for (let i = random.between(2, 5); i > 0; i--) {
    const at = random.between(100, 800);
    if (isTight && random.chance(0.4)) scene.leave(at + random.between(5, 200), 'broker', skewed(random, 1, 100));
    scene.do(
      plainPublish(at, 'p1', 't/1', random.pick([1, 2, 2]), {
        count: random.between(1, 6),
        everyMillis: random.pick([0, 5]),
      }),
    );
  }
  for (let i = random.between(1, 5); i > 0; i--) {
    const at = random.between(110, 1_000);
    const name = random.pick([first, ...others]);
    const kind = random.pick(['leave', 'leave', 'cut', 'cut', 'unsubscribe', 'subscribe', 'broker'] as const);
    if (kind === 'leave') scene.leave(at, name, random.pick([20, 300, 4_000]));
    else if (kind === 'cut') scene.do({ kind: 'cut', at, client: name });
    else if (kind === 'unsubscribe') scene.do({ kind, at, client: name, filters: [filter] });
    else if (kind === 'subscribe')
      scene.do({ kind, at, client: name, subscription: plainSubscription(filter, random.pick([1, 2])) });
    else scene.leave(at, 'broker', random.between(1, 200));
  }
  return scene.finish(
    random.chance(0.3) ? { inFlightMax: random.between(1, 2), queueHeadMessagesMax: random.between(1, 3) } : {},
  );
}

/** A window of one or two, at times. */
function narrow(random: SeededRandom): Partial<ClientPlan> {
  return random.chance(0.4) ? { inFlightMax: random.between(1, 2) } : {};
}

/** An application that takes its time, with this probability. */
function slow(random: SeededRandom, probability: number): Partial<ClientPlan> {
  if (!random.chance(probability)) return {};
  return random.pick([
    { handlingMillisMin: 0, handlingMillisMax: 100 },
    { handlingMillisMin: 50, handlingMillisMax: 50 },
    { handlingMillisMin: 10, handlingMillisMax: 800 },
  ]);
}
