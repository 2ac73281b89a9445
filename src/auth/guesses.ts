// Who has guessed wrong too often: a user from an address (or its network), an address for too many users, or a user from too many
// addresses. One device with an old password counts once for its address, however often it comes, so that it does not lock out its
// neighbours; and a user who was let in from an address before is held off only by its own failures from there, so that nobody
// locks it out from elsewhere. A client without a user name is known by its client identifier.

import { createHash } from 'node:crypto';

import { ExpiringMap } from '../base/expiring-map.ts';
import { type Millis, millis } from '../base/millis.ts';
import { networkOf } from '../base/network-of.ts';
import { BackOff } from './back-off.ts';
import type { Credentials } from './contract.ts';
import type { AuthLimits } from './limits.ts';

/** Users from an address that are known to have been let in. */
const PROVED_MAX = 100_000;
const PROVED_FOR = 7 * 24 * 60 * 60_000;
/** Longer names are remembered by a digest: they may have 65,535 bytes. */
const NAME_LENGTH_MAX = 44;

/** Who somebody says to be, and from where. */
export interface Caller {
  readonly network: string;
  readonly kind: 'user' | 'client';
  readonly name: string;
}

/** Whom a client says to be. */
export function callerOf({
  userName,
  clientId,
  remote,
}: Pick<Credentials, 'userName' | 'clientId' | 'remote'>): Caller {
  const network = networkOf(remote);
  return userName === undefined
    ? { network, kind: 'client', name: clientId }
    : { network, kind: 'user', name: userName };
}

/** Failures of the clients of one broker. */
export class Guesses {
  private readonly pairs: BackOff;
  private readonly addresses: BackOff;
  private readonly names: BackOff;
  private readonly proved: ExpiringMap<true>;

  constructor({ authFailuresMax: failuresMax, authBackOffMax: longest }: AuthLimits) {
    this.pairs = new BackOff({ failuresMax, longest });
    this.addresses = new BackOff({ failuresMax, longest });
    this.names = new BackOff({ failuresMax, longest });
    this.proved = new ExpiringMap(PROVED_MAX, millis(PROVED_FOR));
  }

  /** Why a client is not listened to now, for the log; `undefined`: it is. */
  held(caller: Caller, now: Millis): string | undefined {
    const { network, kind } = caller;
    const pair = pairOf(caller);
    const left = this.pairs.remaining(pair, now);
    if (left > 0) return heldOff(`for this ${kind} from this address`, left);
    if (this.proved.get(pair, now) === true) return undefined;
    const address = this.addresses.remaining(network, now);
    if (address > 0) return heldOff('for too many users from this address', address);
    const name = this.names.remaining(nameOf(caller), now);
    return name > 0 ? heldOff(`for this ${kind} from too many addresses`, name) : undefined;
  }

  /** Whether a check of a client that is not held off may begin now; if not, it may when one that is under way is over. */
  mayBegin(caller: Caller, now: Millis): boolean {
    const pair = pairOf(caller);
    if (!this.pairs.mayBegin(pair, now)) return false;
    if (this.proved.peek(pair, now) === true) return true;
    return this.addresses.mayBegin(caller.network, now) && this.names.mayBegin(nameOf(caller), now);
  }

  /** Does a check, which says itself how it ended before it is over. */
  async during<Result>(caller: Caller, check: () => Promise<Result>): Promise<Result> {
    const counted: readonly (readonly [BackOff, string])[] = [
      [this.pairs, pairOf(caller)],
      [this.addresses, caller.network],
      [this.names, nameOf(caller)],
    ];
    for (const [backOff, key] of counted) backOff.begin(key);
    try {
      return await check();
    } finally {
      for (const [backOff, key] of counted) backOff.end(key);
    }
  }

  /** Somebody was wrong. */
  fail(caller: Caller, now: Millis): void {
    if (this.pairs.fail(pairOf(caller), now) > 1) return;
    this.addresses.fail(caller.network, now);
    this.names.fail(nameOf(caller), now);
  }

  /** Somebody was right: what it got wrong from there before does not count any more. */
  succeed(caller: Caller, now: Millis): void {
    const pair = pairOf(caller);
    this.pairs.forgive(pair);
    this.proved.set(pair, true, now);
  }
}

function pairOf(caller: Caller): string {
  return JSON.stringify([caller.network, nameOf(caller)]);
}

function nameOf({ kind, name }: Caller): string {
  const short = name.length <= NAME_LENGTH_MAX ? name : createHash('sha256').update(name).digest('base64');
  return `${kind} ${short}`;
}

function heldOff(what: string, left: Millis): string {
  return `Too many wrong passwords ${what}: not listened to for another ${Math.ceil(left / 1000)} s.`;
}
