// What a password file keeps in place of a password, as text and back, and the question whether a password is the one.
// Ours are argon2id, and SCRAM-SHA-256 for users who prove that they know their password without sending it; those of
// mosquitto_passwd ($6$, $7$, $argon2id$) are read as they are. Everything costs time or memory as its own parameters say, and
// those are bounded here: a line that is wrong must not stop the broker. No error quotes what stands in a line: it is a secret.

import { argon2, createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import { unreachable } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import { deriveScramKeys, type ScramKeys } from './scram-keys.ts';
import { SCRAM_ITERATIONS_MAX, SCRAM_ITERATIONS_MIN } from './scram-terms.ts';

/** A password as it is kept. */
export type PasswordHash =
  | {
      readonly kind: 'argon2id';
      /** In KiB. */
      readonly memory: number;
      readonly passes: number;
      readonly lanes: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  /** `$7$`. */
  | {
      readonly kind: 'pbkdf2-sha512';
      readonly iterations: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  /** `$6$`: one round, which is fast for everybody. */
  | { readonly kind: 'sha512'; readonly salt: Uint8Array; readonly hash: Uint8Array }
  | ({ readonly kind: 'scram-sha-256' } & ScramKeys);

/** What came of reading. */
export type ParsedHash =
  | { readonly kind: 'hash'; readonly hash: PasswordHash }
  /** What is wrong and what to do, without a full stop, and never with a word of what was read. */
  | { readonly kind: 'problem'; readonly sentence: string };

/** The least that is recommended for argon2id where many are checked on one machine. */
const ARGON2_MEMORY = 19_456;
const ARGON2_PASSES = 2;
const HASH_BYTES = 32;
const SALT_BYTES = 16;

const ARGON2_MEMORY_MAX = 1024 * 1024;
const ARGON2_PASSES_MAX = 100;
const ARGON2_LANES_MAX = 16;
const ITERATIONS_MAX = 10_000_000;
const SHA512_BYTES = 64;

const NOT_HASHED = 'this is no hash of a password: make the line with "vouch passwd add", or with mosquitto_passwd';

const pbkdf2Bytes = promisify(pbkdf2);
const argon2Bytes = promisify(argon2);

/** Makes what is kept of a new password. */
export async function hashPassword(password: Uint8Array, random: Random): Promise<PasswordHash> {
  const parameters = { memory: ARGON2_MEMORY, passes: ARGON2_PASSES, lanes: 1, salt: random.bytes(SALT_BYTES) };
  return { kind: 'argon2id', ...parameters, hash: await argon2id(password, parameters, HASH_BYTES) };
}

/** Makes what is kept of a new password that need not be sent. */
export async function scramPassword(password: Uint8Array, iterations: number, random: Random): Promise<PasswordHash> {
  return { kind: 'scram-sha-256', ...(await deriveScramKeys(password, random.bytes(SALT_BYTES), iterations)) };
}

/** Whether a password is the one. What it takes does not depend on how much of it is right. */
export async function isPassword(kept: PasswordHash, password: Uint8Array): Promise<boolean> {
  switch (kept.kind) {
    case 'argon2id':
      return timingSafeEqual(await argon2id(password, kept, kept.hash.length), kept.hash);
    case 'pbkdf2-sha512': {
      const { salt, iterations, hash } = kept;
      return timingSafeEqual(await pbkdf2Bytes(password, salt, iterations, hash.length, 'sha512'), hash);
    }
    case 'sha512':
      return timingSafeEqual(createHash('sha512').update(password).update(kept.salt).digest(), kept.hash);
    case 'scram-sha-256': {
      const { storedKey } = await deriveScramKeys(password, kept.salt, kept.iterations);
      return timingSafeEqual(storedKey, kept.storedKey);
    }
    default:
      return unreachable(kept);
  }
}

/** As it stands in a password file. */
export function showHash(kept: PasswordHash): string {
  switch (kept.kind) {
    case 'argon2id': {
      const { memory, passes, lanes, salt, hash } = kept;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(hash)}`;
    }
    case 'pbkdf2-sha512':
      return `$7$${kept.iterations}$${base64(kept.salt)}$${base64(kept.hash)}`;
    case 'sha512':
      return `$6$${base64(kept.salt)}$${base64(kept.hash)}`;
    case 'scram-sha-256': {
      const { iterations, salt, storedKey, serverKey } = kept;
      return `SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
    }
    default:
      return unreachable(kept);
  }
}

/** Reads what `showHash` writes, and what mosquitto_passwd does. */
export function parseHash(text: string): ParsedHash {
  if (text.startsWith('$argon2id$')) return parseArgon2id(text);
  if (text.startsWith('$7$')) return parsePbkdf2(text);
  if (text.startsWith('$6$')) return parseSha512(text);
  if (text.startsWith('SCRAM-SHA-256$')) return parseScram(text);
  if (/^\$argon2[id]\$/.test(text)) return problem('of the kinds of argon2 only argon2id is read');
  if (/^\$\d\w?\$/.test(text))
    return problem('this kind of hash is not read: make the line anew with "vouch passwd add"');
  return problem(NOT_HASHED);
}

function parseArgon2id(text: string): ParsedHash {
  const [, version, parameters = '', saltText = '', hashText = '', ...more] = text.split('$').slice(1);
  if (version !== 'v=19') return problem('of argon2id only version 19 is read, which must be said: $argon2id$v=19$...');
  const [memory, passes, lanes] = (/^m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})$/.exec(parameters) ?? []).slice(1).map(Number);
  if (memory === undefined || passes === undefined || lanes === undefined) {
    return problem('argon2id is followed by its version and its cost: $argon2id$v=19$m=19456,t=2,p=1$...');
  }
  if (memory > ARGON2_MEMORY_MAX || passes > ARGON2_PASSES_MAX || lanes > ARGON2_LANES_MAX) {
    const most = `m=${ARGON2_MEMORY_MAX},t=${ARGON2_PASSES_MAX},p=${ARGON2_LANES_MAX}`;
    return problem(`this argon2id costs more than is allowed, which is ${most}`);
  }
  if (passes < 1 || lanes < 1 || memory < 8 * lanes) return problem('argon2id costs at least m=8,t=1,p=1');
  const [salt, hash] = [bytesOf(saltText, 8, 64), bytesOf(hashText, 16, 64)];
  if (salt === undefined || hash === undefined || more.length > 0) return damaged();
  return { kind: 'hash', hash: { kind: 'argon2id', memory, passes, lanes, salt, hash } };
}

