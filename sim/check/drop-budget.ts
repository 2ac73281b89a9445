// Messages that did not come, held against what the broker said it had dropped: each drop accounts for so many messages of its topic (or of any)
// that were published before it, and for no more.

import type { Drop } from './client-facts.ts';

/** A message that did not come. */
export interface Missing {
  readonly topic: string;
  /** When it was accepted. */
  readonly at: number;
}

/** Those for which no drop accounts. */
export function unaccounted<M extends Missing>(missing: readonly M[], drops: readonly Drop[]): readonly M[] {
  if (missing.length === 0) return [];
  const newestFirst = missing.toSorted((one, other) => other.at - one.at);
  const sources = drops.toSorted((one, other) => other.at - one.at);
  /** By topic; '': of any. */
  const room = new Map<string, number>();
  let next = 0;
  return newestFirst.filter(({ topic, at }) => {
    // What was dropped after the newest may be any of the older ones, too.
    for (let drop = sources[next]; drop !== undefined && drop.at >= at; drop = sources[next]) {
      room.set(drop.topic, (room.get(drop.topic) ?? 0) + drop.count);
      next++;
    }
    return !takeFrom(room, topic) && !takeFrom(room, '');
  });
}

function takeFrom(room: Map<string, number>, topic: string): boolean {
  const left = room.get(topic) ?? 0;
  if (left === 0) return false;
  room.set(topic, left - 1);
  return true;
}
