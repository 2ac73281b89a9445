// What the plan and the faults of a run say about time and limits: how late a commit may be, how wrong about a pause, and what may be refused or ended.

import { DEFAULT_LIMITS } from '../../src/broker/limits.ts';
import type { BrokerLimits, QueuePolicy } from '../../src/broker/limits.ts';
import type { History } from '../history.ts';
import { NEVER } from './session-span.ts';

/** What is known of a run before anything happens in it, or by its faults alone. */
export interface Circumstances {
  /** The limits of a life of the broker. */
  readonly limitsOf: (life: number) => BrokerLimits;
  /** The longest Session Expiry Interval, in milliseconds. */
  readonly sessionExpiryMax: number;
  /** By how much the broker may be wrong about the time that it was down, in milliseconds. */
  readonly slack: number;
  /** The longest time that a commit of the broker's takes, with some more; for ever, where its disk is slow, full or fails. */
  readonly commitMillisMax: number;
  /** A limit may end sessions. */
  readonly endsSessions: boolean;
  /** A limit, or a full disk, may refuse a message of nobody's connection, and nobody hears. */
  readonly refusesWills: boolean;
}

/** Above so many nobody is refused for want of a place among the retained messages. */
const RETAINED_ENOUGH = 1_000;

/** Reads a plan, and the faults. */
export function circumstancesOf({ plan, events }: History): Circumstances {
  const limits = { ...DEFAULT_LIMITS, ...plan.broker.limits };
  const limitsLater = { ...limits, ...plan.broker.limitsLater };
  const { commitMillisMax } = plan.broker.disk;
  let jumps = 0;
  let isMachineLost = false;
  let isDiskBroken = false;
  let isStoreFull = false;
  for (const event of events) {
    if (event.kind === 'store-full') isStoreFull = true;
    else if (event.kind === 'fault') {
      const { step } = event;
      // Also that of a broker that is down.
      if (step.kind === 'crash' || step.kind === 'crash-at') isMachineLost ||= step.who === 'broker' && step.machine;
      else if (step.kind === 'wall-clock') jumps += Math.abs(step.millis);
      else if (step.kind === 'disk' && step.who === 'broker') isDiskBroken = true;
    }
  }
  return {
    limitsOf: (life) => (life % 2 === 0 ? limitsLater : limits),
    sessionExpiryMax: limits.sessionExpiryMax,
    // A machine that was off looks at the wall clock to know for how long; somebody may have moved it.
    slack: isMachineLost ? jumps : 0,
    // Commits wait for one another, two at most.
    commitMillisMax: isDiskBroken ? NEVER : 3 * commitMillisMax + 10,
    endsSessions: hasPolicy(limits, 'end-session'),
    refusesWills: isStoreFull || limits.retainedMessagesMax < RETAINED_ENOUGH || hasPolicy(limits, 'reject'),
  };
}

function hasPolicy(limits: BrokerLimits, policy: QueuePolicy): boolean {
  return (
    (limits.sessionQueueMessagesMax > 0 && limits.sessionQueueMessagesPolicy === policy) ||
    (limits.sessionQueueBytesMax > 0 && limits.sessionQueueBytesPolicy === policy) ||
    (limits.queuesMessagesMax > 0 && limits.queuesMessagesPolicy === policy) ||
    (limits.queuesBytesMax > 0 && limits.queuesBytesPolicy === policy)
  );
}
