// Which sessions there are, and how they begin, change hands and end (MQTT 5.0 sections 3.1.2.4, 3.1.4,
// 4.1): Clean Start, resumption, takeover, Session Expiry, restart; and when the Will of each is due (wills.ts).
// Invariant: a session that is not connected has a moment at which it ends.

import type { Identity } from '../auth/contract.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Will } from '../packet/packet.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { Batch, Recovered, RecoveredSession, RecoveredWill, SessionRecord } from '../store/contract.ts';
import { parseTopicFilter } from '../topic/topic-filter.ts';
import { abandonDeliveries } from './abandoning.ts';
import type { BrokerState } from './broker-state.ts';
import { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { storedDelivery } from './session-delivery.ts';
import type { Subscription } from './subscription.ts';

/** What a client asks for with CONNECT, once it is authenticated. */
export interface SessionRequest {
  readonly identity: Identity;
  readonly clean: boolean;
  readonly expiryInterval: Millis;
  readonly will: Will | undefined;
}

/** A session with a connection. */
export interface AttachedSession {
  readonly session: ClientSession;
  /** Session Present of CONNACK. */
  readonly present: boolean;
  /** What CONNACK must wait for. */
  readonly after: Batch;
}

/** The sessions of one broker. */
export class SessionRegistry {
  private readonly broker: BrokerState;
  private readonly byClientId: Map<string, ClientSession>;
  /** Clients whose stored session has ended, and the batch of its deletion, oldest first; until that is durable. */
  private readonly ended: Map<string, Batch>;
  /** Of those that outlive their connection. */
  private persistentNow: number;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.byClientId = new Map();
    this.ended = new Map();
    this.persistentNow = 0;
  }

  /** How many sessions there are, connected or not. */
  get count(): number {
    return this.byClientId.size;
  }

  /** How many of them outlive their connection. */
  get persistentCount(): number {
    return this.persistentNow;
  }

  /** The session of a client. */
  get(clientId: string): ClientSession | undefined {
    return this.byClientId.get(clientId);
  }

  /** Every session. */
  all(): IterableIterator<ClientSession> {
    return this.byClientId.values();
  }

  /** Gives a connection its session: a new one, or the one that the client left, or that another connection of it still holds. */
  attach(connection: Connection, request: SessionRequest, now: Millis): AttachedSession {
    const { clientId } = request.identity;
    const known = this.byClientId.get(clientId);
    if (known?.connection !== undefined)
      known.connection.takeOver(connection.remote); // [MQTT-3.1.4-3]
    // What was due before the client came back has happened, even if nobody was woken for it yet.
    else if (known !== undefined) this.due(known, now);
    let after = this.broker.wills.clientIsBack(request.identity);
    let session = this.byClientId.get(clientId);
    if (session !== undefined && request.clean) {
      if (session.will?.isDeferred === true) this.broker.wills.cancel(session);
      this.end(session, now); // [MQTT-3.1.2-4]
      session = undefined;
    }
    const present = session !== undefined; // [MQTT-3.1.2-5] [MQTT-3.1.2-6]
    if (session === undefined) {
      // The client is told that it has no session: the one that ended must not come back after a crash.
      after = Math.max(after, this.ended.get(clientId) ?? 0);
      const key = request.expiryInterval > 0 ? this.broker.nextRecipientKey() : 0;
      session = new ClientSession(this.broker, request.identity, key, request.expiryInterval);
      this.add(session);
    } else {
      session.identity = request.identity;
      session.expiryInterval = request.expiryInterval;
    }
    this.broker.deadlines.remove(session);
    session.expiresAt = undefined;
    session.connection = connection;
    this.broker.visitors.noteUser(session.identity.principal, 1);
    if (session.key !== 0) after = Math.max(after, this.save(session, undefined));
    after = Math.max(after, this.broker.wills.set(session, request.will));
    return { session, present, after };
  }

  /**
   * Takes a session from a connection that has ended.
   * @param publishWill  False after DISCONNECT with Reason Code 0x00 [MQTT-3.14.4-3].
   */
  detach(session: ClientSession, publishWill: boolean, now: Millis): void {
    session.leaveConnection();
    this.broker.visitors.noteUser(session.identity.principal, -1);
    if (!publishWill) this.broker.wills.cancel(session);
    if (session.expiryInterval <= 0) {
      this.end(session, now);
      return;
    }
    if (session.key !== 0) this.save(session, now);
    session.expiresAt = millis(now + session.expiryInterval); // [MQTT-3.1.2-23]
    this.broker.wills.startDelay(session, now);
    this.due(session, now);
  }

  /** A session's moment has come: its Will's, its end, or neither any more. */
  due(session: ClientSession, now: Millis): void {
    const { connection } = session;
    if (connection !== undefined) {
      if (!session.isEnding) return;
      const detail = 'More waits for it than may, and its session ends with that.';
      connection.now = now;
      connection.fail(new ProtocolError('protocol-error', Reason.quotaExceeded, '', detail));
      return;
    }
    const willDueAt = session.will?.dueAt;
    if (willDueAt !== undefined && willDueAt <= now) this.broker.wills.publish(session, now); // [MQTT-3.1.2-8]
    const { expiresAt } = session;
    if (expiresAt === undefined) return;
    if (expiresAt <= now) this.expire(session, now);
    else this.broker.deadlines.set(session, millis(Math.min(expiresAt, session.will?.dueAt ?? expiresAt)));
  }

  /**
   * An operator ends a session; the connection that it may have first.
   * @returns what is to become durable, so that the session does not come back.
   */
  endAsAsked(session: ClientSession, detail: string, now: Millis): Batch {
    session.expiryInterval = millis(0);
    if (session.connection === undefined) this.end(session, now);
    else session.connection.dismiss(Reason.administrativeAction, detail, undefined, false);
    return this.ended.get(session.clientId) ?? 0;
  }

  private expire(session: ClientSession, now: Millis): void {
    this.broker.counters.sessionsExpired++;
    this.end(session, now);
  }

  /** Ends a session that is not connected: its Will is published, its subscriptions and messages go. */
  private end(session: ClientSession, now: Millis): void {
    this.byClientId.delete(session.clientId);
    if (session.key !== 0) this.persistentNow--;
    this.broker.deadlines.remove(session);
    for (const subscription of session.subscriptions?.values() ?? [])
      this.broker.router.unsubscribe(session, subscription);
    session.subscriptions = undefined;
    this.broker.wills.publish(session, now); // [MQTT-3.1.2-8]: the delay is over or the session ends, whichever comes first.
    abandonDeliveries(this.broker, session, now);
    session.machine.clear();
    if (session.key !== 0) this.rememberEnd(session.clientId, this.broker.store.deleteSession(session.key));
  }

  /**
   * A session whose queue is at a limit (`end-session`) ends before anything else happens to it, but not in the middle of a packet that may
   * be its own. The store hears now: the session must not be back after a crash without what it was not given.
   */
  endSoon(session: ClientSession, now: Millis): void {
    session.expiryInterval = millis(0);
    if (session.connection === undefined) session.expiresAt = now;
    this.save(session, session.connection === undefined ? now : undefined);
    this.broker.deadlines.set(session, now);
  }

  /** For the next connection of the client. What is durable need not be remembered. */
  private rememberEnd(clientId: string, after: Batch): void {
    const { durable } = this.broker.store;
    for (const [other, batch] of this.ended) {
      if (batch > durable) break;
      this.ended.delete(other);
    }
    if (after <= durable) return;
    this.ended.delete(clientId);
    this.ended.set(clientId, after);
  }

  /** Puts back what a store remembered. Nothing happens yet: `resume` lets time pass once all is there. */
  restore({ sessions, wills }: Recovered, now: Millis): void {
    const byKey = new Map(wills.map((will) => [will.key, will]));
    for (const session of sessions) {
      this.restoreOne(session, byKey.get(session.record.key), now);
      byKey.delete(session.record.key);
    }
    for (const will of byKey.values()) this.broker.wills.restoreOrphan(will, now);
  }

  /** Lets time pass for what was restored: a Will that is due finds all its subscribers. */
  resume(now: Millis): void {
    for (const session of Array.from(this.byClientId.values())) this.due(session, now);
  }

  /** As if the session's connection had ended when it did, or now. */
  private restoreOne(recovered: RecoveredSession, will: RecoveredWill | undefined, now: Millis): void {
    const { record } = recovered;
    const { principal, clientId } = record;
    const identity: Identity = { principal, clientId, remote: '', isRecovered: true };
    const session = new ClientSession(this.broker, identity, record.key, record.expiryInterval);
    this.add(session);
    for (const { filter, options, identifier } of recovered.subscriptions) {
      const parsed = parseTopicFilter(filter, Number.POSITIVE_INFINITY);
      if (parsed.kind !== 'plain' && parsed.kind !== 'shared') continue;
      const group = parsed.kind === 'shared' ? parsed.group : undefined;
      this.subscribe(session, { requested: filter, filter: parsed.filter, group, options, identifier });
    }
    for (const each of recovered.inFlight) session.machine.restoreOutbound(each.id, storedDelivery(each), each.state);
    session.restoreQueue(recovered.queue);
    for (const id of recovered.exactlyOnceIds) session.machine.restoreInbound(id);
    // Who was connected is away from now on, for the broker after this one, too.
    if (record.disconnectedAt === undefined) this.save(session, now);
    const endedAt = record.disconnectedAt ?? now;
    session.expiresAt = millis(endedAt + record.expiryInterval);
    if (will !== undefined) this.broker.wills.restore(session, will, endedAt, now);
  }

  /** Puts a subscription in force; says whether it is new to the session. */
  subscribe(session: ClientSession, subscription: Subscription): boolean {
    session.subscriptions ??= new Map();
    const previous = session.subscriptions.get(subscription.requested);
    session.subscriptions.set(subscription.requested, subscription); // [MQTT-3.8.4-3]
    this.broker.router.subscribe(session, subscription);
    return previous === undefined;
  }

  private add(session: ClientSession): void {
    this.byClientId.set(session.clientId, session);
    if (session.key !== 0) this.persistentNow++;
  }

  /** Stores the session's record. */
  save(session: ClientSession, disconnectedAt: Millis | undefined): Batch {
    const record: SessionRecord = {
      key: session.key,
      clientId: session.clientId,
      principal: session.identity.principal,
      expiryInterval: session.expiryInterval,
      disconnectedAt,
    };
    return this.broker.store.saveSession(record);
  }
}
