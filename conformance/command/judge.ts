// Plays a target through and says what holds, with progress.

import type { Version } from '../check.ts';
import { playAll } from './play-all.ts';
import type { Progress } from './progress.ts';
import type { Target } from './targets.ts';
import { type Row, verdictsOf } from './verdicts.ts';

/** What is wanted of a target. */
export interface Question {
  readonly versions: readonly Version[];
  readonly only: string | undefined;
  readonly unspoken: ReadonlyMap<Version, string>;
}

/** Plays all checks of a target that the question is about. */
export async function judge(target: Target, question: Question, progress: Progress): Promise<readonly Row[]> {
  const { versions, only, unspoken } = question;
  const jobs = target.jobs({ versions: versions.filter((version) => !unspoken.has(version)), only });
  let failed = 0;
  const played = await playAll(jobs, ({ outcome }, done) => {
    if (outcome.kind === 'failed') failed++;
    progress.show(`${target.name}: ${done} of ${jobs.length} checks, ${failed} failed`);
  });
  progress.clear();
  return verdictsOf(played, { ...question, sides: target.sides });
}

/** Whether anything failed. */
export function hasFailed(rows: readonly Row[]): boolean {
  return rows.some(({ verdict }) => verdict.kind === 'fail');
}
