// Where the messages of one topic go: computed once from the subscriptions and remembered until they
// change. Overlapping subscriptions of one session are one target: one PUBLISH with the highest QoS and
// all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-4]. A session that subscribed with No Local has a
// second form of its target, for messages of its own [MQTT-3.8.3-3].

import { NO_SUBSCRIPTION_IDENTIFIERS, type QoS } from '../packet/packet.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { SharedGroup } from '../topic/shared-group.ts';
import type { TopicName } from '../topic/topic-name.ts';
import type { ClientSession } from './client-session.ts';
import type { Subscription } from './subscription.ts';

/** One session that gets the topic's messages, and how. */
export interface RouteTarget {
  readonly session: ClientSession;
  /** The highest QoS that its matching subscriptions grant. */
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The shared subscription that chose the session; '' for its own subscriptions. */
  readonly sharedFilter: string;
  /** The target for messages that the session itself published; `undefined`: none. Itself unless No Local is involved. */
  readonly own: RouteTarget | undefined;
}

/** The route of one topic. */
export interface Route {
  /** The subscriptions for which this holds: compared with `Router.epoch`. */
  readonly epoch: number;
  /** The name, if messages may be published to it. */
  readonly topic: TopicName | undefined;
  /** Why not, if not. */
  readonly refusal: { readonly reasonCode: ReasonCode; readonly why: string } | undefined;
  readonly targets: readonly RouteTarget[];
  readonly groups: readonly SharedGroup<ClientSession, Subscription>[];
}

/** The target of one member of a shared group. */
export function sharedTarget(session: ClientSession, subscription: Subscription): RouteTarget {
  return target(session, [subscription], subscription.requested);
}

/** Merges each session's matching subscriptions into one target. */
export function mergeTargets(matching: ReadonlyMap<ClientSession, readonly Subscription[]>): RouteTarget[] {
  const targets: RouteTarget[] = [];
  for (const [session, subscriptions] of matching) targets.push(target(session, subscriptions, ''));
  return targets;
}

function target(session: ClientSession, subscriptions: readonly Subscription[], sharedFilter: string): RouteTarget {
  const merged = merge(session, subscriptions, sharedFilter);
  const forOwn = subscriptions.filter((subscription) => !subscription.options.noLocal);
  if (forOwn.length === subscriptions.length) {
    const itself: { own: RouteTarget | undefined } & Omit<RouteTarget, 'own'> = { ...merged, own: undefined };
    itself.own = itself;
    return itself;
  }
  return {
    ...merged,
    own: forOwn.length === 0 ? undefined : { ...merge(session, forOwn, sharedFilter), own: undefined },
  };
}

function merge(
  session: ClientSession,
  subscriptions: readonly Subscription[],
  sharedFilter: string,
): Omit<RouteTarget, 'own'> {
  let qos: QoS = 0;
  let retainAsPublished = false;
  const identifiers: number[] = [];
  for (const { options, identifier } of subscriptions) {
    if (options.qos > qos) qos = options.qos;
    if (options.retainAsPublished) retainAsPublished = true;
    if (identifier !== 0) identifiers.push(identifier);
  }
  return {
    session,
    qos,
    retainAsPublished,
    subscriptionIdentifiers: identifiers.length === 0 ? NO_SUBSCRIPTION_IDENTIFIERS : identifiers,
    sharedFilter,
  };
}
