// The broker: what is put together from this room's files, and the doors through which the outside
// comes in: connections, time, and messages of the program that embeds it. It is handed interfaces
// only; it knows no concrete store, transport or authenticator.

import { seconds, type Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { QueueSize } from '../store/contract.ts';
import type { Accept, Admits, NetworkConnection, NetworkHandler } from '../transport/contract.ts';
import { Administration } from './administration.ts';
import { type Ban, sayBan } from './bans.ts';
import { BrokerState } from './broker-state.ts';
import { Connection } from './connection.ts';
import type { Counters } from './counters.ts';
import { Inspection } from './inspection.ts';
import type { BrokerParts } from './parts.ts';
import { publishMessage } from './publishing.ts';
import { beginBan, beginSweep, type Objection, type Sweep } from './revoking.ts';
import { StoreWatch } from './store-watch.ts';

/** A message of the embedding program. */
export type OutgoingMessage = Omit<Message, 'expiresAt'>;

/** A million messages that expire at one moment must not hold up everybody else: so long goes one tick on. */
const TICK_MILLIS_MAX = 10;

/** One broker. */
export class Broker {
  private readonly state: BrokerState;
  /** What is going on, for an operator to see. */
  readonly inspection: Inspection;
  /** What an operator may do about it. */
  readonly administration: Administration;
  private closing: Promise<void> | undefined;

  constructor(parts: BrokerParts) {
    this.state = new BrokerState(parts);
    this.inspection = new Inspection(this.state);
    this.administration = new Administration(this.state);
    this.closing = undefined;
  }

  /** What was counted since the start. */
  get counters(): Readonly<Counters> {
    return this.state.counters;
  }

  /** How much there is of everything now. */
  get sizes(): {
    readonly connections: number;
    readonly sessions: number;
    readonly subscriptions: number;
    readonly retained: number;
  } {
    const { connections, sessions, router, retained } = this.state;
    return {
      connections: connections.size,
      sessions: sessions.count,
      subscriptions: router.subscriptionCount,
      retained: retained.size,
    };
  }

  /** How much waits for persistent sessions and for shared groups that have one, each message counted in each queue. */
  get queues(): QueueSize {
    const { messages, bytes } = this.state.queueTotals;
    return { messages, bytes };
  }

  /**
   * Reads the store back: sessions, queues, handshakes, retained messages and Wills resume; none of them if the broker is closed
   * meanwhile. Call once, before any connection.
   * @throws {OperationError} what `Store.open` throws.
   */
  async open(): Promise<void> {
    const { state } = this;
    const recovered = await state.store.open(new StoreWatch(state));
    if (state.isClosing) return; // The next broker on the store puts everything back.
    state.router.continueFrom(recovered.messageIdMax);
    state.continueKeysFrom(recovered.recipientKeyMax);
    const now = state.clock.monotonic();
    for (const { record, queue } of recovered.groups) state.router.restoreGroup(record, queue);
    state.sessions.restore(recovered, now);
    state.router.endOrphanGroups();
    state.sessions.resume(now);
    state.overload.start(now);
    state.systemTopics.start(now);
  }

  /** Takes a connection that a peer opened. */
  readonly accept: Accept = (network: NetworkConnection): NetworkHandler => new Connection(this.state, network);

  /**
   * Asks about a peer before anything is spent on it: a handshake, a connection. Only peers with an address are asked about.
   * @returns False: its connection is to be closed at once. Why is told here.
   */
  readonly admits: Admits = (remote) => {
    const { bans, clock, limitNews, overload, visitors } = this.state;
    const ban = bans.against(undefined, undefined, remote);
    const banned = ban === undefined ? undefined : ({ limit: 'bans', why: sayBan(ban) } as const);
    const refusal = banned ?? overload.refusalAtDoor ?? visitors.refusalAtDoor(remote, clock.monotonic());
    if (refusal === undefined) return true;
    limitNews.tell(refusal.limit, `Cut off ${remote} before anything was read. ${refusal.why}`, { remote });
    return false;
  };

  /** A connection was closed because the process has hardly any descriptors left: counted and said. */
  noteFilesShort(remote: string): void {
    this.state.fileShortage.note(remote, this.state.clock.monotonic());
  }

  /** A connection was cut off before it was open, since too many were about to be; the listener has told. */
  noteTurnedAway(): void {
    this.state.limitNews.count('handshakesMax');
  }

  /** The bans in force, the oldest first. */
  get bans(): readonly Ban[] {
    return this.state.bans.list();
  }

  /**
   * Bans a client, a user or an address, in place of an older ban of the same, and begins to end the connections that fall under it (0x98 to
   * MQTT 5). Their sessions stay.
   * @returns What ends the rest of them, if there is more than one slice to do; the caller steps on, without holding anybody up.
   * @throws {UsageError} `invalid-argument`: the value is none, or there are too many bans.
   * @throws {OperationError} `file-unavailable`: the ban cannot be kept; then there is none.
   */
  ban(ban: Ban): Sweep {
    this.state.bans.add(ban);
    this.state.log.info(sayBan(ban), { ban: ban.kind, value: ban.value });
    const sweep = beginBan(this.state, ban);
    sweep.step();
    return sweep;
  }

  /**
   * Ends a ban; says whether there was one.
   * @throws {OperationError} `file-unavailable`: the file of bans cannot be changed; then the ban stays.
   */
  unban(kind: Ban['kind'], value: string): boolean {
    const wasThere = this.state.bans.remove(kind, value);
    if (wasThere)
      this.state.log.info(`The ${kind} ${JSON.stringify(value)} is not banned any more.`, { ban: kind, value });
    return wasThere;
  }

  /** When `tick` is due; `undefined`: when something has happened. */
  nextDeadline(): Millis | undefined {
    return this.state.deadlines.nextDeadline();
  }

  /**
   * Lets time pass: keep-alive, expiry, Wills. Call at `nextDeadline`, or every few hundred milliseconds.
   * @returns Whether more is due than may be done in one go: call it again, after a look at the sockets.
   */
  tick(now: Millis): boolean {
    const { clock, deadlines, elision, isClosing, storeFailure } = this.state;
    if (isClosing || storeFailure !== undefined) return false; // The next broker on the store goes on with what is due.
    const end = clock.monotonic() + TICK_MILLIS_MAX;
    let isLate = false;
    while (!isLate) {
      const due = deadlines.takeDue(now);
      if (due === undefined) break;
      due.tick(now);
      isLate = clock.monotonic() >= end;
    }
    elision.releaseMoved();
    return isLate;
  }

  /**
   * Publishes a message of the embedding program.
   * @returns the Reason Code (0x10: nobody is subscribed; 0x80 and above: refused), once everything about it is durable.
   * @throws {OperationError} `store-failed`, when it will never be.
   */
  publish(outgoing: OutgoingMessage): Promise<ReasonCode> {
    const { storeFailure } = this.state;
    if (storeFailure !== undefined) return Promise.reject(storeFailure);
    if (this.state.isClosing) return Promise.resolve(Reason.serverShuttingDown);
    const now = this.state.clock.monotonic();
    const { messageExpiryInterval, correlationData } = outgoing.properties;
    const expiresAt =
      messageExpiryInterval === undefined ? undefined : ((now + seconds(messageExpiryInterval)) as Millis);
    // Not `slice()`: that of a Buffer makes no copy.
    const payload = new Uint8Array(outgoing.payload);
    const properties =
      correlationData === undefined
        ? outgoing.properties
        : { ...outgoing.properties, correlationData: new Uint8Array(correlationData) };
    const message: Message = { ...outgoing, payload, properties, expiresAt };
    const { reasonCode, after } = publishMessage(this.state, message, undefined, now);
    return new Promise((resolve, reject) => {
      this.state.whenDurable(after, () => resolve(reasonCode), reject);
    });
  }

  /** Begins to disconnect the clients that the operator has something against (0x87); the caller steps on, without holding anybody up. */
  revoke(objection: Objection): Sweep {
    return beginSweep(this.state, objection);
  }

  /** Tells every client (DISCONNECT 0x8B to MQTT 5), closes the connections, then the store. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.state.isClosing = true;
    // An embedder may close the broker when it hears of a message: not in the middle of that packet.
    await Promise.resolve();
    for (const connection of Array.from(this.state.connections)) connection.shutDown();
    await this.state.store.close();
  }
}
