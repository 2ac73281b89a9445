// What both sides of SCRAM-SHA-256 go by.

import { UsageError } from '../base/errors.ts';

/** The name of the method. */
export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
/** RFC 7677 section 4. */
export const SCRAM_ITERATIONS_MIN = 4096;
/** More would keep a client busy for seconds: nobody means that. */
export const SCRAM_ITERATIONS_MAX = 10_000_000;

/**
 * The name of a user.
 * @throws {UsageError} `invalid-argument`: SCRAM has no place for it.
 */
export function checkScramName(userName: string): string {
  if (userName !== '' && !userName.includes('\0') && userName.isWellFormed()) return userName;
  throw new UsageError('invalid-argument', 'scramSha256 takes a user name of at least one character, without U+0000.');
}
