// The timer under a broker. A loop that was held up (a long turn, a stopped process, a machine that slept)
// comes to its timers before it has read what arrived meanwhile: a broker that judged its clients then
// would find silent those whose packets wait unread. So the timer only asks for a tick, and the tick
// comes after the loop has looked at its sockets, which it does between timers and immediates.

import type { Millis } from '../base/millis.ts';
import { NODE_CLOCK } from './node-parts.ts';

/** How often a broker looks at its deadlines. */
const TICK_MILLIS = 250;

/**
 * Calls `tick` four times a second, each time after the sockets that had something were read. Does not keep the
 * process alive.
 * @param tick  Says whether it has more to do: then it is called again when the sockets were read.
 * @returns a function that ends it.
 */
export function startTicking(tick: (now: Millis) => boolean): () => void {
  let asked: NodeJS.Immediate | undefined;
  const turn = (): void => {
    asked = tick(NODE_CLOCK.monotonic()) ? setImmediate(turn) : undefined;
  };
  const timer = setInterval(() => {
    asked ??= setImmediate(turn);
  }, TICK_MILLIS).unref();
  return () => {
    clearInterval(timer);
    clearImmediate(asked);
  };
}
