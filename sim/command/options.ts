// What `npm run sim` can be told, and its help. A seed is a whole number below 2^32.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { UsageError } from '../../test/support/command.ts';

/** The help text. */
export function helpText(): string {
  return `Usage: npm run sim -- [options]
       npm run sim -- --plan FILE
       npm run sim -- --hunt [MUTANT ...]

Runs the real broker and clients in a simulated world that breaks everything, one schedule a seed,
and holds what happened against the rules. Stops at the first violation with a timeline of the
smallest schedule that shows it.

What is run
  --seeds N         So many seeds. Default: 10000; with --minutes as many as there is time for.
  --from S          The first one. Default: a number that the commit decides.
  --minutes M       Not longer than this.
  --scenario NAME   Schedules of one kind; --scenario help names them.
  --plan FILE       This schedule alone, as a run has saved it, with its timeline.
  --mutant NAME     With a known bug planted in the code; --mutant help names them.
  --hunt            Each mutant, or those named, with seeds from 1 on until one shows it; writes
                    down which. --seeds says how many at most.

How
  --jobs J          In so many processes. Default: one per core, here ${availableParallelism()}.
  --keep-going      Do not stop at a violation, list them all.
  --timeline        Show the timeline of each seed, whether anything is wrong or not.
  --help            This text.

Examples
  npm run sim -- --seeds 100000 --from 1
      The first hundred thousand seeds.
  npm run sim -- --from 4711 --seeds 1
      One seed again.
  npm run sim -- --minutes 30 --keep-going
      As many as there is time for, with a list of all that is wrong.

Ends with code 1 when something is wrong or was not covered, 2 when it cannot be run so, 130 after
Ctrl-C. How to read what it shows: docs/testing.md.
`;
}

/** What was asked for. */
export interface SimOptions {
  readonly help: boolean;
  /** `undefined`: as many as there is time for. */
  readonly seeds: number | undefined;
  /** `undefined`: as the commit says. */
  readonly from: number | undefined;
  readonly minutes: number | undefined;
  readonly scenario: string | undefined;
  readonly plan: string | undefined;
  readonly mutant: string | undefined;
  /** Mutants to look for, none: all of them; `undefined`: none is looked for. */
  readonly hunt: readonly string[] | undefined;
  readonly jobs: number;
  readonly keepGoing: boolean;
  readonly timeline: boolean;
}

const SEED_MAX = 0xffff_ffff;
const SEEDS_DEFAULT = 10_000;
const JOBS_MAX = 256;

/**
 * Reads the command line.
 * @throws {UsageError} with a sentence for people.
 */
export function readOptions(args: readonly string[]): SimOptions {
  const { values, positionals } = parse(args);
  const minutes = optional(values.minutes, (text) =>
    number('minutes', text, { min: 0.01, max: 100_000, isWhole: false }),
  );
  const seeds = optional(values.seeds, (text) => number('seeds', text, { min: 1, max: SEED_MAX, isWhole: true }));
  if (values.plan !== undefined && (values.seeds ?? values.from ?? values.minutes ?? values.scenario) !== undefined) {
    throw new UsageError('--plan is one schedule: it goes without --seeds, --from, --minutes and --scenario.');
  }
  if (positionals.length > 0 && !values.hunt)
    throw new UsageError(`What is ${positionals.join(' ')}? --help says what there is.`);
  return {
    help: values.help,
    seeds: seeds ?? (minutes === undefined ? SEEDS_DEFAULT : undefined),
    from: optional(values.from, (text) => number('from', text, { min: 0, max: SEED_MAX, isWhole: true })),
    minutes,
    scenario: values.scenario,
    plan: values.plan,
    mutant: values.mutant,
    hunt: values.hunt ? positionals : undefined,
    jobs: number('jobs', values.jobs, { min: 1, max: JOBS_MAX, isWhole: true }),
    keepGoing: values['keep-going'],
    timeline: values.timeline,
  };
}

// What it returns is as node:util says it, from the table of options.
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seeds: { type: 'string' },
        from: { type: 'string' },
        minutes: { type: 'string' },
        scenario: { type: 'string' },
        plan: { type: 'string' },
        mutant: { type: 'string' },
        hunt: { type: 'boolean', default: false },
        jobs: { type: 'string', default: `${availableParallelism()}` },
        'keep-going': { type: 'boolean', default: false },
        timeline: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function optional<Value>(text: string | undefined, read: (text: string) => Value): Value | undefined {
  return text === undefined ? undefined : read(text);
}

function number(
  name: string,
  text: string,
  { min, max, isWhole }: { readonly min: number; readonly max: number; readonly isWhole: boolean },
): number {
  const value = Number(text.replaceAll('_', '').replaceAll(',', ''));
  const isRight = isWhole ? Number.isInteger(value) : Number.isFinite(value);
  if (isRight && text.trim() !== '' && value >= min && value <= max) return value;
  throw new UsageError(`--${name} takes a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}, not ${text}.`);
}
