// The keys of SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677): what a server keeps of a password, and what either side proves with
// it. Who has the server's keys can neither log in with them nor learn the password but by guessing.

import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

import { preparePassword } from './prepare-password.ts';

/** What a server keeps. */
export interface ScramKeys {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Both keys, as the client has them. */
export interface ScramKeyPair {
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The length of every key, proof and signature. */
export const SCRAM_KEY_BYTES = 32;

const pbkdf2Bytes = promisify(pbkdf2);

/** Both keys of a password. */
export async function deriveScramKeys(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<ScramKeys> {
  const { clientKey, serverKey } = await deriveBothKeys(password, salt, iterations);
  return { iterations, salt, storedKey: sha256(clientKey), serverKey };
}

/** The keys as the client has them. */
export async function deriveBothKeys(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeyPair> {
  const salted = await pbkdf2Bytes(preparePassword(password), salt, iterations, SCRAM_KEY_BYTES, 'sha256');
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') };
}

/** What the client sends: it knows the key, and does not show it. */
export function clientProof(clientKey: Uint8Array, exchanged: string): Uint8Array {
  return xor(clientKey, hmac(sha256(clientKey), exchanged));
}

/** The client's key as its proof has it, if the proof is right; its hash is the stored key then. */
export function storedKeyOf(proof: Uint8Array, storedKey: Uint8Array, exchanged: string): Uint8Array {
  return sha256(xor(proof, hmac(storedKey, exchanged)));
}

/** What the server sends last: it knows the user, too. */
export function serverSignature(serverKey: Uint8Array, exchanged: string): Uint8Array {
  return hmac(serverKey, exchanged);
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function xor(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, at) => byte ^ (other[at] as number));
}
