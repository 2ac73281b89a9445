// What becomes of a broker whose store failed: the process says so in one line and ends at once, with an
// exit code of its own. What the disk holds is not known any more, and it cannot be asked either (a second fsync may call
// written what the first one lost), so nothing that is still in memory may be acknowledged: everybody who
// was promised nothing yet must find that out, and tries again elsewhere or later.

import { existsSync } from 'node:fs';

import type { OperationError } from '../base/errors.ts';
import { checkCommand, dataDirectory } from '../store/sqlite/data-directory.ts';
import { EXIT } from './exit-codes.ts';

/** What is said of a failed store: what failed and where, what is not promised, and what to do next. One line. */
export function storeFailureLine(error: OperationError, data: string): string {
  const directory = dataDirectory(data);
  const what = error.message.replaceAll(/\s*\n\s*/g, ' ');
  const advice = existsSync(directory.failed)
    ? `See to the disk and look at the data with "${checkCommand(directory)}"; ` +
      `the next start refuses until "${checkCommand(directory, ' --accept')}" has been run.`
    : `Before the next start, look at the data with "${checkCommand(directory)}".`;
  return `${what} The broker has ended without another acknowledgement. What was not acknowledged is not promised. ${advice}`;
}

/**
 * Ends the process in this turn.
 * @param command  Who speaks: `vouch start`.
 * @param lastWords  Saves what must not be lost, at once.
 */
export function endOnStoreFailure(command: string, error: OperationError, data: string, lastWords: () => void): never {
  lastWords();
  process.stderr.write(`${command}: ${storeFailureLine(error, data)}\n`);
  process.exit(EXIT.storeFailed);
}
