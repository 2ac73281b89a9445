// A password file on disk: read as a whole, and written as a whole, so that nobody ever reads half of one. What is wrong with it is
// told as of a configuration, with path, line and column, and without a word of what stands there.

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

import { parsePasswords, type PasswordTable } from '../auth/password-table.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { showProblem } from '../config/problem.ts';
import { writeWholeFile } from './whole-file.ts';

/** A file as it was read. */
export interface PasswordFile {
  readonly table: PasswordTable;
  /** Users of this machine can read it who are neither its owner nor of its group. */
  readonly isOpenToOthers: boolean;
}

/** Millions of users; a larger file was named by mistake. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * Reads and checks a file.
 * @throws {UsageError} `invalid-option`: it cannot be read, or something is wrong with it; a line for each thing.
 */
export function readPasswordFile(file: string): PasswordFile {
  let text: string;
  let mode: number;
  try {
    [text, mode] = readText(file);
  } catch (error) {
    throw wrong([problemOf(file, 1, 1, `the file cannot be read: ${reasonOf(error)}`)]);
  }
  const outcome = parsePasswords(text);
  if (outcome.kind === 'table') return { table: outcome.table, isOpenToOthers: (mode & 0o004) !== 0 };
  throw wrong(outcome.problems.map(({ line, column, sentence }) => problemOf(file, line, column, sentence)));
}

/**
 * The text of a file that is to be changed, mistakes included; '' where there is none.
 * @throws {OperationError} `file-unavailable`.
 */
export function readPasswordText(file: string): string {
  try {
    return readText(file)[0];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw unavailable(file, 'read', error);
  }
}

/**
 * Puts a text in the place of a file: all of it, on disk, or nothing. Its owner and rights stay; a new one is its owner's alone.
 * @throws {OperationError} `file-unavailable`.
 */
export function writePasswordText(file: string, text: string): void {
  try {
    writeWholeFile(file, text);
  } catch (error) {
    throw unavailable(file, 'written', error);
  }
}

function readText(file: string): [text: string, mode: number] {
  const descriptor = openSync(file, 'r');
  try {
    const { size, mode } = fstatSync(descriptor);
    if (size > FILE_BYTES_MAX) throw new Error('it is larger than 1 GiB');
    const bytes = readFileSync(descriptor);
    return [new TextDecoder('utf-8', { fatal: true }).decode(bytes), mode];
  } finally {
    closeSync(descriptor);
  }
}

function problemOf(file: string, line: number, column: number, sentence: string): string {
  return showProblem({ origin: { kind: 'file', place: { path: file, line, column } }, sentence });
}

function wrong(problems: readonly string[]): UsageError {
  return new UsageError('invalid-option', problems.join('\n'));
}

function unavailable(file: string, how: 'read' | 'written', error: unknown): OperationError {
  return new OperationError('file-unavailable', `${file} cannot be ${how}: ${reasonOf(error)}.`, undefined, {
    cause: error,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not do that';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  return error instanceof Error ? error.message : String(error);
}
