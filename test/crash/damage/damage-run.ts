// A run of damage: stores in the middle of their lives, of each as many copies as places are damaged, one in each, and what a start
// makes of it. Most starts are in this process (look.ts), some are `vouch start`.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { BrokerProcess } from '../broker-process.ts';
import { VOUCH } from '../data-directory.ts';
import { findWrongEnding } from '../ending.ts';
import { seededRandom } from '../seeded-random.ts';
import { type Damage, damaged, drawDamage, showDamage } from './damage.ts';
import { look, type Sight } from './look.ts';
import { type Files, makeSubject } from './subject.ts';
import { judge, type Verdict } from './verdict.ts';

/** What is asked of a run. */
export interface DamageRunChoice {
  /** Empty. */
  readonly directory: string;
  readonly seed: number;
  readonly places: number;
  /** Another store for every so many places. */
  readonly placesPerStore: number;
  /** Every so many places `vouch start` is tried as well. */
  readonly placesPerProcess: number;
  /** What looks, instead of the real engine. */
  readonly look?: ((directory: string) => Sight) | undefined;
  /** Is told after every store. */
  readonly onProgress: (totals: DamageTotals) => void;
}

/** What a run came to. */
export interface DamageTotals {
  readonly places: number;
  readonly processes: number;
  readonly verdicts: { readonly [kind in Verdict['kind']]: number };
  /** Sentences. */
  readonly faults: readonly string[];
}

/** Damages as many places as were asked for. */
export async function runDamage(choice: DamageRunChoice): Promise<DamageTotals> {
  const { directory, seed, places, placesPerStore, placesPerProcess, onProgress } = choice;
  const random = seededRandom(seed);
  const faults: string[] = [];
  const verdicts = { found: 0, harmless: 0, 'like a power cut': 0, fault: 0 };
  let processes = 0;
  const totals = (done: number): DamageTotals => ({ places: done, processes, verdicts: { ...verdicts }, faults });
  for (let done = 0; done < places; ) {
    const storeSeed = seed + done;
    const subject = makeSubject(path.join(directory, 'making'), storeSeed);
    for (let each = 0; each < placesPerStore && done < places; each++, done++) {
      const damage = drawDamage(subject.files, random);
      const place = `store ${storeSeed}, ${showDamage(damage)}`;
      const copy = path.join(directory, 'copy');
      putFiles(copy, subject.files, damage);
      const sight = lookAt(copy, choice.look ?? look);
      const verdict =
        typeof sight === 'string' ? ({ kind: 'fault', sentence: sight } as const) : judge(subject, damage, sight);
      verdicts[verdict.kind]++;
      if (verdict.kind === 'fault') faults.push(`${place}: ${verdict.sentence}`);
      if (done % placesPerProcess !== placesPerProcess - 1 || typeof sight === 'string') continue;
      putFiles(copy, subject.files, damage);
      const wrong = await startOn(copy, sight);
      processes++;
      if (wrong !== undefined) faults.push(`${place}: ${wrong}`);
    }
    rmSync(path.join(directory, 'making'), { recursive: true });
    onProgress(totals(done));
  }
  return totals(places);
}

function putFiles(directory: string, files: Files, damage: Damage): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [name, bytes] of files) {
    writeFileSync(path.join(directory, name), name === damage.file ? damaged(bytes, damage) : bytes);
  }
}

/** @returns a sentence if it was thrown what nobody expects. */
function lookAt(directory: string, lookHow: (directory: string) => Sight): Sight | string {
  try {
    return lookHow(directory);
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** The same by `vouch start`. @returns what is wrong with it. */
async function startOn(directory: string, { kind, state }: Sight): Promise<string | undefined> {
  const broker = BrokerProcess.spawn(directory, VOUCH);
  const port = await broker.port().catch(() => undefined);
  if (port !== undefined) {
    const { code, stderr } = await broker.kill();
    return kind === 'refused' ? `vouch start listened, and ended with ${code}: ${stderr}` : undefined;
  }
  const ending = await broker.ended;
  // What is found when it is read may be found by a broker before it listens.
  if (kind === 'opened') return `vouch start ended with ${ending.code}: ${ending.stderr}`;
  const wrong = findWrongEnding(ending, 'starting', true);
  const isTold = kind === 'failed' || state.split('\n').every((line) => ending.stderr.includes(line));
  return wrong ?? (isTold ? undefined : `vouch start said something else: ${ending.stderr}`);
}
