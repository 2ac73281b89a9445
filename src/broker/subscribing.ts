// SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0 sections 3.8 to 3.11). Each Topic Filter is decided by itself and
// answered in its place [MQTT-3.8.4-5] [MQTT-3.8.4-6]; retained messages follow the subscription that
// asked for them (owed-retained.ts), for each filter as often as it is asked for [MQTT-3.8.4-4]. The filters are handled one after the other as if
// each had come by itself [MQTT-3.8.4-5], in slices where there are many (slices.ts): a client that asks for much waits, and others do not.

import type { Millis } from '../base/millis.ts';
import type {
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
} from '../packet/packet.ts';
import { NO_REASON_PROPERTIES } from '../packet/properties.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import { isExpired } from '../store/expiry.ts';
import { parseTopicFilter } from '../topic/topic-filter.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { type Denial, denialOf } from './denial.ts';
import { OwedMessages } from './owed-messages.ts';
import { OwedRetained } from './owed-retained.ts';
import { lower } from './route.ts';
import type { SlicedWork } from './slices.ts';
import type { Subscription } from './subscription.ts';

/** SUBACK has one text for all its filters; it says this many different reasons at most. */
const WHYS_MAX = 4;

/** Handles SUBSCRIBE: now, or in slices if that takes long. */
export function subscribe(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  { id, subscriptions, properties }: SubscribePacket,
): void {
  const identifier = properties.subscriptionIdentifier ?? 0;
  const reasonCodes: ReasonCode[] = [];
  const whys = new Set<string>();
  let owed: OwedRetained | undefined;
  const step = (): boolean => {
    if (owed?.step() === true) return true;
    owed = undefined;
    const request = subscriptions[reasonCodes.length];
    if (request === undefined) return false;
    const outcome = subscribeOne(broker, session, connection, request, identifier, whys.size < WHYS_MAX);
    reasonCodes.push(outcome.reasonCode);
    owed = outcome.owed;
    if (outcome.why !== undefined && whys.size < WHYS_MAX) whys.add(outcome.why);
    return true;
  };
  const finish = (): void => {
    const suback: SubackPacket = { kind: 'suback', id, reasonCodes, properties: NO_REASON_PROPERTIES };
    const why = whys.size === 0 ? undefined : Array.from(whys).join(' ');
    connection.gate.send(connection.outlet.explained(suback, why)); // [MQTT-3.8.4-1] [MQTT-3.8.4-2]
    session.pump(connection.now);
  };
  new FilterWork(broker, connection, step, finish).begin();
}

/** Handles UNSUBSCRIBE, likewise. */
export function unsubscribe(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  { id, filters }: UnsubscribePacket,
): void {
  const reasonCodes: ReasonCode[] = [];
  const step = (): boolean => {
    const filter = filters[reasonCodes.length];
    if (filter === undefined) return false;
    reasonCodes.push(unsubscribeOne(broker, session, connection, filter));
    return true;
  };
  const finish = (): void => {
    const unsuback: UnsubackPacket = { kind: 'unsuback', id, reasonCodes, properties: NO_REASON_PROPERTIES };
    connection.gate.send(unsuback); // [MQTT-3.10.4-4] [MQTT-3.10.4-5]
  };
  new FilterWork(broker, connection, step, finish).begin();
}

/** A packet whose Topic Filters are handled one after the other. Meanwhile nothing is read from its client. */
class FilterWork implements SlicedWork {
  private readonly broker: BrokerState;
  private readonly connection: Connection;
  private readonly handleNext: () => boolean;
  private readonly finish: () => void;
  private isOver: boolean;

  constructor(broker: BrokerState, connection: Connection, handleNext: () => boolean, finish: () => void) {
    this.broker = broker;
    this.connection = connection;
    this.handleNext = handleNext;
    this.finish = finish;
    this.isOver = false;
  }

  begin(): void {
    this.broker.slices.begin(this);
    if (!this.isOver) this.connection.intake.setBusy(true);
  }

  step(): boolean {
    const { broker, connection } = this;
    // What was not acknowledged yet ends with the connection.
    if (connection.isOpen) {
      connection.now = broker.clock.monotonic();
      if (this.handleNext()) return true;
    }
    this.isOver = true;
    if (!connection.intake.isBusy) {
      if (connection.isOpen) this.finish();
      return false;
    }
    connection.intake.setBusy(false);
    connection.resumeAfter(() => {
      if (connection.isOpen) this.finish();
    });
    return false;
  }
}

/** What became of one Topic Filter of SUBSCRIBE. */
interface Outcome {
  readonly reasonCode: ReasonCode;
  /** In words for the client, of a refusal; `undefined`: it was none, or nobody asked. */
  readonly why: string | undefined;
  readonly owed: OwedRetained | undefined;
}

