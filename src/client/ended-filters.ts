// Topic filters that this process has unsubscribed from. The broker may go on for a while to send what was on its way
// [MQTT-3.10.4-3], and nobody wants it: it is acknowledged and dropped, where a message that nobody in this process has ever asked for waits
// until somebody does.

import type { Claim } from './claims.ts';

/** So many are remembered, the latest. What was on its way for older ones has come long ago. */
const REMEMBERED_MAX = 256;

/** The filters that were ended last. */
export class EndedFilters {
  /** Made with the first one. */
  private byFilter: Map<string, Claim<object>> | undefined;

  constructor() {
    this.byFilter = undefined;
  }

  add(claim: Claim<object>): void {
    const byFilter = (this.byFilter ??= new Map());
    byFilter.delete(claim.whole);
    byFilter.set(claim.whole, claim);
    if (byFilter.size <= REMEMBERED_MAX) return;
    for (const oldest of byFilter.keys()) {
      byFilter.delete(oldest);
      return;
    }
  }

  /** The broker has lost the session: nothing is on its way. */
  clear(): void {
    this.byFilter = undefined;
  }

  /** Whether a message that nobody claims comes for such filters alone. */
  covers(topic: string, identifiers: readonly number[]): boolean {
    if (this.byFilter === undefined) return false;
    const matching = Array.from(this.byFilter.values()).filter((claim) => claim.matches(topic));
    if (matching.length === 0) return false;
    return identifiers.every((identifier) => matching.some((claim) => claim.identifier === identifier));
  }
}
