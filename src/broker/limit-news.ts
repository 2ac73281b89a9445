// What the limits do to clients: each time is counted under the limit's name, for `$SYS`, and told in the log, but no more often than
// once a minute for each limit, with how often it was since. Whoever floods the broker must not flood its log.
// Limits that have words of their own in the log (queues, subscriptions) are not here.

import { type Millis, millis } from '../base/millis.ts';
import type { LogFields } from '../base/log.ts';
import type { BrokerState } from './broker-state.ts';
import type { LimitName } from './counters.ts';

const QUIET_MILLIS = 60_000;

/** What was said of one limit last. */
interface Said {
  readonly at: Millis;
  /** How often it has held since, without a word. */
  silent: number;
}

/** The news of one broker's limits. */
export class LimitNews {
  private readonly broker: BrokerState;
  private readonly said: Map<LimitName, Said>;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.said = new Map();
  }

  /** A limit has held; for those whose log is their own. */
  count(name: LimitName): void {
    this.broker.counters.limitsReached[name]++;
  }

  /**
   * A limit has held.
   * @param sentence  What happened to whom, and by which limit.
   */
  tell(name: LimitName, sentence: string, fields: LogFields): void {
    this.count(name);
    const now = this.broker.clock.monotonic();
    const last = this.said.get(name);
    if (last !== undefined && now - last.at < QUIET_MILLIS) {
      last.silent++;
      return;
    }
    const since =
      last === undefined || last.silent === 0 ? '' : ` ${last.silent} more like it since the last such line.`;
    this.said.set(name, { at: millis(now), silent: 0 });
    this.broker.log.warn(`${sentence}${since}`, { ...fields, limit: name });
  }
}
