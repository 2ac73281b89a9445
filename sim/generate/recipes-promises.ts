// Small plans about what must be durable before what leaves: something is answered, and whoever answered dies at once. The disk is
// slow, so that there is a long while between.

import { millis } from '../../src/base/millis.ts';
import type { QoS } from '../../src/packet/packet.ts';
import type { ClientPlan, DiskFault, Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { skewed } from './draft.ts';
import { plainPublish, plainSubscription, plainWill } from './plain-parts.ts';
import { Scene } from './scene.ts';
import { willTopic } from './topics.ts';

/** CONNECT, SUBSCRIBE and UNSUBSCRIBE are answered, with a session that is new, kept or ended, and the broker dies. */
export function beginnings(random: SeededRandom, seed: number): Plan {
  if (random.chance(0.25)) return promisedWill(random, seed);
  const scene = new Scene(random, seed, ['slow-commits']);
  scene.add('p1', { version: 5, startsAt: 0, clean: true });
  const isV5 = random.chance(0.7);
  const clean = random.chance(0.5);
  const expiry = isV5 ? random.pick([undefined, 0, 3_600, 3_600]) : undefined;
  const client = scene.add('c2', {
    version: isV5 ? 5 : 4,
    clean,
    sessionExpirySeconds: expiry,
    will: random.chance(0.5)
      ? plainWill(willTopic('c2'), { qos: random.pick([1, 2]), retain: random.chance(0.5) })
      : undefined,
    subscriptions: random.chance(0.8) ? [plainSubscription('t/1', random.pick([1, 2]))] : [],
  });
  scene.add('s3', { startsAt: 0, subscriptions: [plainSubscription('w/#', 1)] });
  if (random.chance(0.4))
    scene.do(plainPublish(random.between(150, 250), 'p1', 't/1', random.pick<QoS>([1, 2]), { count: 2 }));
  let at = random.between(0, 100);
  for (let left = random.between(1, 3); left > 0; left--) {
    at += random.between(100, 300);
    begin(scene, at, client);
    // Soon after the answer, in most cases.
    const death = at + skewed(random, 1, 6 * scene.roundMillis + 60);
    scene.leave(death, 'broker', skewed(random, 1, 100), ['crash', 'machine']);
    if (random.chance(0.35))
      scene.leave(death + random.between(0, 2), 'c2', skewed(random, 10, 1_000), ['crash', 'machine']);
    at = death + 100;
  }
  for (const later of [random.between(20, 100), random.between(200, 1_500)]) {
    scene.do(plainPublish(at + later, 'p1', 't/1', random.pick([1, 2]), { count: random.between(1, 4) }));
  }
  return scene.finish();
}

/** Something that the broker answers when it is durable. */
function begin(scene: Scene, at: number, { name }: ClientPlan): void {
  const { random } = scene;
  switch (random.pick(['subscribe', 'unsubscribe', 'connect', 'intruder'])) {
    case 'subscribe':
      return scene.do({
        kind: 'subscribe',
        at,
        client: name,
        subscription: plainSubscription(random.pick(['t/1', 't/+', '#']), 2),
      });
    case 'unsubscribe':
      return scene.do({ kind: 'unsubscribe', at, client: name, filters: ['t/1'] });
    case 'connect':
      scene.leave(at - 50, name, 50, ['stop', 'crash']);
      return;
    default:
      return scene.do(
        { kind: 'intruder', at, client: name, clean: random.chance(0.7), millis: skewed(random, 5, 100) },
        { kind: 'start', at: at + 150, who: name },
      );
  }
}

/** A client is told that it is connected, and it and the broker die at once: its Will was promised. */
function promisedWill(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, ['slow-commits']);
  scene.add('s3', { startsAt: 0, subscriptions: [plainSubscription('w/#', 1)] });
  const at = random.between(300, 500);
  const will = plainWill(willTopic('c2'), { qos: random.pick([0, 1, 2]), retain: random.chance(0.5) });
  const isV5 = random.chance(0.5);
  // Its session ends with its connection, or stays.
  const isKept = random.chance(0.3);
  const sessionExpirySeconds = isV5 && !isKept ? 0 : undefined;
  scene.add('c2', { version: isV5 ? 5 : 4, clean: !isKept, store: 'none', will, sessionExpirySeconds, startsAt: at });
  const death = at + scene.roundMillis + random.between(0, 40);
  scene.leave(death, 'broker', skewed(random, 1, 200), ['crash', 'machine']);
  scene.leave(death + random.between(0, 2), 'c2', 5_000, ['crash', 'machine']);
  return scene.finish({ willRestartGrace: millis(random.pick([0, 100, 1_000])) });
}

