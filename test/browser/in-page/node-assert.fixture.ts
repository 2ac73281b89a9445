// What the suite for stores uses of `node:assert/strict` and `node:util`, in a page. Its notion of equality is that of Node.js for plain
// values, lists, objects, maps, sets and bytes.

function check(condition: unknown, message?: string): void {
  const holds = Boolean(condition);
  if (!holds) throw new Error(message ?? 'It does not hold.');
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? Array.from(each) : each))?.slice(
    0,
    2_000,
  );
}

/** Whether two values are the same in every part. */
export function isDeepStrictEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (one instanceof Map && other instanceof Map) return isDeepStrictEqual(Array.from(one), Array.from(other));
  if (one instanceof Set && other instanceof Set) return isDeepStrictEqual(Array.from(one), Array.from(other));
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Reflect.ownKeys(one);
  if (names.length !== Reflect.ownKeys(other).length) return false;
  return names.every(
    (name) => Object.hasOwn(other, name) && isDeepStrictEqual(Reflect.get(one, name), Reflect.get(other, name)),
  );
}

interface Assert {
  ok(condition: unknown, message?: string): void;
  equal(actual: unknown, expected: unknown, message?: string): void;
  deepEqual(actual: unknown, expected: unknown, message?: string): void;
  match(text: string, pattern: RegExp): void;
  fail(message: string): never;
}

/** Handed on by assert-door.cjs: as a module's default, as that of Node.js is. */
export const ASSERT: Assert = {
  ok: check,
  equal: (actual, expected, message) =>
    check(Object.is(actual, expected), message ?? `${show(actual)} is not ${show(expected)}`),
  deepEqual: (actual, expected, message) =>
    check(isDeepStrictEqual(actual, expected), `${message ?? ''} ${show(actual)} is not ${show(expected)}`),
  match: (text, pattern) => check(pattern.test(text), `${text} does not match ${String(pattern)}`),
  fail: (message) => {
    throw new Error(message);
  },
};