function parsePbkdf2(text: string): ParsedHash {
  const [, iterationsText = '', saltText = '', hashText = '', ...more] = text.split('$').slice(1);
  const iterations = /^\d{1,9}$/.test(iterationsText) ? Number(iterationsText) : 0;
  if (iterations < 1 || iterations > ITERATIONS_MAX)
    return problem(`$7$ is followed by a number of iterations from 1 to ${ITERATIONS_MAX}`);
  const [salt, hash] = [bytesOf(saltText, 1, 64), bytesOf(hashText, SHA512_BYTES, SHA512_BYTES)];
  if (salt === undefined || hash === undefined || more.length > 0) return damaged();
  return { kind: 'hash', hash: { kind: 'pbkdf2-sha512', iterations, salt, hash } };
}

function parseSha512(text: string): ParsedHash {
  const [, saltText = '', hashText = '', ...more] = text.split('$').slice(1);
  const [salt, hash] = [bytesOf(saltText, 1, 64), bytesOf(hashText, SHA512_BYTES, SHA512_BYTES)];
  if (salt === undefined || hash === undefined || more.length > 0) return damaged();
  return { kind: 'hash', hash: { kind: 'sha512', salt, hash } };
}

function parseScram(text: string): ParsedHash {
  const parts = /^SCRAM-SHA-256\$(\d{1,9}):([^$:]*)\$([^$:]*):([^$:]*)$/.exec(text);
  if (parts === null) return damaged();
  const [, iterationsText = '', saltText = '', storedText = '', serverText = ''] = parts;
  const iterations = Number(iterationsText);
  if (iterations < SCRAM_ITERATIONS_MIN || iterations > SCRAM_ITERATIONS_MAX) {
    return problem(`SCRAM-SHA-256 takes from ${SCRAM_ITERATIONS_MIN} to ${SCRAM_ITERATIONS_MAX} iterations`);
  }
  const salt = bytesOf(saltText, 1, 64);
  const [storedKey, serverKey] = [bytesOf(storedText, 32, 32), bytesOf(serverText, 32, 32)];
  if (salt === undefined || storedKey === undefined || serverKey === undefined) return damaged();
  return { kind: 'hash', hash: { kind: 'scram-sha-256', iterations, salt, storedKey, serverKey } };
}

async function argon2id(
  password: Uint8Array,
  kept: { readonly memory: number; readonly passes: number; readonly lanes: number; readonly salt: Uint8Array },
  tagLength: number,
): Promise<Uint8Array> {
  const { memory, passes, lanes: parallelism, salt: nonce } = kept;
  return await argon2Bytes('argon2id', { message: password, nonce, memory, passes, parallelism, tagLength });
}

/** Base64 with or without its padding, of so many bytes; `undefined` when it is not. */
function bytesOf(text: string, bytesMin: number, bytesMax: number): Uint8Array | undefined {
  const bare = text.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(bare)) return undefined;
  const bytes = Buffer.from(bare, 'base64');
  return bytes.length >= bytesMin && bytes.length <= bytesMax && unpadded(bytes) === bare ? bytes : undefined;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function unpadded(bytes: Uint8Array): string {
  return base64(bytes).replace(/=+$/, '');
}

function damaged(): ParsedHash {
  return problem('the hash is damaged: restore the line, or make it anew with "vouch passwd add"');
}

function problem(sentence: string): ParsedHash {
  return { kind: 'problem', sentence };
}
