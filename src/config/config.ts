// A configuration that has passed every check: what the composition root builds from.

import type { RuleFile } from '../auth/rules/rule.ts';
import type { AuthLimits } from '../auth/limits.ts';
import type { AuthSources } from '../auth/sources.ts';
import type { Millis } from '../base/millis.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import type { ClientRedirect } from '../broker/parts.ts';
import type { BrokerRules } from '../broker/rules.ts';
import type { ListenerAddress } from './listener-address.ts';
import type { Origin } from './problem.ts';
import type { OptionName, OptionValue } from './schema.ts';

/** The value of an option, and where it came from. */
export interface Setting<Value> {
  readonly value: Value;
  readonly origin: Origin;
}

/** Every option's value before options are combined, for those who want to know where it came from. */
export type Settings = { readonly [Name in OptionName]: Setting<OptionValue<Name>> };

/** One door, and what said so. */
export interface ConfiguredListener {
  readonly address: ListenerAddress;
  /** Where host and port came from; the same place twice for a listener of the list. */
  readonly hostOrigin: Origin;
  readonly portOrigin: Origin;
}

/** What a broker process is to be. */
export interface Config {
  /** Never empty. */
  readonly listeners: readonly ConfiguredListener[];
  readonly allowAnonymous: boolean;
  /** As they were read; `undefined`: everything is allowed. */
  readonly accessRules: RuleFile | undefined;
  readonly revokeOnReload: boolean;
  /** As `data`; '': there are no passwords. */
  readonly passwordFile: string;
  /** Where else it is found out who a client is; if not here either, nobody is asked. */
  readonly authSources: AuthSources;
  readonly authLimits: AuthLimits;
  readonly store: OptionValue<'store'>;
  /** As it was given: relative to the working directory, unless it is absolute. */
  readonly data: string;
  /** 0: as much as the disk holds. */
  readonly storeBytesMax: number;
  readonly storeReserveBytes: number;
  readonly downtimeMax: Millis;
  /** A path as `data`, `auto` or `none`. */
  readonly controlSocket: string;
  readonly logLevel: OptionValue<'logLevel'>;
  readonly logFormat: OptionValue<'logFormat'>;
  readonly quiet: boolean;
  readonly rules: BrokerRules;
  readonly redirects: readonly ClientRedirect[];
  /** '': none. */
  readonly busyRedirect: string;
  /** '': none. */
  readonly responseInformation: string;
  readonly limits: BrokerLimits;
}
