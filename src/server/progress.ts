// Whatever takes longer than two seconds says so, and goes on saying so: on a terminal in one line that
// changes, else in a line of the log every two seconds.

import type { Log } from '../base/log.ts';

const PATIENCE_MILLIS = 2000;
/** How often the line on a terminal changes. */
const REFRESH_MILLIS = 250;

/** Who is told. */
export interface Audience {
  readonly log: Log;
  /** Writes to a terminal, in order with the lines of the log; `undefined`: there is no terminal. */
  readonly terminal: ((text: string) => void) | undefined;
}

/**
 * Waits for `work`, and tells that it is not done: `Still opening the store (4 s, 43 %)`.
 * @param doing  What is being done: `opening the store`.
 * @param share  How much of it is done, between 0 and 1; 0: that is not known (yet).
 */
export async function withProgress<Result>(
  doing: string,
  { log, terminal }: Audience,
  work: Promise<Result>,
  share: () => number = () => 0,
): Promise<Result> {
  const period = terminal === undefined ? PATIENCE_MILLIS : REFRESH_MILLIS;
  let elapsed = 0;
  const telling = setInterval(() => {
    elapsed += period;
    if (elapsed < PATIENCE_MILLIS) return;
    const sentence = `Still ${doing} (${stateOf(elapsed, share())})`;
    if (terminal === undefined) log.info(sentence);
    // The cursor goes back to the beginning, so that the next line of the log, which is longer, covers this one; it could not from a second line.
    else terminal(`${`  ${sentence} ...`.slice(0, (process.stdout.columns ?? 80) - 1)}\u001b[K\r`);
  }, period);
  try {
    return await work;
  } finally {
    clearInterval(telling);
    if (elapsed >= PATIENCE_MILLIS) terminal?.('\u001b[K');
  }
}

function stateOf(elapsed: number, share: number): string {
  const seconds = `${Math.floor(elapsed / 1000)} s`;
  return share > 0 ? `${seconds}, ${Math.floor(share * 100)} %` : seconds;
}
