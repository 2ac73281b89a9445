// What becomes of a bug: something that cannot happen has happened, nothing that the process believes
// can be trusted, and so it ends in this turn, before another acknowledgement leaves.

import { EXIT } from './exit-codes.ts';
import { readVersion } from './version.ts';

/**
 * From now on, ends the process with one clear message at an exception or rejection that nobody expected.
 * @param lastWords  Saves what must not be lost, at once; called instead of that of an earlier call.
 */
export function endOnBug(lastWords: () => void): void {
  process.prependListener('uncaughtException', (error: unknown) => {
    lastWords();
    process.stderr.write(bugReport(error));
    process.exit(EXIT.bug);
  });
}

/** What is said of a bug: a sentence, then where it happened. */
export function bugReport(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `vouch: this is a bug in Vouch ${readVersion()}, and it has ended the process. Please report it with these lines:\n${trace}\n`;
}
