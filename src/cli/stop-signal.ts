// Ctrl-C and SIGTERM for a command that has something to finish first: the first one asks it to stop, the
// second ends the process at once.

import { EXIT } from '../server/exit-codes.ts';

const EXIT_BY_SIGNAL = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/** One Ctrl-C may reach the process twice: from the terminal, and from a parent such as npm that passes it on. */
const ECHO_MILLIS_MAX = 300;

/** A signal that is aborted when the process is asked to stop. Call once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  const receive = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const now = performance.now();
    if (first === undefined) {
      first = { signal, at: now };
      stop.abort();
    } else if (signal !== 'SIGINT' || signal !== first.signal || now - first.at > ECHO_MILLIS_MAX) {
      process.exit(EXIT_BY_SIGNAL[signal]);
    }
  };
  process.on('SIGINT', receive);
  process.on('SIGTERM', receive);
  return stop.signal;
}
