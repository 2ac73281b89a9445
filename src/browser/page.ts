// The clock, the chance and the turns of a page.

import type { Clock } from '../base/clock.ts';
import { millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { SetAlarm } from '../client/parts.ts';

/** The clocks of a browser; it tells nothing of the boot. */
export const PAGE_CLOCK: Clock = {
  monotonic: () => millis(performance.now()),
  wall: () => millis(Date.now()),
  boot: () => ({ id: '', time: millis(0) }),
};

/** Chance: fast where it only spreads load, unguessable where bytes are asked for. */
export const PAGE_RANDOM: Random = {
  next: () => Math.random(),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

/** The page's timers. */
export const setAlarm: SetAlarm = (delay, ring) => {
  const timer = setTimeout(ring, delay);
  return () => clearTimeout(timer);
};

/** Tasks that wait for the present turn to be over. */
const TASKS: (() => void)[] = [];
/** Has a message sent to this page; made with the first task. */
let post: (() => void) | undefined;

/** Runs a task in a turn of its own, in order. A timer would do, but browsers make timers wait. */
export function later(task: () => void): void {
  TASKS.push(task);
  post ??= newPost();
  post();
}

function newPost(): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => TASKS.shift()?.());
  port1.start();
  return () => port2.postMessage(undefined);
}
