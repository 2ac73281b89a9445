// What the coordinator of a load and its threads say to each other.

import type { ErrorCode } from '../base/errors.ts';
import type { LoadPlan } from './plan.ts';
import type { FlowFindings } from './flow.ts';
import type { DurationCounts } from './latencies.ts';
import type { Troubles } from './tally.ts';

/** What a thread is made with. */
export interface ThreadJob {
  readonly plan: LoadPlan;
  readonly thread: number;
  /** The counts of all threads: see `Board`. */
  readonly board: SharedArrayBuffer;
}

/** What a thread is told. */
export type ThreadOrder =
  /** Everybody is connected: send, from this moment on, in microseconds. */
  | { readonly kind: 'go'; readonly startAt: number }
  | { readonly kind: 'sample' }
  /** Nothing more is to be sent. */
  | { readonly kind: 'stop' }
  /** It is over: disconnect, and report. How many messages each publisher has sent, by its number. */
  | { readonly kind: 'finish'; readonly sent: readonly number[] };

/** What a thread says. */
export type ThreadNews =
  | { readonly kind: 'ready' }
  /** It cannot begin. */
  | { readonly kind: 'failed'; readonly isUsage: boolean; readonly code: ErrorCode; readonly message: string }
  /** What it found since the last sample. */
  | ThreadSample
  /** Its publishers are done: each with how many messages it has sent. With `conn`, all connections were tried. */
  | { readonly kind: 'done'; readonly sent: readonly (readonly [publisher: number, count: number])[] }
  | ThreadReport;

/** Durations since the last sample, and how busy the thread was meanwhile. */
export interface ThreadSample {
  readonly kind: 'sample';
  readonly thread: number;
  readonly latencies: DurationCounts;
  readonly lags: DurationCounts;
  /** Between 0 and 1. */
  readonly busy: number;
}

/** What a thread has found in all. */
export interface ThreadReport {
  readonly kind: 'report';
  readonly flows: FlowFindings;
  readonly troubles: Troubles;
  /** Of a shared subscription: what this thread's members have got of each publisher; see `Seen`. */
  readonly seen: readonly (readonly [publisher: number, bits: Uint8Array])[];
  /** Messages that were due and never sent. */
  readonly unsent: number;
  /** Messages that were due and waited for the broker. */
  readonly heldUp: number;
  /** Messages that were not acknowledged when their connection was lost. */
  readonly unsure: number;
  readonly complaints: readonly (readonly [sentence: string, count: number])[];
  /** When the last message came, in microseconds; 0: none has. */
  readonly lastReceivedAt: number;
  readonly lastSample: ThreadSample;
}
