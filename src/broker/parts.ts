// What a broker is made of and cannot make itself. server/ hands over the real ones, tests and the
// simulator theirs. Beside the limits, which are options, the few numbers that nobody need choose: the simulator has them
// small, so that what takes a busy day elsewhere happens there within seconds.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Authenticator, Authorizer } from '../auth/contract.ts';
import { PACKET_ID_MAX } from '../packet/packet-id.ts';
import type { Store } from '../store/contract.ts';
import type { BrokerEvents } from './events.ts';
import type { BrokerLimits } from './limits.ts';

/** What a broker does when, in numbers that are no options. */
export interface BrokerTuning {
  /** The highest packet identifier that a session gives out, the same for all brokers on one store. */
  readonly packetIdMax: number;
}

/** What every broker runs with but a simulated one. */
export const BROKER_TUNING: BrokerTuning = Object.freeze({ packetIdMax: PACKET_ID_MAX });

/** The parts of one broker. */
export interface BrokerParts {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: BrokerLimits;
  readonly events: BrokerEvents;
  /** `BROKER_TUNING` unless told otherwise. */
  readonly tuning?: BrokerTuning;
}
