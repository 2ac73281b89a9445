// Which sessions there are, and how they begin, change hands and end (MQTT 5.0 sections 3.1.2.4, 3.1.4,
// 4.1): Clean Start, resumption, takeover, Session Expiry, and the Will with its delay.
// Invariant: a session that is not connected has a moment at which it ends.

import type { Identity } from '../auth/contract.ts';
import { type Millis, millis, seconds } from '../base/millis.ts';
import type { Will } from '../packet/packet.ts';
import { Reason, reasonName } from '../packet/reason-codes.ts';
import type { Batch, RecoveredSession, SessionKey, SessionRecord } from '../store/contract.ts';
import { parseTopicFilter } from '../topic/topic-filter.ts';
import type { BrokerState } from './broker-state.ts';
import { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { messageOfWill, publishMessage } from './publishing.ts';
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
  private keyLast: SessionKey;
  /** The batch of the latest deletion. */
  private endedAfter: Batch;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.byClientId = new Map();
    this.keyLast = 0;
    this.endedAfter = 0;
  }

  /** How many sessions there are, connected or not. */
  get count(): number {
    return this.byClientId.size;
  }

  /** The session of a client. */
  get(clientId: string): ClientSession | undefined {
    return this.byClientId.get(clientId);
  }

  /** Gives a connection its session: a new one, or the one that the client left, or that another connection of it still holds. */
  attach(connection: Connection, request: SessionRequest, now: Millis): AttachedSession {
    const { clientId } = request.identity;
    const known = this.byClientId.get(clientId);
    if (known?.connection !== undefined)
      known.connection.takeOver(connection.remote); // [MQTT-3.1.4-3]
    // What was due before the client came back has happened, even if nobody was woken for it yet.
    else if (known !== undefined) this.due(known, now);
    let after = 0;
    let session = this.byClientId.get(clientId);
    if (session !== undefined && request.clean) {
      this.end(session, now); // [MQTT-3.1.2-4]
      session = undefined;
    }
    const present = session !== undefined; // [MQTT-3.1.2-5] [MQTT-3.1.2-6]
    if (session === undefined) {
      // The client is told that it has no session: one that ended must not come back after a crash. It need not be the client's own.
      after = this.endedAfter;
      const key = request.expiryInterval > 0 ? ++this.keyLast : 0;
      session = new ClientSession(this.broker, request.identity, key, request.expiryInterval);
      this.byClientId.set(clientId, session);
    } else {
      session.identity = request.identity;
      session.expiryInterval = request.expiryInterval;
    }
    this.broker.deadlines.remove(session);
    session.expiresAt = undefined;
    session.willDueAt = undefined;
    session.will = request.will; // [MQTT-3.1.2-7]; a delayed one of an earlier connection is cancelled [MQTT-3.1.3-9].
    session.connection = connection;
    if (session.key !== 0) after = Math.max(after, this.save(session, undefined), this.saveWill(session));
    return { session, present, after };
  }

  /**
   * Takes a session from a connection that has ended.
   * @param publishWill  False after DISCONNECT with Reason Code 0x00 [MQTT-3.14.4-3].
   */
  detach(session: ClientSession, publishWill: boolean, now: Millis): void {
    session.leaveConnection();
    if (!publishWill && session.will !== undefined) this.takeWill(session);
    if (session.expiryInterval <= 0) {
      this.end(session, now);
      return;
    }
    if (session.key !== 0) this.save(session, this.broker.clock.wall());
    session.expiresAt = (now + session.expiryInterval) as Millis; // [MQTT-3.1.2-23]
    if (session.will !== undefined) session.willDueAt = (now + seconds(session.will.delayInterval)) as Millis;
    this.due(session, now);
  }

  /** A session's moment has come: its Will's, its end, or neither any more. */
  due(session: ClientSession, now: Millis): void {
    if (session.connection !== undefined) return;
    if (session.willDueAt !== undefined && session.willDueAt <= now) this.publishWill(session, now); // [MQTT-3.1.2-8]
    if (session.expiresAt === undefined) return;
    if (session.expiresAt <= now) {
      this.end(session, now);
      return;
    }
    this.broker.deadlines.set(session, millis(Math.min(session.expiresAt, session.willDueAt ?? session.expiresAt)));
  }

  /** Ends a session that is not connected: its Will is published, its subscriptions and messages go. */
  private end(session: ClientSession, now: Millis): void {
    this.byClientId.delete(session.clientId);
    this.broker.deadlines.remove(session);
    for (const subscription of session.subscriptions?.values() ?? [])
      this.broker.router.unsubscribe(session, subscription);
    session.subscriptions = undefined;
    this.publishWill(session, now); // [MQTT-3.1.2-8]: the delay is over or the session ends, whichever comes first.
    session.abandonDeliveries(now);
    session.machine.clear();
    if (session.key !== 0) this.endedAfter = this.broker.store.deleteSession(session.key);
  }

  /** Puts back a session that a store remembered, as if its connection had ended when it did, or now. */
  restore(recovered: RecoveredSession, now: Millis): void {
    const { record } = recovered;
    this.keyLast = Math.max(this.keyLast, record.key);
    const identity: Identity = { principal: record.principal, clientId: record.clientId, remote: '' };
    const session = new ClientSession(this.broker, identity, record.key, record.expiryInterval);
    this.byClientId.set(record.clientId, session);
    for (const { filter, options, identifier } of recovered.subscriptions) {
      const parsed = parseTopicFilter(filter, Number.POSITIVE_INFINITY);
      if (parsed.kind !== 'plain' && parsed.kind !== 'shared') continue;
      const group = parsed.kind === 'shared' ? parsed.group : undefined;
      this.subscribe(session, { requested: filter, filter: parsed.filter, group, options, identifier });
    }
    for (const delivery of recovered.deliveries) {
      const { state, id } = delivery;
      if (state === 'queued' || id === undefined) session.restoreQueued(delivery);
      else session.machine.restoreOutbound(id, delivery, state);
    }
    for (const id of recovered.exactlyOnceIds) session.machine.restoreInbound(id);
    const wall = this.broker.clock.wall();
    // Who was connected is away from now on, for the broker after this one, too.
    if (record.disconnectedAt === undefined) this.save(session, wall);
    const away = Math.max(0, wall - (record.disconnectedAt ?? wall));
    session.expiresAt = (now + record.expiryInterval - away) as Millis;
    session.will = recovered.will;
    if (recovered.will !== undefined)
      session.willDueAt = (now + seconds(recovered.will.delayInterval) - away) as Millis;
  }

  /** Lets time pass for what was restored: once all is there, so that a Will that is due finds all its subscribers. */
  resume(now: Millis): void {
    for (const session of Array.from(this.byClientId.values())) this.due(session, now);
  }

  /** Continues the numbering of sessions where a store left off. */
  continueFrom(sessionKeyMax: SessionKey): void {
    this.keyLast = Math.max(this.keyLast, sessionKeyMax);
  }

  /** Puts a subscription in force; says whether it is new to the session. */
  subscribe(session: ClientSession, subscription: Subscription): boolean {
    session.subscriptions ??= new Map();
    const previous = session.subscriptions.get(subscription.requested);
    session.subscriptions.set(subscription.requested, subscription); // [MQTT-3.8.4-3]
    this.broker.router.subscribe(session, subscription);
    return previous === undefined;
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

  private saveWill(session: ClientSession): Batch {
    const { store } = this.broker;
    return session.will === undefined ? store.deleteWill(session.key) : store.saveWill(session.key, session.will);
  }

  /** Takes the Will out of the session [MQTT-3.1.2-10]. */
  private takeWill(session: ClientSession): Will | undefined {
    const { will } = session;
    if (will === undefined) return undefined;
    session.will = undefined;
    session.willDueAt = undefined;
    if (session.key !== 0) this.broker.store.deleteWill(session.key);
    return will;
  }

  private publishWill(session: ClientSession, now: Millis): void {
    const { will } = session;
    if (will === undefined) return;
    const allowed =
      this.broker.authorizer.allowsAll ||
      this.broker.authorizer.allows(session.identity, 'will', will.topic, will.qos, will.retain);
    const reasonCode = allowed
      ? publishMessage(this.broker, messageOfWill(will, now), undefined, now).reasonCode // [MQTT-3.1.2-14] [MQTT-3.1.2-15]
      : Reason.notAuthorized;
    this.takeWill(session);
    if (reasonCode < 0x80) return;
    this.broker.counters.messagesRefused++;
    this.broker.log.warn(
      `The Will of client ${session.name} for topic ${JSON.stringify(will.topic)} was not published: ${reasonName(reasonCode)}.`,
      { clientId: session.clientId, topic: will.topic, reasonCode },
    );
  }
}
