// Which subscriptions of this process want a message. A claim is one topic filter; subscriptions that name the same one share the
// claim, since to the broker it is one subscription, with one set of options. Each claim keeps one Subscription Identifier:
// brokers may send a message once for each subscription that it matches, and the identifier says which copy this is.
// Bound: the application's; each claim is of a call of its.

import { assert } from '../base/assert.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, type SubscriptionOptions, type SubscriptionRequest } from '../packet/packet.ts';
import type { FilterTrie } from '../topic/filter-trie.ts';
import { parseTopicFilter, type TopicFilter } from '../topic/topic-filter.ts';
import { DOLLAR, HASH, PLUS, restMatches } from '../topic/topic-levels.ts';
import { parseTopicName } from '../topic/topic-name.ts';
import type { MakeFilterTrie } from './extras.ts';

/** Up to so many claims are looked at one after the other; the trie costs more than that. */
const LINEAR_MAX = 16;

/** A subscription's part of a claim. */
interface Holder<Taker extends object> {
  readonly taker: Taker;
  readonly options: SubscriptionOptions;
}

/** One topic filter, and who wants what matches it. */
export class Claim<Taker extends object> {
  /** As the application wrote it. */
  readonly whole: string;
  /** What topics must match: of a Shared Subscription, the part after the ShareName. */
  readonly filter: TopicFilter;
  /** Its Subscription Identifier. */
  readonly identifier: number;
  /** The broker has granted it once. */
  isEstablished: boolean;
  /** The broker may have it. */
  mayBeThere: boolean;
  /** How many requests for it are under way. */
  askingCount: number;
  private readonly isPattern: boolean;
  private holders: readonly Holder<Taker>[];

  constructor(whole: string, filter: TopicFilter, identifier: number) {
    this.whole = whole;
    this.filter = filter;
    this.identifier = identifier;
    this.isEstablished = false;
    this.mayBeThere = false;
    this.askingCount = 0;
    this.isPattern = filter.includes('+') || filter.includes('#');
    this.holders = [];
  }

  /** Whether anybody wants it. */
  get isHeld(): boolean {
    return this.holders.length > 0;
  }

  /** Who wants it; the list is not written to. */
  get takers(): readonly Taker[] {
    return this.holders.map(({ taker }) => taker);
  }

  hold(taker: Taker, options: SubscriptionOptions): void {
    this.release(taker);
    this.holders = [...this.holders, { taker, options }];
  }

  release(taker: Taker): void {
    this.holders = this.holders.filter((holder) => holder.taker !== taker);
  }

  /**
   * What to ask of the broker, so that nobody gets less than he wants: the highest QoS, and no message left out.
   * @param forWhom  Whose Retain Handling counts; `undefined`: everybody's.
   */
  request(forWhom: Taker | undefined): SubscriptionRequest {
    const all = this.holders.map(({ options }) => options);
    const asking = this.holders.find(({ taker }) => taker === forWhom);
    const [first] = all;
    assert(first !== undefined, 'a claim that is asked for has holders');
    const combined = all.reduce<SubscriptionOptions>((sum, options) => combine(sum, options), first);
    const retainHandling = asking?.options.retainHandling ?? combined.retainHandling;
    return { filter: this.whole, options: { ...combined, retainHandling } };
  }

  /** Whether a topic matches. [MQTT-4.7.2-1] */
  matches(topic: string): boolean {
    // hot:
    const { filter } = this;
    if (!this.isPattern) return filter === topic;
    if (topic.charCodeAt(0) === DOLLAR) {
      const unit = filter.charCodeAt(0);
      if (unit === PLUS || unit === HASH) return false;
    }
    return restMatches(filter, 0, topic, 0);
  }

  /** Calls `visit` for everybody who wants it. */
  forEachTaker(visit: (taker: Taker) => void): void {
    // hot:
    for (const { taker } of this.holders) visit(taker);
  }
}

function combine(a: SubscriptionOptions, b: SubscriptionOptions): SubscriptionOptions {
  return {
    qos: a.qos > b.qos ? a.qos : b.qos,
    noLocal: a.noLocal && b.noLocal,
    retainAsPublished: a.retainAsPublished || b.retainAsPublished,
    retainHandling: a.retainHandling < b.retainHandling ? a.retainHandling : b.retainHandling,
  };
}

