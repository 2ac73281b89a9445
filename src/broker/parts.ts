// What a broker is made of and cannot make itself. server/ hands over the real ones, tests and the
// simulator theirs. Beside the limits, which are options, the few numbers that nobody need choose: the simulator has them
// small, so that what takes a busy day elsewhere happens there within seconds.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Authenticator, Authorizer } from '../auth/contract.ts';
import { PACKET_ID_MAX } from '../packet/packet-id.ts';
import type { Store } from '../store/contract.ts';
import type { BanKeeper } from './bans.ts';
import type { BrokerEvents } from './events.ts';
import type { FilesGauge } from './file-shortage.ts';
import type { BrokerLimits } from './limits.ts';
import type { MemoryGauge } from './overload.ts';
import type { BrokerRules } from './rules.ts';
import type { Later } from './slices.ts';

/** What a broker does when, in numbers that are no options. */
export interface BrokerTuning {
  /** The highest packet identifier that a session gives out, the same for all brokers on one store. */
  readonly packetIdMax: number;
  /** Steps of long work in one turn, beside what it may take of the time. */
  readonly sliceSteps: number;
}

/** What every broker runs with but a simulated one. */
export const BROKER_TUNING: BrokerTuning = Object.freeze({
  packetIdMax: PACKET_ID_MAX,
  sliceSteps: Number.POSITIVE_INFINITY,
});

/** A rule of server redirection (section 4.11): which clients are told to use another server. */
export interface ClientRedirect {
  /** A client identifier, or how some begin, with `*` behind it; `*` alone is everybody. */
  readonly clients: string;
  /** The Server Reference: a name or address, with a port behind a colon unless it goes without saying; several with spaces between. */
  readonly to: string;
  /** For good (0x9D), or for now (0x9C). */
  readonly permanent: boolean;
}

/** What a broker cannot know of the process that it runs in. */
export interface HostFacts {
  /** What this Vouch is called, such as `1.2.0`. */
  readonly version: string;
  /** Memory that the process uses for its objects, in bytes. */
  heapBytes(): number;
}

/** The parts of one broker. */
export interface BrokerParts {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: BrokerLimits;
  /** `DEFAULT_RULES` unless told otherwise. */
  readonly rules?: BrokerRules;
  readonly events: BrokerEvents;
  /** The first rule that fits a client holds; none unless told otherwise. */
  readonly redirects?: readonly ClientRedirect[] | undefined;
  /** The Server Reference that clients are told who are refused because the broker is busy; none unless told otherwise. */
  readonly busyRedirect?: string | undefined;
  /** Where the response topics of clients that ask for Response Information begin; nobody gets any unless told otherwise. */
  readonly responseInformation?: string | undefined;
  /** Bans begin with these; none, and they end with the broker, unless told otherwise. */
  readonly banKeeper?: BanKeeper | undefined;
  /** Measures the memory; nobody does, and there is no limit to it, unless told otherwise. */
  readonly memory?: MemoryGauge | undefined;
  /** Says whether there are descriptors; there always are, unless told otherwise. */
  readonly files?: FilesGauge | undefined;
  /** For `$SYS`; what is not said is empty or 0 there. */
  readonly host?: HostFacts | undefined;
  /** Later turns for long work; unless told otherwise it is done in one. */
  readonly later?: Later;
  /** `BROKER_TUNING` unless told otherwise. */
  readonly tuning?: BrokerTuning;
}