/** @param explains  Whether the client hears why it is refused. */
function subscribeOne(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  request: SubscriptionRequest,
  identifier: number,
  explains: boolean,
): Outcome {
  const { filter: requested, options } = request;
  const no = (reasonCode: ReasonCode, why: string): Outcome =>
    refuse(broker, session, connection, request, reasonCode, explains, () => ({ forLog: why, forClient: why }));
  const parsed = parseTopicFilter(requested, broker.limits.topicLevelsMax);
  if (parsed.kind === 'refused') broker.limitNews.count('topicLevelsMax');
  if (parsed.kind !== 'plain' && parsed.kind !== 'shared') return no(Reason.topicFilterInvalid, parsed.why);
  const known = session.subscriptions?.has(requested) ?? false;
  if (!known && (session.subscriptions?.size ?? 0) >= broker.limits.subscriptionsMax) {
    broker.limitNews.count('subscriptionsMax');
    return no(Reason.quotaExceeded, 'The session has as many subscriptions as it may (subscriptionsMax).');
  }
  const { authorizer } = broker;
  if (!authorizer.allowsAll && !authorizer.allows(session.identity, 'subscribe', requested, options.qos, false)) {
    const clauses = 'The client may not subscribe to this filter';
    return refuse(broker, session, connection, request, Reason.notAuthorized, explains, () =>
      denialOf(broker, session.identity, 'subscribe', requested, options.qos, false, clauses),
    );
  }
  const group = parsed.kind === 'shared' ? parsed.group : undefined;
  const subscription: Subscription = { requested, filter: parsed.filter, group, options, identifier };
  // Shared Subscriptions get no retained messages (section 4.8.2).
  const isForRetained = group === undefined && wantsRetained(options.retainHandling, !known);
  if (broker.isStoreFull && session.key !== 0 && isForRetained && owesRetained(broker, subscription, connection.now)) {
    const why = 'The store has no room for the retained messages that the session would be owed.';
    return no(Reason.quotaExceeded, why);
  }
  broker.sessions.subscribe(session, subscription);
  if (session.key !== 0) {
    connection.gate.holdAnswers(broker.store.saveSubscription(session.key, { filter: requested, options, identifier }));
  }
  const owed = isForRetained ? owe(broker, session, subscription) : undefined;
  return { reasonCode: options.qos, why: undefined, owed }; // [MQTT-3.8.4-7]
}

/** [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] */
function wantsRetained(retainHandling: 0 | 1 | 2, isNew: boolean): boolean {
  return retainHandling === 0 || (retainHandling === 1 && isNew);
}

/** Whether the subscription is to get retained messages of QoS 1 or 2. */
function owesRetained(broker: BrokerState, { filter, options }: Subscription, now: Millis): boolean {
  let owes = false;
  const walkOn = broker.retained.inSteps(filter, (message) => {
    if (!isExpired(message, now) && lower(message.qos, options.qos) > 0) owes = true;
  });
  while (!owes && walkOn()) continue;
  return owes;
}

/** Begins to give a subscription its retained messages. Returns what is to be gone on with; most are found at once. */
function owe(broker: BrokerState, session: ClientSession, subscription: Subscription): OwedRetained | undefined {
  const owed = new OwedRetained(broker, session, subscription);
  const isMore = owed.step();
  if (isMore || owed.waiting > 0) OwedMessages.add(broker, session, owed);
  return isMore ? owed : undefined;
}

function unsubscribeOne(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  filter: string,
): ReasonCode {
  // [MQTT-3.10.4-1]: compared character by character.
  const subscription = session.subscriptions?.get(filter);
  if (subscription === undefined) return Reason.noSubscriptionExisted;
  session.subscriptions?.delete(filter);
  broker.router.unsubscribe(session, subscription); // [MQTT-3.10.4-2]
  if (session.key !== 0) connection.gate.holdAnswers(broker.store.deleteSubscription(session.key, filter));
  return Reason.success;
}

/**
 * The Reason Code with which a client hears of a refusal. MQTT 3.1 has none, and says of a client that may not subscribe that the Server
 * "must therefore make a positive acknowledgement". Of other refusals it says nothing, and its clients hear of them as those of 3.1.1.
 */
function heardAs(reasonCode: ReasonCode, { options }: SubscriptionRequest, { version }: Connection): ReasonCode {
  return version === 3 && reasonCode === Reason.notAuthorized ? options.qos : reasonCode;
}

/** Says no to one filter, and why. */
function refuse(
  broker: BrokerState,
  session: ClientSession,
  connection: Connection,
  request: SubscriptionRequest,
  reasonCode: ReasonCode,
  explains: boolean,
  sayWhy: () => Pick<Denial, 'forLog' | 'forClient'> & Partial<Denial>,
): Outcome {
  const more = broker.refusalLines.note(connection, 'subscription');
  // Whoever is asked why may take as long as whoever decided.
  const why = more !== undefined || explains ? sayWhy() : undefined;
  if (more !== undefined && why !== undefined) {
    const { filter } = request;
    broker.log.warn(
      `Refused the subscription of client ${session.name} to ${JSON.stringify(filter)}: ${reasonName(reasonCode)}. ${why.forLog}${more}`,
      { clientId: session.clientId, filter, reasonCode, rule: why.rule },
    );
  }
  return { reasonCode: heardAs(reasonCode, request, connection), why: why?.forClient, owed: undefined };
}
