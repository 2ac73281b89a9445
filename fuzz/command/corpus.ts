// The corpus of a target, brought up to date: of what it held and what was found since, the inputs that run code that
// neither the seeds nor shorter ones of it run. So it grows with the code and not with the hours of fuzzing.

import { Coverage } from '../engine/coverage.ts';
import { Features } from '../engine/features.ts';
import { inputFile, readInputs, writeInputs } from '../engine/input-file.ts';
import type { TargetName } from '../engine/target.ts';
import { targetOf } from './targets.ts';

/** In hexadecimal, so that a file stays below 150 KB. */
const FILE_BYTES_MAX = 70_000;

/** Adds what is worth it to the corpus; returns how many inputs it has now, and how many it had. */
export async function updateCorpus(
  name: TargetName,
  found: readonly Uint8Array[],
): Promise<{ readonly before: number; readonly after: number }> {
  const file = inputFile('corpus', name);
  const old = readInputs(file);
  const target = targetOf(name);
  const coverage = new Coverage();
  const features = new Features();
  for (const seed of target.seeds) await target.execute(seed, features);
  coverage.learn(coverage.takeFresh());
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for (const input of [...old, ...found].sort((a, b) => a.length - b.length)) {
    await target.execute(input, features);
    const fresh = coverage.takeFresh();
    if (fresh.length === 0 || bytes + input.length > FILE_BYTES_MAX) continue;
    coverage.learn(fresh);
    kept.push(input);
    bytes += input.length;
  }
  coverage.close();
  writeInputs(file, `Inputs of ${name} that run code which its seeds do not; \`npm run fuzz\` adds to them.`, kept);
  return { before: old.length, after: kept.length };
}
