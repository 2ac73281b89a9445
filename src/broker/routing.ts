// One message on its way to all that its route names: first everything that can be refused and must be stored, then the
// sending, so that a message is either taken for all its persistent recipients or for none.
// It is appended to the store once, with all of them; only a session that is reached more than once (by several subscriptions of its own,
// where these are kept apart, and as a member of groups, section 4.8.2) gets each further copy as a message of its own, since the store
// knows a delivery by recipient and message.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import { Reason, type ReasonCode } from '../packet/reason-codes.ts';
import type { Batch, MessageId, Origin, Recipient } from '../store/contract.ts';
import { admit, type Admission, type Waiter } from './admission.ts';
import type { BrokerState } from './broker-state.ts';
import type { ClientSession } from './client-session.ts';
import type { GroupQueue } from './group-queue.ts';
import type { QueueLimitName } from './queue-limits.ts';
import { lower, NO_RECIPIENTS, type Route, type RouteTarget } from './route.ts';

/** What became of a routed message. */
export interface Routed {
  /** 0x00, 0x10 when nobody matched, 0x97 when it was refused for want of room. */
  reasonCode: ReasonCode;
  /** What an acknowledgement must wait for; 0: nothing. */
  after: Batch;
  /** The message that `after` stores, if it stores nothing else and the message may be elided (`Store.settle`); else 0. */
  messageId: MessageId;
  /** With 0x97: what there was no room in. */
  refusedBy: 'store' | QueueLimitName | undefined;
}

/** A member of a group that is given a message, or a further subscription of a session. */
interface ChosenMember {
  readonly target: RouteTarget;
  /** The group that stays owed the message in the store until this member, who is not there, has acknowledged it. */
  readonly lender: GroupQueue | undefined;
}

/** Who gets a message, where the route alone does not say so. */
interface Plan {
  /** For themselves. */
  readonly targets: readonly RouteTarget[];
  /** As members of groups, or once more. */
  readonly members: readonly ChosenMember[];
  /** Of these, those whose session is a recipient of the message already. */
  readonly copies: readonly RouteTarget[];
  /** Groups none of whose members can be sent it now. */
  readonly waitingGroups: readonly GroupQueue[];
  readonly recipients: readonly Recipient[];
}

