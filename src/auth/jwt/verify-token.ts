// Whether a token is good: its signature, who has made it for whom, and its time. The work is jose's; here is what is asked of it, and
// what is said where it says no. jose's own words may have a claim's value in them; these have nothing of a token.
// Invariant: a token is checked in one of the ways that the operator has allowed, whatever its header says. One without an end is
// not taken.

import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';

import type { Millis } from '../../base/millis.ts';
import { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED, refused, SERVER_UNAVAILABLE } from '../refusals.ts';
import type { AuthSources } from '../sources.ts';
import type { TokenKeys } from './key-file.ts';

/** What it asks of tokens. `jwtAlgorithms` has some. */
export type TokenRules = Pick<
  AuthSources,
  | 'jwtAlgorithms'
  | 'jwtIssuer'
  | 'jwtAudience'
  | 'jwtField'
  | 'jwtUserClaim'
  | 'jwtGroupsClaim'
  | 'jwtClientIdClaim'
  | 'jwtClockTolerance'
>;

/** What a good token says. */
export type TokenPayload = JWTPayload & { readonly exp: number };

/** What came of a check. `detail` is for the log. */
export type TokenOutcome =
  | { readonly kind: 'good'; readonly payload: TokenPayload }
  | { readonly kind: 'refused'; readonly reasonCode: number; readonly detail: string };

/** Checks a token, at a moment on the clock on the wall. Never rejects. */
export type VerifyToken = (token: string, wall: Millis) => Promise<TokenOutcome>;

/** A key that nobody knows has the URL asked again, but not more often than this. */
const COOL_DOWN_MILLIS = 30_000;
const MAXIMUM_AGE_MILLIS = 10 * 60_000;
const OK = 200;

/** What checks tokens by these rules, with these keys. */
export function verifierOf(rules: TokenRules, keys: TokenKeys): VerifyToken {
  const { jwtAlgorithms, jwtIssuer, jwtAudience, jwtClockTolerance } = rules;
  const asked: JWTVerifyOptions = {
    algorithms: [...jwtAlgorithms],
    ...(jwtIssuer === '' ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === '' ? {} : { audience: jwtAudience }),
    clockTolerance: jwtClockTolerance / 1000,
    requiredClaims: ['exp'],
  };
  const key = keys.kind === 'secret' ? keys.secret : finderOf(keys);
  return async (token, wall) => {
    const options = { ...asked, currentDate: new Date(wall) };
    try {
      const { payload } = await jwtVerify(token, key, options);
      return { kind: 'good', payload: { ...payload, exp: payload.exp ?? 0 } };
    } catch (error) {
      return refusalOf(error);
    }
  };
}

function finderOf(keys: Exclude<TokenKeys, { readonly kind: 'secret' }>): JWTVerifyGetKey {
  if (keys.kind === 'set') return createLocalJWKSet({ keys: [...keys.keys] });
  return createRemoteJWKSet(new URL(keys.url), {
    cooldownDuration: COOL_DOWN_MILLIS,
    cacheMaxAge: MAXIMUM_AGE_MILLIS,
    [customFetch]: async () => new Response(await keys.fetch(), { status: OK }),
  });
}

/** jose's words may have a claim's value in them; these have not. */
function refusalOf(error: unknown): TokenOutcome {
  if (error instanceof errors.JWTExpired) return refused(NOT_AUTHORIZED, 'Its token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    const how =
      error.reason === 'missing'
        ? 'is missing'
        : error.claim === 'nbf'
          ? 'says that it is not good yet'
          : 'is another one';
    return refused(NOT_AUTHORIZED, `Its token is not for here: the claim ${JSON.stringify(error.claim)} ${how}.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return bad('Its token has a wrong signature.');
  if (error instanceof errors.JOSEAlgNotAllowed)
    return bad('Its token is signed in a way that is not allowed (jwtAlgorithms).');
  if (error instanceof errors.JWKSNoMatchingKey) return bad('Its token is signed with a key that is not known.');
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return bad('Its token does not say with which of several keys (kid).');
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return bad('Its token is malformed.');
  if (error instanceof errors.JOSENotSupported)
    return bad('Its token has something in its header that is not supported.');
  return refused(
    SERVER_UNAVAILABLE,
    `The keys of tokens cannot be had: ${error instanceof Error ? error.message : String(error)}.`,
  );
}

function bad(detail: string): TokenOutcome {
  return refused(BAD_USER_NAME_OR_PASSWORD, detail);
}
