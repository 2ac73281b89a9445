// The session of one client through the history, as far as the wire tells: whether it is there, surely or perhaps, and so what Session Present must
// say (MQTT 5.0 section 3.2.2.1.1). Time is virtual; a broker that was down has let it pass all the same.
//
// What is not known: when exactly a session that was connected at a crash begins to expire (at the restart, docs/durability.md); whether a
// CONNECT that was not answered did anything; what a DISCONNECT changed in the last moment before a crash; and how long a
// machine was off whose wall clock somebody moved (`slack`).

import { NEVER, SessionSpan } from './session-span.ts';
import type { WireConnection } from './wire-connection.ts';

/** A CONNACK that accepted a client. */
export interface Greeting {
  readonly connection: WireConnection;
  /** `undefined`: either. */
  readonly expected: boolean | undefined;
  readonly why: string;
}

/** Follows the session of one client. */
export class SessionStanding {
  readonly client: string;
  readonly spans: SessionSpan[];
  readonly greetings: Greeting[];
  /** The connection that has the session. */
  connection: WireConnection | undefined;
  /** Their CONNECT waits for its answer. */
  private readonly asking: Set<WireConnection>;
  /** When it came, the session may have been over. */
  private readonly askedInDoubt: Set<WireConnection>;
  private standing: 'none' | 'there' | 'perhaps';
  private span: SessionSpan | undefined;
  /** The last one that a CONNACK was about. */
  private announced: SessionSpan | undefined;
  private announcedExpiry: number;
  /** Something happened to it since, and nobody has been told: a crash may undo it. */
  private isUndoable: boolean;
  /** How long a session was to outlive its connection that was begun and nobody was told of: it may be on disk even if it has ended since. 0: none. */
  private untoldExpiry: number;
  private wasConnectedAtCrash: boolean;
  /** Of when it lost its connection. */
  private detachedMin: number;
  private detachedMax: number;
  private expiryMin: number;
  private expiryMax: number;
  // Before the DISCONNECT that changed it, or the CONNECT that was not answered: what counts if the broker is lost before that is stored.
  private expiryBeforeMin: number;
  private expiryBeforeMax: number;
  /** When it had lost its connection before that CONNECT; `NEVER`: there was none. */
  private detachedBefore: number;
  private readonly expiryLongest: number;
  private readonly slack: number;
  private readonly commitMillisMax: number;

  /**
   * @param expiryLongest  The broker's `sessionExpiryMax`.
   * @param slack  By how much the broker may be wrong about the time that it was down.
   * @param commitMillisMax  After so long everything is stored.
   */
  constructor(client: string, expiryLongest: number, slack: number, commitMillisMax: number) {
    this.client = client;
    this.spans = [];
    this.greetings = [];
    this.connection = undefined;
    this.asking = new Set();
    this.askedInDoubt = new Set();
    this.standing = 'none';
    this.span = undefined;
    this.announced = undefined;
    this.announcedExpiry = 0;
    this.isUndoable = false;
    this.untoldExpiry = 0;
    this.wasConnectedAtCrash = false;
    this.detachedMin = 0;
    this.detachedMax = 0;
    this.expiryMin = 0;
    this.expiryMax = 0;
    this.expiryBeforeMin = 0;
    this.expiryBeforeMax = 0;
    this.detachedBefore = NEVER;
    this.expiryLongest = expiryLongest;
    this.slack = slack;
    this.commitMillisMax = commitMillisMax;
  }

  /** The present session, if there is one for sure. */
  get current(): SessionSpan | undefined {
    return this.standing === 'there' ? this.span : undefined;
  }

  /** The last one there was, or may have been. */
  get latest(): SessionSpan | undefined {
    return this.span;
  }

  /** Whether the session is there at a moment; `undefined`: nobody knows. */
  isThereAt(at: number): boolean | undefined {
    return this.isThere(at);
  }

  /**
   * A CONNECT came, to a broker that lets the time of a session run out before it does anything else. While another one waits for its answer the
   * session is connected to that, and no time runs out.
   */
  connectCame(connection: WireConnection, at: number): void {
    const isThere = this.isThere(at);
    if (isThere === false && this.standing !== 'none' && this.asking.size === 0) this.end(connection.connectCame);
    if (isThere === undefined && this.standing === 'there') this.askedInDoubt.add(connection);
    this.asking.add(connection);
  }

