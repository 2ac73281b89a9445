// The files by which clients say who they are besides passwords: public keys and secrets of tokens, what the broker says of itself
// to an HTTP server, and the CAs of those. Each is read as a whole. What is wrong is told by the name of the file, never with a word of
// what stands there.

import { readFileSync, statSync } from 'node:fs';

import { readKeySet, readSecret, type TokenKeys } from '../auth/jwt/key-file.ts';
import { type AuthSources, PUBLIC_KEY_ALGORITHMS, type TokenAlgorithm } from '../auth/sources.ts';
import { UsageError } from '../base/errors.ts';
import { asSentence } from '../config/problem.ts';
import { isUrl } from '../config/source-rows.ts';
import { faultOfCertificates, readPem } from './tls-files.ts';

/** What came of reading one. */
export interface AuthFile<Content> {
  readonly content: Content;
  /** What somebody should look after; sentences. */
  readonly warnings: readonly string[];
}

/** No such file is longer. */
const FILE_BYTES_MAX = 1024 * 1024;
const TOKEN_LENGTH_MAX = 8 * 1024;

/** How tokens may be signed, as it was said or as it follows from where the keys are. */
export function algorithmsOf({ jwtAlgorithms, jwtKeys }: AuthSources): readonly TokenAlgorithm[] {
  if (jwtAlgorithms.length > 0) return jwtAlgorithms;
  return jwtKeys === '' ? ['HS256'] : PUBLIC_KEY_ALGORITHMS;
}

/**
 * Reads the keys that are in a file.
 * @throws {UsageError} `invalid-option`: it cannot be used; with a line for each thing that is wrong.
 */
export function readKeyFile(sources: AuthSources): AuthFile<TokenKeys> & { readonly count: number } {
  const isSecret = sources.jwtSecretFile !== '';
  const file = isSecret ? sources.jwtSecretFile : sources.jwtKeys;
  const what = isSecret ? 'secret of tokens' : 'file of keys';
  const text = readText(what, file);
  const read = isSecret ? readSecret(text, algorithmsOf(sources)) : readKeySet(text);
  if (read.kind === 'wrong') throw wrong(read.faults.map((fault) => `the ${what} ${file} cannot be used: ${fault}`));
  return { content: read.keys, count: read.count, warnings: isSecret ? openness(what, file) : [] };
}

/**
 * Reads what the broker says of itself; '' where nothing is to be said.
 * @throws {UsageError} `invalid-option`.
 */
export function readTokenFile(file: string): AuthFile<string> {
  if (file === '') return { content: '', warnings: [] };
  const what = 'token for httpAuth';
  const content = readText(what, file).replace(/\r?\n$/u, '');
  if (/^[\x21-\x7e]+$/u.test(content) && content.length <= TOKEN_LENGTH_MAX) {
    return { content, warnings: openness(what, file) };
  }
  throw wrong([`the ${what} ${file} cannot be used: it is one line of letters, digits and signs without spaces`]);
}

/**
 * Reads CAs; `undefined` where no file is named.
 * @throws {UsageError} `invalid-option`.
 */
export function readAuthorities(file: string): string | undefined {
  if (file === '') return undefined;
  const read = readPem(file);
  const fault = read.kind === 'read' ? faultOfCertificates(read.text) : read.fault;
  if (fault !== undefined) throw wrong([`the file of CAs ${file} ${fault}`]);
  return read.kind === 'read' ? read.text : undefined;
}

/** Reads everything that is named, and says what is wrong with it, a sentence each; for `vouch start --check`. */
export function faultsOfAuthFiles(sources: AuthSources): readonly string[] {
  const faults: string[] = [];
  const readings: readonly (() => unknown)[] = [
    () => hasKeyFile(sources) && readKeyFile(sources),
    () => readTokenFile(sources.httpAuthTokenFile),
    () => readAuthorities(sources.jwtKeysCa),
    () => readAuthorities(sources.httpAuthCa),
  ];
  for (const read of readings) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(...error.message.split('\n'));
    }
  }
  return faults;
}

/** Whether the keys of tokens are in a file. */
export function hasKeyFile({ jwtKeys, jwtSecretFile }: AuthSources): boolean {
  return jwtSecretFile !== '' || (jwtKeys !== '' && !isUrl(jwtKeys));
}

function readText(what: string, file: string): string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) throw new Error('it is larger than 1 MiB');
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw wrong([`the ${what} ${file} cannot be read: ${reasonOf(error)}`]);
  }
}

function openness(what: string, file: string): readonly string[] {
  const isOpen = ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0;
  return isOpen ? [`Everybody on this machine can read the ${what} ${file}.`] : [];
}

function wrong(faults: readonly string[]): UsageError {
  return new UsageError('invalid-option', faults.map(asSentence).join('\n'));
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  return error instanceof Error ? error.message : String(error);
}
