// What the commands under `vouch store` have in common: which data directory is meant (as `vouch start` finds it), and
// what is said while they work.

import { SILENT_LOG } from '../base/log.ts';
import { UsageError } from '../base/errors.ts';
import { showProblem } from '../config/problem.ts';
import { CONFIG_VARIABLE, readConfig } from '../config/read-config.ts';
import { ROWS } from '../config/schema.ts';
import { withProgress } from '../server/progress.ts';
import type { ToolParts, ToolRequest, ToolResults } from '../server/store-tools.ts';
import { type Option, text, type ValuesOf, valueOption } from './option-table.ts';

const STORE = 'Store';

/** Which store is meant. */
export type StoreOptions = {
  readonly data: Option<string | undefined>;
  readonly config: Option<string | undefined>;
};

/** The options that say which. */
export const STORE_OPTIONS: StoreOptions = {
  data: valueOption(
    {
      metavar: 'DIR',
      group: STORE,
      sentence: 'The data directory, as vouch start has it.',
      defaultText: ROWS.data.default,
    },
    text,
  ),
  config: valueOption(
    {
      short: 'c',
      metavar: 'FILE',
      group: STORE,
      sentence: `The configuration file of vouch start, which may name the data directory. Also ${CONFIG_VARIABLE}.`,
    },
    text,
  ),
};

/** The note on exit codes under each help page. */
export const EXIT_NOTE: string =
  'Exit codes: 0 done; 1 not done: the store is in use, damaged, or not accepted after its disk failed; 2 called wrongly; ' +
  '70 a bug in Vouch; 74 the disk failed.';

/**
 * The data directory that is meant.
 * @throws {UsageError} `invalid-option`: the configuration says something wrong.
 */
export function dataPath({ data, config }: ValuesOf<StoreOptions>): string {
  const variable = process.env[CONFIG_VARIABLE];
  const outcome = readConfig({
    path: config ?? (variable === '' ? undefined : variable),
    flags: new Map(data === undefined ? [] : [['data', data]]),
    environment: process.env,
  });
  if (outcome.kind === 'valid') return outcome.config.data;
  throw new UsageError('invalid-option', outcome.problems.map(showProblem).join('\n'));
}

/**
 * Runs a tool; on a terminal it says every now and then how far that is.
 * @param doing  What is being done: `checking the store`.
 */
export async function runStoreTool<Request extends ToolRequest>(
  doing: string,
  request: Request,
  parts: Partial<Pick<ToolParts, 'output' | 'input'>> = {},
): Promise<ToolResults[Request['kind']]> {
  const { runTool } = await import('../server/store-tools.ts');
  let share = 0;
  const running = runTool(request, {
    output: async () => {},
    input: async () => undefined,
    ...parts,
    progress: (done) => {
      share = done;
    },
  });
  const terminal = process.stderr.isTTY ? (said: string) => void process.stderr.write(said) : undefined;
  return await withProgress(doing, { log: SILENT_LOG, terminal }, running, () => share);
}

/** Says something beside the answer: one line on standard error. */
export function remark(command: string, sentence: string): void {
  process.stderr.write(`${command}: ${sentence}\n`);
}

/** A size as people read it: `12.3 MiB`. */
export function roughSize(bytes: number): string {
  let [count, unit] = [bytes, 'B'];
  for (const larger of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (count < 1024) break;
    count /= 1024;
    unit = larger;
  }
  return `${unit === 'B' ? count : count.toFixed(count < 10 ? 1 : 0)} ${unit}`;
}

/** A number of things: `1 session`, `12,000 sessions`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}
