// Levels inside a text (section 4.7.1.1), found by offset, so that nothing is cut out of the text to
// look at it. The wildcards and `/` are ASCII: walking UTF-16 units walks levels as well as bytes would.
// Nothing is normalized: two levels agree when they agree unit for unit. [MQTT-4.7.3-4]
// The offsets are trusted; whether a text is a legal name or filter was decided by its parser.

/** The unit of `#`. */
export const HASH = 0x23;
/** The unit of `$`. */
export const DOLLAR = 0x24;
/** The unit of `+`. */
export const PLUS = 0x2b;
/** The unit of `/`. */
export const SLASH = 0x2f;

/** The offset past the level that begins at `start`: that of the next `/`, or the end of the text. */
export function levelEnd(text: string, start: number): number {
  // hot:
  const at = text.indexOf('/', start);
  return at === -1 ? text.length : at;
}

/** Whether the level of `a` that begins at `aStart` agrees with the level of `b` that begins at `bStart`, unit for unit. */
export function sameLevel(a: string, aStart: number, b: string, bStart: number): boolean {
  // hot:
  let aAt = aStart;
  let bAt = bStart;
  for (;;) {
    // The end of a text ends its last level as `/` ends the others.
    const aUnit = aAt < a.length ? a.charCodeAt(aAt) : SLASH;
    const bUnit = bAt < b.length ? b.charCodeAt(bAt) : SLASH;
    if (aUnit !== bUnit) return false;
    if (aUnit === SLASH) return true;
    aAt++;
    bAt++;
  }
}

/**
 * Whether the rest of a filter matches the rest of a name. `matches` in match.ts is the plain form of it.
 * @param filterStart  Where in `filter` to begin: at a level, or at the end of one (then `nameStart` is, too).
 * @param nameStart  The same for `name`. The `$` rule is the caller's: it looks at beginnings.
 */
export function restMatches(filter: string, filterStart: number, name: string, nameStart: number): boolean {
  // hot: half the price of splitting both texts (bench/topic.bench.ts).
  let at = nameStart;
  for (let filterAt = filterStart; filterAt < filter.length; filterAt++) {
    const unit = filter.charCodeAt(filterAt);
    if (unit === PLUS) {
      at = levelEnd(name, at);
    } else if (unit === HASH) {
      return true;
    } else if (at < name.length && name.charCodeAt(at) === unit) {
      at++;
    } else {
      // `a/#` matches `a`: the multi-level wildcard includes the parent level. Only `/` stands before a `#`.
      return at === name.length && filter.charCodeAt(filterAt + 1) === HASH;
    }
  }
  return at === name.length;
}

/** From this length on V8 makes a slice a view into the text that it was cut from (Node 24). */
const VIEW_LENGTH_MIN = 13;

/**
 * The level from `start` to `end` as a string that shares no memory with `text`, for keys that outlive it.
 * A view would keep the whole text alive: a peer could tie 64 KiB to each level that others use, too.
 */
export function copyLevel(text: string, start: number, end: number): string {
  const level = text.slice(start, end);
  return level.length < VIEW_LENGTH_MIN ? level : level.split('').join('');
}
