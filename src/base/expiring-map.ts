// A Map that forgets: entries that were not used for a time, and beyond its bound those that were not used for longest.
// For what is remembered of clients, who can make as many keys as they like.
// Invariant: entries stand in the order of their last use, so that what is to go is always at the front.

import type { Millis } from './millis.ts';

/** A bounded Map whose entries expire. */
export class ExpiringMap<Value> {
  private readonly entriesMax: number;
  private readonly lifetime: Millis;
  private readonly entries: Map<string, { readonly value: Value; readonly usedAt: Millis }>;

  /** @param lifetime  How long an entry is there that is not used. */
  constructor(entriesMax: number, lifetime: Millis) {
    this.entriesMax = entriesMax;
    this.lifetime = lifetime;
    this.entries = new Map();
  }

  /** How many there are, those included that have expired and were not looked for. */
  get size(): number {
    return this.entries.size;
  }

  /** Looks for an entry, which is a use of it. */
  get(key: string, now: Millis): Value | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (now - entry.usedAt >= this.lifetime) return undefined;
    this.entries.set(key, { value: entry.value, usedAt: now });
    return entry.value;
  }

  /** Looks at an entry without its being a use of it. */
  peek(key: string, now: Millis): Value | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || now - entry.usedAt >= this.lifetime ? undefined : entry.value;
  }

  /** Adds or replaces an entry. */
  set(key: string, value: Value, now: Millis): void {
    this.entries.delete(key);
    this.entries.set(key, { value, usedAt: now });
    for (const [oldest, { usedAt }] of this.entries) {
      if (this.entries.size <= this.entriesMax && now - usedAt < this.lifetime) break;
      this.entries.delete(oldest);
    }
  }

  /** Forgets an entry. */
  delete(key: string): void {
    this.entries.delete(key);
  }
}
