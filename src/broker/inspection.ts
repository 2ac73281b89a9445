// What an operator may look at: sessions and their connections, what waits for them and why, retained messages, and what the rules say.
// Nothing here changes anything. A list is made one element at a time, while its reader asks for the next one, so that a million sessions
// hold nobody up: between two elements the broker may go on, and what comes or goes meanwhile may be in the list or not.
// Moments are told as how long ago or ahead they are: the broker's clock says nothing to anybody else.

import type { Action, Explanation, Identity } from '../auth/contract.ts';
import type { Millis } from '../base/millis.ts';
import { matchesWildcard } from '../base/wildcard.ts';
import type { QoS, SubscriptionOptions } from '../packet/packet.ts';
import type { TopicFilter } from '../topic/topic-filter.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import type { GroupQueue } from './group-queue.ts';
import { type QueuedView, queueOfGroup, queueOfSession, secondsUntil } from './queue-view.ts';

/** Why something of a client, or for it, does not go on. */
export type WaitReason =
  /** As many messages are in flight to it as may be; it has yet to acknowledge some. */
  | 'window-full'
  /** It does not read what it is sent. */
  | 'slow-reader'
  /** It has been sent as much as it may be in this time. */
  | 'rate-limit-out'
  /** More of its queue is being read from the store. */
  | 'queue-read'
  /** What it has sent waits for the disk to be acknowledged. */
  | 'disk'
  /** It is not read from: too much of it waits for our disk, or for itself to read. */
  | 'not-read-from'
  /** It is not read from: it has sent more than it may in this time. */
  | 'rate-limit-in'
  /** Its messages of QoS 1 and 2 are not taken any more, and its connection is about to end. */
  | 'publisher-held';

/** A network connection of a client. */
export interface ConnectionView {
  readonly address: string;
  /** `MQTT 5.0` */
  readonly protocol: string;
  /** The Common Name of its certificate. */
  readonly certificate: string | undefined;
  readonly groups: readonly string[];
  readonly cleanStart: boolean;
  /** 0: none. */
  readonly keepAliveSeconds: number;
  readonly connectedSeconds: number;
  /** Since anything came from it. */
  readonly silentSeconds: number;
  /** Messages that it has published, whatever became of them. */
  readonly messagesReceived: number;
  /** All that came from it. */
  readonly bytesReceived: number;
  /** Messages that were sent to it, those that were sent again included. */
  readonly messagesSent: number;
  /** All that was written for it, read or not. */
  readonly bytesSent: number;
  /** What waits for it to be read. */
  readonly outboxBytes: number;
  readonly waiting: readonly WaitReason[];
}

/** A session. */
export interface SessionView {
  readonly clientId: string;
  /** Whose it is; `undefined`: anonymous. */
  readonly user: string | undefined;
  /** `undefined`: its client is not connected. */
  readonly connection: ConnectionView | undefined;
  /** Whether it outlives its connection. */
  readonly isPersistent: boolean;
  /** How long it does. */
  readonly expirySeconds: number;
  /** When it ends, if its client does not come back; `undefined`: while it is connected. */
  readonly expiresInSeconds: number | undefined;
  readonly subscriptions: number;
  /** Messages that wait for it, without those in flight. */
  readonly queuedMessages: number;
  /** Of their payload. */
  readonly queuedBytes: number;
  /** Messages of QoS 1 and 2 that it has not acknowledged. */
  readonly inFlight: number;
  /** Messages of QoS 2 of the client's whose PUBREL has not come. */
  readonly inFlightFromClient: number;
}

/** A Will that is set. */
export interface WillView {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payloadBytes: number;
  readonly delaySeconds: number;
  /** Between connections: when it is published. */
  readonly dueInSeconds: number | undefined;
}

/** One subscription, with `$share/...` if it is shared. */
export interface SubscriptionView extends SubscriptionOptions {
  readonly filter: string;
  /** 0: none. */
  readonly identifier: number;
}

/** Everything about one session. */
export interface SessionDetails extends SessionView {
  readonly will: WillView | undefined;
  readonly subscriptionList: readonly SubscriptionView[];
}

/** One shared subscription, with all its members. */
export interface GroupView {
  /** As its members have it: `$share/...`. */
  readonly filter: string;
  readonly members: number;
  /** Of these. */
  readonly connectedMembers: number;
  /** Whether what waits for it is in the store, since a member outlives its connection. */
  readonly isPersistent: boolean;
  /** Messages that wait until a member can take them. What a member has been given is in the member's own queue. */
  readonly queuedMessages: number;
  /** Of their payload. */
  readonly queuedBytes: number;
  /** Messages that members have been sent and that come back if these end before they acknowledge them. */
  readonly lentMessages: number;
}

