// Wills fire once, or never, and in time (MQTT 5.0 sections 3.1.2.5, 3.1.3.2.2, 3.14.4). What becomes of the Will of a connection:
//
// | the connection                            | its Will                                                                       |
// |-------------------------------------------|--------------------------------------------------------------------------------|
// | is open                                   | waits                                                                          |
// | ended with DISCONNECT 0x00                | never fires [MQTT-3.14.4-3]                                                    |
// | ended otherwise, taken over, or shut down | fires when its delay is over or the session ends, whichever comes first [MQTT-3.1.2-8] |
// | the same, and the client is back before   | never fires [MQTT-3.1.3-9]; but at once if it comes with Clean Start, for the session has ended |
// | was open when the broker died, or waited  | fires after the restart, not before `willRestartGrace`, unless the client is back, with whatever Clean Start; at the end of its session in any case |
//
// What a crash may undo in the moment before it (that a Will has fired, or was cancelled) may happen again, or not at all. A
// broker with a limit that refuses messages may refuse a Will, and nobody hears of it. One that is due while the store has no room may be put off
// until there is room: over a restart, too, then like one whose connection was open.

import type { DisconnectPacket } from '../../src/packet/packet.ts';
import type { History } from '../history.ts';
import { type BrokerLife, isLostHow } from './broker-life.ts';
import type { ClientFacts } from './client-facts.ts';
import { type Digest, digestOf } from './digest.ts';
import { NEVER } from './session-span.ts';
import type { Violation } from './violation.ts';
import type { Acceptance, WireConnection } from './wire-connection.ts';

const CHECKER = 'wills';

/** The broker is woken a little after what is due. */
const WAKING_MILLIS = 20;

/** What must become of one Will. */
interface Fate {
  /** It fires for sure. */
  readonly mustFire: boolean;
  /** How often it may. */
  readonly timesMax: number;
  /** In virtual milliseconds. */
  readonly earliest: number;
  readonly latest: number;
  readonly why: string;
}

/** When the broker said that its store had no room, in virtual milliseconds; `to` is `NEVER` if it was told to end before there was room again. */
interface FullTime {
  readonly from: number;
  readonly to: number;
}

/** A Will, what must become of it, and what has. */
interface Told {
  readonly connection: WireConnection;
  readonly fate: Fate;
  readonly fired: Acceptance[];
}

/** Checks every Will that was set. */
export function wills(history: History): readonly Violation[] {
  const digest = digestOf(history);
  const fullTimes = fullTimesOf(digest);
  const found: Violation[] = [];
  for (const facts of digest.clients.values()) judgeClient(digest, facts, fullTimes, found);
  return found;
}

function fullTimesOf({ events, brokerLives }: Digest): readonly FullTime[] {
  const times: FullTime[] = [];
  for (const [place, event] of events.entries()) {
    if (event.kind !== 'store-full' || !event.isFull) continue;
    const closing = brokerLives.findLast(({ from }) => from < place)?.closing ?? NEVER;
    const over = events.findIndex((each, index) => index > place && each.kind === 'store-full' && !each.isFull);
    const isRoom = over > place && over < closing;
    times.push({ from: event.at, to: isRoom ? (events[over]?.at ?? NEVER) : NEVER });
  }
  return times;
}

function judgeClient(digest: Digest, facts: ClientFacts, fullTimes: readonly FullTime[], found: Violation[]): void {
  const connections = facts.connections
    .filter(({ connectCame }) => connectCame !== NEVER)
    .toSorted((one, other) => one.connectCame - other.connectCame);
  const set = connections.flatMap((connection, index): Told[] => {
    if (connection.request?.will === undefined) return [];
    const fate = new Outlook(digest, connection, connections[index + 1], facts, fullTimes).fate();
    return [{ connection, fate, fired: [] }];
  });
  for (const acceptance of firingsOf(digest, facts)) {
    const { label, place, at } = acceptance;
    const over = set.filter(({ connection }) => connection.over < place && connection.connect?.label === label);
    // Connections of one life set Wills of one name. Where one may have been put off, so that several are due, it is one that may fire now.
    const due = fullTimes.length === 0 ? undefined : over.findLast((told) => mayFire(told, at));
    const told = due ?? over.at(-1);
    if (told === undefined) {
      const sentence = `The Will of ${facts.name} fired (${label}), though no connection that had set it was over.`;
      found.push({ checker: CHECKER, sentence, at });
    } else told.fired.push(acceptance);
  }
  for (const { connection, fate, fired } of set) judgeFate(digest, connection, fate, fired, found);
}

function mayFire({ fate, fired }: Told, at: number): boolean {
  return fired.length < fate.timesMax && at >= fate.earliest && at <= fate.latest + WAKING_MILLIS;
}

function firingsOf({ acceptances, messages }: Digest, { name }: ClientFacts): readonly Acceptance[] {
  return acceptances.filter(({ by, label }) => {
    const message = by === undefined ? messages.get(label) : undefined;
    return message?.isWill === true && message.client === name;
  });
}

