// Who may not connect for a while, or ever: clients by their identifier, users by their name, addresses and whole networks of
// them. An operator bans, or the broker itself, for a while, a client that comes and goes without end.
// Invariant: there are at most `BANS_MAX`, and each has the moment at which it ends on the calendar, since bans outlive the
// process. What becomes of those who are connected, and where bans are kept, is the owner's business.

import { type AddressRange, addressOf, AddressTable, parseAddressRange } from '../auth/rules/address-range.ts';
import type { Clock } from '../base/clock.ts';
import { UsageError } from '../base/errors.ts';

/** One ban. */
export interface Ban {
  readonly kind: 'client' | 'user' | 'address';
  /** A client identifier, a user name, or an address: `192.0.2.1`, `2001:db8::1`, or a network such as `10.0.0.0/8`. */
  readonly value: string;
  /** When it ends, in milliseconds since 1970; `undefined`: when somebody ends it. */
  readonly until: number | undefined;
  /** For people; '' where nobody said. */
  readonly reason: string;
  readonly by: 'operator' | 'flapping';
}

/** Where bans are kept from one process to the next. */
export interface BanKeeper {
  /** What was kept. */
  readonly bans: readonly Ban[];
  /** Keeps these, and no others. Throws if that is not possible. */
  save(bans: readonly Ban[]): void;
}

/** What keeps them is written as a whole for each change. */
const BANS_MAX = 10_000;

/** A ban in a sentence. */
export function sayBan({ kind, value, until, reason }: Ban): string {
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
  return `The ${kind} ${JSON.stringify(value)} is banned${end}${reason === '' ? '' : `: ${reason}`}.`;
}

/** Whether a client falls under one ban, for somebody who asks about many clients; who they are as in `Bans.against`. */
export function fallsUnder({
  kind,
  value,
}: Pick<Ban, 'kind' | 'value'>): (
  clientId: string | undefined,
  userName: string | undefined,
  remote: string,
) => boolean {
  if (kind === 'client') return (clientId) => clientId === value;
  if (kind === 'user') return (_, userName) => userName === value;
  const range = parseAddressRange(value);
  return (_, __, remote) => range?.holds(addressOf(remote)) === true;
}

/** The bans of one broker. */
export class Bans {
  private readonly clock: Clock;
  private readonly keeper: BanKeeper | undefined;
  /** By kind and value. */
  private readonly byKey: Map<string, Ban>;
  /** Of the bans of addresses, by the same key. */
  private readonly ranges: Map<string, AddressRange>;
  private readonly table: AddressTable<string>;

  /** @throws {UsageError} `invalid-argument`: one that was kept is none. */
  constructor(clock: Clock, keeper: BanKeeper | undefined) {
    this.clock = clock;
    this.keeper = keeper;
    this.byKey = new Map();
    this.ranges = new Map();
    this.table = new AddressTable();
    for (const ban of keeper?.bans ?? []) this.put(ban);
  }

  /**
   * Adds a ban, or replaces the one of the same client, user or address. What an operator has banned the broker does not touch.
   * @throws {UsageError} `invalid-argument`: the value is empty or no address, or there are too many bans.
   * @throws what the keeper throws; then nothing has changed.
   */
  add(ban: Ban): void {
    this.forgetOver();
    const before = this.byKey.get(keyOf(ban));
    if (ban.by === 'flapping' && before?.by === 'operator') return;
    // Nobody is told of a client that is not held off: there are enough that are.
    if (before === undefined && this.byKey.size >= BANS_MAX) {
      if (ban.by === 'flapping') return;
      throw new UsageError('invalid-argument', `There are ${BANS_MAX} bans already; end some of them first.`);
    }
    this.put(ban);
    if (ban.by === 'flapping') return;
    this.saveOr(() => {
      this.take(ban);
      if (before !== undefined) this.put(before);
    });
  }

  /**
   * Ends a ban; says whether there was one.
   * @throws what the keeper throws; then nothing has changed.
   */
  remove(kind: Ban['kind'], value: string): boolean {
    this.forgetOver();
    const before = this.byKey.get(keyOf({ kind, value }));
    if (before === undefined) return false;
    this.take(before);
    if (before.by === 'operator') this.saveOr(() => this.put(before));
    return true;
  }

  /** The bans in force, the oldest first. */
  list(): readonly Ban[] {
    this.forgetOver();
    return Array.from(this.byKey.values());
  }

  /**
   * The ban under which a client falls; `undefined`: none.
   * @param clientId  `undefined`: it has not said yet.
   * @param remote  The peer's address, with its port or without.
   */
  against(clientId: string | undefined, userName: string | undefined, remote: string): Ban | undefined {
    if (this.byKey.size === 0) return undefined;
    const client = clientId === undefined ? undefined : this.find('client', clientId);
    const user = userName === undefined ? undefined : this.find('user', userName);
    return client ?? user ?? this.againstAddress(remote);
  }

  private againstAddress(remote: string): Ban | undefined {
    if (this.ranges.size === 0) return undefined;
    for (const key of this.table.find(addressOf(remote))) {
      const ban = this.byKey.get(key);
      if (ban !== undefined && this.isInForce(ban)) return ban;
    }
    return undefined;
  }

  private find(kind: Ban['kind'], value: string): Ban | undefined {
    const ban = this.byKey.get(keyOf({ kind, value }));
    return ban !== undefined && this.isInForce(ban) ? ban : undefined;
  }

  private isInForce({ until }: Ban): boolean {
    return until === undefined || until > this.clock.wall();
  }

  private forgetOver(): void {
    for (const ban of this.byKey.values()) if (!this.isInForce(ban)) this.take(ban);
  }

  private put(ban: Ban): void {
    if (ban.value === '') throw new UsageError('invalid-argument', `A ban of a ${ban.kind} says of which.`);
    const key = keyOf(ban);
    if (ban.kind === 'address') {
      const range = parseAddressRange(ban.value);
      if (range === undefined) {
        const takes = 'an IP address, or a network such as 10.0.0.0/8';
        throw new UsageError(
          'invalid-argument',
          `A ban of an address takes ${takes}; got ${JSON.stringify(ban.value)}.`,
        );
      }
      this.ranges.set(key, range);
      this.table.add(range, key);
    }
    this.byKey.set(key, ban);
  }

  private take(ban: Ban): void {
    const key = keyOf(ban);
    const range = this.ranges.get(key);
    if (range !== undefined) this.table.remove(range, key);
    this.byKey.delete(key);
    this.ranges.delete(key);
  }

  private saveOr(undo: () => void): void {
    try {
      this.keeper?.save(this.list().filter(({ by }) => by === 'operator'));
    } catch (error) {
      undo();
      throw error;
    }
  }
}

function keyOf({ kind, value }: Pick<Ban, 'kind' | 'value'>): string {
  return `${kind} ${value}`;
}
