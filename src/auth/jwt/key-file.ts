// What tokens are checked with, as it stands in files: public keys (JWKS, RFC 7517), or a secret. A file is taken as a whole or not
// at all. Nothing that is said of one has a word of what stands there.
// Invariant: a secret is never taken from a set of keys, so that nobody signs with a public key as if it were one.

import { createPublicKey, type JsonWebKey } from 'node:crypto';

import type { TokenAlgorithm } from '../sources.ts';

/** What tokens are checked with. */
export type TokenKeys =
  | { readonly kind: 'set'; readonly keys: readonly JsonWebKey[] }
  /** Of a URL: fetched when they are first needed, and again when they are old or one is not among them. */
  | { readonly kind: 'fetched'; readonly url: string; readonly fetch: FetchKeys }
  | { readonly kind: 'secret'; readonly secret: Uint8Array };

/** What came of reading a file. Sentences without a full stop, never none. */
export type ReadKeys =
  | { readonly kind: 'keys'; readonly keys: TokenKeys; readonly count: number }
  | { readonly kind: 'wrong'; readonly faults: readonly string[] };

/** Fetches the text of a set of keys. Rejects with a sentence where that fails. */
export type FetchKeys = () => Promise<string>;

const KEYS_MAX = 100;
const RSA_BITS_MIN = 2_048;

/** Reads the text of a file of public keys. */
export function readKeySet(text: string): ReadKeys {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return wrong('it is no JSON: a set of keys (JWKS) is expected, {"keys": [...]}');
  }
  const keys: unknown = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : undefined;
  if (!Array.isArray(keys)) return wrong('it is no set of keys (JWKS): {"keys": [...]} is expected');
  if (keys.length === 0) return wrong('there is no key in it');
  if (keys.length > KEYS_MAX) return wrong(`it has ${keys.length} keys, more than ${KEYS_MAX}`);
  const faults = keys.map((key: unknown, index) => faultOf(key, index + 1)).filter((fault) => fault !== undefined);
  if (faults.length > 0) return { kind: 'wrong', faults };
  return { kind: 'keys', keys: { kind: 'set', keys }, count: keys.length };
}

/** Reads a file with a secret: all of it, but for a line break at its end. */
export function readSecret(text: string, algorithms: readonly TokenAlgorithm[]): ReadKeys {
  const secret = new TextEncoder().encode(text.replace(/\r?\n$/u, ''));
  const bytesMin = Math.max(...algorithms.map((algorithm) => Number(algorithm.slice(2)) / 8)); // RFC 7518 section 3.2.
  if (secret.length >= bytesMin) return { kind: 'keys', keys: { kind: 'secret', secret }, count: 1 };
  return wrong(
    `the secret has ${secret.length} bytes, and ${algorithms.join(', ')} ${algorithms.length === 1 ? 'needs' : 'need'} ` +
      `at least ${bytesMin}: make a longer one, such as with "openssl rand -base64 48"`,
  );
}

function faultOf(key: unknown, place: number): string | undefined {
  if (!isRecord(key)) return `key ${place} is no object`;
  if (key['kty'] === 'oct') return `key ${place} is a secret (oct): it goes into a file of its own (jwtSecretFile)`;
  if ('d' in key || 'priv' in key) return `key ${place} is a private key: the broker needs the public one alone`;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key, format: 'jwk' });
    const bits = asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
    return bits < RSA_BITS_MIN
      ? `key ${place} (${asymmetricKeyType}) has ${bits} bits, less than ${RSA_BITS_MIN}`
      : undefined;
  } catch {
    return `key ${place} is no public key of a kind that is known`;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(fault: string): ReadKeys {
  return { kind: 'wrong', faults: [fault] };
}