function judgeFate(
  digest: Digest,
  { client, number, connect }: WireConnection,
  { mustFire, timesMax, earliest, latest, why }: Fate,
  fired: readonly Acceptance[],
  found: Violation[],
): void {
  const will = `The Will of ${client}'s connection ${number} (${connect?.label})`;
  const [first] = fired;
  const last = fired.at(-1);
  if (first === undefined || last === undefined) {
    if (!mustFire || latest + WAKING_MILLIS >= digest.endAt) return;
    found.push({ checker: CHECKER, sentence: `${will} never fired: ${why}.`, at: digest.endAt });
    return;
  }
  if (fired.length > timesMax) {
    const times = timesMax === 0 ? 'fired' : `fired ${fired.length} times`;
    found.push({ checker: CHECKER, sentence: `${will} ${times}: ${why}.`, at: last.at });
  } else if (first.at < earliest) {
    found.push({
      checker: CHECKER,
      sentence: `${will} fired at ${first.at} ms, ${earliest - first.at} ms too early: ${why}.`,
      at: first.at,
    });
  } else if (last.at > latest + WAKING_MILLIS) {
    found.push({
      checker: CHECKER,
      sentence: `${will} fired at ${last.at} ms, ${last.at - latest} ms too late: ${why}.`,
      at: last.at,
    });
  }
}

/** What is to be expected of one Will. */
class Outlook {
  private readonly digest: Digest;
  private readonly connection: WireConnection;
  private readonly next: WireConnection | undefined;
  /** When its connection ended. */
  private readonly over: number;
  private readonly delay: number;
  /** How long the session outlives the connection. */
  private readonly expiry: number;
  /** The same as CONNECT had it, which is what counts if the broker dies before it has stored what DISCONNECT says. */
  private readonly expiryBefore: number;
  private readonly life: BrokerLife | undefined;
  private readonly facts: ClientFacts;
  private readonly fullTimes: readonly FullTime[];

  constructor(
    digest: Digest,
    connection: WireConnection,
    next: WireConnection | undefined,
    facts: ClientFacts,
    fullTimes: readonly FullTime[],
  ) {
    this.digest = digest;
    this.connection = connection;
    this.next = next;
    this.over = digest.at(connection.over);
    this.delay = (connection.request?.will?.delayInterval ?? 0) * 1000;
    this.expiry = expiryOf(digest, connection, connection.disconnect);
    this.expiryBefore = expiryOf(digest, connection, undefined);
    this.life = digest.brokerLives.findLast(({ from }) => from < connection.over);
    this.facts = facts;
    this.fullTimes = fullTimes;
  }

  fate(): Fate {
    const { connection, over } = this;
    if (connection.connackSent === NEVER) return this.perhaps('nobody has heard whether it was set');
    if (!connection.isAccepted) {
      const why = 'its CONNECT was refused';
      return this.isLostSoonAfter(over) ? this.perhaps(why) : this.never(why);
    }
    if (connection.over === NEVER) return this.never('its connection is open');
    if (connection.disconnect?.reasonCode === 0 && connection.disconnectCame < connection.over) {
      const why = 'the client had said goodbye';
      return this.isLostSoonAfter(over) ? this.perhaps(why) : this.never(why);
    }
    if (this.isEndedAtLimit) return this.perhaps('its session was ended at a limit', over);
    if (connection.overHow === 'crash') return this.afterRestart(over, true);
    if (this.isLostWith(over)) return this.perhaps('the store failed', over);
    const due = this.dueAt;
    if (due <= over) return this.fires(over, over, 'its connection ended, and nothing delays it');
    return this.whileWaiting(due);
  }

  /** Of a connection that ended while the broker was there. */
  private get dueAt(): number {
    return this.over + Math.min(this.delay, this.expiry);
  }

  /** A limit ends sessions at any time, and the broker says so. */
  private get isEndedAtLimit(): boolean {
    const { digest, facts, over } = this;
    return (
      digest.circumstances.endsSessions &&
      facts.drops.some(({ reason, at }) => reason === 'session-ended' && at >= over)
    );
  }

  private whileWaiting(due: number): Fate {
    const { next, digest, life } = this;
    const lifeEnd = life === undefined || life.closing === NEVER ? NEVER : digest.at(life.closing);
    const back = next === undefined ? NEVER : digest.at(next.connectCame);
    const isBackInThisLife = next !== undefined && next.connectCame < (life?.to ?? NEVER);
    if (isBackInThisLife && back <= due + WAKING_MILLIS) {
      const isUncertain = next.connackSent === NEVER || (back >= due && back <= due + WAKING_MILLIS);
      if (isUncertain) return this.perhaps('the client came back, or tried to');
      if (!next.isAccepted) return this.perhaps('the client was refused');
      if (next.request?.clean === true)
        return this.fires(back, back, 'the client came back with Clean Start, which ended the session');
      return this.never('the client was back before it was due');
    }
    if (lifeEnd < due) return this.afterRestart(this.over, false);
    if (lifeEnd <= due + WAKING_MILLIS) return this.perhaps('the broker was lost when it was due', due);
    return this.fires(due, due, `it was due at ${due} ms`);
  }

