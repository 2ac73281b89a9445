// Who is let in, as the configuration says: everybody, or the users of the password file. The file is watched, and
// read again when it has changed (reloads.ts).
// Invariant: what is in force is a file that was right as a whole. One that has a mistake, or is gone, changes nothing but the log;
// clients that are connected stay so, unless the operator wants it otherwise (`revokeOnReload`).

import { ANONYMOUS } from '../auth/allow-all.ts';
import { ANONYMOUS_LINK, chainOf } from '../auth/chain.ts';
import type { Authenticator } from '../auth/contract.ts';
import { PasswordAuthenticator } from '../auth/password-authenticator.ts';
import { UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Objection } from '../broker/revoking.ts';
import type { Config } from '../config/config.ts';
import { FileWatch } from './file-watch.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';
import { type PasswordFile, readPasswordFile } from './password-file.ts';
import type { Reloadable, ReloadOutcome } from './reloads.ts';

/** Who is let in. */
export interface Gate {
  readonly authenticator: Authenticator;
  /** What it was read from. */
  readonly reloadables: readonly Reloadable[];
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
  if (passwordFile === '') return { authenticator: ANONYMOUS, reloadables: [] };
  const watch = new FileWatch([passwordFile], lookMillis);
  const read = readPasswordFile(passwordFile);
  for (const warning of warningsOf(passwordFile, read)) log.warn(warning);
  const users = new PasswordAuthenticator(read.table, { limits, clock: NODE_CLOCK, random: NODE_RANDOM });
  return {
    authenticator: chainOf(allowAnonymous ? [ANONYMOUS_LINK, users] : [users]),
    reloadables: [{ what: 'password file', watch, reload: () => reloadUsers(passwordFile, users) }],
  };
}

function reloadUsers(file: string, users: PasswordAuthenticator): ReloadOutcome {
  let read: PasswordFile;
  try {
    read = readPasswordFile(file);
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'refused', problems: error.message.split('\n') };
    throw error;
  }
  const { table } = read;
  const replaced = users.replace(table);
  if (replaced.isSame) return { kind: 'unchanged' };
  const objection: Objection = ({ identity }) => {
    const { principal } = identity ?? {};
    if (principal === undefined || !replaced.gone.has(principal)) return undefined;
    return table.users.has(principal)
      ? `The line of its user ${JSON.stringify(principal)} in the password file has changed.`
      : `Its user ${JSON.stringify(principal)} is no longer in the password file.`;
  };
  return {
    kind: 'changed',
    facts: { users: table.users.size },
    warnings: warningsOf(file, read),
    objection: replaced.gone.size === 0 ? undefined : objection,
  };
}

function warningsOf(file: string, { isOpenToOthers }: PasswordFile): readonly string[] {
  return isOpenToOthers ? [`Everybody on this machine can read the password file ${file}.`] : [];
}
