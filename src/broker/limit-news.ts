// What the limits do to clients: each time is counted under the limit's name, for `$SYS`, and told in the log, but no more often than
// once a minute for each limit, with how often it was since. Whoever floods the broker must not flood its log.
// Limits that have words of their own in the log (queues, subscriptions) are not here.

import type { LogFields } from '../base/log.ts';
import { millis } from '../base/millis.ts';
import { Repetitions } from '../base/repetitions.ts';
import type { ProtocolError } from '../packet/protocol-error.ts';
import type { BrokerState } from './broker-state.ts';
import type { LimitName } from './counters.ts';

const QUIET = millis(60_000);

/** The news of one broker's limits. */
export class LimitNews {
  private readonly broker: BrokerState;
  private readonly repetitions: Repetitions<LimitName>;

  constructor(broker: BrokerState) {
    this.broker = broker;
    this.repetitions = new Repetitions(QUIET);
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
    const more = this.repetitions.note(name, this.broker.clock.monotonic());
    if (more !== undefined) this.broker.log.warn(`${sentence}${more}`, { ...fields, limit: name });
  }
}

/** The limit for which a connection ends with an error of its peer; `undefined`: it is none of ours. */
export function limitOfError({ kind }: ProtocolError, isOpen: boolean): LimitName | undefined {
  if (kind === 'packet-too-large') return isOpen ? 'packetBytesMax' : 'connectPacketBytesMax';
  return kind === 'too-many-filters' ? 'subscribeFiltersMax' : undefined;
}
