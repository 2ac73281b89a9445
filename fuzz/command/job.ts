// What the main thread and a fuzzing thread say to each other.

import type { TargetName } from '../engine/target.ts';

/** What a thread is to do. */
export interface JobOrder {
  readonly target: TargetName;
  readonly seed: number;
  /** Inputs to make and execute. */
  readonly executions: number;
  /** The memory of its black box. */
  readonly blackBox: SharedArrayBuffer;
}

/** How far a thread is. */
export interface JobProgress {
  readonly kind: 'progress';
  readonly executions: number;
  readonly blocks: number;
  readonly features: number;
}

/** A thread has found something: told at once, and again when it has been made small. */
export interface JobEscape {
  readonly kind: 'escape';
  readonly claim: string;
  /** What happened, for people. */
  readonly text: string;
  readonly input: Uint8Array;
  /** How long it was when it was found. */
  readonly bytesAtFirst: number;
  readonly description: string;
}

/** A thread has done what it was told. */
export interface JobEnd {
  readonly kind: 'end';
  /** Inputs some of which ran code that the corpus does not. */
  readonly kept: readonly Uint8Array[];
}

/** What a thread says. */
export type JobReport = JobProgress | JobEscape | JobEnd;