/** One retained message. */
export interface RetainedView {
  readonly topic: string;
  readonly qos: QoS;
  readonly payload: Uint8Array;
  /** `undefined`: never. */
  readonly expiresInSeconds: number | undefined;
}

/** Which sessions are meant; those for which all of it is so. */
export interface SessionQuery {
  readonly connectedOnly: boolean;
  /** A pattern with `*` of client identifiers; `undefined`: all. */
  readonly clientId: string | undefined;
  /** The name of the user, as a pattern. */
  readonly user: string | undefined;
}

/** A question of rights. */
export interface RightsQuestion {
  readonly action: Action;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** A client that is asked about as it is connected, if it is; what is not `undefined` here is put in the place of what it has. */
  readonly clientId: string | undefined;
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly certificate: string | undefined;
  readonly groups: readonly string[] | undefined;
}

/** What the rules in force say, and of whom. */
export interface RightsAnswer {
  readonly explanation: Explanation;
  readonly identity: Identity;
  /** Whether facts of a connected client were taken. */
  readonly isConnected: boolean;
}

/** What is going on in one broker. */
export class Inspection {
  private readonly broker: BrokerState;

  constructor(broker: BrokerState) {
    this.broker = broker;
  }

  /** The sessions that are meant, in no order; `undefined` for each that was passed over, so that its reader may pause between them, too. */
  *sessions(query: SessionQuery): Generator<SessionView | undefined, void> {
    for (const session of this.broker.sessions.all()) {
      yield isMeant(session, query) ? viewOf(session, this.now) : undefined;
    }
  }

  /** One session; `undefined`: there is none. */
  session(clientId: string): SessionDetails | undefined {
    const session = this.broker.sessions.get(clientId);
    if (session === undefined) return undefined;
    const subscriptionList: readonly SubscriptionView[] = Array.from(
      session.subscriptions?.values() ?? [],
      ({ requested, options, identifier }) => ({ filter: requested, ...options, identifier }),
    );
    return { ...viewOf(session, this.now), will: willOf(session, this.now), subscriptionList };
  }

  /**
   * What a session is owed, what is in flight first, each in the order of publication; `undefined`: there is no such session.
   * If the session ends meanwhile, or the store closes, what is read from the store may not come, nor an end.
   */
  queue(clientId: string): AsyncGenerator<QueuedView, void> | undefined {
    const session = this.broker.sessions.get(clientId);
    return session === undefined ? undefined : queueOfSession(this.broker, session);
  }

  /** The shared subscriptions that match a pattern with `*` of filters with `$share/...`, in no order; `undefined` for each that was passed over. */
  *groups(filter: string | undefined): Generator<GroupView | undefined, void> {
    for (const group of this.broker.router.allGroups()) {
      yield filter === undefined || matchesWildcard(filter, group.requested) ? groupView(group) : undefined;
    }
  }

  /** What waits for a shared subscription and not for one of its members; `undefined`: there is none with this filter. As with `queue`. */
  groupQueue(requested: string): AsyncGenerator<QueuedView, void> | undefined {
    const group = this.broker.router.group(requested);
    return group === undefined ? undefined : queueOfGroup(this.broker, group);
  }

  /** The retained messages that match, in no order, the broker's own left out; `undefined` for each step that finds none. */
  *retained(filter: TopicFilter): Generator<RetainedView | undefined, void> {
    let found: RetainedView[] = [];
    const step = this.broker.retained.inSteps(filter, (message) => {
      const { topic, qos, payload, expiresAt } = message;
      found.push({ topic, qos, payload, expiresInSeconds: secondsUntil(expiresAt, this.now) });
    });
    for (let isMore = true; isMore; ) {
      isMore = step();
      if (found.length === 0) yield undefined;
      else yield* found;
      found = [];
    }
  }

  /** What the rules in force say. */
  explain(question: RightsQuestion): RightsAnswer {
    const { action, topic, qos, retain, clientId = '' } = question;
    const session = this.broker.sessions.get(clientId);
    const known = session?.connection === undefined ? undefined : session.identity;
    const isSomebodyElse = (question.user ?? known?.principal) !== known?.principal || question.groups !== undefined;
    const identity: Identity = {
      principal: question.user ?? known?.principal,
      clientId,
      remote: question.address ?? known?.remote ?? '',
      certificate: question.certificate ?? known?.certificate,
      groups: question.groups ?? known?.groups,
      // They came with the answer about who this is, and to which groups it belongs.
      rights: isSomebodyElse ? undefined : known?.rights,
    };
    const explanation = this.ask(identity, action, topic, qos, retain);
    return { explanation, identity, isConnected: known !== undefined };
  }

