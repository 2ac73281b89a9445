// A password authenticator in a test's hands: users with passwords that are quick to check, a clock that the test moves.

import assert from 'node:assert/strict';

import { millis } from '../base/millis.ts';
import type { Authentication, Credentials } from './contract.ts';
import { countingRandom } from './fixed-random.arbitrary.ts';
import { type AuthLimits, DEFAULT_AUTH_LIMITS } from './limits.ts';
import { PasswordAuthenticator } from './password-authenticator.ts';
import { scramPassword, showHash } from './password-hash.ts';
import { parsePasswords, type PasswordTable } from './password-table.ts';

/** The users, and the time. */
export interface TestUsers {
  readonly authenticator: PasswordAuthenticator;
  /** Moves time. */
  pass(milliseconds: number): void;
  /** Says who a client is, from an address. */
  login(userName: string | undefined, password: string | undefined, address?: string): Promise<Authentication>;
  /** The same; gives the reason code of a refusal, or 0. */
  code(userName: string | undefined, password: string | undefined, address?: string): Promise<number>;
}

/** The password that every test user has whose line is made here. */
export const PASSWORD = 'open sesame';

/** A table of users, each with PASSWORD, by the quickest kind of line that SCRAM takes, too. */
export async function tableOf(...users: readonly string[]): Promise<PasswordTable> {
  const lines: string[] = [];
  for (const user of users) {
    lines.push(`${user}:${showHash(await scramPassword(Buffer.from(PASSWORD), 4096, countingRandom()))}`);
  }
  return tableFrom(lines.join('\n'));
}

/** The table of a text. */
export function tableFrom(text: string): PasswordTable {
  const outcome = parsePasswords(text);
  assert.ok(outcome.kind === 'table', JSON.stringify(outcome));
  return outcome.table;
}

/** An authenticator of a table. */
export function usersOf(table: PasswordTable, limits: Partial<AuthLimits> = {}): TestUsers {
  let now = 1_000;
  const authenticator = new PasswordAuthenticator(table, {
    limits: { ...DEFAULT_AUTH_LIMITS, ...limits },
    clock: { monotonic: () => millis(now) },
    random: countingRandom(),
  });
  const login: TestUsers['login'] = async (userName, password, address = '192.0.2.1') =>
    await authenticator.authenticate(credentials(userName, password, address));
  return {
    authenticator,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    login,
    code: async (...said) => {
      const answer = await login(...said);
      return answer.kind === 'accepted' ? 0 : answer.reasonCode;
    },
  };
}

/** What a client says. */
export function credentials(
  userName: string | undefined,
  password: string | undefined,
  address = '192.0.2.1',
): Credentials {
  return {
    clientId: 'c',
    userName,
    password: password === undefined ? undefined : Buffer.from(password),
    remote: `${address}:40000`,
  };
}
