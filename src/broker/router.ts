// Whom a topic reaches. The subscription trie says who, and the route cache remembers it per topic. The cache is bounded
// (`routeCacheMax`) and starts anew then, and whenever a subscription changes: a route that is out of date would keep sessions
// in memory that have ended. Topics that may not be published to are remembered with the reason. What happens to a message on its
// way is routing.ts.
// Here also live the shared groups, each as long as it has a member, and the list of those in which messages wait.

import { assert } from '../base/assert.ts';
import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Batch, GroupRecord, MessageId, Origin, QueueSize } from '../store/contract.ts';
import { FilterTrie } from '../topic/filter-trie.ts';
import { parseTopicFilter, type TopicFilter } from '../topic/topic-filter.ts';
import { parseTopicName, type TopicName } from '../topic/topic-name.ts';
import { admitToOne } from './admission.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import { GroupQueue } from './group-queue.ts';
import { firstOfEach, furtherTargets, mergeTargets, Route, type RouteTarget } from './route.ts';
import { type Routed, Routing } from './routing.ts';
import type { Subscription } from './subscription.ts';

/** What a subscription leads to. */
type Target = ClientSession | GroupQueue;

const NO_TARGETS: readonly RouteTarget[] = Object.freeze([]);
const NO_GROUPS: readonly GroupQueue[] = Object.freeze([]);