/** The broker lets an acknowledgement go for which there is nothing to write, between others of another publisher. */
function overtakingAnother(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, ['slow-commits'], ['slow-links', 'small-links']);
  for (const name of ['p1', 'p2']) scene.add(name, { inFlightMax: 20, store: 'none', startsAt: 0 });
  scene.add('s3', { startsAt: 0, store: 'none', subscriptions: [plainSubscription('t/1', 1)] });
  scene.add('s4', { startsAt: 0, subscriptions: [plainSubscription('t/2', random.pick([1, 2]))] });
  scene.leave(200, 's4', random.between(600, 1_500), ['stop', 'crash']);
  const origin = random.between(260, 300);
  scene.do(
    plainPublish(origin, 'p1', 't/1', 1, { count: random.between(10, 30), everyMillis: random.between(2, 6) }),
    plainPublish(origin + 3, 'p2', 't/2', 1, { count: random.between(3, 8), everyMillis: random.between(5, 40) }),
  );
  scene.leave(origin + random.between(20, 150), 'broker', skewed(random, 1, 100), ['crash', 'machine']);
  return scene.finish();
}

/** Messages of QoS 1 that everybody has had before they are written, between others for which that is not so. */
export function overtaking(random: SeededRandom, seed: number): Plan {
  if (random.chance(0.3)) return overtakingAnother(random, seed);
  const scene = new Scene(random, seed, ['slow-commits'], ['slow-links', 'small-links']);
  const publishers = random.chance(0.6) ? ['p1', 'p2'] : ['p1'];
  for (const name of publishers) scene.add(name, { inFlightMax: random.pick([2, 20, 20]), startsAt: 0 });
  const [first = 'p1', ...others] = publishers;
  scene.add('s3', { startsAt: 0, store: 'none', subscriptions: [plainSubscription('t/+', 1)] });
  // Not all messages are for it, and it is not always there.
  scene.add('s4', {
    subscriptions: [plainSubscription(random.pick(['t/2', '$share/g/t/2', 't/2']), random.pick([1, 2]))],
  });
  if (random.chance(0.5)) scene.leave(random.between(60, 150), 's4', random.between(200, 1_000));
  const origin = random.between(160, 200);
  for (let left = random.between(3, 10); left > 0; left--) {
    const qos = random.pick<QoS>([1, 1, 1, 1, 2]);
    scene.do(
      plainPublish(
        origin + random.between(0, 80),
        random.pick([first, ...others]),
        random.pick(['t/1', 't/1', 't/2']),
        qos,
        {
          count: skewed(random, 1, 8),
          everyMillis: random.pick([0, 1, 3, 10]),
          retain: random.chance(0.1),
        },
      ),
    );
  }
  const at = origin + random.between(5, 150);
  scene.leave(at, 'broker', skewed(random, 1, 100), ['crash', 'machine']);
  if (random.chance(0.4))
    scene.leave(at + random.between(-20, 20), random.pick(['s3', 's4', 'p1']), random.between(1, 200));
  if (random.chance(0.3))
    scene.do({ kind: 'cut', at: at - random.between(1, 60), client: random.pick(['s3', 's4', 'p1']) });
  return scene.finish();
}

