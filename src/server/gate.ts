// Who is let in, as the configuration says: everybody, or whom one of these knows, in this order: certificates, the password file,
// tokens, an HTTP server, the program that the broker is part of. Files are watched, and read again when they have changed (reloads.ts).
// Invariant: what is in force is a file that was right as a whole. One that has a mistake, or is gone, changes nothing but the log;
// clients that are connected stay so, unless the operator wants it otherwise (`revokeOnReload`).

import { ANONYMOUS } from '../auth/allow-all.ts';
import { ANONYMOUS_LINK, chainOf, NO_STRANGERS } from '../auth/chain.ts';
import type { Authenticator } from '../auth/contract.ts';
import { PasswordAuthenticator } from '../auth/password-authenticator.ts';
import { hasAnySource } from '../auth/sources.ts';
import { UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Objection } from '../broker/revoking.ts';
import type { Config } from '../config/config.ts';
import { type AuthLinks, openAuthLinks } from './auth-links.ts';
import { FileWatch } from './file-watch.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';
import { type PasswordFile, readPasswordFile } from './password-file.ts';
import type { Reloadable, ReloadOutcome } from './reloads.ts';

/** Who is let in. */
export interface Gate {
  readonly authenticator: Authenticator;
  /** What it was read from. */
  readonly reloadables: readonly Reloadable[];
  /** Asks no server any more. */
  close(): void;
}

/** What is to be known of it. */
export interface GateChoices extends Pick<Config, 'passwordFile' | 'allowAnonymous' | 'authLimits' | 'authSources'> {
  /** Of the program that the broker is part of: it decides about those whom nobody else knows. */
  readonly authenticator?: Authenticator | undefined;
  /** Whether that program decides itself what clients may do: an answer that comes with rules is no answer then. */
  readonly hasOwnAuthorizer?: boolean | undefined;
}

/**
 * Opens the gate.
 * @param lookMillis  How often the file is looked at.
 * @throws {UsageError} `invalid-option`: a file cannot be used; with a line for each thing that is wrong.
 */
export function openGate(choices: GateChoices, log: Log, lookMillis?: number): Gate {
  const { passwordFile, allowAnonymous, authSources, authLimits, authenticator } = choices;
  if (passwordFile === '' && !hasAnySource(authSources)) {
    return { authenticator: authenticator ?? ANONYMOUS, reloadables: [], close: () => undefined };
  }
  const passwords = passwordFile === '' ? undefined : openPasswords(passwordFile, choices, log, lookMillis);
  const links: AuthLinks = openAuthLinks(authSources, authLimits, choices.hasOwnAuthorizer !== true, lookMillis);
  for (const warning of links.warnings) log.warn(warning);
  const anonymous = allowAnonymous && authenticator === undefined ? [ANONYMOUS_LINK] : [];
  const users = passwords === undefined ? [] : [passwords.users];
  return {
    authenticator: chainOf(
      [...links.certificate, ...anonymous, ...users, ...links.tokens, ...links.http],
      // The users of a file refuse a stranger at the price of one of theirs.
      authenticator ?? passwords?.users ?? NO_STRANGERS,
    ),
    reloadables: [...(passwords === undefined ? [] : [passwords.reloadable]), ...links.reloadables],
    close: () => links.close(),
  };
}

function openPasswords(
  file: string,
  { authLimits: limits }: GateChoices,
  log: Log,
  lookMillis: number | undefined,
): { readonly users: PasswordAuthenticator; readonly reloadable: Reloadable } {
  const watch = new FileWatch([file], lookMillis);
  const read = readPasswordFile(file);
  for (const warning of warningsOf(file, read)) log.warn(warning);
  const users = new PasswordAuthenticator(read.table, { limits, clock: NODE_CLOCK, random: NODE_RANDOM });
  return { users, reloadable: { what: 'password file', watch, reload: () => reloadUsers(file, users) } };
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
