// Who is let in, as the configuration says: everybody, or the users of the password file. The file is watched, and
// read again when it has changed.
// Invariant: what is in force is a file that was right as a whole. One that has a mistake, or is gone, changes nothing but the log;
// clients that are connected stay so.

import { ANONYMOUS } from '../auth/allow-all.ts';
import { ANONYMOUS_LINK, chainOf } from '../auth/chain.ts';
import type { Authenticator } from '../auth/contract.ts';
import { PasswordAuthenticator } from '../auth/password-authenticator.ts';
import { UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { FileWatch } from './file-watch.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';
import { type PasswordFile, readPasswordFile } from './password-file.ts';

/** Who is let in. */
export interface Gate {
  readonly authenticator: Authenticator;
  /** Looks at no file any more. */
  close(): void;
}

/** What is to be known of it. */
export type GateChoices = Pick<Config, 'passwordFile' | 'allowAnonymous' | 'authLimits'>;

/**
 * Opens the gate.
 * @param lookMillis  How often the file is looked at.
 * @throws {UsageError} `invalid-option`: the password file cannot be used; with a line for each thing that is wrong.
 */
export function openGate(choices: GateChoices, log: Log, lookMillis?: number): Gate {
  const { passwordFile, allowAnonymous, authLimits: limits } = choices;
  if (passwordFile === '') return { authenticator: ANONYMOUS, close: () => undefined };
  const watch = new FileWatch([passwordFile], lookMillis);
  const { table } = warned(passwordFile, readPasswordFile(passwordFile), log);
  const users = new PasswordAuthenticator(table, { limits, clock: NODE_CLOCK, random: NODE_RANDOM });
  const reload = (): void => {
    try {
      const read = warned(passwordFile, readPasswordFile(passwordFile), log);
      users.replace(read.table);
      log.info('The password file was read again', { file: passwordFile, users: read.table.users.size });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      for (const line of error.message.split('\n')) log.warn(`${line} The users stay as they were.`);
    }
  };
  watch.start(reload);
  return {
    authenticator: chainOf(allowAnonymous ? [ANONYMOUS_LINK, users] : [users]),
    close: () => watch.close(),
  };
}

function warned(file: string, read: PasswordFile, log: Log): PasswordFile {
  if (read.isOpenToOthers) log.warn('Everybody on this machine can read the password file', { file });
  return read;
}
