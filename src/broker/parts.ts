// What a broker is made of and cannot make itself. server/ hands over the real ones, tests and the
// simulator theirs.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Authenticator, Authorizer } from '../auth/contract.ts';
import type { Store } from '../store/contract.ts';
import type { BrokerEvents } from './events.ts';
import type { BrokerLimits } from './limits.ts';

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
}
