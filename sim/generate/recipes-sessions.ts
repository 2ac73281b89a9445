// Small plans about sessions and what hangs on them: expiry, takeover, restarts, retained messages. Each is built around one
// situation, with its details left to chance.

import { millis } from '../../src/base/millis.ts';
import type { ClientPlan, Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { skewed } from './draft.ts';
import { plainPublish, plainSubscription } from './plain-parts.ts';
import { Scene } from './scene.ts';

/** Sessions and messages that expire while their client is away, or the broker is down, and the wall clock jumps. */
export function expiry(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed);
  scene.add('p1', { version: 5, startsAt: 0 });
  for (const name of ['s2', 's3'].slice(0, random.between(1, 2))) {
    const isV5 = random.chance(0.85);
    scene.add(name, {
      version: isV5 ? 5 : 4,
      sessionExpirySeconds: isV5 ? random.pick([1, 2, 3, undefined]) : undefined,
      receiveMaximum: isV5 ? random.pick([undefined, 1]) : undefined,
      subscriptions: [plainSubscription(random.pick(['t/1', 't/#']), random.pick([1, 2]))],
      ...(random.chance(0.3) ? { handlingMillisMin: 100, handlingMillisMax: 1_500 } : {}),
    });
    const gone = random.between(200, 400);
    const down = random.pick([500, 900, 1_100, 1_900, 2_100, 3_500, 6_000]) + random.between(-50, 50);
    if (random.chance(0.2)) {
      scene.do({ kind: 'unreachable', at: gone, client: name, millis: down }, { kind: 'cut', at: gone, client: name });
    } else {
      scene.leave(gone, name, down);
    }
    if (isV5 && random.chance(0.15)) {
      scene.do({ kind: 'stop', at: gone, who: name, reasonCode: 0, sessionExpirySeconds: random.pick([0, 1, 60]) });
    }
  }
  for (let i = random.between(1, 4); i > 0; i--) {
    scene.do(
      plainPublish(random.between(100, 3_000), 'p1', 't/1', random.pick([0, 1, 2]), {
        count: random.between(1, 5),
        everyMillis: random.pick([0, 100]),
        retain: random.chance(0.3),
        expirySeconds: random.pick([undefined, 1, 2, 3, 60]),
      }),
    );
  }
  for (let left = random.pick([0, 0, 1, 1, 3]); left > 0; left--) {
    scene.leave(random.between(300, 3_000), 'broker', random.pick([5, 200, 1_500]), [
      'crash',
      'crash',
      'machine',
      'stop',
    ]);
  }
  if (random.chance(0.5)) {
    const jump = random.pick([-3_600_000, 3_600_000, 1_500, -1_500, 31_536_000_000, -31_536_000_000]);
    scene.do({ kind: 'wall-clock', at: random.between(200, 3_000), millis: jump });
  }
  if (random.chance(0.3))
    scene.add('s4', { startsAt: random.between(1_000, 5_000), subscriptions: [plainSubscription('#', 1)] });
  return scene.finish(random.chance(0.2) ? { sessionExpiryMax: millis(random.pick([1_000, 2_000])) } : {});
}

/** Another process comes with the same client identifier, in the middle of handshakes. */
export function takeover(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, random.chance(0.7) ? ['slow-commits'] : ['slow-links']);
  const filters = [plainSubscription(random.pick(['t/1', '#']), random.pick([1, 2, 2]))];
  const publisher = scene.add('p1', { clean: random.chance(0.2), inFlightMax: random.pick([1, 20]) });
  const subscriber = scene.add('s2', {
    clean: random.chance(0.2),
    inFlightMax: random.pick([2, 20]),
    ...narrowReceiver(random),
    subscriptions: filters,
    handlingMillisMax: random.pick([0, 0, 80]),
  });
  for (let i = random.between(1, 4); i > 0; i--) {
    const at = random.between(150, 800);
    scene.do(
      plainPublish(at, 'p1', 't/1', random.pick([1, 2, 2]), {
        count: skewed(random, 1, 12),
        everyMillis: random.pick([0, 4, 30]),
      }),
    );
    if (i > 2 && random.chance(0.5)) continue;
    const { name } = random.pick([publisher, subscriber]);
    const taken = at + random.between(0, 4 * scene.roundMillis);
    const stay = skewed(random, 1, 300);
    scene.do({ kind: 'intruder', at: taken, client: name, clean: random.chance(0.25), millis: stay });
    scene.do({ kind: 'start', at: taken + random.pick([1, stay, stay + 50]), who: name });
  }
  if (random.chance(0.3)) scene.interrupt(random.between(200, 900), random.pick([publisher, subscriber]));
  return scene.finish();
}

