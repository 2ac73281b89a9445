// "Did you mean ...?": the known word that is the fewest slips away from what somebody typed.

/** Longer words are not compared: nobody mistypes them, and the cost grows with the square of the length. */
const WORD_LENGTH_MAX = 64;

/**
 * The candidate nearest to `word`, ignoring case, or `undefined` when none is near enough to be meant.
 * A slip is a letter too many, too few, wrong, or two neighbours exchanged; about one slip in three letters is forgiven.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const typed = word.toLowerCase();
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    const slips = isBeginningOf(typed, known) ? 1 : countSlips(typed, known);
    if (slips < fewest && slips < known.length) {
      best = candidate;
      fewest = slips;
    }
  }
  return best;
}

/** A word broken off after a few letters is nearer to the whole than the count of missing letters says. */
function isBeginningOf(typed: string, known: string): boolean {
  return typed.length >= 3 && typed.length < known.length && known.startsWith(typed);
}

/** The optimal string alignment distance. */
function countSlips(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let slips = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const exchanged = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (exchanged) slips = Math.min(slips, at(beforeLast, column - 2) + 1);
      current.push(slips);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
