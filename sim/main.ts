// `npm run sim`: schedules in a world that breaks everything, until one of them breaks a rule (docs/testing.md). It runs none itself:
// worker processes do (command/worker.ts), so that one core more is one core more, and what hangs can be ended.
// It ends with code 1 when something is wrong.

import path from 'node:path';

import { EXIT, UsageError } from '../test/support/command.ts';
import { firstSeed } from './command/first-seed.ts';
import type { Failure, Tally } from './command/messages.ts';
import { helpText, readOptions, type SimOptions } from './command/options.ts';
import { type RunOutcome, runSeeds, WorkersFailedError } from './command/run-seeds.ts';
import { loadPlan, type SavedPlan } from './command/saved-plan.ts';
import { grouped, sayCount, saySpan } from './report/say-numbers.ts';
import { SHRINK_BOUNDS, sayViolations, showFailure } from './command/show-failure.ts';
import { stopSignal } from './command/stop-signal.ts';
import { Terminal } from './command/terminal.ts';
import { replayAlone } from './command/work-alone.ts';
import { FEATURES } from './generate/features.ts';
import { isScenarioName } from './generate/make-plan.ts';
import { SCENARIOS, type ScenarioName } from './generate/scenarios.ts';
import { MUTANTS, mutantNamed } from './mutants/catalogue.ts';
import { huntMutants } from './mutants/hunt-command.ts';
import { coverageLines } from './report/coverage-table.ts';
import { missingIn } from './report/expectations.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Where what is found is kept; git does not look there. */
const FOUND = path.join(ROOT, '.cache', 'sim');
/** npm runs scripts in the root of the checkout, wherever they are typed. */
const TYPED_IN = process.env['INIT_CWD'] ?? process.cwd();

const MISSING_SHOWN = 40;

