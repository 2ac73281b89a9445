// Where the messages of one topic go: computed once from the subscriptions and remembered until they
// change. Overlapping subscriptions of one session are one target: one PUBLISH with the highest QoS and
// all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-4]; or, by rule, one target each. A session that subscribed with No Local has a
// second form of its target, for messages of its own [MQTT-3.8.3-3].
// What a target or a route says to the store is made once for each form of a message, and is the same array from then on: a store
// encodes it once.

import type { Message } from '../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type QoS } from '../packet/packet.ts';
import type { Recipient } from '../store/contract.ts';
import type { TopicName } from '../topic/topic-name.ts';
import type { ClientSession } from './client-session.ts';
import type { GroupQueue } from './group-queue.ts';
import type { Refusal } from './message-rules.ts';
import { hashOf } from './sharing.ts';
import type { Subscription } from './subscription.ts';

/** Nobody. */
export const NO_RECIPIENTS: readonly Recipient[] = Object.freeze([]);

/** QoS 1 or 2, RETAIN or not. */
const FORMS = 4;

/** One session that gets the topic's messages, and how. */
export class RouteTarget {
  readonly session: ClientSession;
  /** The highest QoS that its matching subscriptions grant. */
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The shared subscription that chose the session; '' for its own subscriptions. */
  readonly sharedFilter: string;
  /** Stands for the client where a shared subscription chooses by a key (sharing.ts); 0 for its own subscriptions. */
  readonly nameHash: number;
  /** The target for messages that the session itself published; `undefined`: none. Itself unless No Local is involved. */
  readonly own: RouteTarget | undefined;
  /** What is said to the store; made when it is first asked for. */
  private alone: (readonly Recipient[] | undefined)[] | undefined;

  /** @param own  `undefined`: as for messages of others. */
  constructor(
    session: ClientSession,
    subscriptions: readonly Subscription[],
    sharedFilter: string,
    own: { readonly target: RouteTarget | undefined } | undefined,
  ) {
    let qos: QoS = 0;
    let retainAsPublished = false;
    const identifiers: number[] = [];
    for (const { options, identifier } of subscriptions) {
      if (options.qos > qos) qos = options.qos;
      if (options.retainAsPublished) retainAsPublished = true;
      if (identifier !== 0) identifiers.push(identifier);
    }
    this.session = session;
    this.qos = qos;
    this.retainAsPublished = retainAsPublished;
    this.subscriptionIdentifiers = identifiers.length === 0 ? NO_SUBSCRIPTION_IDENTIFIERS : identifiers;
    this.sharedFilter = sharedFilter;
    this.nameHash = sharedFilter === '' ? 0 : hashOf(session.clientId);
    this.own = own === undefined ? this : own.target;
    this.alone = undefined;
  }

  /** What the store is told about this session; `undefined`: the message is not to be stored for it. */
  recipient(message: Message): Recipient | undefined {
    const qos = lower(message.qos, this.qos);
    if (qos === 0 || this.session.key === 0) return undefined;
    return {
      key: this.session.key,
      qos,
      retain: this.retainAsPublished && message.retain, // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
      subscriptionIdentifiers: this.subscriptionIdentifiers,
      sharedFilter: this.sharedFilter,
    };
  }

  /** The same, where nobody else is owed the message. */
  recipients(message: Message): readonly Recipient[] {
    const form = formOf(message);
    const known = this.alone?.[form];
    if (known !== undefined) return known;
    const recipient = this.recipient(message);
    this.alone ??= new Array<undefined>(FORMS).fill(undefined);
    return (this.alone[form] = recipient === undefined ? NO_RECIPIENTS : [recipient]);
  }
}

/** The route of one topic. */
export class Route {
  /** The name, if messages may be published to it. */
  readonly topic: TopicName | undefined;
  /** Why not, if not. */
  readonly refusal: (Refusal & { readonly limit: 'topicLevelsMax' | undefined }) | undefined;
  /** One for each session. */
  readonly targets: readonly RouteTarget[];
  /** What these sessions get besides, each as a message of its own. */
  readonly further: readonly RouteTarget[];
  readonly groups: readonly GroupQueue[];
  /** Whether some target is another one for messages of its own. */
  readonly hasNoLocal: boolean;
  private readonly forms: (readonly Recipient[] | undefined)[];

  constructor(
    topic: TopicName | undefined,
    refusal: Route['refusal'],
    targets: readonly RouteTarget[],
    further: readonly RouteTarget[],
    groups: readonly GroupQueue[],
  ) {
    this.topic = topic;
    this.refusal = refusal;
    this.targets = targets;
    this.further = further;
    this.groups = groups;
    this.hasNoLocal = targets.some((target) => target.own !== target);
    this.forms = new Array<undefined>(FORMS).fill(undefined);
  }

  /** The targets for whom the store keeps the message, for messages of QoS 1 and 2 that nobody of them published. hot: */
  recipients(message: Message): readonly Recipient[] {
    return this.forms[formOf(message)] ?? this.makeRecipients(message);
  }

  /** The same for a message that is a session's own, though nobody's connection has published it: without what No Local leaves out [MQTT-3.8.3-3]. */
  ownedBy(owner: ClientSession): Route {
    if (!this.hasNoLocal && this.further.length === 0) return this;
    const left = (targets: readonly RouteTarget[]): readonly RouteTarget[] =>
      targets.flatMap((target) => (target.session === owner ? (target.own ?? []) : target));
    return new Route(this.topic, this.refusal, left(this.targets), left(this.further), this.groups);
  }

  private makeRecipients(message: Message): readonly Recipient[] {
    const recipients = this.targets.flatMap((target) => target.recipient(message) ?? []);
    return (this.forms[formOf(message)] = recipients.length === 0 ? NO_RECIPIENTS : recipients);
  }
}

/** The target of one member of a shared group. */
export function sharedTarget(session: ClientSession, subscription: Subscription): RouteTarget {
  return new RouteTarget(session, [subscription], subscription.requested, undefined);
}

/** Merges each session's matching subscriptions into one target. */
export function mergeTargets(matching: ReadonlyMap<ClientSession, readonly Subscription[]>): RouteTarget[] {
  return Array.from(matching, ([session, subscriptions]) => targetOf(session, subscriptions));
}

/** Has one target for each matching subscription but the first of each session. */
export function furtherTargets(matching: ReadonlyMap<ClientSession, readonly Subscription[]>): RouteTarget[] {
  return Array.from(matching).flatMap(([session, [, ...others]]) => others.map((each) => targetOf(session, [each])));
}

/** The matching subscriptions of each session as far as they are its first. */
export function firstOfEach(
  matching: ReadonlyMap<ClientSession, readonly Subscription[]>,
): ReadonlyMap<ClientSession, readonly Subscription[]> {
  return new Map(Array.from(matching, ([session, subscriptions]) => [session, subscriptions.slice(0, 1)]));
}

function targetOf(session: ClientSession, subscriptions: readonly Subscription[]): RouteTarget {
  const forOwn = subscriptions.filter((subscription) => !subscription.options.noLocal);
  const own = forOwn.length === 0 ? undefined : new RouteTarget(session, forOwn, '', undefined);
  const isSame = forOwn.length === subscriptions.length;
  return new RouteTarget(session, subscriptions, '', isSame ? undefined : { target: own });
}

/** [MQTT-3.8.4-8] hot: */
export function lower(a: QoS, b: QoS): QoS {
  return a < b ? a : b;
}

/** Which form of a message of QoS 1 or 2 it is. hot: */
export function formOf({ qos, retain }: Message): number {
  return (qos === 2 ? 2 : 0) + (retain ? 1 : 0);
}
