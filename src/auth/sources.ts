// Where it is found out who a client is, besides passwords: certificates, tokens, an HTTP server. Each field is a row of
// config/source-rows.ts, where its sentence for people stands; what is not used has an empty name.

import { type Millis, millis } from '../base/millis.ts';
import type { CertificateUser } from './certificate-link.ts';

/** How the algorithms of tokens are called (RFC 7518). */
export type TokenAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number] | (typeof SECRET_ALGORITHMS)[number];

/** Those for which the broker has keys that are no secrets. */
export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** Those for which the broker and whoever makes tokens share a secret. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

/** All that may be asked for. That of no signature at all is not among them. */
export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = [...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS];

/** Everything that an operator says about it. */
export interface AuthSources {
  /** Which name of a client's certificate is its user name; `none`: none is, and it is asked as others are. */
  readonly certificateUser: 'none' | CertificateUser;
  /** The path of a file of public keys (JWKS), or the `https:` URL of one; '': no tokens are taken. */
  readonly jwtKeys: string;
  /** The certificates of the CAs that may vouch for that URL, in PEM: a path; '': those that Node knows. */
  readonly jwtKeysCa: string;
  /** In place of keys: the path of a file with a secret. */
  readonly jwtSecretFile: string;
  /** Empty: those that fit the keys. */
  readonly jwtAlgorithms: readonly TokenAlgorithm[];
  /** Whose tokens are taken; '': everybody's who has the key. */
  readonly jwtIssuer: string;
  /** For whom they must have been made; '': for anybody. */
  readonly jwtAudience: string;
  /** Where clients put them. */
  readonly jwtField: 'password' | 'user-name';
  readonly jwtUserClaim: string;
  readonly jwtGroupsClaim: string;
  /** '': a token is for any client identifier. */
  readonly jwtClientIdClaim: string;
  readonly jwtClockTolerance: Millis;
  /** The URL that is asked; '': none is. */
  readonly httpAuth: string;
  /** As `jwtKeysCa`. */
  readonly httpAuthCa: string;
  /** The path of a file with what the broker says of itself there (`Authorization: Bearer`); '': nothing. */
  readonly httpAuthTokenFile: string;
  readonly httpAuthTimeout: Millis;
  /** Questions at a time. */
  readonly httpAuthRequestsMax: number;
  /** Clients that wait to be asked about. */
  readonly httpAuthWaitingMax: number;
  /** How long an answer holds; 0: it is not kept. */
  readonly httpAuthCacheExpiry: Millis;
}

/** What `vouch start` begins with: none of it. */
export const DEFAULT_AUTH_SOURCES: AuthSources = Object.freeze({
  certificateUser: 'none',
  jwtKeys: '',
  jwtKeysCa: '',
  jwtSecretFile: '',
  jwtAlgorithms: [],
  jwtIssuer: '',
  jwtAudience: '',
  jwtField: 'password',
  jwtUserClaim: 'sub',
  jwtGroupsClaim: 'groups',
  jwtClientIdClaim: '',
  jwtClockTolerance: millis(10_000),
  httpAuth: '',
  httpAuthCa: '',
  httpAuthTokenFile: '',
  httpAuthTimeout: millis(3_000),
  httpAuthRequestsMax: 16,
  httpAuthWaitingMax: 1_000,
  httpAuthCacheExpiry: millis(60_000),
});

/** Whether answers about who a client is may name groups to which it belongs. */
export function namesGroups({ jwtKeys, jwtSecretFile, httpAuth }: AuthSources): boolean {
  return jwtKeys !== '' || jwtSecretFile !== '' || httpAuth !== '';
}

/** Whether any of it says who a client is. */
export function hasAnySource({ certificateUser, jwtKeys, jwtSecretFile, httpAuth }: AuthSources): boolean {
  return certificateUser !== 'none' || jwtKeys !== '' || jwtSecretFile !== '' || httpAuth !== '';
}
