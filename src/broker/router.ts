// From a message to the sessions that get it. The subscription trie says who, the route cache remembers
// it per topic, and `route` does it: first everything that can be refused and must be stored, then the
// sending, so that a message is either taken for all its persistent recipients or for none.
// The cache is bounded (`routeCacheMax`, then it starts anew) and void whenever a subscription changes
// (`epoch`). Topics that may not be published to are remembered with the reason.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { QoS } from '../packet/packet.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Batch, MessageId, Origin, Recipient, Store } from '../store/contract.ts';
import { FilterTrie } from '../topic/filter-trie.ts';
import { SharedGroup } from '../topic/shared-group.ts';
import { parseTopicName, type TopicName } from '../topic/topic-name.ts';
import type { ClientSession } from './client-session.ts';
import type { FanOut } from './fan-out.ts';
import type { BrokerLimits } from './limits.ts';
import { mergeTargets, type Route, type RouteTarget, sharedTarget } from './route.ts';
import type { Subscription } from './subscription.ts';

/** What a subscription leads to. */
type Target = ClientSession | SharedGroup<ClientSession, Subscription>;

/** What became of a routed message. */
export interface Routed {
  /** 0x00, 0x10 when nobody matched, 0x97 when a persistent session could not take it. */
  reasonCode: ReasonCode;
  /** What an acknowledgement must wait for; 0: nothing. */
  after: Batch;
}

/** The messages that the store knows as copies of another one, and when they are durable. */
interface Copies {
  readonly ids: Map<RouteTarget, MessageId>;
  readonly after: Batch;
}

const NO_TARGETS: readonly RouteTarget[] = Object.freeze([]);

/** The subscriptions of one broker, and the way along them. */
export class Router {
  private readonly store: Store;
  private readonly limits: BrokerLimits;
  private readonly fanOut: FanOut;
  private readonly trie: FilterTrie<Target, Subscription>;
  /** By the whole `$share/...` text. */
  private readonly groups: Map<string, SharedGroup<ClientSession, Subscription>>;
  private readonly cache: Map<string, Route>;
  /** Counts changes of subscriptions. */
  private epoch: number;
  private messageIdLast: number;
  /** The result of `route`, reused. */
  private readonly routed: Routed;

  constructor(store: Store, limits: BrokerLimits, fanOut: FanOut) {
    this.store = store;
    this.limits = limits;
    this.fanOut = fanOut;
    this.trie = new FilterTrie();
    this.groups = new Map();
    this.cache = new Map();
    this.epoch = 0;
    this.messageIdLast = 0;
    this.routed = { reasonCode: Reason.success, after: 0 };
  }

  /** The number of subscriptions; those of a shared group count once. */
  get subscriptionCount(): number {
    return this.trie.size;
  }

  /** Continues the numbering of messages where a store left off. */
  continueFrom(messageIdMax: number): void {
    this.messageIdLast = messageIdMax;
  }

  /** A number for a message that goes into the store. */
  nextMessageId(): number {
    return ++this.messageIdLast;
  }

  /** Puts a subscription in force, in the place of one with the same filter. */
  subscribe(session: ClientSession, subscription: Subscription): void {
    this.epoch++;
    if (subscription.group === undefined) {
      this.trie.set(subscription.filter, session, subscription);
      return;
    }
    let group = this.groups.get(subscription.requested);
    if (group === undefined) {
      group = new SharedGroup(subscription.group, subscription.filter);
      this.groups.set(subscription.requested, group);
      this.trie.set(subscription.filter, group, subscription);
    }
    group.add(session, subscription);
  }

  /** Ends a subscription. */
  unsubscribe(session: ClientSession, subscription: Subscription): void {
    this.epoch++;
    if (subscription.group === undefined) {
      this.trie.delete(subscription.filter, session);
      return;
    }
    const group = this.groups.get(subscription.requested);
    if (group === undefined) return;
    group.remove(session);
    if (group.size > 0) return;
    this.groups.delete(subscription.requested);
    this.trie.delete(subscription.filter, group);
  }

  /** The route of a topic as it came over the wire. hot: */
  lookUp(topic: string): Route {
    const known = this.cache.get(topic);
    if (known !== undefined && known.epoch === this.epoch) return known;
    return this.build(topic);
  }