/** Clients with a store are killed while something waits for their own disk. */
export function deadClients(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, random.chance(0.7) ? ['slow-commits'] : []);
  const qos = random.pick<QoS>([1, 2, 2]);
  const limits: Partial<ClientPlan> = random.chance(0.3) ? { outboxMessagesMax: random.between(1, 3) } : {};
  const stored = { store: scene.storeOfClient() };
  scene.add('p1', { ...stored, ...limits, startsAt: 0, inFlightMax: random.pick([1, 3, 20]) });
  scene.add('s2', {
    ...stored,
    subscriptions: [plainSubscription('t/1', random.pick([1, 2, 2]))],
    inboxBytesMax: random.chance(0.2) ? random.pick([1, 30]) : undefined,
    handlingMillisMax: random.pick([0, 5, 200]),
  });
  scene.do(
    plainPublish(random.between(100, 200), 'p1', 't/1', qos, {
      count: skewed(random, 1, 15),
      everyMillis: random.pick([0, 2, 15]),
    }),
  );
  let at = random.between(100, 260);
  for (let left = random.between(1, 4); left > 0; left--) {
    const who = random.pick(['p1', 's2', 's2', 'p1', 'broker']);
    if (who !== 'broker' && random.chance(0.2)) {
      // A connection that is faster than the disk.
      const dead = at + random.between(20, 400);
      scene.do({ kind: 'disk', at: at - 5, who, fault: 'slow', millis: random.between(100, 1_000) });
      scene.do({ kind: 'cut', at, client: who }, { kind: 'crash', at: dead, who, machine: random.chance(0.3) });
      scene.do({ kind: 'start', at: dead + random.between(1, 100), who });
    } else if (who !== 'broker' && random.chance(0.3)) {
      const fault = random.pick<DiskFault>(['slow', 'full', 'failing']);
      scene.do({ kind: 'disk', at, who, fault, millis: skewed(random, 10, 500) });
    } else if (random.chance(0.6)) {
      const boundary = skewed(random, 1, 30);
      scene.do({ kind: 'crash-at', at, who, boundary, downMillis: skewed(random, 1, 60), machine: random.chance(0.4) });
    } else {
      scene.leave(at, who, skewed(random, 1, 100));
    }
    if (random.chance(0.5)) {
      const fault = random.pick<DiskFault>(['slow', 'full', 'full', 'failing']);
      const begins = at + random.between(-60, 100);
      scene.do({ kind: 'disk', at: begins, who: random.pick(['p1', 's2']), fault, millis: skewed(random, 10, 500) });
    }
    if (random.chance(0.3))
      scene.do({ kind: 'cut', at: at + random.between(0, 50), client: random.pick(['p1', 's2']) });
    if (random.chance(0.3))
      scene.do(plainPublish(at + random.between(20, 200), 'p1', 't/1', qos, { count: random.between(1, 4) }));
    at += random.between(20, 250);
  }
  scene.do(plainPublish(at + random.between(100, 300), 'p1', 't/1', qos, { count: random.between(1, 4) }));
  return scene.finish();
}

/** The broker loses a session in which messages are under way. */
export function lostSessions(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed, random.chance(0.5) ? ['slow-links'] : []);
  const qos = random.pick<QoS>([1, 2, 2]);
  for (const name of ['b1', 'b2']) {
    const isV5 = random.chance(0.7);
    scene.add(name, {
      version: isV5 ? 5 : 4,
      sessionExpirySeconds: isV5 ? random.pick([undefined, 1, 1]) : undefined,
      onAmbiguous: random.pick(['resend', 'reject']),
      inFlightMax: random.pick([1, 3, 20]),
      subscriptions: [plainSubscription('t/1', random.pick([1, 2, 2]))],
      handlingMillisMax: random.pick([0, 0, 100]),
    });
  }
  let at = random.between(150, 250);
  for (let left = random.between(1, 3); left > 0; left--) {
    scene.do(
      plainPublish(at, random.pick(['b1', 'b2']), 't/1', qos, {
        count: skewed(random, 1, 6),
        everyMillis: random.pick([0, 5]),
      }),
    );
    const lost = at + random.between(0, 5 * scene.roundMillis);
    const client = random.pick(['b1', 'b2']);
    if (random.chance(0.6)) {
      const stayMillis = skewed(random, 1, 60);
      scene.do({ kind: 'intruder', at: lost, client, clean: true, millis: stayMillis });
      scene.do({ kind: 'start', at: lost + random.pick([1, stayMillis + 20]), who: client });
    } else {
      scene.do(
        { kind: 'unreachable', at: lost, client, millis: random.between(900, 1_500) },
        { kind: 'cut', at: lost, client },
      );
    }
    if (random.chance(0.2))
      scene.leave(lost + random.between(-20, 50), random.pick(['broker', client]), skewed(random, 1, 100));
    at = lost + random.between(50, 2_000);
  }
  scene.do(plainPublish(at, 'b1', 't/1', qos, { count: random.between(1, 8) }));
  return scene.finish();
}
