// The first rows of a long list, as it comes or in some order. Of a list that has to be sorted no more is kept than is wanted of it; and it
// is read a row at a time, each that is not wanted being a step in which others may be served.

/** Rows one at a time; `undefined`: a step that made none. */
export type Steps<Row> = Iterable<Row | undefined>;

/** The first so many rows as they come. */
export function* firstRows<Row>(rows: Steps<Row>, count: number): Generator<Row | undefined, void> {
  let left = count;
  for (const row of rows) {
    yield row;
    if (row !== undefined && --left <= 0) return;
  }
}

/**
 * The first so many rows in an order; rows that are equal in it in the order of their coming.
 * @param compare  Below 0: the first comes before the second.
 */
export function* firstInOrder<Row>(
  rows: Steps<Row>,
  count: number,
  compare: (a: Row, b: Row) => number,
): Generator<Row | undefined, void> {
  const kept: Row[] = [];
  for (const row of rows) {
    yield undefined;
    if (row === undefined) continue;
    const last = kept.at(-1);
    if (kept.length === count && last !== undefined && compare(row, last) >= 0) continue;
    kept.splice(placeOf(row, kept, compare), 0, row);
    if (kept.length > count) kept.pop();
  }
  yield* kept;
}

/** Where the row goes, behind those that are equal; by halving. */
function placeOf<Row>(row: Row, kept: readonly Row[], compare: (a: Row, b: Row) => number): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = kept[middle];
    if (other !== undefined && compare(other, row) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
