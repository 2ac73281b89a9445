// What the command and the processes that do the work say to each other. Plain data, sent as node:child_process serializes it.

import type { Violation } from '../check/violation.ts';
import type { ScenarioName } from '../generate/scenarios.ts';
import type { CoverageEntries } from '../report/coverage.ts';
import type { Plan } from '../plan.ts';

/** To a worker; it does one after the other. */
export type Order =
  | {
      readonly kind: 'run';
      readonly seeds: readonly number[];
      readonly scenario: ScenarioName | undefined;
      readonly timeline: boolean;
    }
  /** Answered by what has been covered since it was last asked for. */
  | { readonly kind: 'tell-coverage' }
  | { readonly kind: 'shrink'; readonly plan: Plan; readonly checker: string; readonly bounds: ShrinkChoice }
  | { readonly kind: 'replay'; readonly plan: Plan };

/** How long to go on. */
export interface ShrinkChoice {
  readonly runsMax: number;
  readonly millisMax: number;
}

/** From a worker. */
export type Report =
  | { readonly kind: 'began'; readonly seed: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'showed'; readonly seed: number; readonly lines: readonly string[] }
  /** All seeds of an order. */
  | { readonly kind: 'ran'; readonly tally: Tally }
  | { readonly kind: 'coverage'; readonly entries: CoverageEntries }
  | { readonly kind: 'shrinking'; readonly best: Plan; readonly runs: number }
  | { readonly kind: 'shrunk'; readonly plan: Plan; readonly runs: number; readonly isSmallest: boolean }
  | { readonly kind: 'replayed'; readonly violations: readonly Violation[]; readonly lines: readonly string[] };

/** A seed with which something is wrong. */
export interface Failure {
  readonly seed: number;
  /** `undefined`: it is not known, since the process that made it is gone. */
  readonly plan: Plan | undefined;
  /** At least one. */
  readonly violations: readonly Violation[];
}

/** Of some runs. */
export interface Tally {
  readonly runs: number;
  /** Run twice, to compare. */
  readonly compared: number;
  readonly virtualMillis: number;
  readonly events: number;
}
