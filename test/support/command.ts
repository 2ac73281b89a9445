// What the commands of this checkout have in common (`npm run conformance`, `soak`, `sim`): how they end, and how they refuse what makes no
// sense. Those of `vouch` itself have more to say to people: src/cli/.

/** The codes that they end with. */
export const EXIT = { ok: 0, wrong: 1, usage: 2, interrupted: 130 } as const;

/** Something in the command line makes no sense, or what it names is not there. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command to its end, with the code that `main` comes to; a `UsageError` is a line, and a code of its own.
 * @param name  Begins that line.
 * @param clear  Is called before it, for what is still on the screen.
 */
export async function runCommand(
  name: string,
  main: () => Promise<number>,
  clear: () => void = () => {},
): Promise<void> {
  process.exitCode = await main().catch((error: unknown) => {
    clear();
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    return EXIT.usage;
  });
}

/** Says lines to whoever reads what the command has found. */
export function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
