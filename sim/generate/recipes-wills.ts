// Small plans about Wills: of every kind, with every way in which a connection can end, and a return before or after the delay.

import { millis } from '../../src/base/millis.ts';
import type { ClientPlan, Plan } from '../plan.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { skewed } from './draft.ts';
import { mayChangeExpiry } from './draw-faults.ts';
import { plainSubscription, plainWill } from './plain-parts.ts';
import { Scene } from './scene.ts';
import { willTopic } from './topics.ts';

/** Some more often than others. */
const ENDS = [
  ...(['stop', 'stop', 'crash', 'crash', 'cut', 'unreachable', 'half-open', 'stall'] as const),
  ...(['intruder', 'crash, then intruder', 'with the broker', 'with the broker'] as const),
] as const;

/** Wills of every kind, and every way in which a connection ends, with a return before and after the delay. */
export function wills(random: SeededRandom, seed: number): Plan {
  const scene = new Scene(random, seed);
  scene.add('s1', {
    startsAt: 0,
    subscriptions: [plainSubscription(random.pick(['w/#', '#']), random.pick([1, 2]), {})],
  });
  for (const name of ['c2', 'c3', 'c4'].slice(0, random.between(1, 3))) mortal(scene, name);
  // Who comes late finds what Wills have left.
  if (random.chance(0.4)) {
    scene.add('s5', { startsAt: random.between(500, 9_000), subscriptions: [plainSubscription('w/+', 1)] });
  }
  if (random.chance(0.4))
    scene.leave(random.between(250, 4_000), 'broker', skewed(random, 1, 1_500), ['crash', 'machine', 'stop']);
  if (random.chance(0.2)) scene.leave(random.between(250, 3_000), 's1', random.between(10, 3_000));
  if (random.chance(0.15))
    scene.do({ kind: 'wall-clock', at: random.between(250, 3_000), millis: random.pick([-3_600_000, 3_600_000]) });
  return scene.finish({ willRestartGrace: millis(random.pick([0, 100, 1_000, 3_000])) });
}

/** A client with a Will, and one way in which its connection ends. */
function mortal(scene: Scene, name: string): void {
  const { random } = scene;
  const isV5 = random.chance(0.75);
  const clean = random.chance(0.3);
  const sessionExpiry = random.pick([undefined, 0, 1, 2, 4]);
  const client = scene.add(name, {
    version: isV5 ? 5 : 4,
    clean,
    sessionExpirySeconds: isV5 ? sessionExpiry : undefined,
    keepAliveSeconds: random.pick([0, 1]),
    ...(random.chance(0.2) && { later: { receiveMaximum: undefined, hasWill: false } }),
    will: plainWill(random.chance(0.85) ? willTopic(name) : 'w/all', {
      qos: random.pick([0, 1, 2]),
      retain: random.chance(0.4),
      delaySeconds: isV5 ? random.pick([0, 0, 1, 2, 3, 6]) : 0,
      expirySeconds: isV5 ? random.pick([undefined, undefined, 1, 5]) : undefined,
    }),
  });
  endConnection(scene, client);
}

function endConnection(scene: Scene, client: ClientPlan): void {
  const { random } = scene;
  const { name, version } = client;
  const at = random.between(200, 1_000);
  const back = random.pick([50, 500, 1_500, 2_500, 5_000]);
  switch (random.pick(ENDS)) {
    case 'stop':
      scene.do(
        {
          kind: 'stop',
          at,
          who: name,
          reasonCode: version === 5 && random.chance(0.6) ? 4 : 0,
          sessionExpirySeconds: mayChangeExpiry(client) && random.chance(0.5) ? random.pick([0, 1, 3]) : undefined,
        },
        { kind: 'start', at: at + back, who: name },
      );
      return;
    case 'crash':
      scene.leave(at, name, back, ['crash', 'machine']);
      return;
    case 'cut':
      return scene.do({ kind: 'cut', at, client: name });
    case 'unreachable':
      return scene.do({ kind: 'unreachable', at, client: name, millis: back }, { kind: 'cut', at, client: name });
    case 'half-open':
      return scene.do({ kind: 'half-open', at, client: name, told: random.pick(['client', 'broker', 'nobody']) });
    case 'stall':
      return scene.do({ kind: 'stall', at, client: name, to: random.pick(['client', 'broker', 'both']), millis: back });
    case 'with the broker':
      // Nobody is left who knows of the Will but the store.
      scene.leave(at, 'broker', skewed(random, 1, 500), ['crash', 'machine']);
      scene.leave(at + random.between(0, 2), name, 6_000, ['crash', 'machine']);
      return;
    case 'crash, then intruder':
      // Who comes for a while has no Will, and the one that was waiting is gone.
      scene.leave(at, name, back, ['crash', 'machine']);
      return scene.do({
        kind: 'intruder',
        at: at + random.between(10, 500),
        client: name,
        clean: random.chance(0.2),
        millis: random.between(10, 500),
      });
    case 'intruder':
      return scene.do(
        { kind: 'intruder', at, client: name, clean: random.chance(0.4), millis: skewed(random, 10, 3_000) },
        { kind: 'start', at: at + back, who: name },
      );
  }
}
