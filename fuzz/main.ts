// `npm run fuzz`: fuzzes the codec and sessions of two senders, with progress and rate, until the time is up or something
// does not hold; that is then made small, printed, and kept in fuzz/escapes/, which every `npm test` executes.
//   npm run fuzz -- --minutes 10                          both, in two threads
//   npm run fuzz -- --only codec --executions 100000000   so many, however long it takes
//   npm run fuzz -- --only sessions --sessions 1000000 --jobs 4 --seed 7
//   npm run fuzz -- --only codec --input HEX              executes one input, as an escape says
// A seed repeats what a thread does as long as the corpus is the same. It ends with code 1 when something was found.

import { parseArgs } from 'node:util';

import { updateCorpus } from './command/corpus.ts';
import { fuzzInThreads, type FuzzOutcome, type TargetSum } from './command/jobs.ts';
import { targetOf } from './command/targets.ts';
import { sayEscape } from './engine/escape.ts';
import { appendInput, inputFile, parseInput, sayInput } from './engine/input-file.ts';
import { refutedBy } from './engine/minimise.ts';
import { TARGET_NAMES, type TargetName } from './engine/target.ts';

const USAGE_ERROR = 2;
const MINUTE = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    executions: { type: 'string' },
    sessions: { type: 'string' },
    input: { type: 'string' },
  },
});
const only = TARGET_NAMES.find((name) => name === values.only);
if (values.only !== undefined && only === undefined) refuse(`--only takes ${TARGET_NAMES.join(' or ')}.`);
const started = performance.now();

if (values.input === undefined) await fuzz();
else await executeOne(values.input);

async function fuzz(): Promise<void> {
  const targets = only === undefined ? TARGET_NAMES : [only];
  const isCounted = values.executions !== undefined || values.sessions !== undefined;
  const seed = wholeNumber('seed', values.seed, 0);
  const minutes = number('minutes', values.minutes ?? (isCounted ? 'Infinity' : '1'));
  const executions = {
    codec: wholeNumber('executions', values.executions, 1),
    sessions: wholeNumber('sessions', values.sessions, 1),
  };
  say(`seed ${seed}, ${targets.join(' and ')}`);
  const outcome = await fuzzInThreads({
    targets,
    seed,
    jobs: wholeNumber('jobs', values.jobs, 1),
    millis: minutes * MINUTE,
    executions,
    onProgress: tell,
  });
  tell(outcome.sums);
  if (outcome.escape !== undefined) tellEscape(outcome.escape);
  else for (const [name, found] of outcome.kept) await save(name, found);
}

async function save(name: TargetName, found: readonly Uint8Array[]): Promise<void> {
  if (found.length === 0) return;
  const { before, after } = await updateCorpus(name, found);
  say(`${inputFile('corpus', name)}: ${after} inputs, ${before} before`);
}

function tell(sums: readonly TargetSum[]): void {
  const seconds = (performance.now() - started) / 1000;
  const parts = sums.map(({ target, executions, blocks, features }) => {
    const rate = Math.round(executions / seconds);
    return `${target}: ${grouped(executions)} executed, ${grouped(rate)}/s, ${blocks} blocks, ${grouped(features)} features`;
  });
  say(`${seconds.toFixed(0).padStart(5)} s  ${parts.join('; ')}`);
}

function tellEscape(escape: NonNullable<FuzzOutcome['escape']>): void {
  const { target, claim, text, input, bytesAtFirst, description } = escape;
  const file = inputFile('escapes', target);
  appendInput(file, claim, input);
  say(`\nAn escape in ${target}: ${text}\n\n${description}\n`);
  say(`The input (${input.length} bytes, found with ${bytesAtFirst}) is kept in ${file}. Once more:`);
  say(`  npm run fuzz -- --only ${target} --input ${sayInput(input)}`);
  process.exitCode = 1;
}

async function executeOne(hex: string): Promise<void> {
  if (only === undefined) refuse('--input needs --only: whose input is it?');
  const target = targetOf(only);
  const input = parseInput(hex);
  say(target.describe(input));
  const refuted = await refutedBy(target, input);
  say(refuted === undefined ? 'Everything holds.' : sayEscape(refuted.error));
  if (refuted !== undefined) process.exitCode = 1;
}

/** A count; `Infinity` where none was given. */
function wholeNumber(name: string, text: string | undefined, least: number): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= least) return count;
  return refuse(`--${name} takes a whole number from ${least} on, not ${text}.`);
}

function number(name: string, text: string): number {
  const value = Number(text);
  return value > 0 ? value : refuse(`--${name} takes a number above 0, not ${text}.`);
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  return process.exit(USAGE_ERROR);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