  /** CONNACK left. `at`: when CONNECT came. */
  connackSent(connection: WireConnection, present: boolean, at: number): void {
    // Who is refused may have had the session before, for a moment.
    if (!connection.isAccepted) return;
    this.asking.delete(connection);
    const isClean = connection.request?.clean === true;
    const expected = isClean ? false : this.isThere(at);
    this.greetings.push({ connection, expected, why: isClean ? 'it asked for a clean start' : this.tell(at) });
    const expiry = this.expiryOf(connection);
    if (!present || this.span === undefined || this.standing === 'none') {
      if (this.span !== undefined) this.span.endedAt = Math.min(this.span.endedAt, connection.connectCame);
      this.begin(connection, expiry, present);
    }
    if (this.span !== undefined) this.span.perhapsEndedFrom = NEVER;
    this.standing = 'there';
    this.announced = this.span;
    this.announcedExpiry = expiry;
    this.isUndoable = false;
    this.untoldExpiry = 0;
    this.wasConnectedAtCrash = false;
    this.connection = connection;
    this.setExpiry(expiry);
    this.span?.connections.push(connection);
    connection.span = this.span;
  }

  disconnectCame(connection: WireConnection): void {
    const seconds = connection.disconnect?.properties.sessionExpiryInterval;
    if (this.connection !== connection || seconds === undefined) return;
    if (this.expiryMax === 0 && seconds > 0) return;
    const { expiryMin, expiryMax } = this;
    this.setExpiry(Math.min(seconds * 1000, this.expiryLongest));
    this.expiryBeforeMin = expiryMin;
    this.expiryBeforeMax = expiryMax;
  }

  /** The broker is done with a connection; `how` 'crash': because it is gone itself. */
  connectionOver(connection: WireConnection, how: string, place: number, at: number): void {
    if (this.asking.delete(connection)) {
      this.unanswered(connection, how, place, at);
      return;
    }
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.detachedMin = at;
    this.detachedMax = at;
    if (how === 'crash') {
      this.detachedMax = NEVER;
      this.wasConnectedAtCrash = true;
      if (this.span?.isPersistent !== true) this.end(place);
    } else if (this.expiryMax <= 0) this.end(place);
  }

  /** The broker said that messages of the session were dropped because it has ended, as it may at any time where a limit ends sessions. */
  endedAtLimit(place: number): void {
    if (this.connection === undefined && this.standing !== 'none') this.end(place);
  }

  /** The same where none does: is that a lie? */
  isAliveForSure(at: number): boolean {
    for (const { request } of this.asking) if (request?.clean === true) return false;
    return this.isThere(at) === true;
  }

  /** The broker has ended, and not in order. */
  brokerLost(place: number, at: number): void {
    if (this.isUndoable) this.undone(place);
    // What was stored long before counts as it did.
    const isStored = this.connection === undefined && at - this.detachedMax > this.commitMillisMax;
    if (!isStored) {
      this.detachedMin = Math.min(this.detachedMin, this.detachedBefore);
      this.detachedMax = NEVER;
      this.expiryMin = Math.min(this.expiryMin, this.expiryBeforeMin);
      this.expiryMax = Math.max(this.expiryMax, this.expiryBeforeMax);
    }
    this.detachedBefore = NEVER;
    this.widen();
  }

  /** The broker has ended, in order. */
  brokerStopped(): void {
    this.detachedBefore = NEVER;
    this.widen();
  }

  /** Nobody knows for sure how long the broker is down. */
  private widen(): void {
    this.expiryMin = Math.max(0, this.expiryMin - this.slack);
    this.expiryMax += this.slack;
  }

  /** The broker finds everything again. */
  brokerStarted(at: number): void {
    if (this.wasConnectedAtCrash) this.detachedMin = Math.max(this.detachedMin, at);
    this.wasConnectedAtCrash = false;
  }

  /** The broker has found everything again. */
  brokerReady(at: number): void {
    if (this.detachedMax === NEVER) this.detachedMax = at;
  }

  private begin(connection: WireConnection, expiry: number, isDoubtful: boolean): void {
    const older = this.span;
    this.span = new SessionSpan(this.client, connection.connectCame, expiry > 0, isDoubtful);
    if (isDoubtful && older !== undefined) this.span.inherit(older);
    this.spans.push(this.span);
  }

  private end(place: number): void {
    this.standing = 'none';
    if (this.span === undefined) return;
    this.isUndoable ||= this.span.isPersistent;
    this.span.endedAt = Math.min(this.span.endedAt, place);
  }

