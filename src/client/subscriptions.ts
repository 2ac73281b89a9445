// The subscriptions of this process: what is asked of the broker for them, now and when it has lost the session, and who of
// them gets a message. The requests wait in requests.ts, which also repeats on the next connection what was not answered on this one.
// Invariant: a claim (claims.ts) is here as long as a subscription holds it; when the last one lets go, the broker is asked to end it.
// SUBSCRIBE and UNSUBSCRIBE leave in the order of the calls, so that the broker ends up where the calls do.

import { assert } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../packet/packet.ts';
import { NO_USER_PROPERTIES } from '../packet/properties.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { Reason, type ReasonCode, reasonName } from '../packet/reason-codes.ts';
import type { Arrival } from './arrival.ts';
import { checkFunction } from './checks.ts';
import { type Claim, Claims } from './claims.ts';
import type { SubscribeOptions, SubscribeRequest, Subscription } from './client.ts';
import type { ClientEmitter } from './emitter.ts';
import { EndedFilters } from './ended-filters.ts';
import type { MakeFilterTrie } from './extras.ts';
import { checkSubscriptions, checkUnsubscription, outgoingSubscribe, outgoingUnsubscribe } from './outgoing.ts';
import type { MakeRequest } from './requests.ts';
import { LiveSubscription, type SubscriptionOwner } from './subscription.ts';

/** Who stands behind the subscriptions. */
export interface SubscriptionsOwner {
  readonly version: ProtocolVersion;
  readonly filterTrie: MakeFilterTrie;
  readonly emit: ClientEmitter['emit'];
  /** `Requests.ask`. */
  ask(make: MakeRequest, signal: AbortSignal | undefined, isRenewal?: boolean): Promise<readonly ReasonCode[]>;
  handlerFailed(error: unknown): void;
  /** A subscription is there that was not: messages that nobody claimed may be claimed now. */
  claimed(): void;
  /** A message that `dispatch` took for a subscription that does not come about: nobody claims it after all. */
  unclaimed(arrival: Arrival): void;
  /** Gives a message to who takes what no subscription claims; false: nobody does. */
  handToRest(arrival: Arrival): boolean;
  isConnected(): boolean;
  /** Messages were taken from a buffer. */
  taken(): void;
}

type LiveClaim = Claim<LiveSubscription>;

/** The broker's answer to a claim. */
interface Answer {
  readonly claim: LiveClaim;
  readonly code: ReasonCode;
}

/** The highest Subscription Identifier. */
const IDENTIFIER_MAX = 268_435_455;
/** From here on a Reason Code is a refusal. */
const REFUSAL = 0x80;

/** The subscriptions of a client. */
export class Subscriptions {
  private readonly owner: SubscriptionsOwner;
  private readonly subscriptionOwner: SubscriptionOwner;
  private readonly live: Set<LiveSubscription>;
  private readonly claims: Claims<LiveSubscription>;
  private readonly ended: EndedFilters;
  private identifierLast: number;
  private buffered: number;
  private isClosed: boolean;

  constructor(owner: SubscriptionsOwner) {
    this.owner = owner;
    this.subscriptionOwner = {
      handlerFailed: (error) => owner.handlerFailed(error),
      buffered: (change) => this.bufferedChanged(change),
      ended: (subscription) => this.end(subscription),
    };
    this.live = new Set();
    this.claims = new Claims(owner.filterTrie);
    this.ended = new EndedFilters();
    this.identifierLast = 0;
    this.buffered = 0;
    this.isClosed = false;
  }

  /** Messages that wait to be iterated. What is held until SUBACK comes is not counted: reading must go on for that. */
  get bufferedCount(): number {
    return this.buffered;
  }

  /** `Client.subscribe`. Messages are claimed from the call on; they wait until the broker has granted the subscription. */
  async subscribe(
    filters: string | SubscribeRequest | readonly (string | SubscribeRequest)[],
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    const { signal } = options;
    checkHandling(options);
    const listed = isList(filters) ? filters : [filters];
    const requests = checkSubscriptions(listed, options, this.owner.version);
    const wholes = requests.map(({ filter }) => filter);
    const subscription = new LiveSubscription(wholes, options, this.subscriptionOwner);
    signal?.throwIfAborted();
    this.live.add(subscription);
    const identifier = this.nextIdentifier();
    const claims = new Set(requests.map((request) => this.claims.hold(request, subscription, identifier)));
    if (!this.isClosed) this.owner.claimed();
    try {
      const groups = groupByIdentifier(Array.from(claims));
      const answers = await Promise.all(groups.map((group) => this.ask(group, subscription, signal)));
      this.settle(subscription, answers.flat());
      signal?.throwIfAborted();
    } catch (error) {
      this.giveUp(subscription);
      throw error;
    }
    subscription.start(signal);
    return subscription;
  }

