// Bytes from one place to another, as packets need it: mostly few, now and then many.

/** Up to here a loop beats `set`, which costs a view and a call (measured on Node 24). */
const LOOP_BYTES_MAX = 48;

/** Copies the bytes of `source` from `start` to `end` into `target` at `at`, where there is room. hot: */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, end), at);
    return;
  }
  let next = at;
  for (let i = start; i < end; i++) target[next++] = source[i] as number;
}
