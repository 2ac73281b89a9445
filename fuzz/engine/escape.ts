// What a fuzzer is looking for: an input after which a claim about the code does not hold. Anything else
// that is thrown while an input is executed is an escape as well: nothing is expected to throw.

/** A claim that an input has refuted. */
export class Escape extends Error {
  override readonly name = 'Escape';
  /** What should have held; the same for all inputs that refute it, so that a smaller one can be told to show the same. */
  readonly claim: string;

  constructor(claim: string, detail: string, options?: ErrorOptions) {
    super(`${claim}: ${detail}`, options);
    this.claim = claim;
  }
}

/**
 * Claims that something holds.
 * @param detail  Asked for only if it does not.
 * @throws {Escape} when it does not.
 */
export function expect(holds: boolean, claim: string, detail: () => string): asserts holds {
  if (!holds) throw new Escape(claim, detail());
}

/** What an error refutes: the claim of an escape, or that nothing of the kind is thrown. */
export function claimOf(error: unknown): string {
  if (error instanceof Escape) return error.claim;
  if (!(error instanceof Error)) return 'only errors are thrown';
  return `no ${error.name} comes out (${error.message.replaceAll(/\d+|"[^"]*"/g, '_').slice(0, 120)})`;
}

/** An escape for people: its claim and detail, and the stack of what was thrown, if something was. */
export function sayEscape(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\n${error.cause.stack ?? error.cause.message}` : '';
  return error instanceof Escape ? `${error.message}${cause}` : (error.stack ?? error.message);
}
