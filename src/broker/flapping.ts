// Clients that come and go without end: a device whose connections fail as soon as they are open, or two devices with one identifier, which
// take the session from each other for ever. One that was let in too often within a while is held off for some time; whoever
// of its name is connected at that moment stays so, which settles a quarrel between two.
// Only clients that were let in count, so that nobody who is refused can have another one held off.

import { ExpiringMap } from '../base/expiring-map.ts';
import { type Millis, millis } from '../base/millis.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState } from './broker-state.ts';
import type { LimitRefusal } from './visitors.ts';

/** Clients that are remembered. */
const CLIENTS_MAX = 100_000;

/** How often a client was let in since a moment. */
interface Visits {
  readonly since: Millis;
  readonly count: number;
}

/** The clients of one broker that come and go. */
export class Flapping {
  private readonly broker: BrokerState;
  private readonly visits: ExpiringMap<Visits>;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.visits = new ExpiringMap(CLIENTS_MAX, broker.limits.flappingWindow);
  }

  /** A client is about to be let in: why it is not, and for a while will not be; `undefined`: it is. */
  refusal(clientId: string, now: Millis): LimitRefusal | undefined {
    const { bans, clock, limits } = this.broker;
    const { flappingConnectsMax: most, flappingWindow: window, flappingHold: hold } = limits;
    if (most === 0) return undefined;
    const before = this.visits.peek(clientId, now);
    const isNew = before === undefined || now - before.since >= window;
    const { since, count } = isNew ? { since: now, count: 0 } : before;
    if (count < most) {
      this.visits.set(clientId, { since, count: count + 1 }, now);
      return undefined;
    }
    this.visits.delete(clientId);
    const reason = `it connected ${most} times within ${Math.ceil((now - since) / 1000)} s`;
    bans.add({ kind: 'client', value: clientId, until: millis(clock.wall() + hold), reason, by: 'flapping' });
    const why = `It has connected ${most} times within ${Math.ceil((now - since) / 1000)} s, and is held off for ${hold / 1000} s (flappingConnectsMax).`;
    return { limit: 'flappingConnectsMax', reasonCode: Reason.connectionRateExceeded, why };
  }
}
