// The rows of who is let in: where the users stand, and the bounds of asking, one per field of AuthLimits under the same name.
// A field without a row, or a row without a field, does not compile.

import { millis } from '../base/millis.ts';
import type { AuthLimits } from '../auth/limits.ts';
import { DEFAULT_AUTH_LIMITS } from '../auth/limits.ts';
import type { Row } from './row.ts';
import { durationRow, numberRow, textRow } from './row.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NONE = 'none';

/** Who is let in. */
export const AUTH_ROWS: { readonly passwordFile: Row<string> } & {
  readonly [Name in keyof AuthLimits]: Row<AuthLimits[Name]>;
} = {
  passwordFile: textRow(
    {
      group: 'Security',
      sentence:
        'A file of users and their passwords, hashed, as "vouch passwd" and mosquitto_passwd write it. With it everybody is ' +
        'asked who they are, on loopback, too. It is read again when it changes; one with a mistake is not taken.',
      default: '',
      since: '0.1',
      metavar: 'FILE',
      takes: 'the path of a file, or none',
    },
    (raw) => (raw === NONE ? '' : typeof raw === 'string' && raw !== '' && !raw.includes('\0') ? raw : undefined),
    (path) => (path === '' ? NONE : path),
  ),
  passwordChecksMax: numberRow(
    limit(
      'passwordChecksMax',
      'Passwords that are checked at a time. One of argon2id takes 19 MiB and some 26 ms of a core; Node does no more than UV_THREADPOOL_SIZE (4) at a time.',
    ),
    1,
    1024,
  ),
  passwordChecksWaitingMax: numberRow(
    limit(
      'passwordChecksWaitingMax',
      'Passwords that wait to be checked; a client that comes then is refused as by a busy server, and may come again.',
    ),
    0,
    1_000_000,
  ),
  passwordCacheMax: numberRow(
    limit(
      'passwordCacheMax',
      'Passwords that are known to be right, so that clients that come back need not be checked; a keyed digest of each is in memory, never the password.',
    ),
    0,
    10_000_000,
  ),
  passwordCacheExpiry: durationRow(
    limit('passwordCacheExpiry', 'How long one is known that is not used.'),
    0,
    365 * DAY,
    1,
    millis,
  ),
  authFailuresMax: numberRow(
    limit(
      'authFailuresMax',
      'Wrong passwords for a user from one address, users with wrong ones from one address, and addresses with wrong ones for ' +
        'one user, before no more of them are listened to for a second, then two, then four.',
    ),
    1,
    1_000_000,
  ),
  authBackOffMax: durationRow(limit('authBackOffMax', 'The longest such while.'), 1000, DAY, 1, millis),
};

function limit<Name extends keyof AuthLimits>(name: Name, sentence: string) {
  return { group: 'Security', sentence, default: DEFAULT_AUTH_LIMITS[name], since: '0.1' } as const;
}
