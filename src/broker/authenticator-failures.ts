// Refusals for which no client is to blame: the Authenticator failed, or the server that it asks is down, or too many wait for it. Whoever
// comes is refused then, perhaps a thousand times a second for as long as it lasts; each hears so, but the log hears of each reason once a second.

import { type Millis, millis } from '../base/millis.ts';
import { Repetitions } from '../base/repetitions.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';

const QUIET = millis(1_000);
/** So many reasons are told apart: foreign code may put a client's name into each. */
const REASONS_MAX = 20;

const OWN_FAILURES: ReadonlySet<ReasonCode> = new Set([
  Reason.implementationSpecificError,
  Reason.serverUnavailable,
  Reason.serverBusy,
]);

/** The failures of one broker's Authenticator. */
export class AuthenticatorFailures {
  /** By what was said; '' stands for all that came when there were enough. */
  private readonly repetitions: Repetitions<string>;
  private readonly reasons: Set<string>;

  constructor() {
    this.repetitions = new Repetitions(QUIET);
    this.reasons = new Set();
  }

  /**
   * A client is refused.
   * @param detail  Why, as the Authenticator has said.
   * @returns What the log is to hear of it; `undefined`: nothing, it has just heard that.
   */
  sentence(reasonCode: ReasonCode, detail: string, now: Millis): string | undefined {
    if (!OWN_FAILURES.has(reasonCode)) return detail;
    if (this.reasons.size < REASONS_MAX) this.reasons.add(detail);
    const more = this.repetitions.note(this.reasons.has(detail) ? detail : '', now);
    return more === undefined ? undefined : `${detail}${more}`;
  }
}