  /** @param isOpen  The connection was open when the broker died. */
  private afterRestart(over: number, isOpen: boolean): Fate {
    const { digest, next } = this;
    const why = 'the broker was restarted, and the client did not come back in time';
    let since = over;
    let earliest = NEVER;
    /** Lives in which it may have fired before they were lost. */
    let undone = 0;
    for (const { from, ready, closing, to } of digest.brokerLives) {
      if (from < this.connection.over) continue;
      const start = digest.at(from);
      const end = closing === NEVER ? NEVER : digest.at(closing);
      // The session is without a connection since the restart, as far as the broker knows.
      if (isOpen && earliest === NEVER) since = start;
      const [first, last] = this.dueAfter(
        since,
        start,
        ready === NEVER ? NEVER : digest.at(ready),
        !isOpen && this.isStoredLong(over),
      );
      earliest = Math.min(earliest, first);
      const back = next !== undefined && next.connectCame < to ? digest.at(next.connectCame) : NEVER;
      if (back < first && next?.isAccepted === true && earliest === first)
        return this.never('the client was back after the restart');
      if (back <= last + WAKING_MILLIS) return this.perhaps('the client came back after the restart', earliest);
      if (end > last + WAKING_MILLIS) return this.fires(earliest, last, why, undone);
      if (end >= first) undone++;
    }
    return this.perhaps('the broker was not up for long enough', earliest);
  }

  /** When it is due in a life of the broker that began then, and was ready then, at least and at most. */
  private dueAfter(
    since: number,
    start: number,
    ready: number,
    isStored: boolean,
  ): readonly [first: number, last: number] {
    const { digest, delay, connection } = this;
    const before = isStored ? this.expiry : this.expiryBefore;
    const grace = digest.circumstances.limitsOf(1).willRestartGrace;
    if (connection.span?.isPersistent !== true) return [start + grace, ready + grace];
    // The end of the session does not wait for anybody. What the broker had not stored counts from the restart.
    const ends = Math.max(start, since + Math.min(this.expiry, before) - digest.circumstances.slack);
    const first = Math.min(Math.max(since + delay - digest.circumstances.slack, start + grace), ends);
    const left = isStored ? since : ready;
    const last =
      Math.min(Math.max(left + delay, ready + grace), Math.max(left + Math.max(this.expiry, before), ready)) +
      digest.circumstances.slack;
    return [first, last];
  }

  private fires(earliest: number, latest: number, why: string, undone = 0): Fate {
    const room = this.roomAfter(earliest, latest);
    // Each time it fires again, the next crash may undo that. So it may where it waited until there was room in the store.
    const times = 1 + undone + (room > latest || this.isLostSoonAfter(latest) ? this.lostSince(latest) : 0);
    // After a crash it may fire again, much later.
    const until = times > 1 ? NEVER : room;
    return { mustFire: !this.digest.circumstances.refusesWills, timesMax: times, earliest, latest: until, why };
  }

  /** Of what is due in that time: when there is room for it at the latest. */
  private roomAfter(earliest: number, latest: number): number {
    let room = latest;
    for (const { from, to } of this.fullTimes) {
      if (to >= earliest && from <= room + WAKING_MILLIS) room = Math.max(room, to);
    }
    return room;
  }

  private never(why: string): Fate {
    return { mustFire: false, timesMax: 0, earliest: 0, latest: NEVER, why };
  }

  private perhaps(why: string, earliest = 0): Fate {
    return {
      mustFire: false,
      timesMax: 1 + this.lostSince(0),
      earliest: Math.min(earliest, NEVER),
      latest: NEVER,
      why,
    };
  }

  /** How often the broker was lost since. */
  private lostSince(at: number): number {
    const { digest } = this;
    return digest.brokerLives.filter(({ to, how }) => isLostHow(how) && digest.at(to) >= at).length;
  }

  /** Whether the broker died so soon after a moment that it may not have been stored. */
  private isLostSoonAfter(at: number): boolean {
    const { digest } = this;
    return digest.brokerLives.some(({ to, how }) => {
      if (!isLostHow(how)) return false;
      const lost = digest.at(to);
      return lost >= at && lost - at <= digest.circumstances.commitMillisMax + WAKING_MILLIS;
    });
  }

  /** Whether the end of the connection was stored for sure when that life of the broker ended. */
  private isStoredLong(over: number): boolean {
    const { life, digest } = this;
    return life !== undefined && digest.at(life.to) - over > digest.circumstances.commitMillisMax;
  }

  /** Whether the connection ended because the broker's store failed. */
  private isLostWith(at: number): boolean {
    const { life, digest } = this;
    return life?.how === 'store-failed' && digest.at(life.to) === at;
  }
}

function expiryOf(
  { circumstances: { sessionExpiryMax } }: Digest,
  { request }: WireConnection,
  disconnect: DisconnectPacket | undefined,
): number {
  if (request === undefined) return 0;
  if (request.version < 5) return request.clean ? 0 : sessionExpiryMax;
  const seconds = disconnect?.properties.sessionExpiryInterval ?? request.properties.sessionExpiryInterval ?? 0;
  return Math.min(seconds * 1000, sessionExpiryMax);
}
