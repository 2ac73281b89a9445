// The text of a password file as a table of users, or everything that is wrong with it: it is taken as a whole or not at all.
// A line is `user:hash`; empty lines and those that begin with # are passed over, and stay where they are when a line is changed.
// Who asks for a user that is not there gets a decoy, always the same one for a name, so that nobody can find out who is there by
// how long an answer takes or by what SCRAM says.

import { createHash, createHmac } from 'node:crypto';

import { assert } from '../base/assert.ts';
import { parseHash, type PasswordHash } from './password-hash.ts';

/** A user, or a decoy. */
export interface PasswordEntry {
  readonly hash: PasswordHash;
  /** The hash as it stands in the file. */
  readonly text: string;
}

/** The users of a file; never empty. */
export interface PasswordTable {
  readonly users: ReadonlyMap<string, PasswordEntry>;
  /** The same in their order. */
  readonly entries: readonly PasswordEntry[];
  /** How many iterations its keys for SCRAM take, each number once. */
  readonly scramIterations: readonly number[];
  /** Of the first user's line: whoever goes on with another table of the same file stays with those of the first one. */
  readonly decoyBytes: DecoyBytes;
}

/** Bytes that belong to a name, and that nobody can tell from chance who does not have the file. */
export type DecoyBytes = (name: string) => Uint8Array;

/** Something that is wrong with a line. */
export interface LineProblem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What is wrong and what to do, without a full stop; never with a word of a hash. */
  readonly sentence: string;
}

/** What came of reading. */
export type ParsedPasswords =
  | { readonly kind: 'table'; readonly table: PasswordTable }
  /** Never empty. */
  | { readonly kind: 'problems'; readonly problems: readonly LineProblem[] };

/** A line that says nothing about a user. */
const PASSED_OVER = /^\s*(?:#|$)/;

/** Reads the text of a password file. */
export function parsePasswords(text: string): ParsedPasswords {
  const users = new Map<string, PasswordEntry>();
  const lines = new Map<string, number>();
  const problems: LineProblem[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    if (PASSED_OVER.test(line)) continue;
    const number = index + 1;
    const { user, hash, column } = splitLine(line);
    const first = lines.get(user);
    if (hash === undefined) {
      problems.push({ line: number, column: 1, sentence: 'a line of the form "user:hash" is expected here' });
    } else if (user === '') {
      problems.push({ line: number, column: 1, sentence: 'the name of a user is missing before the colon' });
    } else if (first !== undefined) {
      const sentence = `${JSON.stringify(user)} stands twice, first in line ${first}: keep one of them`;
      problems.push({ line: number, column: 1, sentence });
    } else {
      lines.set(user, number);
      const parsed = parseHash(hash);
      if (parsed.kind === 'problem') problems.push({ line: number, column, sentence: parsed.sentence });
      else users.set(user, { hash: parsed.hash, text: hash });
    }
  }
  if (problems.length > 0) return { kind: 'problems', problems };
  if (users.size > 0) return { kind: 'table', table: tableOf(users) };
  const sentence = 'there is no user in the file: add one with "vouch passwd add", or do without the file';
  return { kind: 'problems', problems: [{ line: 1, column: 1, sentence }] };
}

/** What an unknown user is checked against: it costs what some user of the file costs. */
export function decoyOf({ entries }: PasswordTable, user: string, decoyBytes: DecoyBytes): PasswordEntry {
  const entry = entries[Buffer.from(decoyBytes(user)).readUInt32BE() % entries.length];
  assert(entry !== undefined, 'a table has a user');
  return entry;
}

/**
 * How many iterations SCRAM tells a name that has no keys: one of the file's numbers, the same one as long as that is there, whatever
 * else comes or goes.
 */
export function decoyIterations(
  { scramIterations }: PasswordTable,
  user: string,
  decoyBytes: DecoyBytes,
): number | undefined {
  const rank = (iterations: number): number => Buffer.from(decoyBytes(`${iterations}:${user}`)).readUInt32BE();
  let best: number | undefined;
  for (const each of scramIterations) if (best === undefined || rank(each) > rank(best)) best = each;
  return best;
}

/** The text with a line for a user: in the place of the one that it had, or at the end. */
export function withUser(text: string, user: string, hash: string): string {
  const lines = linesOf(text);
  const at = lines.findIndex((line) => isOf(line, user));
  const line = `${user}:${hash}`;
  return joined(at < 0 ? [...lines, line] : lines.with(at, line));
}

/** The text without a user; `undefined` when there is none of that name. */
export function withoutUser(text: string, user: string): string | undefined {
  const lines = linesOf(text);
  const others = lines.filter((line) => !isOf(line, user));
  return others.length < lines.length ? joined(others) : undefined;
}

/** Whether a file can have a user of that name. */
export function isUserName(user: string): boolean {
  // oxlint-disable-next-line no-control-regex -- a line break would make a second line, and nobody types the others.
  return user !== '' && !/[:\u0000-\u001f\u007f]/.test(user) && !/^\s*#|^\s|\s$/.test(user) && user.isWellFormed();
}

function tableOf(users: ReadonlyMap<string, PasswordEntry>): PasswordTable {
  // Of the first user, whose line seldom changes: what is said of a name that is not there must not change either, also after a restart.
  const entries = [...users.values()];
  const [first] = entries;
  assert(first !== undefined, 'a table has a user');
  const key = createHash('sha256').update(first.text).digest();
  const iterations = entries.flatMap(({ hash }) => (hash.kind === 'scram-sha-256' ? [hash.iterations] : []));
  return {
    users,
    entries,
    scramIterations: [...new Set(iterations)],
    decoyBytes: (user) => createHmac('sha256', key).update(user).digest(),
  };
}

function splitLine(line: string): {
  readonly user: string;
  readonly hash: string | undefined;
  readonly column: number;
} {
  const colon = line.indexOf(':');
  if (colon < 0) return { user: line, hash: undefined, column: 1 };
  return { user: line.slice(0, colon), hash: line.slice(colon + 1).trimEnd(), column: colon + 2 };
}

function isOf(line: string, user: string): boolean {
  return !PASSED_OVER.test(line) && splitLine(line).user === user;
}

/** Without the empty one behind the last line break. */
function linesOf(text: string): readonly string[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
