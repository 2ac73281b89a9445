// When nothing breaks any more, everything settles: no wait is for ever.

import type { History } from '../history.ts';
import type { Violation } from './violation.ts';

/** Checks that the run came to rest. */
export function liveness({ events, end }: History): readonly Violation[] {
  const at = events.at(-1)?.at ?? 0;
  return end.unrest.map((sentence) => ({ checker: 'liveness', sentence, at }));
}
