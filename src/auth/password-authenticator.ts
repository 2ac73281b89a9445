// Who a client is, by the users of a password file. What a check costs is meant to hurt who guesses, not who comes back: a
// password that was right is known again by a keyed digest of it, and so is one that was wrong, which costs and counts once. Who
// guesses is held off (guesses.ts), also where it makes its guesses all at once. A user that does not exist costs what one costs
// that does, and is held off alike. The password itself is kept nowhere.

import { createHmac } from 'node:crypto';

import { unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { ExpiringMap } from '../base/expiring-map.ts';
import type { Millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import type { ChainLink } from './chain.ts';
import { CheckLine } from './check-line.ts';
import type { Authentication, AuthenticationMethod, Credentials } from './contract.ts';
import { type Caller, callerOf, Guesses } from './guesses.ts';
import type { AuthLimits } from './limits.ts';
import { isPassword } from './password-hash.ts';
import { type DecoyBytes, decoyOf, type PasswordEntry, type PasswordTable } from './password-table.ts';
import {
  BAD_USER_NAME_OR_PASSWORD,
  CONNECTION_RATE_EXCEEDED,
  NOT_AUTHORIZED,
  refused,
  SERVER_BUSY,
  shown,
} from './refusals.ts';
import { scramMethod } from './scram-server.ts';
import { SCRAM_SHA_256 } from './scram-terms.ts';

/** What it is made of. */
export interface PasswordAuthenticatorParts {
  readonly limits: AuthLimits;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
}

/** What a new table has changed. */
export interface ReplacedUsers {
  /** Whether nothing is different. */
  readonly isSame: boolean;
  /** Users who are not there any more, or whose line is another one. */
  readonly gone: ReadonlySet<string>;
}

/** Whose password is checked. */
interface Asked {
  readonly caller: Caller;
  readonly userName: string;
  /** `undefined`: there is none of this name. */
  readonly user: PasswordEntry | undefined;
  /** What it is checked against. */
  readonly entry: PasswordEntry;
}

/** What came of a check; `held`: it was not made, since there were too many failures before it. */
type Outcome = 'right' | 'wrong' | 'held';

/** Long enough that nobody finds it by trying. */
const KEY_BYTES = 32;

const CHANGED = "The user's line in the password file has changed meanwhile; the client may come again.";

/** The users of a password file, who may change while it works. */
export class PasswordAuthenticator implements ChainLink {
  readonly methods: ReadonlyMap<string, AuthenticationMethod>;
  private readonly clock: Pick<Clock, 'monotonic'>;
  private readonly guesses: Guesses;
  private readonly line: CheckLine;
  #table: PasswordTable;
  /** Of the first table, so that what is said of a name that is not there stays the same when others come and go. */
  readonly #decoyBytes: DecoyBytes;
  /** Of this process, so that a digest is of no use elsewhere. */
  readonly #key: Uint8Array;
  /** Digests of what was right. */
  private readonly right: ExpiringMap<true>;
  private readonly wrong: ExpiringMap<true>;
  /** Checks under way: many clients may come with the same name and password at once. */
  private readonly underWay: Map<string, Promise<Outcome | undefined>>;

  constructor(table: PasswordTable, { limits, clock, random }: PasswordAuthenticatorParts) {
    this.clock = clock;
    this.guesses = new Guesses(limits);
    this.line = new CheckLine(limits.passwordChecksMax, limits.passwordChecksWaitingMax);
    this.#table = table;
    this.#decoyBytes = table.decoyBytes;
    this.#key = random.bytes(KEY_BYTES);
    this.right = new ExpiringMap(limits.passwordCacheMax, limits.passwordCacheExpiry);
    this.wrong = new ExpiringMap(limits.passwordCacheMax, limits.passwordCacheExpiry);
    this.underWay = new Map();
    const scram = scramMethod({
      table: () => this.#table,
      decoyBytes: this.#decoyBytes,
      guesses: this.guesses,
      clock,
      random,
    });
    this.methods = new Map([[SCRAM_SHA_256, scram]]);
  }

  /** From now on these are the users. What is known of those who have not changed stays known. */
  replace(table: PasswordTable): ReplacedUsers {
    const before = this.#table.users;
    const gone = new Set<string>();
    for (const [user, { text }] of before) if (table.users.get(user)?.text !== text) gone.add(user);
    this.#table = table;
    return { isSame: gone.size === 0 && before.size === table.users.size, gone };
  }

  knows({ userName }: Credentials): boolean {
    return userName !== undefined && this.#table.users.has(userName);
  }

  authenticate({ clientId, userName, password, remote }: Credentials): Authentication | Promise<Authentication> {
    if (userName === undefined) {
      const what = password === undefined ? 'neither user name nor password' : 'a password without a user name';
      return refused(NOT_AUTHORIZED, `It has ${what}.`);
    }
    if (password === undefined) return refused(BAD_USER_NAME_OR_PASSWORD, `${shown(userName)} has no password.`);
    const now = this.clock.monotonic();
    const caller = callerOf({ userName, clientId, remote });
    const user = this.#table.users.get(userName);
    const held = this.guesses.held(caller, now);
    if (held !== undefined) return refused(CONNECTION_RATE_EXCEEDED, held, 'authFailuresMax');
    const asked = { caller, userName, user, entry: user ?? decoyOf(this.#table, userName, this.#decoyBytes) };
    const digest = this.digestOf(asked, password);
    if (this.right.get(digest, now) === true) return this.accept(digest, caller, now);
    const detail = wrongness(userName, user !== undefined);
    if (this.wrong.get(digest, now) === true)
      return refused(BAD_USER_NAME_OR_PASSWORD, `${detail} It was tried before.`);
    const copy = password.slice(); // The packet's bytes are the connection's.
    return this.check(digest, asked, copy).then((outcome) => {
      switch (outcome) {
        case 'right':
          // Meanwhile the file may have been read again: what was asked for is not what counts now.
          if (this.#table.users.get(userName)?.text !== user?.text) return refused(SERVER_BUSY, CHANGED);
          return this.accept(digest, caller, this.clock.monotonic());
        case 'wrong':
          return refused(BAD_USER_NAME_OR_PASSWORD, detail);
        case 'held':
          // Whoever came first with the same, perhaps from elsewhere.
          return this.authenticate({ clientId, userName, password: copy, remote });
        case undefined:
          return refused(
            SERVER_BUSY,
            'Too many passwords wait to be checked (passwordChecksWaitingMax).',
            'passwordChecksWaitingMax',
          );
        default:
          return unreachable(outcome);
      }
    });
  }

  private accept(digest: string, caller: Caller, now: Millis): Authentication {
    this.right.set(digest, true, now);
    this.guesses.succeed(caller, now);
    return { kind: 'accepted', principal: caller.name };
  }

  /** `undefined`: too many are waiting. The result is remembered even if the client has gone. */
  private check(digest: string, asked: Asked, password: Uint8Array): Promise<Outcome | undefined> {
    const already = this.underWay.get(digest);
    if (already !== undefined) return already;
    const { caller } = asked;
    const check = this.line.run({
      network: caller.network,
      mayStart: () => this.guesses.mayBegin(caller, this.clock.monotonic()),
      run: () => this.guesses.during(caller, () => this.judge(digest, asked, password)),
    });
    const ended = check.finally(() => this.underWay.delete(digest));
    this.underWay.set(digest, ended);
    return ended;
  }

  /** Of clients that have come with the same meanwhile, one counts. */
  private async judge(digest: string, { caller, user, entry }: Asked, password: Uint8Array): Promise<Outcome> {
    // Others that came before it may have failed since it came.
    if (this.guesses.held(caller, this.clock.monotonic()) !== undefined) return 'held';
    if ((await isPassword(entry.hash, password)) && user !== undefined) return 'right';
    const now = this.clock.monotonic();
    this.guesses.fail(caller, now);
    this.wrong.set(digest, true, now);
    return 'wrong';
  }

  /** Of everything that the answer depends on, so that none outlives a change of the file. */
  private digestOf({ userName, user }: Asked, password: Uint8Array): string {
    const said = JSON.stringify([userName, user?.text ?? '']);
    return createHmac('sha256', this.#key).update(`${said}\n`).update(password).digest('base64');
  }
}

function wrongness(userName: string, exists: boolean): string {
  return exists ? `The password of ${shown(userName)} is wrong.` : `There is no user ${shown(userName)}.`;
}