  /**
   * `Client.unsubscribe`: ends subscriptions at the broker, whoever has made them. Those of this process that
   * name these filters get no more messages for them.
   */
  async unsubscribe(filters: readonly string[], signal?: AbortSignal): Promise<readonly ReasonCode[]> {
    checkUnsubscription(filters);
    // Who subscribes after this call subscribes after the UNSUBSCRIBE.
    const parts = filters.map((filter) => ({
      claim: this.claims.get(filter),
      takers: this.claims.get(filter)?.takers ?? [],
    }));
    const codes = await this.owner.ask((agreement) => outgoingUnsubscribe(filters, agreement), signal);
    for (const [index, { claim, takers }] of parts.entries()) {
      if (claim === undefined || (codes[index] ?? REFUSAL) >= REFUSAL) continue;
      for (const taker of takers) this.claims.release(claim, taker);
      if (!claim.isHeld) this.ended.add(claim);
    }
    return codes;
  }

  /**
   * Hands a message to every subscription that claims it.
   * @returns Whether there was one, or the message is a late one of a subscription that has ended, and done with.
   */
  dispatch(arrival: Arrival): boolean {
    // hot: one taker, as a rule.
    const { topic, subscriptionIdentifiers } = arrival;
    let taker = this.claims.find(topic, subscriptionIdentifiers);
    if (taker === undefined) {
      if (this.ended.covers(topic, subscriptionIdentifiers)) {
        // Without an identifier it may as well come for what an earlier process has subscribed to.
        const isSure = subscriptionIdentifiers.length > 0;
        if (isSure || !this.owner.handToRest(arrival)) arrival.ack(); // [MQTT-4.5.0-2]
        return true;
      }
      // An identifier that nobody has is an earlier process's.
      if (subscriptionIdentifiers.length > 0) taker = this.claims.find(topic, NO_SUBSCRIPTION_IDENTIFIERS);
      if (taker === undefined) return false;
    }
    const { others } = this.claims;
    if (others === undefined) {
      taker.take(arrival);
      return true;
    }
    const copies = others.map((other) => ({ other, copy: arrival.another() }));
    taker.take(arrival);
    for (const { other, copy } of copies) other.take(copy);
    return true;
  }

  /** CONNACK says that the broker has lost the session: asks again for everything that was granted. */
  renew(): void {
    this.ended.clear();
    // What is being asked for is asked again by itself.
    const claims = this.claims.all().filter(({ isEstablished, askingCount }) => isEstablished && askingCount === 0);
    // Nobody waits for it, and it does not fail.
    for (const group of groupByIdentifier(claims)) void this.renewGroup(group);
  }

  /**
   * The client is over: loops end, or throw `error` where there is one. What waits stays unacknowledged, but not for a subscription that has no
   * answer: what others are done with does not come again because of that.
   */
  close(error: Error | undefined): void {
    this.isClosed = true;
    for (const subscription of this.live) {
      for (const { arrival } of subscription.close(error)) arrival.leaveToOthers();
    }
    this.live.clear();
  }

  /** Asks the broker for claims of one identifier. */
  private async ask(
    claims: readonly LiveClaim[],
    forWhom: LiveSubscription | undefined,
    signal: AbortSignal | undefined,
  ): Promise<readonly Answer[]> {
    let asked = claims;
    const make: MakeRequest = (agreement) => {
      asked = claims.filter(({ isHeld }) => isHeld);
      const [first] = asked;
      // What was to be renewed has ended meanwhile.
      if (first === undefined) throw new OperationError('closed', 'Nobody wants these subscriptions any more.');
      const userProperties = (forWhom ?? first.takers[0])?.userProperties ?? NO_USER_PROPERTIES;
      const requests = asked.map((claim) => claim.request(forWhom));
      const packet = outgoingSubscribe(requests, first.identifier, userProperties, agreement);
      for (const claim of asked) claim.mayBeThere = true;
      forWhom?.sent();
      return packet;
    };
    for (const claim of claims) claim.askingCount++;
    try {
      const codes = await this.owner.ask(make, signal, forWhom === undefined);
      const answers = asked.map((claim, index) => ({ claim, code: codes[index] ?? Reason.unspecifiedError }));
      // Now, not when the whole subscription is settled: its other claims may wait over the end of the session.
      for (const { claim, code } of answers) if (code < REFUSAL) claim.isEstablished = true;
      return answers;
    } finally {
      for (const claim of claims) claim.askingCount--;
    }
  }

