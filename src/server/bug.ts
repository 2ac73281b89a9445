// What becomes of a bug: something that cannot happen has happened, nothing that the process believes
// can be trusted, and so it ends in this turn, before another acknowledgement leaves.

import { EXIT } from './exit-codes.ts';
import type { LogOutput } from './log-output.ts';
import { readVersion } from './version.ts';

/** Ends the process with one clear message at an exception or rejection that nobody expected. */
export function endOnBug(output: LogOutput): void {
  process.on('uncaughtException', (error: unknown) => {
    output.closeNow();
    process.stderr.write(bugReport(error));
    process.exit(EXIT.bug);
  });
}

/** What is said of a bug: a sentence, then where it happened. */
export function bugReport(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `vouch: this is a bug in Vouch ${readVersion()}, and it has ended the process. Please report it with these lines:\n${trace}\n`;
}
