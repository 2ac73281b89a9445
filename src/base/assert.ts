// Claims about our own code. A failed claim is our bug, never a peer's doing: it throws
// AssertionError, which no boundary of a connection may swallow.

/** A bug in Vouch itself: something that cannot happen has happened. */
class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Claims that a condition holds.
 * @throws {AssertionError} when it does not.
 */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(`This must hold and does not: ${claim}.`);
}

/**
 * Ends every `switch` over a union, so that a new member is a compile error there.
 * @throws {AssertionError} always: the compiler believed this line to be dead.
 */
export function unreachable(value: never): never {
  throw new AssertionError(`This value has no case: ${JSON.stringify(value)}.`);
}