/** The way of messages through one broker. */
export class Routing {
  private readonly broker: BrokerState;
  /** The result of `send`, reused. */
  private readonly routed: Routed;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.routed = { reasonCode: Reason.success, after: 0, messageId: 0, refusedBy: undefined };
  }

  /** See `Router.route`. hot: */
  send(
    route: Route,
    message: Message,
    publisher: ClientSession | undefined,
    origin: Origin | undefined,
    retain: (() => Batch) | undefined,
    now: Millis,
  ): Routed {
    const { broker } = this;
    if (broker.owing.size > 0 && route.topic !== undefined)
      for (const session of broker.owing) session.owed?.giveFirst(route.topic, now);
    const isStored = message.qos > 0;
    if (
      route.groups.length > 0 ||
      route.further.length > 0 ||
      (isStored && (route.hasNoLocal || (broker.queueLimits.areSet && this.isFull(route, message))))
    )
      return this.sendPlanned(route, message, publisher, origin, retain, now);
    const recipients = isStored ? route.recipients(message) : NO_RECIPIENTS;
    const mustAppend = recipients.length > 0 || origin !== undefined;
    if (mustAppend && broker.isStoreFull) return this.refused('store');
    let after: Batch = retain === undefined ? 0 : retain();
    let messageId: MessageId = 0;
    if (mustAppend) {
      messageId = broker.router.nextMessageId();
      // The origin comes last: once it is stored, the message is not taken again, so that all the rest must be.
      after = broker.store.append(messageId, message, recipients, origin);
    }
    this.sendEach(route.targets, message, messageId, publisher, now);
    const reasonCode = route.targets.length === 0 ? Reason.noMatchingSubscribers : Reason.success;
    return this.taken(reasonCode, after, message.qos === 1 && retain === undefined ? messageId : 0);
  }

  /** Whether the message would pass a limit of any queue in which it would have to wait. hot: */
  private isFull(route: Route, message: Message): boolean {
    if (route.recipients(message).length === 0) return false;
    const { queueLimits } = this.broker;
    const payloadBytes = message.payload.length;
    const { targets } = route;
    let waiting = 0;
    for (let i = 0; i < targets.length; i++) {
      const { session, qos } = targets[i] as RouteTarget;
      if (qos === 0 || session.key === 0 || session.isReadyFor(qos, 1)) continue;
      if (session.isEnding || queueLimits.passedBy(session.queue, payloadBytes) !== undefined) return true;
      waiting++;
    }
    return waiting > 0 && queueLimits.passedByAll(waiting, waiting * payloadBytes) !== undefined;
  }

  /** hot: */
  private sendEach(
    targets: readonly RouteTarget[],
    message: Message,
    messageId: MessageId,
    publisher: ClientSession | undefined,
    now: Millis,
  ): void {
    const { fanOut } = this.broker;
    const isShared = targets.length > 1;
    if (isShared) fanOut.begin(message, now);
    for (let i = 0; i < targets.length; i++) {
      let target = targets[i] as RouteTarget;
      const { session } = target;
      if (session === publisher) {
        // [MQTT-3.8.3-3]
        if (target.own === undefined) continue;
        target = target.own;
      }
      const qos = lower(message.qos, target.qos);
      if (session.connection === undefined) {
        // It is in the store, and that is all there is to do.
        if (qos > 0 && session.key !== 0) session.queue.count(message.payload.length);
        continue;
      }
      const flag = target.retainAsPublished && message.retain; // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
      session.offer(message, qos, flag, target, qos > 0 && session.key !== 0 ? messageId : 0, now);
    }
    if (isShared) fanOut.end();
  }

  /** The same where more is to be asked than the route says: whose turn it is, whether there is room, who published it. */
  private sendPlanned(
    route: Route,
    message: Message,
    publisher: ClientSession | undefined,
    origin: Origin | undefined,
    retain: (() => Batch) | undefined,
    now: Millis,
  ): Routed {
    const { broker } = this;
    const plan = this.plan(route, message, publisher);
    const { waitingGroups } = plan;
    if (broker.isStoreFull && (plan.recipients.length > 0 || origin !== undefined)) return this.refused('store');
    const waiters = broker.queueLimits.areSet && message.qos > 0 ? waitersOf(plan, message) : [];
    const admission = waiters.length === 0 ? undefined : admit(broker, waiters, message, now);
    if (admission?.refusedBy !== undefined) return this.refused(admission.refusedBy);
    const recipients = admission === undefined ? plan.recipients : withoutLeftOut(plan.recipients, waiters, admission);
    const isTaken = (target: RouteTarget): boolean => admission === undefined || !isLeftOut(target, message, admission);
    const targets = admission === undefined ? plan.targets : plan.targets.filter(isTaken);
    const copies = admission === undefined ? plan.copies : plan.copies.filter(isTaken);
    const members =
      admission === undefined
        ? plan.members
        : plan.members.filter(({ target, lender }) => lender !== undefined || isTaken(target));

    let after: Batch = 0;
    const copyIds = copies.map((copy) => {
      const messageId = broker.router.nextMessageId();
      after = broker.store.append(messageId, message, copy.recipients(message), undefined);
      return messageId;
    });
    if (retain !== undefined) after = Math.max(after, retain());
    let messageId: MessageId = 0;
    if (recipients.length > 0 || origin !== undefined) {
      messageId = broker.router.nextMessageId();
      after = broker.store.append(messageId, message, recipients, origin);
    }
    // Members before others: most have been found ready. Copies before all: what has to wait is read back in the order of the numbers.
    for (const [place, target] of copies.entries()) offerTo(target, message, copyIds[place] ?? 0, now);
    for (const { target, lender } of members) {
      if (lender !== undefined) lender.lendAtOnce(message, messageId, target, now);
      else if (!copies.includes(target)) offerTo(target, message, messageId, now);
    }
    this.sendEach(targets, message, messageId, undefined, now);
    for (const group of waitingGroups)
      if (admission?.leavesOut(group) !== true) group.enqueue(message, group.key === 0 ? 0 : messageId);
    admission?.finish();
    // A window that was kept for a copy is free again if that was dropped: too large, not authorized.
    if (targets.length + members.length > 0) for (const group of waitingGroups) group.feed(now);
    const isHeard = route.targets.length + members.length + waitingGroups.length > 0;
    const isElidable = message.qos === 1 && copies.length === 0 && retain === undefined;
    return this.taken(isHeard ? Reason.success : Reason.noMatchingSubscribers, after, isElidable ? messageId : 0);
  }

  /** Chooses a member of each group, or finds that the message has to wait for one. */
  private plan(route: Route, message: Message, publisher: ClientSession | undefined): Plan {
    const targets = targetsFor(route, publisher);
    const members: ChosenMember[] = [];
    const chosen: RouteTarget[] = [];
    const copies: RouteTarget[] = [];
    const waitingGroups: GroupQueue[] = [];
    const more: (readonly Recipient[])[] = [];
    const reached = (session: ClientSession): number =>
      message.qos === 0 ? 0 : countOf(targets, session) + countOf(chosen, session);
    for (const target of route.further) {
      if (target.session === publisher && target.own === undefined) continue; // [MQTT-3.8.3-3]
      const isFirst = reached(target.session) === 0;
      members.push({ target, lender: undefined });
      chosen.push(target);
      const recipients = message.qos === 0 ? NO_RECIPIENTS : target.recipients(message);
      if (recipients.length === 0) continue;
      if (isFirst) more.push(recipients);
      else copies.push(target);
    }
    for (const group of route.groups) {
      const target = group.choose(message, reached, publisher?.clientId);
      if (target === undefined) {
        if (message.qos === 0 || !group.canWait) continue;
        waitingGroups.push(group);
        if (group.key !== 0) more.push(group.recipients(message));
        continue;
      }
      const isCopy = reached(target.session) > 0;
      const lends = group.lendsTo(target, message);
      members.push({ target, lender: lends ? group : undefined });
      chosen.push(target);
      if (message.qos === 0) continue;
      const recipients = lends ? group.recipients(message) : target.recipients(message);
      if (recipients.length === 0) continue;
      if (isCopy && !lends) copies.push(target);
      else more.push(recipients);
    }
    const recipients = join(recipientsOf(route, targets, message), more);
    return { targets, members, copies, waitingGroups, recipients };
  }

  /** hot: filled in last, for an embedder that hears of a dropped message may publish another one meanwhile. */
  private taken(reasonCode: ReasonCode, after: Batch, messageId: MessageId): Routed {
    const { routed } = this;
    routed.reasonCode = reasonCode;
    routed.after = after;
    routed.messageId = messageId;
    routed.refusedBy = undefined;
    return routed;
  }

  private refused(by: 'store' | QueueLimitName): Routed {
    this.taken(Reason.quotaExceeded, 0, 0);
    this.routed.refusedBy = by;
    return this.routed;
  }
}