/** The claims of a client. */
export class Claims<Taker extends object> {
  private readonly byFilter: Map<string, Claim<Taker>>;
  private list: Claim<Taker>[];
  private readonly newTrie: MakeFilterTrie;
  /** The same claims, where there are many; made when a message comes. */
  private trie: FilterTrie<Claim<Taker>, Claim<Taker>> | undefined;
  private readonly visit: (claim: Claim<Taker>) => void;
  private readonly collect: (taker: Taker) => void;

  // While `find` looks:

  private identifiers: readonly number[];
  private first: Taker | undefined;
  private rest: Taker[] | undefined;

  constructor(newTrie: MakeFilterTrie) {
    this.byFilter = new Map();
    this.list = [];
    this.newTrie = newTrie;
    this.trie = undefined;
    this.visit = (claim) => {
      if (this.isMeant(claim)) claim.forEachTaker(this.collect);
    };
    this.collect = (taker) => this.add(taker);
    this.identifiers = NO_SUBSCRIPTION_IDENTIFIERS;
    this.first = undefined;
    this.rest = undefined;
  }

  /** Whoever `find` has found beside the first; to be read before it looks again. */
  get others(): readonly Taker[] | undefined {
    return this.rest;
  }

  /** All claims, in the order in which they came. */
  all(): readonly Claim<Taker>[] {
    return Array.from(this.byFilter.values());
  }

  get(whole: string): Claim<Taker> | undefined {
    return this.byFilter.get(whole);
  }

  /** Lets `taker` have a part in the claim to a filter; `identifier` is that of a claim that is new. */
  hold({ filter: whole, options }: SubscriptionRequest, taker: Taker, identifier: number): Claim<Taker> {
    const claim = this.byFilter.get(whole) ?? this.make(whole, identifier);
    claim.hold(taker, options);
    return claim;
  }

  /** Takes `taker` out of a claim, and the claim out of here where nobody is left. */
  release(claim: Claim<Taker>, taker: Taker): void {
    claim.release(taker);
    if (claim.isHeld || this.byFilter.get(claim.whole) !== claim) return;
    this.byFilter.delete(claim.whole);
    this.list = this.list.filter((other) => other !== claim);
    if (this.list.length <= LINEAR_MAX / 2) this.trie = undefined;
    else this.trie?.delete(claim.filter, claim);
  }

  /**
   * Looks for those who want a message, each once.
   * @param identifiers  Only of claims with one of these; none: of all.
   * @returns The first of them; `others` has the rest.
   */
  find(topic: string, identifiers: readonly number[]): Taker | undefined {
    // hot: no closure, and no array for a single taker.
    this.first = undefined;
    this.rest = undefined;
    this.identifiers = identifiers;
    if (this.trie === undefined && this.list.length > LINEAR_MAX) this.index();
    if (this.trie !== undefined) this.findInTrie(topic, this.trie);
    else {
      for (const claim of this.list) {
        if (this.isMeant(claim) && claim.matches(topic)) claim.forEachTaker(this.collect);
      }
    }
    return this.first;
  }

  private findInTrie(topic: string, trie: FilterTrie<Claim<Taker>, Claim<Taker>>): void {
    const name = parseTopicName(topic, Number.POSITIVE_INFINITY);
    if (name.kind === 'topic') trie.match(name.topic, this.visit);
  }

  private isMeant(claim: Claim<Taker>): boolean {
    return this.identifiers.length === 0 || this.identifiers.includes(claim.identifier);
  }

  private add(taker: Taker): void {
    const { first, rest } = this;
    if (first === undefined) this.first = taker;
    else if (rest === undefined) {
      if (taker !== first) this.rest = [taker];
    } else if (taker !== first && !rest.includes(taker)) rest.push(taker);
  }

  private make(whole: string, identifier: number): Claim<Taker> {
    const parsed = parseTopicFilter(whole, Number.POSITIVE_INFINITY);
    assert(parsed.kind === 'plain' || parsed.kind === 'shared', 'a filter is checked before it is claimed');
    const claim = new Claim<Taker>(whole, parsed.filter, identifier);
    this.byFilter.set(whole, claim);
    this.list.push(claim);
    this.trie?.set(claim.filter, claim, claim);
    return claim;
  }

  private index(): void {
    this.trie = this.newTrie();
    if (this.trie !== undefined) for (const claim of this.list) this.trie.set(claim.filter, claim, claim);
  }
}
