// Tokens and keys for tests: made here, so that nothing secret is checked in.

import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';

/** Somebody who signs tokens. */
export interface Signer {
  readonly algorithm: string;
  readonly kid: string | undefined;
  /** The public key, as it stands in a set of keys. */
  readonly jwk: JsonWebKey;
  readonly privateKey: KeyObject;
}

/** Seconds since 1970, by which the tests' clock goes. */
export const NOW_SECONDS = 1_800_000_000;

/** A signer with a new key. */
export function signer(algorithm: 'ES256' | 'RS256' | 'EdDSA', kid?: string): Signer {
  const { publicKey, privateKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  const named = kid === undefined ? {} : { kid };
  return { algorithm, kid, jwk: { ...publicKey.export({ format: 'jwk' }), ...named }, privateKey };
}

/** A set of keys as text. */
export function keySet(...signers: readonly Signer[]): string {
  return JSON.stringify({ keys: signers.map(({ jwk }) => jwk) });
}

/** A token with these claims. @param header  What its header says besides the algorithm, or in place of it. */
export function token(by: Signer, payload: object, header: object = {}): string {
  const named = by.kid === undefined ? {} : { kid: by.kid };
  const head = encoded({ alg: by.algorithm, ...named, ...header });
  const said = `${head}.${encoded(payload)}`;
  const key = by.algorithm === 'ES256' ? ({ key: by.privateKey, dsaEncoding: 'ieee-p1363' } as const) : by.privateKey;
  const signature = sign(by.algorithm === 'EdDSA' ? undefined : 'sha256', Buffer.from(said), key);
  return `${said}.${signature.toString('base64url')}`;
}

/** A token signed with a secret. */
export function secretToken(secret: string | Buffer, payload: object, header: object = {}): string {
  const said = `${encoded({ alg: 'HS256', ...header })}.${encoded(payload)}`;
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`;
}

/** A token without a signature. */
export function unsignedToken(payload: object, algorithm = 'none'): string {
  return `${encoded({ alg: algorithm })}.${encoded(payload)}.`;
}

/** The public key as a file with it: what somebody would take for a secret who confuses the two. */
export function publicPem({ jwk }: Signer): string {
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

/** Claims of a token that is good for an hour. */
export function claims(given: object = {}): { readonly sub: string; readonly exp: number } {
  return { sub: 'anna', exp: NOW_SECONDS + 3_600, ...given };
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
