// Ctrl-C and SIGTERM: the first one asks the run to come to an end, the second one ends the process at once.

/** One Ctrl-C may reach the process twice: from the terminal, and from a parent such as npm that passes it on. */
const ECHO_MILLIS_MAX = 300;
const INTERRUPTED = 130;

/** A signal that is aborted when the process is asked to stop. Call once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let first: number | undefined;
  const receive = (): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      stop.abort();
    } else if (now - first > ECHO_MILLIS_MAX) {
      // Workers end with the connection to this process.
      process.exit(INTERRUPTED);
    }
  };
  process.on('SIGINT', receive);
  process.on('SIGTERM', receive);
  return stop.signal;
}
