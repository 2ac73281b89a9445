// How a broker process ends: SIGINT or SIGTERM lets it stop in good order, a second one ends it
// at once.

import type { Log } from '../base/log.ts';
import { EXIT } from './exit-codes.ts';
import { withProgress } from './progress.ts';

/** A stop that takes longer is given up. */
const STOP_MILLIS_MAX = 10_000;

const EXIT_BY_SIGNAL = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/**
 * Waits for a signal, then stops. A second signal ends the process there and then.
 * @param stop  Called once.
 * @returns The exit code: 0, or 1 when stopping failed or took longer than ten seconds.
 */
export async function untilStopped(stop: () => Promise<void>, log: Log): Promise<number> {
  const signal = await firstSignal();
  log.info('Stopping; a second signal ends the process at once', { signal });
  const { promise: late, resolve: giveUp } = Promise.withResolvers<'late'>();
  const patience = setTimeout(giveUp, STOP_MILLIS_MAX, 'late');
  const outcome = await withProgress('stopping', log, Promise.race([stop(), late]));
  clearTimeout(patience);
  if (outcome === 'late') {
    log.error(`The broker did not stop within ${STOP_MILLIS_MAX / 1000} s; ending the process as it is`);
    return EXIT.failure;
  }
  log.info('Stopped');
  return EXIT.ok;
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(EXIT_BY_SIGNAL[signal]);
        isStopping = true;
        resolve(signal);
      });
    }
  });
}
