// Node's own clock and chance, and what it knows of this process, as the broker is handed them.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Boot, Clock } from '../base/clock.ts';
import { millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { HostFacts } from '../broker/parts.ts';
import type { Later } from '../broker/slices.ts';
import { readVersion } from './version.ts';

/** The clocks of this machine. */
export const NODE_CLOCK: Clock = {
  monotonic: () => millis(performance.now()),
  wall: () => millis(Date.now()),
  boot: readBoot,
};

/** Chance: fast where it only spreads load, unguessable where bytes are asked for. */
export const NODE_RANDOM: Random = {
  next: () => Math.random(),
  bytes: (count) => randomBytes(count),
};

/** After the sockets that have something were read: that is what comes between two immediates. */
export const NODE_LATER: Later = (run) => {
  setImmediate(run);
};

/** This process, for `$SYS`. */
export const NODE_HOST: HostFacts = {
  version: readVersion(),
  heapBytes: () => process.memoryUsage().heapUsed,
};

/** Linux tells; elsewhere nobody knows which boot this is. */
function readBoot(): Boot {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const [seconds = ''] = readFileSync('/proc/uptime', 'latin1').split(' ');
    const time = Math.round(Number(seconds) * 1000);
    if (Number.isFinite(time)) return { id, time: millis(time) };
  } catch {
    // No Linux, or one that hides its /proc: then there is no boot time, which `id` says.
  }
  return { id: '', time: millis(0) };
}
