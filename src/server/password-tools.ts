// What `vouch passwd` does to a password file: a user more, one less, and the question whether a password is right. What else is
// wrong with the file is told and left as it is.

import { hashPassword, isPassword, scramPassword, showHash } from '../auth/password-hash.ts';
import { isUserName, parsePasswords, withoutUser, withUser } from '../auth/password-table.ts';
import { SCRAM_ITERATIONS } from '../auth/scram-server.ts';
import { SCRAM_ITERATIONS_MAX, SCRAM_ITERATIONS_MIN } from '../auth/scram-terms.ts';
import { UsageError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import { NODE_RANDOM } from './node-parts.ts';
import { readPasswordFile, readPasswordText, writePasswordText } from './password-file.ts';

/** How many iterations the keys of SCRAM may have, and have unless somebody says otherwise. */
export const ITERATIONS: { readonly usual: number; readonly least: number; readonly most: number } = {
  usual: SCRAM_ITERATIONS,
  least: SCRAM_ITERATIONS_MIN,
  most: SCRAM_ITERATIONS_MAX,
};

/** What became of a file. */
export interface ChangedPasswords {
  readonly done: 'added' | 'changed' | 'deleted';
  /** Why the broker will not take the file, as it is now, each as `line:column: sentence`; often nothing. */
  readonly problems: readonly string[];
}

/**
 * Adds a user, or changes its password.
 * @param iterations  Of SCRAM; `undefined`: it will send its password.
 * @throws {UsageError} `invalid-argument`: no file can have a user of that name.
 * @throws {OperationError} `file-unavailable`.
 */
export async function addPassword(
  file: string,
  user: string,
  password: Uint8Array,
  iterations: number | undefined,
): Promise<ChangedPasswords> {
  if (!isUserName(user)) {
    const sentence =
      'a user name has no colon, no control character and no space at its ends, and does not begin with #';
    throw new UsageError('invalid-argument', `${sentence}; got ${quote(user)}.`);
  }
  const hashing =
    iterations === undefined ? hashPassword(password, NODE_RANDOM) : scramPassword(password, iterations, NODE_RANDOM);
  const hash = showHash(await hashing);
  const text = readPasswordText(file);
  const done = withoutUser(text, user) === undefined ? 'added' : 'changed';
  return write(file, withUser(text, user, hash), done);
}

/**
 * Takes a user out.
 * @throws {UsageError} `invalid-argument`: it is not there.
 * @throws {OperationError} `file-unavailable`.
 */
export function deletePassword(file: string, user: string): ChangedPasswords {
  const text = withoutUser(readPasswordText(file), user);
  if (text === undefined) throw new UsageError('invalid-argument', `${file} has no user ${quote(user)}.`);
  return write(file, text, 'deleted');
}

/**
 * Whether a password is right, as the broker would find it.
 * @throws {UsageError} `invalid-option`: the broker would not take the file; with a line for each thing that is wrong.
 */
export async function verifyPassword(
  file: string,
  user: string,
  password: Uint8Array,
): Promise<'right' | 'wrong' | 'unknown'> {
  const entry = readPasswordFile(file).table.users.get(user);
  if (entry === undefined) return 'unknown';
  return (await isPassword(entry.hash, password)) ? 'right' : 'wrong';
}

function write(file: string, text: string, done: ChangedPasswords['done']): ChangedPasswords {
  writePasswordText(file, text);
  const outcome = parsePasswords(text);
  if (outcome.kind === 'table') return { done, problems: [] };
  return { done, problems: outcome.problems.map(({ line, column, sentence }) => `${line}:${column}: ${sentence}`) };
}
