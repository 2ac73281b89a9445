// Store time: the time on which stored moments lie, so that what was to happen in an hour happens in an hour, however often
// the broker is restarted and whoever sets its clock. The line goes on over all runs: while a broker runs it is the
// monotonic clock plus an offset; a clock mark ties it to the two clocks that survive a run, and the next run goes on from there.
// Invariant: store time never goes back, from mark to mark and from run to run.
// docs/decisions/009-store-time.md says why.

import type { Boot, Clock } from '../base/clock.ts';
import { type Millis, millis } from '../base/millis.ts';

/** Where store time stood, and what the clocks that survive a run said. */
export interface ClockMark {
  readonly storeTime: Millis;
  readonly wall: Millis;
  readonly boot: Boot;
}

/** Where store time stands in a run. */
export interface Timeline {
  /** Store time less the monotonic clock. */
  readonly offset: Millis;
  /** How long nobody ran, as far as can be known. */
  readonly downtime: Millis;
  /** What is wrong with the clock on the wall, if that had to be asked. */
  readonly doubt: 'none' | 'went-back' | 'too-far';
}

/**
 * Where store time stands at a start.
 * @param mark  The last one; `undefined`: there was no run before.
 * @param downtimeMax  No more is believed of a wall clock.
 */
export function continueTimeline(mark: ClockMark | undefined, clock: Clock, downtimeMax: Millis): Timeline {
  const now = clock.monotonic();
  if (mark === undefined) return { offset: millis(0 - now), downtime: millis(0), doubt: 'none' };
  const goOn = (downtime: number, doubt: Timeline['doubt']): Timeline => ({
    offset: millis(mark.storeTime + downtime - now),
    downtime: millis(downtime),
    doubt,
  });
  const boot = clock.boot();
  const booted = boot.time - mark.boot.time;
  // A container may have a boot time of its own, which starts again under the same name: then the wall clock is asked.
  if (boot.id !== '' && boot.id === mark.boot.id && booted >= 0) return goOn(booted, 'none');
  const passed = clock.wall() - mark.wall;
  if (passed < 0) return goOn(0, 'went-back');
  return passed > downtimeMax ? goOn(downtimeMax, 'too-far') : goOn(passed, 'none');
}

/** The mark to store now. */
export function markOf(offset: Millis, clock: Clock): ClockMark {
  return { storeTime: millis(clock.monotonic() + offset), wall: clock.wall(), boot: clock.boot() };
}
