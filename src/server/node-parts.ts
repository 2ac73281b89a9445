// Node's own clock and chance, as the broker is handed them.

import { randomBytes } from 'node:crypto';

import type { Clock } from '../base/clock.ts';
import { millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';

/** The clocks of this machine. */
export const NODE_CLOCK: Clock = {
  monotonic: () => millis(performance.now()),
  wall: () => millis(Date.now()),
};

/** Chance: fast where it only spreads load, unguessable where bytes are asked for. */
export const NODE_RANDOM: Random = {
  next: () => Math.random(),
  bytes: (count) => randomBytes(count),
};
