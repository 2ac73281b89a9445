// A message before the queues in which it would have to wait: is it refused as a whole, which of them go without it,
// which give up older messages for it, and which end. Everything that can refuse is asked before anything happens.
// Only for brokers with a limit (`QueueLimits.areSet`): without one nobody is asked.

import type { Millis } from '../base/millis.ts';
import type { Message } from '../packet/message.ts';
import type { BrokerState } from './broker-state.ts';
import type { DeliveryQueue, QueueOwner } from '../store/delivery-queue.ts';
import type { PassedLimit, QueueLimitName } from './queue-limits.ts';
import type { SessionDelivery } from './session-delivery.ts';

/** A session or a shared group whose queue is in the store. */
export interface Waiter extends QueueOwner<SessionDelivery> {
  readonly queue: DeliveryQueue<SessionDelivery>;
  /** It is about to end. */
  readonly isEnding: boolean;
  /** Its queue goes without the message. */
  dropOffered(message: Message, limit: QueueLimitName): void;
  /** What waits for it goes as a whole, and a session with it, soon; it counts no more from now on. */
  endAtLimit(limit: QueueLimitName, now: Millis): void;
}

/** What a queue gives up once it has taken the message. */
interface Debt {
  readonly queue: DeliveryQueue<SessionDelivery>;
  readonly messages: number;
  readonly bytes: number;
}

/** How a message is taken, or that it is not. */
export class Admission {
  /** The limit for which the message is refused as a whole. */
  readonly refusedBy: QueueLimitName | undefined;
  private readonly leftOut: ReadonlySet<Waiter>;
  private readonly debts: readonly Debt[];

  constructor(refusedBy: QueueLimitName | undefined, leftOut: ReadonlySet<Waiter>, debts: readonly Debt[]) {
    this.refusedBy = refusedBy;
    this.leftOut = leftOut;
    this.debts = debts;
  }

  /** Whether the message is not for this one's queue. */
  leavesOut(waiter: Waiter): boolean {
    return this.leftOut.has(waiter);
  }

  /** Once the message is in the queues: those at a limit give up what they are to give up. */
  finish(): void {
    for (const { queue, messages, bytes } of this.debts) queue.giveWay(messages, bytes);
  }
}

/**
 * Asks the queues in which a message would have to wait. What is not refused is decided with this, and must be taken.
 * @param waiters  Each once.
 */
export function admit(broker: BrokerState, waiters: readonly Waiter[], message: Message, now: Millis): Admission {
  return new Hearing(broker, message, now).hear(waiters);
}

/** The same for one queue alone; `undefined`: it has room. */
export function admitToOne(broker: BrokerState, waiter: Waiter, message: Message, now: Millis): Admission | undefined {
  const { queueLimits } = broker;
  const payloadBytes = message.payload.length;
  const hasRoom =
    !waiter.isEnding &&
    queueLimits.passedBy(waiter.queue, payloadBytes) === undefined &&
    queueLimits.passedByAll(1, payloadBytes) === undefined;
  return hasRoom ? undefined : admit(broker, [waiter], message, now);
}

/**
 * The limit at which a session would have to end for the message; `undefined`: none. For a retained message no session ends: its client would
 * subscribe again, and end again, for ever.
 */
export function limitToEndAt(
  { queueLimits }: BrokerState,
  { queue, isEnding }: Waiter,
  { payload }: Message,
): QueueLimitName | undefined {
  if (isEnding) return undefined;
  const limit = queueLimits.passedBy(queue, payload.length) ?? queueLimits.passedByAll(1, payload.length);
  return limit?.policy === 'end-session' ? limit.name : undefined;
}

/** One message before its queues. */
class Hearing {
  private readonly broker: BrokerState;
  private readonly message: Message;
  private readonly payloadBytes: number;
  private readonly now: Millis;
  private readonly leftOut: Set<Waiter>;
  private readonly debts: Map<Waiter, Debt>;

  constructor(broker: BrokerState, message: Message, now: Millis) {
    this.broker = broker;
    this.message = message;
    this.payloadBytes = message.payload.length;
    this.now = now;
    this.leftOut = new Set();
    this.debts = new Map();
  }

  hear(waiters: readonly Waiter[]): Admission {
    const passed = waiters.map((waiter) => (waiter.isEnding ? undefined : this.passedBy(waiter)));
    const refusedBy = passed.find((limit) => limit?.policy === 'reject') ?? this.refusedByAll(waiters, passed);
    if (refusedBy !== undefined) return new Admission(refusedBy.name, this.leftOut, []);
    for (const [index, waiter] of waiters.entries()) {
      const limit = passed[index];
      // It was at a limit before, and has yet to end.
      if (waiter.isEnding) this.leaveOut(waiter, limit?.name ?? 'sessionQueueMessagesMax');
      else if (limit !== undefined) this.applyTo(waiter, limit);
    }
    this.applyToAll(waiters);
    return new Admission(undefined, this.leftOut, Array.from(this.debts.values()));
  }