  /**
   * Sends a message along its route, or refuses it as a whole. hot:
   * @param publisher  The session that published it; `undefined`: a Will or the embedder.
   * @param origin  For QoS 2 from a persistent session.
   * @param retain  Keeps the message as the retained one of its topic; called once it is sure to be taken.
   * @returns a value that the next call reuses.
   */
  route(
    route: Route,
    message: Message,
    publisher: ClientSession | undefined,
    origin: Origin | undefined,
    retain: (() => Batch) | undefined,
    now: Millis,
  ): Routed {
    const targets = route.groups.length === 0 ? route.targets : this.chooseMembers(route, message, now);
    let after: Batch = 0;
    let messageId = 0;
    let copies: Copies | undefined;
    let recipients: readonly Recipient[] | undefined;
    if (message.qos > 0) {
      const found = this.persistentRecipients(route, targets, message, publisher, now);
      if (found === 'full') return this.result(Reason.quotaExceeded, after);
      recipients = found;
      if (targets.length > route.targets.length) copies = this.appendCopies(route, targets, message);
      if (copies !== undefined) after = copies.after;
    }
    if (retain !== undefined) after = Math.max(after, retain());
    // The origin comes last: once it is stored, the message is not taken again, so that all the rest must be.
    if (recipients !== undefined || origin !== undefined) {
      messageId = this.nextMessageId();
      after = this.store.append(messageId, message, recipients ?? [], origin);
    }
    const shared = targets.length > 1;
    if (shared) this.fanOut.begin(message, now);
    for (let i = 0; i < targets.length; i++) {
      let target = targets[i] as RouteTarget;
      if (target.session === publisher) {
        // [MQTT-3.8.3-3]
        if (target.own === undefined) continue;
        target = target.own;
      }
      const qos = lower(message.qos, target.qos);
      const flag = target.retainAsPublished && message.retain; // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
      const id = copies?.ids.get(target) ?? messageId;
      target.session.offer(message, qos, flag, target, qos > 0 && target.session.key !== 0 ? id : 0, now);
    }
    if (shared) this.fanOut.end();
    return this.result(targets.length === 0 ? Reason.noMatchingSubscribers : Reason.success, after);
  }

  /** hot: filled in last, for an embedder that hears of a dropped message may publish another one meanwhile. */
  private result(reasonCode: ReasonCode, after: Batch): Routed {
    this.routed.reasonCode = reasonCode;
    this.routed.after = after;
    return this.routed;
  }

  /** Gives a message of a shared subscription that its member cannot take any more to another one. Says whether there was one. */
  handOver(sharedFilter: string, message: Message, now: Millis): boolean {
    const group = this.groups.get(sharedFilter);
    const member = group === undefined ? undefined : chooseMember(group, message, now);
    const subscription = member === undefined ? undefined : group?.options(member);
    if (member === undefined || subscription === undefined) return false;
    const target = sharedTarget(member, subscription);
    const qos = lower(message.qos, target.qos);
    const retain = target.retainAsPublished && message.retain;
    let messageId = 0;
    if (qos !== 0 && member.key !== 0) {
      messageId = this.nextMessageId();
      this.store.append(messageId, message, [recipient(target, qos, retain)], undefined);
    }
    member.offer(message, qos, retain, target, messageId, now);
    return true;
  }

  /** The persistent sessions that must be able to get the message before anybody hears "yes". hot: */
  private persistentRecipients(
    route: Route,
    targets: readonly RouteTarget[],
    message: Message,
    publisher: ClientSession | undefined,
    now: Millis,
  ): Recipient[] | undefined | 'full' {
    let recipients: Recipient[] | undefined;
    for (let i = 0; i < targets.length; i++) {
      let target = targets[i] as RouteTarget;
      if (target.session.key === 0) continue;
      if (target.session === publisher) {
        if (target.own === undefined) continue;
        target = target.own;
      }
      const qos = lower(message.qos, target.qos);
      if (qos === 0) continue;
      const earlier = i < route.targets.length ? 0 : timesReachedBefore(targets, i);
      if (target.session.isQueueFull(message, earlier + 1, now)) return 'full';
      if (earlier > 0) continue;
      const one = recipient(target, qos, target.retainAsPublished && message.retain);
      if (recipients === undefined) recipients = [one];
      else recipients.push(one);
    }
    return recipients;
  }

