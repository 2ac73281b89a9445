// Wills (MQTT 5.0 section 3.1.2.5): set with CONNECT, published once when the connection has ended and the delay is over
// or the session ends, or cancelled before. When that is, the session knows (session-registry.ts); here is what it
// takes: each Will is in the store from before CONNACK until it is published or cancelled, and publishing and deleting it are one turn.
//
// After a restart a Will has become due without anybody's doing: its connection was open when the broker stopped, or its delay
// ran out meanwhile. No client is declared dead for not reaching a broker that was down: nothing is published before
// `willRestartGrace` is over (section 3.1.2.5 allows to defer), and a client that is back by then, with whatever Clean Start,
// cancels its Will [MQTT-3.1.2-8]. A session that ends first publishes its Will at its end, as ever.
// The Will of a session that ended with its connection has outlived it, then: an orphan, under a name of its own.
//
// A Will that would have to be stored, and is due while the store has no room, is kept in the store as an orphan and published when there is
// room; the client may be back by then, which cancels nothing. Over a restart it is an orphan like others.

import type { Identity } from '../auth/contract.ts';
import { type Millis, millis, seconds } from '../base/millis.ts';
import type { Will } from '../packet/packet.ts';
import { Reason, reasonName } from '../packet/reason-codes.ts';
import type { Batch, RecipientKey, RecoveredWill, WillRecord } from '../store/contract.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import { denialOf } from './denial.ts';
import { messageOfWill, publishMessage } from './publishing.ts';

/** How many Wills wait for room in the store; what is due beyond that is given up, and said. */
const OVERDUE_MAX = 1_000;

/** A Will that is set. */
export interface SetWill {
  /** Its name in the store. */
  readonly key: RecipientKey;
  readonly will: Will;
  /** Between connections: when it is published; `undefined` while connected. */
  readonly dueAt: Millis | undefined;
  /** A restart has put it off. */
  readonly isDeferred: boolean;
}

