// Whatever takes longer than two seconds says so, and goes on saying so.

import type { Log } from '../base/log.ts';

const PATIENCE_MILLIS = 2000;

/** Waits for `work`; every two seconds of it are a line in the log: `Still opening the store (4 s)`. */
export async function withProgress<Result>(doing: string, log: Log, work: Promise<Result>): Promise<Result> {
  let seconds = 0;
  const telling = setInterval(() => {
    seconds += PATIENCE_MILLIS / 1000;
    log.info(`Still ${doing} (${seconds} s)`);
  }, PATIENCE_MILLIS);
  try {
    return await work;
  } finally {
    clearInterval(telling);
  }
}
