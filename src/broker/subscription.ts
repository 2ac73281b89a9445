// One subscription of one session, as the router keeps it: what was asked for, and its parsed filter.

import type { SubscriptionOptions } from '../packet/packet.ts';
import type { TopicFilter } from '../topic/topic-filter.ts';

/** A subscription that is in force. */
export interface Subscription {
  /** As requested: the key among the session's subscriptions, with `$share/...` if shared. */
  readonly requested: string;
  /** What names are matched with. */
  readonly filter: TopicFilter;
  /** The ShareName; `undefined`: not shared. */
  readonly group: string | undefined;
  readonly options: SubscriptionOptions;
  /** The Subscription Identifier; 0: none. */
  readonly identifier: number;
}
