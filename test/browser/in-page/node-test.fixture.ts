// What the suite for stores uses of `node:test`, in a page: the tests are collected, and run one after another when they are asked for.

/** How a test went; without an error, it passed. */
export interface Outcome {
  readonly name: string;
  readonly error: string | undefined;
}

type Run = () => void | Promise<void>;

const TESTS: { readonly name: string; readonly run: Run }[] = [];
const ENDS: Run[] = [];

export function describe(_name: string, _options: object, define: () => void): void {
  define();
}

export function it(name: string, run: Run): void {
  TESTS.push({ name, run });
}

export function after(run: Run): void {
  ENDS.push(run);
}

/** Runs what was collected. */
export async function runTests(): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, run } of TESTS) {
    try {
      await run();
      outcomes.push({ name, error: undefined });
    } catch (error) {
      outcomes.push({
        name,
        error: error instanceof Error ? `${error.stack ?? ''}\n${String(error.cause)}` : String(error),
      });
    }
  }
  for (const end of ENDS) await end();
  return outcomes;
}
