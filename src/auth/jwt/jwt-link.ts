// Who a client is, by a token that somebody whom the operator trusts has signed (JWT, RFC 7519), in place of its password or user
// name. Here is what a good token says: user name, groups, the client identifier that it is bound to, and when the connection is to
// end. Whether it is good is asked of verify-token.ts, which is loaded when there are keys, since that takes a tenth of a second.
// The checks that run at a time are bounded. Nothing of a token is in what is said of it.

import type { Clock } from '../../base/clock.ts';
import { millis, seconds } from '../../base/millis.ts';
import { networkOf } from '../../base/network-of.ts';
import type { ChainLink } from '../chain.ts';
import { CheckLine } from '../check-line.ts';
import type { Authentication, Credentials } from '../contract.ts';
import { BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED, refused, SERVER_BUSY, shown } from '../refusals.ts';
import { claimOf, groupsIn, nameIn } from './claims.ts';
import type { TokenKeys } from './key-file.ts';
import type { TokenPayload, TokenRules, VerifyToken } from './verify-token.ts';

const CHECKS_MAX = 8;
const CHECKS_WAITING_MAX = 2_000;
/** Longer tokens are not looked at. */
const TOKEN_LENGTH_MAX = 16 * 1024;

/** Three parts in base64url, the last one perhaps empty: who leaves the signature out has a token, too, and a bad one. */
const FORM = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/u;

/** Takes the tokens of clients. */
export class JwtLink implements ChainLink {
  private readonly rules: TokenRules;
  private readonly clock: Pick<Clock, 'wall'>;
  private readonly line: CheckLine;
  #verify: Promise<VerifyToken>;

  constructor(rules: TokenRules, keys: TokenKeys, clock: Pick<Clock, 'wall'>) {
    this.rules = rules;
    this.clock = clock;
    this.line = new CheckLine(CHECKS_MAX, CHECKS_WAITING_MAX);
    this.#verify = load(rules, keys);
  }

  /** From now on tokens are checked with these. Clients that are connected stay so until their tokens end. */
  replace(keys: TokenKeys): void {
    this.#verify = load(this.rules, keys);
  }

  /** Whether there is something that has the form of a token, good or bad. */
  knows(credentials: Credentials): boolean {
    const token = this.tokenIn(credentials);
    return token !== undefined && isToken(token);
  }

  authenticate(credentials: Credentials): Authentication | Promise<Authentication> {
    const token = this.tokenIn(credentials);
    if (token === undefined) return refused(NOT_AUTHORIZED, `It has no token in its ${this.field}.`);
    if (token.length > TOKEN_LENGTH_MAX) {
      return refused(BAD_USER_NAME_OR_PASSWORD, `Its token is longer than ${TOKEN_LENGTH_MAX / 1024} KiB.`);
    }
    const check = this.line.run({
      network: networkOf(credentials.remote),
      mayStart: () => true,
      run: async () => (await this.#verify)(token, this.clock.wall()),
    });
    return check.then((outcome) => {
      if (outcome === undefined) return refused(SERVER_BUSY, 'Too many tokens wait to be checked.');
      return outcome.kind === 'refused' ? outcome : this.accept(outcome.payload, credentials);
    });
  }

  private get field(): string {
    return this.rules.jwtField === 'password' ? 'password' : 'user name';
  }

  private tokenIn({ userName, password }: Credentials): string | undefined {
    if (this.rules.jwtField === 'user-name') return userName;
    return password === undefined ? undefined : Buffer.from(password).toString('latin1');
  }

  /** What it says of the client. */
  private accept(payload: TokenPayload, { clientId, userName }: Credentials): Authentication {
    const { jwtField, jwtUserClaim, jwtGroupsClaim, jwtClientIdClaim, jwtClockTolerance } = this.rules;
    const principal = nameIn(claimOf(payload, jwtUserClaim));
    if (principal === undefined) {
      return refused(
        NOT_AUTHORIZED,
        `Its token has no user name in the claim ${JSON.stringify(jwtUserClaim)} (jwtUserClaim).`,
      );
    }
    if (jwtField === 'password' && userName !== undefined && userName !== '' && userName !== principal) {
      return refused(
        NOT_AUTHORIZED,
        `Its token is for ${shown(principal)}, and it says that its user name is ${shown(userName)}.`,
      );
    }
    if (jwtClientIdClaim !== '' && claimOf(payload, jwtClientIdClaim) !== clientId) {
      const claim = JSON.stringify(jwtClientIdClaim);
      return refused(
        NOT_AUTHORIZED,
        `Its token is not for this client identifier, by the claim ${claim} (jwtClientIdClaim).`,
      );
    }
    const groups = groupsIn(claimOf(payload, jwtGroupsClaim));
    if (groups === undefined) {
      const claim = JSON.stringify(jwtGroupsClaim);
      return refused(
        NOT_AUTHORIZED,
        `Its token has something else than groups in the claim ${claim} (jwtGroupsClaim).`,
      );
    }
    const expiresAt = millis(seconds(payload.exp) + jwtClockTolerance);
    return { kind: 'accepted', principal, groups, expiresAt };
  }
}

/** Where it fails, the installation is broken, and each client hears that the authenticator has failed. */
async function load(rules: TokenRules, keys: TokenKeys): Promise<VerifyToken> {
  const { verifierOf } = await import('./verify-token.ts');
  return verifierOf(rules, keys);
}

function isToken(text: string): boolean {
  const [, header] = FORM.exec(text) ?? [];
  if (header === undefined) return false;
  try {
    const json: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    return typeof json === 'object' && json !== null && 'alg' in json;
  } catch {
    return false;
  }
}
