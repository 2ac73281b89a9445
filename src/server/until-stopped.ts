// How a broker process ends: SIGINT or SIGTERM lets it stop in good order, a second one ends it
// at once.

import type { Log } from '../base/log.ts';
import { EXIT } from './exit-codes.ts';
import { withProgress } from './progress.ts';

/** A stop that takes longer is given up. */
const STOP_MILLIS_MAX = 10_000;
/** One Ctrl-C may reach the process twice: from the terminal, and from a parent such as npm that passes it on. */
const ECHO_MILLIS_MAX = 300;

const EXIT_BY_SIGNAL = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/**
 * Watches for signals from now on: the first one is told, a second one ends the process there and then.
 * Call it before anything is opened, so that a stop is in good order from the first moment on.
 */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
    const receive = (signal: 'SIGINT' | 'SIGTERM'): void => {
      const now = performance.now();
      if (first === undefined) {
        first = { signal, at: now };
        resolve(signal);
      } else if (signal !== 'SIGINT' || signal !== first.signal || now - first.at > ECHO_MILLIS_MAX) {
        process.exit(EXIT_BY_SIGNAL[signal]);
      }
    };
    process.on('SIGINT', receive);
    process.on('SIGTERM', receive);
  });
}

/**
 * Waits for a start, but no longer than until somebody says stop: as long as nobody is listened to, nothing is owed to anybody.
 * @returns `undefined`: stopped. What was being started may still be under way; end the process.
 */
export async function unlessStopped<Started extends object>(
  signalled: Promise<NodeJS.Signals>,
  starting: Promise<Started>,
  log: Log,
): Promise<Started | undefined> {
  const first = await Promise.race([starting, signalled]);
  if (typeof first !== 'string') return first;
  log.info('Stopped before it was started', { signal: first });
  // It may still fail, which changes nothing now.
  starting.catch(() => undefined);
  return undefined;
}

/**
 * Waits for the signal, then stops.
 * @param stop  Called once.
 * @returns The exit code: 0, or 1 when stopping took longer than ten seconds.
 */
export async function untilStopped(
  signalled: Promise<NodeJS.Signals>,
  stop: () => Promise<void>,
  log: Log,
): Promise<number> {
  const signal = await signalled;
  log.info('Stopping; a second signal ends the process at once', { signal });
  const { promise: late, resolve: giveUp } = Promise.withResolvers<'late'>();
  const patience = setTimeout(giveUp, STOP_MILLIS_MAX, 'late');
  const outcome = await withProgress('stopping', { log, terminal: undefined }, Promise.race([stop(), late]));
  clearTimeout(patience);
  if (outcome === 'late') {
    log.error(`The broker did not stop within ${STOP_MILLIS_MAX / 1000} s; ending the process as it is`);
    return EXIT.failure;
  }
  log.info('Stopped');
  return EXIT.ok;
}