/** Of MQTT 5.0, with a Receive Maximum that another process of its name does not have. */
function narrowReceiver(random: SeededRandom): Partial<ClientPlan> {
  return random.chance(0.4) ? { version: 5, receiveMaximum: random.between(1, 2) } : {};
}

/** A stream of messages over a broker that is restarted again and again, also while it starts. */
export function restarts(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed);
  const apart = random.pick([10, 30, 100]);
  scene.add('p1', { startsAt: 0, inFlightMax: random.pick([1, 5, 100]) });
  scene.add('s2', { clean: random.chance(0.1), subscriptions: [plainSubscription('t/1', random.pick([1, 2]))] });
  if (random.chance(0.3)) scene.add('s3', { subscriptions: [plainSubscription('$share/g/t/1', 2)] });
  for (const qos of random.pick<readonly (0 | 1 | 2)[]>([[1], [2], [1, 2], [0, 2]])) {
    scene.do(
      plainPublish(100, 'p1', 't/1', qos, {
        count: random.between(5, 25),
        everyMillis: apart,
        retain: random.chance(0.15),
      }),
    );
  }
  let at = random.between(50, 200);
  for (let i = random.between(2, 8); i > 0; i--) {
    if (random.chance(0.5)) {
      scene.do({
        kind: 'crash-at',
        at,
        who: random.chance(0.75) ? 'broker' : random.pick(['p1', 's2']),
        boundary: skewed(random, 1, 20),
        downMillis: skewed(random, 1, 60),
        machine: random.chance(0.3),
      });
    } else {
      scene.leave(at, random.chance(0.75) ? 'broker' : random.pick(['p1', 's2']), skewed(random, 1, 60));
    }
    at += random.between(5, 300);
  }
  return scene.finish();
}

/** Retained messages are set, replaced and cleared, while subscribers come and go and the broker is killed. */
export function retained(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, random.chance(0.4) ? ['slow-commits'] : []);
  const topics = random.chance(0.5) ? (['t/1'] as const) : (['t/1', 't/2', 'a/b'] as const);
  const publishers = random.chance(0.5) ? (['p1', 'p2'] as const) : (['p1'] as const);
  for (const name of publishers) scene.add(name, { version: 5, startsAt: 0 });
  for (const name of ['s3', 's4'].slice(0, random.between(1, 2))) {
    const isV5 = random.chance(0.7);
    scene.add(name, {
      version: isV5 ? 5 : 4,
      clean: random.chance(0.4),
      startsAt: random.between(0, 1_000),
      subscriptions: [
        plainSubscription(random.pick(['t/1', 't/+', '#', 'a/#']), random.pick([0, 1, 2]), {
          retainHandling: isV5 ? random.pick([0, 0, 1, 2]) : 0,
          retainAsPublished: isV5 && random.chance(0.4),
        }),
      ],
    });
    scene.do({
      kind: 'subscribe',
      at: random.between(1_000, 1_800),
      client: name,
      subscription: plainSubscription('#', 1),
    });
    if (random.chance(0.4)) scene.leave(random.between(300, 1_000), name, random.between(10, 400));
  }
  for (let i = random.between(2, 8); i > 0; i--) {
    const at = random.between(50, 1_200);
    const topic = random.pick(topics);
    setOrClear(scene, at, random.pick(publishers), topic);
    // Another one, before the disk has the first.
    if (random.chance(0.4)) setOrClear(scene, at + random.between(1, 30), random.pick(publishers), topic);
    if (random.chance(0.25)) scene.leave(at + random.between(1, 80), 'broker', skewed(random, 1, 100));
  }
  return scene.finish(random.chance(0.15) ? { retainedMessagesMax: random.between(1, 2) } : {});
}

function setOrClear(scene: Scene, at: number, client: string, topic: string): void {
  const { random } = scene;
  const isEmpty = random.chance(0.4);
  scene.do(
    plainPublish(at, client, topic, random.pick([0, 1, 1, 2]), {
      retain: random.chance(0.9) || isEmpty,
      isEmpty,
      count: random.pick([1, 1, 2]),
      expirySeconds: random.chance(0.15) ? random.pick([1, 3]) : undefined,
    }),
  );
}
