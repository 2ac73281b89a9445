// Once every client has gone and every session was ended, nothing but retained messages is left, in the broker's memory or in its store.

import type { History } from '../history.ts';
import type { Violation } from './violation.ts';

/** Finds what nobody will ever want. */
export function leftovers({ events, end }: History): readonly Violation[] {
  if (end.leftovers === undefined) return [];
  const { sizes, stored } = end.leftovers;
  const at = events.at(-1)?.at ?? 0;
  return Object.entries({ ...sizes, ...stored, retained: 0 }).flatMap(([what, count]): readonly Violation[] =>
    count === 0
      ? []
      : [{ checker: 'leftovers', sentence: `${count} ${what} are left when all sessions have ended`, at }],
  );
}
