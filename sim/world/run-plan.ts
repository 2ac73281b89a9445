// From a plan to its history.

import { mkdtempSync, existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { History } from '../history.ts';
import type { Plan } from '../plan.ts';
import { inOwnTurn } from './settle-promises.ts';
import { World } from './world.ts';

/** Files of a simulated disk need no real one. */
const SHARED_MEMORY = '/dev/shm';

/** Enough to find where an exception came from. */
const STACK_FRAMES = 20;

let current: World | undefined;
let isListening = false;

/**
 * Runs a plan; one at a time.
 * Errors are made by the hundred, and what their stacks cost is a tenth of all; so they have none, unless there was one that nobody
 * expected: then everything happens once more, the same, with stacks.
 */
export async function runPlan(plan: Plan): Promise<History> {
  const history = await runOnce(plan, 0);
  return history.end.exceptions.length === 0 ? history : runOnce(plan, STACK_FRAMES);
}

async function runOnce(plan: Plan, stackFrames: number): Promise<History> {
  if (!isListening) {
    isListening = true;
    process.on('unhandledRejection', (error) => {
      if (current === undefined) throw error;
      current.rejected(error);
    });
  }
  const directories: string[] = [];
  const world = new World(plan, () => {
    const root = existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();
    const directory = mkdtempSync(path.join(root, 'vouch-sim-'));
    directories.push(directory);
    return directory;
  });
  const framesBefore = Error.stackTraceLimit;
  current = world;
  Error.stackTraceLimit = stackFrames;
  try {
    return await inOwnTurn(() => world.run());
  } finally {
    Error.stackTraceLimit = framesBefore;
    current = undefined;
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  }
}
