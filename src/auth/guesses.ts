// Who has guessed wrong too often: a user from an address (or its network), an address for too many users, or a user from too many
// addresses. One device with an old password counts once for its address, however often it comes, so that it does not lock out its
// neighbours; and a user who was let in from an address before is held off only by its own failures from there, so that nobody
// locks it out from elsewhere.

import { createHash } from 'node:crypto';

import { type Millis, millis } from '../base/millis.ts';
import { BackOff } from './back-off.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { AuthLimits } from './limits.ts';

/** Users from an address that are known to have been let in. */
const PROVED_MAX = 100_000;
const PROVED_FOR = 7 * 24 * 60 * 60_000;
/** Longer names are remembered by a digest: they may have 65,535 bytes. */
const NAME_LENGTH_MAX = 44;

/** Failures of the clients of one broker. */
export class Guesses {
  private readonly pairs: BackOff;
  private readonly addresses: BackOff;
  private readonly users: BackOff;
  private readonly proved: ExpiringMap<true>;

  constructor({ authFailuresMax: failuresMax, authBackOffMax: longest }: AuthLimits) {
    this.pairs = new BackOff({ failuresMax, longest });
    this.addresses = new BackOff({ failuresMax, longest });
    this.users = new BackOff({ failuresMax, longest });
    this.proved = new ExpiringMap(PROVED_MAX, millis(PROVED_FOR));
  }

  /** Why a client is not listened to now, for the log; `undefined`: it is. */
  held(network: string, userName: string, now: Millis): string | undefined {
    const pair = pairOf(network, userName);
    const left = this.pairs.remaining(pair, now);
    if (left > 0) return heldOff('for this user from this address', left);
    if (this.proved.get(pair, now) === true) return undefined;
    const address = this.addresses.remaining(network, now);
    if (address > 0) return heldOff('for too many users from this address', address);
    const user = this.users.remaining(shortened(userName), now);
    return user > 0 ? heldOff('for this user from too many addresses', user) : undefined;
  }

  /** Somebody was wrong. */
  fail(network: string, userName: string, now: Millis): void {
    if (this.pairs.fail(pairOf(network, userName), now) > 1) return;
    this.addresses.fail(network, now);
    this.users.fail(shortened(userName), now);
  }

  /** A user was right: what it got wrong from there before does not count any more. */
  succeed(network: string, userName: string, now: Millis): void {
    const pair = pairOf(network, userName);
    this.pairs.forgive(pair);
    this.proved.set(pair, true, now);
  }
}

function pairOf(network: string, userName: string): string {
  return JSON.stringify([network, shortened(userName)]);
}

function shortened(userName: string): string {
  return userName.length <= NAME_LENGTH_MAX ? userName : createHash('sha256').update(userName).digest('base64');
}

function heldOff(what: string, left: Millis): string {
  return `Too many wrong passwords ${what}: not listened to for another ${Math.ceil(left / 1000)} s.`;
}