  /**
   * Stores what goes to sessions that are reached more than once: by themselves, and as members of groups (section 4.8.2).
   * The store knows a delivery by its session and message, so that each copy but the first is a message of its own.
   */
  private appendCopies(route: Route, targets: readonly RouteTarget[], message: Message): Copies | undefined {
    let copies: Copies | undefined;
    for (let i = route.targets.length; i < targets.length; i++) {
      const target = targets[i] as RouteTarget;
      const qos = lower(message.qos, target.qos);
      if (qos === 0 || target.session.key === 0 || timesReachedBefore(targets, i) === 0) continue;
      const id = this.nextMessageId();
      const one = recipient(target, qos, target.retainAsPublished && message.retain);
      const after = this.store.append(id, message, [one], undefined);
      copies = { ids: (copies?.ids ?? new Map<RouteTarget, MessageId>()).set(target, id), after };
    }
    return copies;
  }

  /** The targets with one member of each shared group. */
  private chooseMembers(route: Route, message: Message, now: Millis): readonly RouteTarget[] {
    const targets = route.targets.slice();
    for (const group of route.groups) {
      const member = chooseMember(group, message, now);
      const subscription = member === undefined ? undefined : group.options(member);
      if (member !== undefined && subscription !== undefined) targets.push(sharedTarget(member, subscription));
    }
    return targets;
  }

  private build(topic: string): Route {
    const parsed = parseTopicName(topic, this.limits.topicLevelsMax);
    let route: Route;
    if (parsed.kind !== 'topic') {
      route = this.refused(Reason.topicNameInvalid, parsed.why);
    } else if (topic.startsWith('$')) {
      // Section 4.7.2: such topics are the Server's own.
      route = this.refused(
        Reason.topicNameInvalid,
        "Topics that begin with $ are the broker's own; clients may not publish to them.",
      );
    } else {
      route = this.match(parsed.topic);
    }
    if (this.cache.size >= this.limits.routeCacheMax) this.cache.clear();
    this.cache.set(topic, route);
    return route;
  }

  private match(topic: TopicName): Route {
    const matching = new Map<ClientSession, Subscription[]>();
    const groups: SharedGroup<ClientSession, Subscription>[] = [];
    this.trie.match(topic, (target, subscription) => {
      if (target instanceof SharedGroup) {
        groups.push(target);
        return;
      }
      const others = matching.get(target);
      if (others === undefined) matching.set(target, [subscription]);
      else others.push(subscription);
    });
    return {
      epoch: this.epoch,
      topic,
      refusal: undefined,
      targets: matching.size === 0 ? NO_TARGETS : mergeTargets(matching),
      groups,
    };
  }

  private refused(reasonCode: ReasonCode, why: string): Route {
    return { epoch: this.epoch, topic: undefined, refusal: { reasonCode, why }, targets: NO_TARGETS, groups: [] };
  }
}

/** hot: */
function lower(a: QoS, b: QoS): QoS {
  return a < b ? a : b; // [MQTT-3.8.4-8]
}

function recipient(target: RouteTarget, qos: 1 | 2, retain: boolean): Recipient {
  return {
    session: target.session.key,
    qos,
    retain,
    subscriptionIdentifiers: target.subscriptionIdentifiers,
    sharedFilter: target.sharedFilter,
  };
}

/** How many earlier targets are the same session. */
function timesReachedBefore(targets: readonly RouteTarget[], index: number): number {
  const { session } = targets[index] as RouteTarget;
  let times = 0;
  for (let i = 0; i < index; i++) if (targets[i]?.session === session) times++;
  return times;
}

/**
 * Whose turn it is: a member that can be sent the message now, then one whose queue has room, connected or, for what
 * outlives a connection, with a persistent session; if there is no such member, one whose queue is full.
 */
function chooseMember(
  group: SharedGroup<ClientSession, Subscription>,
  message: Message,
  now: Millis,
): ClientSession | undefined {
  const ready = group.select((member) => member.isReady);
  if (ready !== undefined) return ready;
  if (message.qos === 0) return group.select((member) => member.isConnected);
  const keeps = (member: ClientSession, { options }: Subscription): boolean => member.key !== 0 && options.qos > 0;
  return (
    group.select((member) => member.isConnected && !member.isQueueFull(message, 1, now)) ??
    group.select((member, subscription) => keeps(member, subscription) && !member.isQueueFull(message, 1, now)) ??
    group.select((member) => member.isConnected) ??
    group.select(keeps)
  );
}
