// A violation as people get to see it: the rules that were broken, the smallest plan that still breaks one of them, what happens in it
// line by line, and the commands that repeat it.

import path from 'node:path';

import type { Violation } from '../check/violation.ts';
import type { Plan } from '../plan.ts';
import { sayPlan } from '../report/say-step.ts';
import type { Failure, ShrinkChoice } from './messages.ts';
import { savePlan } from './saved-plan.ts';
import { grouped, sayCount } from '../report/say-numbers.ts';
import type { Terminal } from './terminal.ts';
import { replayAlone, shrinkAlone } from './work-alone.ts';

/** How it was run, and where what is found is kept. */
export interface FailureChoice {
  /** For files, and what their names are relative to. */
  readonly directory: string;
  readonly typedIn: string;
  /** More options of the command: `--scenario wills`. */
  readonly options: string;
  readonly mutant: string | undefined;
  readonly bounds: ShrinkChoice;
  /** Ends the shrinking. */
  readonly stop: AbortSignal;
}

/** Long enough to find whatever is found at all. */
export const SHRINK_BOUNDS: ShrinkChoice = { runsMax: 4_000, millisMax: 60_000 };

/** Only so much of a long timeline is printed; the file has all of it. */
const LINES_MAX = 400;
/** One bug breaks many rules, many times. */
const VIOLATIONS_MAX = 8;

/** Shrinks a failing seed, and shows what is left. */
export async function showFailure(terminal: Terminal, failure: Failure, choice: FailureChoice): Promise<void> {
  const { seed, plan, violations } = failure;
  terminal.say('', `Seed ${seed}: ${sayCount(violations.length, 'violation')}`, ...sayViolations(violations));
  const [first] = violations;
  if (plan !== undefined && first !== undefined) await showSmallest(terminal, seed, plan, first.checker, choice);
  terminal.say('', 'Again:', `  npm run sim -- --from ${seed} --seeds 1${choice.options}`);
}

/** A line for each of the first ones, those that are said alike once. */
export function sayViolations(violations: readonly Violation[]): readonly string[] {
  const lines = Array.from(new Set(violations.map(({ checker, sentence }) => `  ${checker}: ${sentence}`)));
  const left = lines.length - VIOLATIONS_MAX;
  return left > 0 ? [...lines.slice(0, VIOLATIONS_MAX), `  and ${grouped(left)} more`] : lines;
}

/** A long timeline without its middle: what is set up, and what goes wrong. */
export function cutMiddle(lines: readonly string[], linesMax: number): readonly string[] {
  if (lines.length <= linesMax) return lines;
  const head = Math.floor(linesMax / 4);
  const left = lines.length - linesMax;
  return [...lines.slice(0, head), `  ... ${grouped(left)} lines ...`, ...lines.slice(head - linesMax)];
}

async function showSmallest(
  terminal: Terminal,
  seed: number,
  plan: Plan,
  checker: string,
  { directory, typedIn, mutant, bounds, stop }: FailureChoice,
): Promise<void> {
  const started = performance.now();
  let now = { plan, runs: 0 };
  terminal.follow(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    return `Shrinking: ${saySize(now.plan)} left after ${sayCount(now.runs, 'run')}, ${seconds} s (Ctrl-C ends it)`;
  });
  const repeated = await replayAlone(plan, mutant);
  if (!repeated.violations.some((violation) => violation.checker === checker)) {
    terminal.unfollow();
    terminal.say('', 'It does not repeat in a process of its own: it depends on what was run before it.');
    return;
  }
  const onProgress = (best: Plan, runs: number): void => void (now = { plan: best, runs });
  const smallest = await shrinkAlone(plan, checker, { mutant, bounds, stop, onProgress });
  const { violations, lines } = await replayAlone(smallest.plan, mutant);
  terminal.unfollow();
  const file = path.join(directory, `seed-${seed}${mutant === undefined ? '' : `-${mutant}`}.json`);
  const sentence = sayViolations(violations).join('\n').trim();
  savePlan(file, { sentence, plan: smallest.plan });
  terminal.say(
    '',
    `The smallest schedule that shows it: ${saySize(smallest.plan)} of ${saySize(plan)}, after ${sayCount(smallest.runs, 'run')}${smallest.isSmallest ? '' : ', and there may be smaller ones'}.`,
    '',
    ...sayPlan(smallest.plan).map((line) => `  ${line}`),
    '',
    ...cutMiddle(lines, LINES_MAX),
    '',
    ...sayViolations(violations),
    '',
    'This schedule again:',
    `  npm run sim -- --plan ${path.relative(typedIn, file)}${mutant === undefined ? '' : ` --mutant ${mutant}`}`,
  );
}

function saySize({ clients, steps }: Plan): string {
  return `${sayCount(clients.length, 'client')} and ${sayCount(steps.length, 'step')}`;
}