/** The targets in the form that they have for this publisher [MQTT-3.8.3-3]. */
function targetsFor(route: Route, publisher: ClientSession | undefined): readonly RouteTarget[] {
  if (!route.hasNoLocal || publisher === undefined) return route.targets;
  const place = route.targets.findIndex(({ session }) => session === publisher);
  const target = route.targets[place];
  if (target === undefined || target.own === target) return route.targets;
  const others = route.targets.toSpliced(place, 1);
  if (target.own !== undefined) others.push(target.own);
  return others;
}

/** Whom the store keeps the message for, of the targets; the same array again where it can be. */
function recipientsOf(route: Route, targets: readonly RouteTarget[], message: Message): readonly Recipient[] {
  if (message.qos === 0) return NO_RECIPIENTS;
  if (targets === route.targets) return route.recipients(message);
  return targets.flatMap((target) => target.recipient(message) ?? []);
}

function join(recipients: readonly Recipient[], more: readonly (readonly Recipient[])[]): readonly Recipient[] {
  const [first, second] = more;
  if (first === undefined) return recipients;
  if (recipients.length === 0 && second === undefined) return first;
  return recipients.concat(...more);
}

/** How many of the targets are this session, for a message that it does not get as QoS 0. */
function countOf(targets: readonly RouteTarget[], session: ClientSession): number {
  let count = 0;
  for (const target of targets) if (target.session === session && target.qos > 0) count++;
  return count;
}

/** Those in whose stored queue the message would have to wait. */
function waitersOf({ targets, members, waitingGroups }: Plan, message: Message): readonly Waiter[] {
  const copies = new Map<ClientSession, number>();
  const count = ({ session, qos }: RouteTarget): void => {
    if (session.key !== 0 && lower(message.qos, qos) > 0) copies.set(session, (copies.get(session) ?? 0) + 1);
  };
  for (const target of targets) count(target);
  for (const { target } of members) count(target);
  const waiters: Waiter[] = [];
  for (const [session, number] of copies) if (!session.isReadyFor(1, number)) waiters.push(session);
  for (const group of waitingGroups) if (group.key !== 0) waiters.push(group);
  return waiters;
}

/** Gives a session a message that is its own, now or later. */
function offerTo(target: RouteTarget, message: Message, messageId: MessageId, now: Millis): void {
  const { session, retainAsPublished } = target;
  const qos = lower(message.qos, target.qos);
  const isStored = session.key !== 0 && qos > 0;
  // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
  session.offer(message, qos, retainAsPublished && message.retain, target, isStored ? messageId : 0, now);
}

function withoutLeftOut(
  recipients: readonly Recipient[],
  waiters: readonly Waiter[],
  admission: Admission,
): readonly Recipient[] {
  const keys = new Set(waiters.filter((waiter) => admission.leavesOut(waiter)).map(({ key }) => key));
  return keys.size === 0 ? recipients : recipients.filter(({ key }) => !keys.has(key));
}

function isLeftOut({ session, qos }: RouteTarget, message: Message, admission: Admission): boolean {
  return lower(message.qos, qos) > 0 && admission.leavesOut(session);
}