const terminal = new Terminal(process.stdout);
process.exitCode = await main().catch((error: unknown) => {
  terminal.unfollow();
  if (!(error instanceof UsageError) && !(error instanceof WorkersFailedError)) throw error;
  process.stderr.write(`sim: ${error.message}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.wrong;
});

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(helpText());
    return EXIT.ok;
  }
  if (options.scenario === 'help') {
    for (const [name, { sentence }] of Object.entries(SCENARIOS)) terminal.say(`${name.padEnd(16)}${sentence}`);
    return EXIT.ok;
  }
  if (options.mutant === 'help') {
    const width = Math.max(...MUTANTS.map(({ name }) => name.length)) + 2;
    for (const { name, breaks } of MUTANTS) terminal.say(`${name.padEnd(width)}${breaks}`);
    return EXIT.ok;
  }
  for (const name of [options.mutant ?? [], options.hunt ?? []].flat()) {
    if (mutantNamed(name) === undefined)
      throw new UsageError(`There is no mutant ${name}; --mutant help names them all.`);
  }
  if (options.hunt !== undefined) {
    const { hunt: mutants, seeds: seedsMax, jobs } = options;
    return (await huntMutants({ mutants, seedsMax, jobs }, (line) => terminal.say(line))) ? EXIT.ok : EXIT.wrong;
  }
  return options.plan === undefined ? runMany(options) : replayPlan(options.plan, options.mutant);
}

/** One schedule from a file. */
async function replayPlan(name: string, mutant: string | undefined): Promise<number> {
  const { sentence, plan } = readPlan(path.resolve(TYPED_IN, name));
  const { violations, lines } = await replayAlone(plan, mutant);
  terminal.sayAll(lines);
  terminal.say('', ...(sentence === '' ? [] : [`Saved because: ${sentence}`, '']));
  terminal.say(...(violations.length === 0 ? ['Nothing is wrong with it.'] : sayViolations(violations)));
  return violations.length === 0 ? EXIT.ok : EXIT.wrong;
}

function readPlan(file: string): SavedPlan {
  try {
    return loadPlan(file);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Seeds, until there are no more, there is no more time, something is wrong, or somebody wants no more. */
async function runMany(options: SimOptions): Promise<number> {
  const scenario = scenarioNamed(options.scenario);
  const { from, reason } = beginning(options.from);
  const stopped = stopSignal();
  const time = options.minutes === undefined ? [] : [AbortSignal.timeout(options.minutes * 60_000)];
  const { jobs, mutant } = options;
  const howMany = options.seeds === undefined ? 'Seeds' : sayCount(options.seeds, 'seed');
  const kind = scenario === undefined ? '' : `, ${scenario} alone`;
  terminal.say(
    `${howMany} from ${from}${reason}${kind}${mutant === undefined ? '' : `, with ${mutant}`}, ${sayJobs(jobs)}`,
  );
  const started = performance.now();
  let now: Tally = { runs: 0, compared: 0, virtualMillis: 0, events: 0 };
  let failed = 0;
  terminal.follow(() => sayTally(now, performance.now() - started, failed, options.seeds));
  const outcome = await runSeeds({
    from,
    seeds: options.seeds,
    scenario,
    mutant,
    jobs,
    keepGoing: options.keepGoing,
    timeline: options.timeline,
    stop: AbortSignal.any([stopped, ...time]),
    onTally: (sum) => void (now = sum),
    onTimeline: (seed, lines) => terminal.sayAll(['', `Seed ${seed}`].concat(lines)),
    onFailure: (failure) => {
      failed++;
      if (options.keepGoing) terminal.say(sayFailure(failure));
    },
  });
  terminal.unfollow();
  const millis = performance.now() - started;
  const isCovered = sayCoverage(outcome, scenario);
  terminal.say('', sayTally(outcome.tally, millis, outcome.failures.length, undefined));
  const [first] = outcome.failures;
  if (first === undefined) {
    if (stopped.aborted) return EXIT.interrupted;
    return isCovered ? EXIT.ok : EXIT.wrong;
  }
  if (options.keepGoing) terminal.say('', ...sayFailures(outcome.failures));
  const more = [
    scenario === undefined ? '' : ` --scenario ${scenario}`,
    mutant === undefined ? '' : ` --mutant ${mutant}`,
  ];
  await showFailure(terminal, first, {
    directory: FOUND,
    typedIn: TYPED_IN,
    options: more.join(''),
    mutant,
    bounds: SHRINK_BOUNDS,
    stop: stopped,
  });
  return EXIT.wrong;
}

function scenarioNamed(name: string | undefined): ScenarioName | undefined {
  if (name === undefined || isScenarioName(name)) return name;
  throw new UsageError(`There is no scenario ${name}; --scenario help names them all.`);
}

function beginning(asked: number | undefined): { readonly from: number; readonly reason: string } {
  if (asked !== undefined) return { from: asked, reason: '' };
  const { seed, reason } = firstSeed(ROOT, Date.now());
  return { from: seed, reason: ` (${reason})` };
}

/** Shows what was covered; says whether that is enough. */
function sayCoverage({ coverage, tally }: RunOutcome, scenario: ScenarioName | undefined): boolean {
  if (tally.runs < 100) return true;
  terminal.say('', ...coverageLines(coverage, FEATURES));
  // One kind of plans has not everything in it.
  const missing = scenario === undefined ? missingIn(coverage, FEATURES, tally.runs) : [];
  if (missing.length === 0) return true;
  terminal.say('', `Never met in ${sayCount(tally.runs, 'seed')}, and should have been:`);
  terminal.say(...missing.slice(0, MISSING_SHOWN).map((sentence) => `  ${sentence}`));
  if (missing.length > MISSING_SHOWN) terminal.say(`  and ${grouped(missing.length - MISSING_SHOWN)} more`);
  return false;
}

function sayJobs(jobs: number): string {
  return jobs === 1 ? 'in 1 process' : `in ${jobs} processes`;
}

/** `12,300 of 100,000 seeds in 45 s: 273 schedules/s, 1 h 30 min of virtual time (120 times as fast)` */
function sayTally(
  { runs, compared, virtualMillis }: Tally,
  millis: number,
  failed: number,
  seeds: number | undefined,
): string {
  const ofAll = seeds === undefined ? sayCount(runs, 'seed') : `${grouped(runs)} of ${sayCount(seeds, 'seed')}`;
  const speed = `${grouped(runs / (millis / 1000))} schedules/s`;
  const time = `${saySpan(virtualMillis)} of virtual time (${grouped(virtualMillis / millis)} times as fast)`;
  const wrong = failed === 0 ? 'nothing wrong' : `${grouped(failed)} WRONG`;
  return `${ofAll} in ${saySpan(millis)}: ${speed}, ${time}, ${grouped(compared)} run twice, ${wrong}`;
}

function sayFailure({ seed, violations: [first, ...others] }: Failure): string {
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `seed ${seed}: ${first === undefined ? '' : `${first.checker}: ${first.sentence}`}${more}`;
}

/** How many seeds broke each rule, and the first that did. */
function sayFailures(failures: readonly Failure[]): readonly string[] {
  const byChecker = new Map<string, number[]>();
  for (const { seed, violations } of failures) {
    for (const checker of new Set(violations.map((violation) => violation.checker))) {
      byChecker.set(checker, [...(byChecker.get(checker) ?? []), seed]);
    }
  }
  const width = Math.max(...Array.from(byChecker.keys(), (checker) => checker.length));
  return Array.from(byChecker, ([checker, [first = 0, ...others]]) => {
    return `${checker.padEnd(width)}  ${sayCount(1 + others.length, 'seed')}, the first is ${first}`;
  });
}