/** The Wills of one broker. */
export class Wills {
  private readonly broker: BrokerState;
  /** Those that outlived their session, by client; several where the store had no room for one after the other. */
  private readonly orphans: Map<string, readonly OrphanWill[]>;
  /** Those that were due while the store had no room. */
  private overdue: OrphanWill[];

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.orphans = new Map();
    this.overdue = [];
  }

  /**
   * Gives a session the Will of its new connection [MQTT-3.1.2-7], or none; one of an earlier connection is cancelled [MQTT-3.1.3-9].
   * @returns what CONNACK must wait for.
   */
  set(session: ClientSession, will: Will | undefined): Batch {
    const { store } = this.broker;
    const previous = session.will;
    if (will === undefined) {
      session.will = undefined;
      return previous === undefined ? 0 : store.deleteWill(previous.key);
    }
    const key = previous?.key ?? (session.key === 0 ? this.broker.nextRecipientKey() : session.key);
    session.will = { key, will, dueAt: undefined, isDeferred: false };
    return store.saveWill(key, recordOf(session.identity, will));
  }

  /** The session's connection ended: the delay of its Will runs. */
  startDelay(session: ClientSession, endedAt: Millis): void {
    if (session.will === undefined) return;
    const dueAt = millis(endedAt + seconds(session.will.will.delayInterval));
    session.will = { ...session.will, dueAt };
  }

  /** The session's Will is not to be published [MQTT-3.14.4-3]. */
  cancel(session: ClientSession): void {
    if (session.will === undefined) return;
    this.broker.store.deleteWill(session.will.key);
    session.will = undefined;
  }

  /** Publishes the session's Will, if it has one. */
  publish(session: ClientSession, now: Millis): void {
    if (session.will === undefined) return;
    const { key, will } = session.will;
    session.will = undefined; // [MQTT-3.1.2-10]
    this.publishOnce(session.identity, key, will, now);
  }

  /**
   * A client has come back after a restart, perhaps: the Wills that its last session left behind are cancelled.
   * @returns what CONNACK must wait for, so that no Will comes back.
   */
  clientIsBack({ clientId, principal }: Identity): Batch {
    let after: Batch = 0;
    for (const orphan of this.orphans.get(clientId) ?? []) {
      // Another user has the client's identifier: the client is not back.
      if (orphan.identity.principal !== principal) continue;
      this.forgetOrphan(orphan);
      this.broker.deadlines.remove(orphan);
      after = this.broker.store.deleteWill(orphan.key);
    }
    return after;
  }

  /** Puts back the Will of a session that a store remembered, whose connection ended then, or now. */
  restore(session: ClientSession, recovered: RecoveredWill, endedAt: Millis, now: Millis): void {
    const { key, will } = recovered;
    const dueAt = Math.max(endedAt + seconds(will.delayInterval), now + this.broker.limits.willRestartGrace);
    session.will = { key, will, dueAt: millis(dueAt), isDeferred: true };
  }

  /** Puts back a Will whose session ended with its connection, which was open when the broker stopped. */
  restoreOrphan({ key, clientId, principal, will }: RecoveredWill, now: Millis): void {
    const orphan = new OrphanWill(this, { clientId, principal, remote: '', isRecovered: true }, key, will);
    this.orphans.set(clientId, [...(this.orphans.get(clientId) ?? []), orphan]);
    // Its session is over: there is no delay to wait for.
    this.broker.deadlines.set(orphan, millis(now + this.broker.limits.willRestartGrace));
  }

  /** The client of an orphan was not back in time. */
  publishOrphan(orphan: OrphanWill, now: Millis): void {
    const { identity, key, will } = orphan;
    this.forgetOrphan(orphan);
    this.publishOnce(identity, key, will, now);
  }

  private forgetOrphan(orphan: OrphanWill): void {
    const { clientId } = orphan.identity;
    const others = this.orphans.get(clientId)?.filter((other) => other !== orphan) ?? [];
    if (others.length > 0) this.orphans.set(clientId, others);
    else this.orphans.delete(clientId);
  }

  /** The store has room again: what waits for that is published when the broker is woken next. */
  storeHasRoom(): void {
    const now = this.broker.clock.monotonic();
    for (const orphan of this.overdue) this.broker.deadlines.set(orphan, now);
    this.overdue = [];
  }

  /** Publishes and forgets, in one turn of the store. */
  private publishOnce(identity: Identity, key: RecipientKey, will: Will, now: Millis): void {
    const { authorizer, sessions, store } = this.broker;
    const owner = sessions.get(identity.clientId); // A Will is its client's own, to No Local, too (decision 032).
    const isAllowed = authorizer.allowsAll || authorizer.allows(identity, 'will', will.topic, will.qos, will.retain);
    if (!isAllowed) this.broker.counters.messagesRefused++;
    const denial = isAllowed
      ? undefined
      : denialOf(this.broker, identity, 'will', will.topic, will.qos, will.retain, 'The client may not publish it');
    const reasonCode = isAllowed
      ? publishMessage(this.broker, messageOfWill(will, now), owner, now).reasonCode // [MQTT-3.1.2-14] [MQTT-3.1.2-15]
      : Reason.notAuthorized;
    const isPutOff =
      reasonCode === Reason.quotaExceeded && this.broker.isStoreFull && this.overdue.length < OVERDUE_MAX;
    if (isPutOff) this.putOff(identity, will);
    store.deleteWill(key); // [MQTT-3.1.2-10]
    if (reasonCode < 0x80) return;
    const what = isPutOff ? 'waits for room in the store' : `was not published: ${reasonName(reasonCode)}`;
    const why = denial === undefined ? '' : ` ${denial.forLog}`;
    this.broker.log.warn(
      `The Will of client ${JSON.stringify(identity.clientId)} for topic ${JSON.stringify(will.topic)} ${what}.${why}`,
      { clientId: identity.clientId, topic: will.topic, reasonCode, rule: denial?.rule },
    );
  }

  /** Keeps a Will for later, under a name of its own: its session goes on, perhaps with another one. */
  private putOff(identity: Identity, will: Will): void {
    const key = this.broker.nextRecipientKey();
    this.broker.store.saveWill(key, recordOf(identity, will));
    this.overdue.push(new OrphanWill(this, identity, key, will));
  }
}

/** A Will that outlived its session. */
class OrphanWill implements Timed {
  private readonly owner: Wills;
  readonly identity: Identity;
  readonly key: RecipientKey;
  readonly will: Will;
  deadline: Millis;
  deadlineIndex: number;

  constructor(owner: Wills, identity: Identity, key: RecipientKey, will: Will) {
    this.owner = owner;
    this.identity = identity;
    this.key = key;
    this.will = will;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
  }

  tick(now: Millis): void {
    this.owner.publishOrphan(this, now);
  }
}

function recordOf({ clientId, principal }: Identity, will: Will): WillRecord {
  return { clientId, principal, will };
}
