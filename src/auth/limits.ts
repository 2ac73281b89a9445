// The bounds of who may ask how often who they are, and of what is remembered of it. Each is a row of
// config/auth-rows.ts, where its sentence for people stands.

import type { Millis } from '../base/millis.ts';
import { millis } from '../base/millis.ts';

/** The bounds of a password authenticator. */
export interface AuthLimits {
  /** Passwords that are checked at a time. */
  readonly passwordChecksMax: number;
  /** Checks that wait for their turn; who comes then is refused as by a busy server. */
  readonly passwordChecksWaitingMax: number;
  /** Passwords that are known to be right, without being kept: as many again that are known to be wrong. */
  readonly passwordCacheMax: number;
  /** How long one is known that is not used. */
  readonly passwordCacheExpiry: Millis;
  /** Wrong passwords from one address, or for one user, before more of them are not listened to for a while. */
  readonly authFailuresMax: number;
  /** The longest such while. */
  readonly authBackOffMax: Millis;
}

/** What `vouch start` begins with. */
export const DEFAULT_AUTH_LIMITS: AuthLimits = Object.freeze({
  passwordChecksMax: 2,
  passwordChecksWaitingMax: 1_000,
  passwordCacheMax: 100_000,
  passwordCacheExpiry: millis(24 * 60 * 60_000),
  authFailuresMax: 10,
  authBackOffMax: millis(5 * 60_000),
});
