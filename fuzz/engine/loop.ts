// The loop: make an input from what was interesting, execute it, keep it if it was interesting. What was new to the
// features of the target is known at once. Code that had not run before is looked for once a batch; if some ran,
// the batch is executed again in halves until the few inputs are found that run it. Batches are small while there is
// much to find, and grow when there is not; at most half as many inputs are executed again as were made. Code that is counted
// runs at half its speed: so counting rests most of the time, and features alone lead on.

import type { BlackBox } from './black-box.ts';
import type { Chance } from './chance.ts';
import type { Block, Coverage } from './coverage.ts';
import { Features } from './features.ts';
import { Pool } from './pool.ts';
import type { Target } from './target.ts';

/** An input after which something did not hold. */
export interface Found {
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** What a loop works with. */
export interface LoopParts {
  readonly target: Target;
  readonly chance: Chance;
  /** `undefined`: by features alone. */
  readonly coverage: Coverage | undefined;
  readonly blackBox: BlackBox | undefined;
}

/** The smallest batch is this part of the largest. */
const BATCH_SHARE = 16;
/** Inputs among which the one with the new code is looked for no further: all are kept. */
const FEW = 4;
/** In so many parts of all inputs code is counted in one. */
const PARTS = 10;

/** Fuzzes one target in one thread. */
export class Loop {
  readonly pool: Pool;
  readonly features: Features;
  /** Inputs that were made and executed. */
  executions: number;
  private readonly parts: LoopParts;
  private readonly batchMin: number;
  /** How many inputs the next batch has. */
  private batch: number;
  /** Inputs that were executed again to see what they run. */
  private repeats: number;
  private isCounting: boolean;

  constructor(parts: LoopParts) {
    this.parts = parts;
    this.batchMin = Math.max(1, Math.floor(parts.target.batch / BATCH_SHARE));
    this.batch = this.batchMin;
    this.repeats = 0;
    this.isCounting = true;
    this.pool = new Pool();
    this.features = new Features();
    this.executions = 0;
  }

  /** Blocks of code that were run. */
  get blocks(): number {
    return this.parts.coverage?.count ?? 0;
  }

  /** Executes inputs as they are, and keeps all of them: what they run is known from now on. */
  async learn(inputs: readonly Uint8Array[]): Promise<Found | undefined> {
    const { coverage, chance } = this.parts;
    for (const input of inputs) {
      const found = await this.execute(input);
      if (found !== undefined) return found;
      this.pool.add(input, chance, 'code');
    }
    coverage?.learn(coverage.takeFresh());
    return undefined;
  }

  /** Makes and executes a batch of inputs. */
  async runBatch(): Promise<Found | undefined> {
    const { target, chance } = this.parts;
    const inputs: Uint8Array[] = [];
    this.countOrRest();
    for (let i = 0; i < this.batch; i++) {
      const input = target.mutate(this.pool.pick(chance), this.pool.pick(chance), chance);
      const failed = this.execute(input);
      const found = failed instanceof Promise ? await failed : failed;
      if (found !== undefined) return found;
      this.executions++;
      if (this.isCounting) inputs.push(input);
    }
    return this.attribute(inputs);
  }

  /** hot: a promise only if the target has one. */
  private execute(input: Uint8Array): Found | undefined | Promise<Found | undefined> {
    this.parts.blackBox?.record(input);
    try {
      const done = this.parts.target.execute(input, this.features);
      if (done !== undefined) return this.executeLate(input, done);
    } catch (error) {
      return { input, error };
    }
    this.keepIfFresh(input);
    return undefined;
  }

  private async executeLate(input: Uint8Array, done: Promise<void>): Promise<Found | undefined> {
    try {
      await done;
    } catch (error) {
      return { input, error };
    }
    this.keepIfFresh(input);
    return undefined;
  }

  private keepIfFresh(input: Uint8Array): void {
    if (this.features.takeFresh() > 0) this.pool.add(input, this.parts.chance, 'feature');
  }

  /** Looks whether the inputs that were just executed have run new code, and if so, which of them. */
  private async attribute(inputs: readonly Uint8Array[]): Promise<Found | undefined> {
    const { coverage, target } = this.parts;
    if (coverage === undefined || !this.isCounting) return undefined;
    const fresh = coverage.takeFresh();
    if (fresh.length === 0) {
      this.batch = Math.min(target.batch, this.batch * 2);
      return undefined;
    }
    // It will come again.
    if (this.repeats > this.executions / 2) return undefined;
    this.batch = Math.max(this.batchMin, this.batch >>> 1);
    const found = await this.narrow(inputs, fresh);
    // What ran once and not again, such as the building of a table, is nobody's.
    coverage.learn(fresh);
    return found;
  }

  /** Counts in the first part of every so many inputs. */
  private countOrRest(): void {
    const { coverage, target } = this.parts;
    const isCounting = this.executions % (PARTS * target.counted) < target.counted;
    if (coverage === undefined || isCounting === this.isCounting) return;
    this.isCounting = isCounting;
    this.batch = target.batch;
    if (isCounting) coverage.start();
    else coverage.stop();
  }

  /** Finds out which of these run code that is not known. @param fresh  What they have run, all together. */
  private async narrow(inputs: readonly Uint8Array[], fresh: readonly Block[]): Promise<Found | undefined> {
    const { coverage, chance } = this.parts;
    if (coverage === undefined) return undefined;
    if (inputs.length <= FEW) {
      coverage.learn(fresh);
      for (const input of inputs) this.pool.add(input, chance, 'code');
      return undefined;
    }
    const half = inputs.length >>> 1;
    for (const some of [inputs.slice(0, half), inputs.slice(half)]) {
      for (const input of some) {
        this.repeats++;
        const found = await this.execute(input);
        if (found !== undefined) return found;
      }
      const theirs = coverage.takeFresh();
      const found = theirs.length === 0 ? undefined : await this.narrow(some, theirs);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
