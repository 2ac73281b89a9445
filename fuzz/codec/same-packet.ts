// Whether two packets say the same: plain comparison of plain values, fast since it is asked twice for every input.

/** Whether two values are the same, by content. hot: */
export function isSame(first: unknown, second: unknown): boolean {
  if (first === second) return true;
  if (typeof first !== 'object' || typeof second !== 'object' || first === null || second === null) {
    return typeof first === 'number' && Number.isNaN(first) && Number.isNaN(second);
  }
  if (first instanceof Uint8Array) return second instanceof Uint8Array && isSameBytes(first, second);
  if (Array.isArray(first)) {
    return (
      Array.isArray(second) && first.length === second.length && first.every((each, at) => isSame(each, second[at]))
    );
  }
  const keys = Object.keys(first);
  if (keys.length !== Object.keys(second).length) return false;
  for (const key of keys) {
    // Both are objects; a key that one lacks is `undefined` there, and told apart by the count.
    if (!isSame((first as Keyed)[key], (second as Keyed)[key])) return false;
  }
  return true;
}

interface Keyed {
  readonly [key: string]: unknown;
}

function isSameBytes(first: Uint8Array, second: Uint8Array): boolean {
  if (first.length !== second.length) return false;
  for (let i = 0; i < first.length; i++) {
    if (first[i] !== second[i]) return false;
  }
  return true;
}