  /**
   * The broker has answered.
   * @throws {OperationError} `rejected`: it refuses every filter.
   */
  private settle(subscription: LiveSubscription, answers: readonly Answer[]): void {
    for (const { claim, code } of answers) {
      // Also if it does not hold the claim any more: `unsubscribe` may have come between.
      subscription.answered(claim.whole, code);
      if (code < REFUSAL) {
        for (const taker of claim.takers) taker.answered(claim.whole, code);
      } else {
        claim.mayBeThere = claim.isEstablished;
        this.claims.release(claim, subscription);
      }
    }
    const [first] = subscription.granted;
    assert(first !== undefined, 'a subscription has a filter');
    if (subscription.granted.some((code) => code < REFUSAL)) return;
    const named = subscription.filters.map((filter) => JSON.stringify(filter)).join(', ');
    throw new OperationError('rejected', `The broker refused to subscribe to ${named}: ${reasonName(first)}.`, first);
  }

  private async renewGroup(claims: readonly LiveClaim[]): Promise<void> {
    let answers: readonly Answer[];
    try {
      answers = await this.ask(claims, undefined, undefined);
    } catch (error) {
      if (this.isClosed) return;
      const code = error instanceof OperationError ? error.reasonCode : undefined;
      answers = claims.map((claim) => ({ claim, code: code ?? Reason.unspecifiedError }));
    }
    for (const { claim, code } of answers) {
      for (const taker of claim.takers) taker.answered(claim.whole, code);
      if (code >= REFUSAL && claim.isHeld) this.owner.emit('subscriptionRefused', claim.whole, code);
    }
  }

  /** A subscription does not come about. */
  private giveUp(subscription: LiveSubscription): void {
    const left = this.letGo(subscription);
    // Nobody waits for it, and it does not fail.
    if (left.length > 0) void this.askToEnd(left);
    for (const { arrival, isOlder } of subscription.giveUp()) {
      if (arrival.leaveToOthers()) continue;
      const isLate = !isOlder && this.ended.covers(arrival.topic, arrival.subscriptionIdentifiers);
      if (isLate) arrival.ack();
      else this.owner.unclaimed(arrival);
    }
  }

  private async end(subscription: LiveSubscription): Promise<void> {
    const left = this.letGo(subscription);
    if (left.length === 0) return;
    const ending = this.askToEnd(left);
    if (this.owner.isConnected()) await ending;
  }

  /** Takes a subscription out; returns the claims that nobody holds any more and that the broker may have. */
  private letGo(subscription: LiveSubscription): readonly LiveClaim[] {
    this.live.delete(subscription);
    const left: LiveClaim[] = [];
    for (const filter of new Set(subscription.filters)) {
      const claim = this.claims.get(filter);
      if (claim === undefined || !claim.takers.includes(subscription)) continue;
      this.claims.release(claim, subscription);
      if (!claim.isHeld && claim.mayBeThere) left.push(claim);
    }
    return left;
  }

  private async askToEnd(claims: readonly LiveClaim[]): Promise<void> {
    for (const claim of claims) this.ended.add(claim);
    const filters = claims.map(({ whole }) => whole);
    try {
      await this.owner.ask((agreement) => outgoingUnsubscribe(filters, agreement), undefined);
    } catch {
      // The client is over. A later one of this session may unsubscribe.
    }
  }

  private nextIdentifier(): number {
    this.identifierLast = this.identifierLast === IDENTIFIER_MAX ? 1 : this.identifierLast + 1;
    return this.identifierLast;
  }

  private bufferedChanged(change: number): void {
    this.buffered += change;
    if (change < 0) this.owner.taken();
  }
}

/** A SUBSCRIBE has one identifier for all that it names. */
function groupByIdentifier(claims: readonly LiveClaim[]): readonly (readonly LiveClaim[])[] {
  return Array.from(Map.groupBy(claims, ({ identifier }) => identifier).values());
}

function isList(
  filters: string | SubscribeRequest | readonly (string | SubscribeRequest)[],
): filters is readonly (string | SubscribeRequest)[] {
  return Array.isArray(filters);
}

/** Also for callers without types: a function in place of the options, say, would never be called. */
function checkHandling(options: SubscribeOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError('invalid-argument', `subscribe takes filters and options; the options are ${typeof options}.`);
  }
  checkFunction('onMessage', options.onMessage);
  const { acknowledge = 'automatic' } = options;
  if (acknowledge === 'automatic' || acknowledge === 'manual') return;
  throw new UsageError(
    'invalid-option',
    `acknowledge takes 'automatic' or 'manual'; got ${JSON.stringify(acknowledge)}.`,
  );
}