  private passedBy({ queue }: Waiter): PassedLimit | undefined {
    const { queueLimits } = this.broker;
    const passed = queueLimits.passedBy(queue, this.payloadBytes);
    if (passed === undefined) return undefined;
    queue.dropExpired(this.now);
    return queueLimits.passedBy(queue, this.payloadBytes);
  }

  /** The limit of all queues that refuses the message, if it passes one. */
  private refusedByAll(
    waiters: readonly Waiter[],
    passed: readonly (PassedLimit | undefined)[],
  ): PassedLimit | undefined {
    const staying = waiters.filter((waiter, index) => {
      const policy = passed[index]?.policy;
      return !waiter.isEnding && (policy === undefined || policy === 'drop-oldest');
    });
    if (this.passedByAll(staying.length) === undefined) return undefined;
    for (const { queue } of staying) queue.dropExpired(this.now);
    const limit = this.passedByAll(staying.length);
    return limit?.policy === 'reject' ? limit : undefined;
  }

  private passedByAll(copies: number): PassedLimit | undefined {
    return copies === 0 ? undefined : this.broker.queueLimits.passedByAll(copies, copies * this.payloadBytes);
  }

  /** One queue is at a limit of its own. */
  private applyTo(waiter: Waiter, limit: PassedLimit): void {
    const { queue } = waiter;
    if (limit.policy === 'end-session') waiter.endAtLimit(limit.name, this.now);
    if (limit.policy === 'drop-oldest') {
      const { queueLimits } = this.broker;
      const messages = Math.max(0, queueLimits.excessMessages(queue));
      const bytes = Math.max(0, queueLimits.excessBytes(queue, this.payloadBytes));
      if (bytes <= queue.bytesKept) {
        this.debts.set(waiter, { queue, messages, bytes });
        return;
      }
    }
    this.leaveOut(waiter, limit.name);
  }

  /** All queues together are at a limit, perhaps. */
  private applyToAll(waiters: readonly Waiter[]): void {
    const limit = this.passedByAll(this.staying(waiters).length);
    if (limit === undefined) return;
    if (limit.policy === 'end-session') {
      this.endLongest(waiters, limit);
      return;
    }
    for (const waiter of this.staying(waiters)) {
      // As much as it takes.
      const isEnough = waiter.queue.messagesKept > 0 && waiter.queue.bytesKept >= this.payloadBytes;
      if (limit.policy === 'drop-oldest' && isEnough) this.addDebt(waiter, 1, this.payloadBytes);
      else this.leaveOut(waiter, limit.name);
    }
  }

  /** Ends the longest queues until the message fits. */
  private endLongest(waiters: readonly Waiter[], limit: PassedLimit): void {
    const measure = limit.name === 'queuesBytesMax' ? 'bytesKept' : 'messagesKept';
    while (this.passedByAll(this.staying(waiters).length) !== undefined) {
      const longest = this.longest(measure);
      if (longest === undefined) break;
      longest.endAtLimit(limit.name, this.now);
      if (waiters.includes(longest)) this.leaveOut(longest, limit.name);
    }
    if (this.passedByAll(this.staying(waiters).length) === undefined) return;
    for (const waiter of this.staying(waiters)) this.leaveOut(waiter, limit.name);
  }

  private staying(waiters: readonly Waiter[]): readonly Waiter[] {
    return waiters.filter((waiter) => !this.leftOut.has(waiter));
  }

  private longest(measure: 'messagesKept' | 'bytesKept'): Waiter | undefined {
    let longest: Waiter | undefined;
    const consider = (waiter: Waiter): void => {
      if (waiter.key === 0 || waiter.isEnding || waiter.queue[measure] === 0) return;
      if (longest === undefined || waiter.queue[measure] > longest.queue[measure]) longest = waiter;
    };
    for (const session of this.broker.sessions.all()) consider(session);
    for (const group of this.broker.router.allGroups()) consider(group);
    return longest;
  }

  private leaveOut(waiter: Waiter, limit: QueueLimitName): void {
    this.leftOut.add(waiter);
    waiter.dropOffered(this.message, limit);
  }

  private addDebt(waiter: Waiter, messages: number, bytes: number): void {
    const known = this.debts.get(waiter);
    this.debts.set(waiter, {
      queue: waiter.queue,
      messages: Math.max(messages, known?.messages ?? 0),
      bytes: Math.max(bytes, known?.bytes ?? 0),
    });
  }
}
