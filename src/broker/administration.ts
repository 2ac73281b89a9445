// What an operator may do to a broker that runs: send a client away, end a session, clear retained messages, drain. All of it is in the log.
// What is changed is durable when it is answered: a session that was ended does not come back after a crash.

import { Reason } from '../packet/reason-codes.ts';
import type { Batch } from '../store/contract.ts';
import type { TopicFilter } from '../topic/topic-filter.ts';
import type { TopicName } from '../topic/topic-name.ts';
import type { BrokerState } from './broker-state.ts';
import type { DrainGoal, DrainProgress } from './draining.ts';

/** What has become of a client that was sent away. */
export interface Dismissal {
  readonly address: string;
  /** Its session is there still, and goes on when it comes back. */
  readonly keepsSession: boolean;
}

/** What has gone with a session. */
export interface EndedSession {
  readonly wasConnected: boolean;
  readonly subscriptions: number;
  /** Messages that it was owed, in flight or not; those of shared subscriptions may have gone to another member. */
  readonly messages: number;
}

/** What clients hear whom an operator sends away without saying why. */
const NO_REASON = 'An operator has ended the connection.';

/** The levers of one broker. */
export class Administration {
  private readonly broker: BrokerState;

  constructor(broker: BrokerState) {
    this.broker = broker;
  }

  /**
   * Ends the connection of a client (DISCONNECT 0x98 to MQTT 5.0). Its session stays, if it was to outlive the connection.
   * @param reason  For the log and the client; '': none is given.
   * @returns `undefined`: no such client is connected.
   */
  kick(clientId: string, reason: string): Dismissal | undefined {
    const session = this.broker.sessions.get(clientId);
    const connection = session?.connection;
    if (session === undefined || connection === undefined) return undefined;
    const keepsSession = session.expiryInterval > 0;
    connection.dismiss(Reason.administrativeAction, reason === '' ? NO_REASON : reason, undefined, false);
    this.broker.elision.releaseMoved();
    return { address: connection.remote, keepsSession };
  }

  /**
   * Ends a session, and the connection that it may have. What it was owed is counted as dropped.
   * @returns `undefined`: there is no such session. Otherwise what has gone, once that is durable.
   * @throws {OperationError} `store-failed`, when it will never be.
   */
  async endSession(clientId: string, reason: string): Promise<EndedSession | undefined> {
    const { broker } = this;
    const session = broker.sessions.get(clientId);
    if (session === undefined) return undefined;
    const ended: EndedSession = {
      wasConnected: session.connection !== undefined,
      subscriptions: session.subscriptions?.size ?? 0,
      messages: session.queue.messages + session.machine.inFlightCount,
    };
    const detail = reason === '' ? 'An operator has ended the session.' : reason;
    const why = reason === '' ? '.' : `: ${reason}`;
    broker.log.info(
      `The session of client ${session.name} ends as the operator asked, with ${ended.messages} messages that it was owed${why}`,
      { clientId, messages: ended.messages, subscriptions: ended.subscriptions },
    );
    const after = broker.sessions.endAsAsked(session, detail, broker.clock.monotonic());
    broker.elision.releaseMoved();
    await this.durable(after);
    return ended;
  }

  /**
   * Removes the retained messages that match, one at a time, as long as its reader asks for the next step. Subscribers hear nothing of it.
   * The broker's own topics stay. It is durable when `whenCleared` says so.
   */
  *clearRetained(filter: TopicFilter): Generator<TopicName | undefined, void> {
    let found: TopicName[] = [];
    let count = 0;
    const step = this.broker.retained.inSteps(filter, (_, topic) => found.push(topic));
    for (let isMore = true; isMore; ) {
      isMore = step();
      for (const topic of found) this.broker.retained.remove(topic);
      count += found.length;
      if (found.length === 0) yield undefined;
      else yield* found;
      found = [];
    }
    this.broker.log.info(`The operator has cleared ${count} retained messages that match ${JSON.stringify(filter)}.`, {
      filter,
      messages: count,
    });
  }

  /**
   * Resolves when no retained message that was cleared can come back.
   * @throws {OperationError} `store-failed`, when that will never be so.
   */
  async whenCleared(): Promise<void> {
    await this.durable(this.broker.retained.removed);
  }

  /** Lets nobody in any more, and sends clients away; asked again, it goes on with another goal. */
  drain(goal: DrainGoal): void {
    this.broker.drain.start(goal, this.broker.clock.monotonic());
  }

  /** Lets clients in again. False: the broker was not being drained. */
  cancelDrain(): boolean {
    return this.broker.drain.cancel();
  }

  /** How far that is; `undefined`: the broker is not being drained. */
  get drainProgress(): DrainProgress | undefined {
    return this.broker.drain.progress;
  }

  private async durable(after: Batch): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.broker.whenDurable(after, resolve, reject);
    });
  }
}