/** The subscriptions of one broker, and the way along them. */
export class Router {
  private readonly broker: BrokerState;
  private readonly routing: Routing;
  private readonly trie: FilterTrie<Target, Subscription | GroupQueue>;
  /** By the whole `$share/...` text. */
  private readonly groups: Map<string, GroupQueue>;
  /** Those in which messages wait. */
  private readonly hungry: Set<GroupQueue>;
  /** Routes along the subscriptions as they are. */
  private readonly cache: Map<string, Route>;
  private messageIdLast: MessageId;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.routing = new Routing(broker);
    this.trie = new FilterTrie();
    this.groups = new Map();
    this.hungry = new Set();
    this.cache = new Map();
    this.messageIdLast = 0;
  }

  /** The number of subscriptions; those of a shared group count once. */
  get subscriptionCount(): number {
    return this.trie.size;
  }

  /** The number of shared groups. */
  get groupCount(): number {
    return this.groups.size;
  }

  /** Continues the numbering of messages where a store left off. */
  continueFrom(messageIdMax: MessageId): void {
    this.messageIdLast = messageIdMax;
  }

  /** A number for a message that goes into the store. hot: */
  nextMessageId(): MessageId {
    return ++this.messageIdLast;
  }

  /** Puts back a shared group that a store remembered. Before the subscriptions of its members. */
  restoreGroup(record: GroupRecord, size: QueueSize): void {
    const parsed = parseTopicFilter(record.filter, Number.POSITIVE_INFINITY);
    assert(parsed.kind === 'shared', 'a stored group has a shared filter');
    this.addGroup(record.filter, parsed.group, parsed.filter).restore(record, size);
  }

  /** After everything is restored: a group that found no member is over. */
  endOrphanGroups(): void {
    for (const group of Array.from(this.groups.values())) if (group.size === 0) this.endGroup(group);
  }

  /** Puts a subscription in force, in the place of one with the same filter. */
  subscribe(session: ClientSession, subscription: Subscription): void {
    this.cache.clear();
    const { group: name, requested, filter } = subscription;
    if (name === undefined) {
      this.trie.set(filter, session, subscription);
      return;
    }
    const group = this.groups.get(requested) ?? this.addGroup(requested, name, filter);
    group.add(session, subscription);
  }

  /** Ends a subscription. */
  unsubscribe(session: ClientSession, subscription: Subscription): void {
    this.cache.clear();
    if (subscription.group === undefined) {
      this.trie.delete(subscription.filter, session);
      return;
    }
    const group = this.groups.get(subscription.requested);
    group?.remove(session);
    if (group?.size === 0) this.endGroup(group);
  }

  /** The route of a topic as it came over the wire. hot: */
  lookUp(topic: string): Route {
    return this.cache.get(topic) ?? this.build(topic);
  }

  /** The route of a topic of the broker's own, which clients cannot publish to. */
  ownRoute(topic: TopicName): Route {
    return this.match(topic);
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
    return this.routing.send(route, message, publisher, origin, retain, now);
  }

  /** Gives a message of a shared subscription that its member cannot take any more to the group. Says whether there is one. */
  handOver(sharedFilter: string, message: Message, now: Millis): boolean {
    const group = this.groups.get(sharedFilter);
    if (group === undefined || !group.canWait) return false;
    let messageId = 0;
    if (group.key !== 0) {
      const admission = admitToOne(this.broker, group, message, now);
      // There is nobody to hear of a refusal.
      if (admission?.refusedBy !== undefined) group.dropOffered(message, admission.refusedBy);
      const goesOn = admission?.refusedBy === undefined && admission?.leavesOut(group) !== true;
      if (goesOn) {
        messageId = this.nextMessageId();
        this.broker.store.append(messageId, message, group.recipients(message), undefined);
        group.enqueue(message, messageId);
      }
      admission?.finish();
    } else {
      group.enqueue(message, 0);
    }
    group.feed(now);
    return true;
  }

  /** Messages wait for a group. */
  noteHungry(group: GroupQueue): void {
    this.hungry.add(group);
  }

  /** No message waits for a group any more. */
  noteFed(group: GroupQueue): void {
    this.hungry.delete(group);
  }

  /** A member of these groups may be ready: what waits for them goes on. */
  feedGroups(groups: ReadonlySet<GroupQueue>, now: Millis): void {
    if (this.hungry.size === 0) return;
    // Either may be long, seldom both.
    if (groups.size <= this.hungry.size) {
      for (const group of groups) if (this.hungry.has(group)) group.feed(now);
      return;
    }
    for (const group of Array.from(this.hungry)) if (groups.has(group)) group.feed(now);
  }

  /** The shared group of a filter with `$share/...`. */
  group(requested: string): GroupQueue | undefined {
    return this.groups.get(requested);
  }

  /** Every shared group. */
  allGroups(): IterableIterator<GroupQueue> {
    return this.groups.values();
  }

  private addGroup(requested: string, name: string, filter: TopicFilter): GroupQueue {
    const group = new GroupQueue(this.broker, name, requested, filter);
    this.groups.set(requested, group);
    this.trie.set(filter, group, group);
    return group;
  }

  private endGroup(group: GroupQueue): void {
    group.end();
    this.hungry.delete(group);
    this.groups.delete(group.requested);
    this.trie.delete(group.filter, group);
  }

  private build(topic: string): Route {
    const { limits } = this.broker;
    const parsed = parseTopicName(topic, limits.topicLevelsMax);
    let route: Route;
    if (parsed.kind !== 'topic') {
      route = this.refused(
        Reason.topicNameInvalid,
        parsed.why,
        parsed.kind === 'refused' ? 'topicLevelsMax' : undefined,
      );
    } else if (this.isOwn(topic)) {
      // Section 4.7.2: such topics are the Server's own.
      route = this.refused(
        Reason.topicNameInvalid,
        "Topics that begin with $ are the broker's own; clients may not publish to them.",
        undefined,
      );
    } else {
      route = this.match(parsed.topic);
    }
    if (this.cache.size >= limits.routeCacheMax) this.cache.clear();
    this.cache.set(topic, route);
    return route;
  }

  private match(topic: TopicName): Route {
    const matching = new Map<ClientSession, Subscription[]>();
    const groups: GroupQueue[] = [];
    this.trie.match(topic, (target, subscription) => {
      if (target instanceof GroupQueue || subscription instanceof GroupQueue) {
        if (target instanceof GroupQueue) groups.push(target);
        return;
      }
      const others = matching.get(target);
      if (others === undefined) matching.set(target, [subscription]);
      else others.push(subscription);
    });
    const isSeparate = this.broker.rules.overlappingSubscriptions === 'separate';
    const targets = matching.size === 0 ? NO_TARGETS : mergeTargets(isSeparate ? firstOfEach(matching) : matching);
    const further = isSeparate ? furtherTargets(matching) : NO_TARGETS;
    return new Route(topic, undefined, targets, further, groups.length === 0 ? NO_GROUPS : groups);
  }

  /** Whether a topic is the broker's own. */
  private isOwn(topic: string): boolean {
    if (!topic.startsWith('$')) return false;
    return this.broker.rules.dollarTopics === 'refuse' || topic === '$SYS' || topic.startsWith('$SYS/');
  }

  private refused(reasonCode: ReasonCode, why: string, limit: 'topicLevelsMax' | undefined): Route {
    return new Route(undefined, { reasonCode, why, limit }, NO_TARGETS, NO_TARGETS, NO_GROUPS);
  }
}