  private ask(identity: Identity, action: Action, topic: string, qos: QoS, retain: boolean): Explanation {
    const { authorizer } = this.broker;
    const unexplained = (isAllowed: boolean, sentence: string): Explanation => ({
      isAllowed,
      sentence,
      rule: undefined,
      tell: undefined,
    });
    if (authorizer.allowsAll) return unexplained(true, 'the broker has no rules, so everything is allowed');
    if (authorizer.explain !== undefined) return authorizer.explain(identity, action, topic, qos, retain);
    const isAllowed = authorizer.allows(identity, action, topic, qos, retain);
    return unexplained(isAllowed, `the authorizer ${isAllowed ? 'allows' : 'refuses'} it, and does not say why`);
  }

  private get now(): Millis {
    return this.broker.clock.monotonic();
  }
}

function isMeant(session: ClientSession, { connectedOnly, clientId, user }: SessionQuery): boolean {
  if (connectedOnly && session.connection === undefined) return false;
  if (clientId !== undefined && !matchesWildcard(clientId, session.clientId)) return false;
  return user === undefined || matchesWildcard(user, session.identity.principal ?? '');
}

function viewOf(session: ClientSession, now: Millis): SessionView {
  const { clientId, identity, connection, queue, machine, expiresAt } = session;
  return {
    clientId,
    user: identity.principal,
    connection: connection === undefined ? undefined : connectionView(session, connection, now),
    isPersistent: session.key !== 0,
    expirySeconds: wholeSeconds(session.expiryInterval),
    expiresInSeconds: secondsUntil(expiresAt, now),
    subscriptions: session.subscriptions?.size ?? 0,
    queuedMessages: queue.messages,
    queuedBytes: queue.bytes,
    inFlight: machine.inFlightCount,
    inFlightFromClient: machine.exactlyOnceCount,
  };
}

function groupView(group: GroupQueue): GroupView {
  const { requested, size, presentCount, key, queue, lentCount } = group;
  return {
    filter: requested,
    members: size,
    connectedMembers: presentCount,
    isPersistent: key !== 0,
    queuedMessages: queue.messages,
    queuedBytes: queue.bytes,
    lentMessages: lentCount,
  };
}

function connectionView(
  { identity, machine, queue }: ClientSession,
  connection: Connection,
  now: Millis,
): ConnectionView {
  const { opened, outlet } = connection;
  const { traffic } = outlet;
  const waiting: WaitReason[] = [];
  if (connection.isCongested)
    waiting.push(connection.whyCongested === 'slow-reader' ? 'slow-reader' : 'rate-limit-out');
  else if (queue.messages > 0) waiting.push(machine.canPublish() ? 'queue-read' : 'window-full');
  if (connection.gate.heldAnswers > 0) waiting.push('disk');
  if (connection.isReadingPaused) waiting.push(connection.isTooFast ? 'rate-limit-in' : 'not-read-from');
  if (connection.isPublisherHeld) waiting.push('publisher-held');
  return {
    address: connection.remote,
    protocol: connection.versionName,
    certificate: identity.certificate,
    groups: identity.groups ?? [],
    cleanStart: opened?.cleanStart ?? false,
    keepAliveSeconds: wholeSeconds(machine.agreed?.keepAlive ?? 0),
    connectedSeconds: opened === undefined ? 0 : wholeSeconds(now - opened.at),
    silentSeconds: machine.heardAt === undefined ? 0 : wholeSeconds(now - machine.heardAt),
    messagesReceived: traffic.messagesReceived,
    bytesReceived: traffic.bytesReceived,
    messagesSent: traffic.messagesSent,
    bytesSent: traffic.bytesSent,
    outboxBytes: connection.waitingBytes,
    waiting,
  };
}

function willOf({ will: set }: ClientSession, now: Millis): WillView | undefined {
  if (set === undefined) return undefined;
  const { topic, qos, retain, payload, delayInterval } = set.will;
  const dueInSeconds = secondsUntil(set.dueAt, now);
  return { topic, qos, retain, payloadBytes: payload.length, delaySeconds: delayInterval, dueInSeconds };
}

function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