  /** A CONNECT had no answer. If the broker is still there it has done what was asked, or else nobody knows. */
  private unanswered(connection: WireConnection, how: string, place: number, at: number): void {
    const isClean = connection.request?.clean === true;
    const expiry = this.expiryOf(connection);
    const hadSession = this.standing !== 'none';
    this.isUndoable ||= isClean || !hadSession || expiry <= 0;
    const isInDoubt = this.standing === 'perhaps' || this.askedInDoubt.has(connection);
    if (how === 'crash' || connection.connack !== undefined || isInDoubt) {
      this.blur(connection, expiry, how === 'crash', at);
      return;
    }
    if (hadSession && isClean) this.end(connection.connectCame);
    if (isClean || !hadSession) this.begin(connection, expiry, false);
    this.untoldExpiry = Math.max(this.untoldExpiry, expiry);
    this.standing = 'there';
    const { expiryMin, expiryMax, detachedMin, detachedBefore } = this;
    this.setExpiry(expiry);
    if (hadSession && !isClean) {
      this.expiryBeforeMin = expiryMin;
      this.expiryBeforeMax = expiryMax;
      this.detachedBefore = Math.min(detachedBefore, detachedMin);
    }
    this.detachedMin = at;
    this.detachedMax = at;
    if (expiry <= 0) this.end(place);
  }

  /** Either it was done, or not. */
  private blur(connection: WireConnection, expiry: number, isCrash: boolean, at: number): void {
    const isClean = connection.request?.clean === true;
    const hadSession = this.standing !== 'none';
    if (!hadSession && expiry <= 0) return;
    const isInDoubt = this.standing === 'perhaps' || this.askedInDoubt.has(connection);
    if (isInDoubt || isClean || expiry <= 0 || !hadSession) this.perhaps(connection.connectCame);
    this.detachedMin = hadSession ? Math.min(this.detachedMin, at) : at;
    this.detachedMax = isCrash ? NEVER : at;
    this.expiryMin = hadSession ? Math.min(this.expiryMin, expiry) : expiry;
    this.expiryMax = hadSession ? Math.max(this.expiryMax, expiry) : expiry;
    this.expiryBeforeMin = this.expiryMin;
    this.expiryBeforeMax = this.expiryMax;
  }

  /** What nobody has been told may not have happened. */
  private undone(place: number): void {
    this.isUndoable = false;
    this.expiryMin = 0;
    this.expiryMax = Math.max(this.expiryMax, this.announcedExpiry, this.untoldExpiry);
    if (this.announced?.isPersistent === true || this.standing !== 'none' || this.untoldExpiry > 0) this.perhaps(place);
    this.untoldExpiry = 0;
  }

  /** From here on there is a session perhaps, the last one perhaps. */
  private perhaps(place: number): void {
    const older = this.span;
    this.standing = 'perhaps';
    this.span = new SessionSpan(this.client, place, true, true);
    this.spans.push(this.span);
    for (const each of new Set([older, this.announced])) {
      if (each === undefined || each === this.span) continue;
      each.perhapsEndedFrom = Math.min(each.perhapsEndedFrom, place);
      this.span.inherit(each);
    }
  }

  private isThere(at: number): boolean | undefined {
    if (this.standing === 'none') return false;
    if (this.connection !== undefined) return this.standing === 'there' ? true : undefined;
    if (at >= this.detachedMax + this.expiryMax) return false;
    if (at < this.detachedMin + this.expiryMin && this.standing === 'there') return true;
    return undefined;
  }

  private tell(at: number): string {
    if (this.span === undefined) return 'it never had a session';
    if (this.standing === 'none') return 'its last session had ended';
    const away = at - this.detachedMin;
    return `its session was left ${away} ms before, with ${this.expiryMax} ms to live`;
  }

  private setExpiry(expiry: number): void {
    this.expiryMin = expiry;
    this.expiryMax = expiry;
    this.expiryBeforeMin = expiry;
    this.expiryBeforeMax = expiry;
    this.detachedBefore = NEVER;
  }

  /** How long its session is to outlive a connection, in milliseconds. */
  private expiryOf(connection: WireConnection): number {
    const { request } = connection;
    if (request === undefined) return 0;
    if (request.version < 5) return request.clean ? 0 : this.expiryLongest;
    return Math.min((request.properties.sessionExpiryInterval ?? 0) * 1000, this.expiryLongest);
  }
}
