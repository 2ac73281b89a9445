// What SIGHUP means. For a service: read the files again. For a broker on a terminal it is also how that says that it is gone
// (its window was closed, the connection to it is cut); then nobody is there any more who could stop the broker, so it stops.

import { openSync, closeSync } from 'node:fs';
import { isatty } from 'node:tty';

import type { Log } from '../base/log.ts';

/** Standard input, output and error. */
const STANDARD = [0, 1, 2];

/**
 * Obeys SIGHUP from now on.
 * @param reload  Reads the files again.
 */
export function obeyHangUp(log: Log, reload: () => void): void {
  const hasTerminal = STANDARD.some((descriptor) => isatty(descriptor));
  process.on('SIGHUP', () => {
    if (hasTerminal && isTerminalGone()) {
      log.info('The terminal is gone: stopping', { signal: 'SIGHUP' });
      process.kill(process.pid, 'SIGTERM');
      return;
    }
    log.info('Reading the files of users, rules, keys and certificates again', { signal: 'SIGHUP' });
    reload();
  });
}

function isTerminalGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}
