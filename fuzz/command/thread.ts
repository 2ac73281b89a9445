// A thread that fuzzes one target until it has found something or is told to end. The work is done here, down to making an
// escape small; what is said, saved and counted is the main thread's affair.

import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { BlackBox } from '../engine/black-box.ts';
import { Chance } from '../engine/chance.ts';
import { Coverage } from '../engine/coverage.ts';
import { claimOf, sayEscape } from '../engine/escape.ts';
import { inputFile, readInputs } from '../engine/input-file.ts';
import { type Found, Loop } from '../engine/loop.ts';
import { minimise, refutedBy } from '../engine/minimise.ts';
import type { Target } from '../engine/target.ts';
import type { JobOrder, JobReport } from './job.ts';
import { targetOf } from './targets.ts';

const STACK_FRAMES = 30;
const PROGRESS_MILLIS = 1_000;
/** An input that is not the smallest is better than none. */
const TRIES_MAX = 20_000;

/** A refusal is an error, and taking down where it was thrown costs more than all else. */
Error.stackTraceLimit = 0;
// `workerData` is what jobs.ts has put together.
await work(workerData as JobOrder);

async function work(order: JobOrder): Promise<void> {
  const target = targetOf(order.target);
  const blackBox = new BlackBox(order.blackBox);
  const loop = new Loop({ target, chance: new Chance(order.seed), coverage: new Coverage(), blackBox });
  const tell = (): void =>
    say({ kind: 'progress', executions: loop.executions, blocks: loop.blocks, features: loop.features.count });

  const known = [
    ...target.seeds,
    ...readInputs(inputFile('escapes', target.name)),
    ...readInputs(inputFile('corpus', target.name)),
  ];
  let found = await loop.learn(known);
  const given = new Set(loop.pool.lasting);
  for (let told = 0; found === undefined && loop.executions < order.executions && !blackBox.isEnding; ) {
    found = await loop.runBatch();
    // What was rejected and nobody took is told of at the end of a turn.
    await turn();
    if (performance.now() - told < PROGRESS_MILLIS) continue;
    told = performance.now();
    tell();
  }
  tell();
  if (found !== undefined) await report(target, found);
  say({ kind: 'end', kept: loop.pool.lasting.filter((input) => !given.has(input)) });
}

/** Tells what was found, makes it small, and tells it again. */
async function report(target: Target, { input, error }: Found): Promise<void> {
  const claim = claimOf(error);
  const tell = (small: Uint8Array, text: string): void => {
    const description = target.describe(small);
    say({ kind: 'escape', claim, text, input: small, bytesAtFirst: input.length, description });
  };
  tell(input, sayEscape(error));
  const small = await minimise(target, input, claim, TRIES_MAX);
  Error.stackTraceLimit = STACK_FRAMES;
  const again = await refutedBy(target, small);
  tell(
    small,
    again === undefined ? `${sayEscape(error)}\n(not when it was executed once more)` : sayEscape(again.error),
  );
}

function say(what: JobReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread's, not a window's.
  parentPort?.postMessage(what);
}
