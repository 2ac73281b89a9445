// What the broker does when its memory runs out, before the system or V8 ends it: nothing at first but refuse clients that are new, then
// also refuse new retained messages and not read from those whose messages wait for the disk, at last end the connections for which most is kept in memory. Each
// step comes before memory is full, and is taken back when there is some way to it again, so that the broker does not swing between two.
// Garbage counts as used until somebody collects it, which may be long after nobody uses it: before a step up it is collected, and
// again from time to time while the broker is not at ease.
// How much memory there is, and how it is measured, is told by the owner; without that nothing is watched.

import { type Millis, millis } from '../base/millis.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { BrokerState, Timed } from './broker-state.ts';
import type { Connection } from './connection.ts';
import type { LimitRefusal } from './visitors.ts';

/** The memory of the process. */
export interface MemoryGauge {
  /** How much of what it may take is taken: 1 is all of it. */
  share(): number;
  /** Collects garbage, which may take as long as the memory is large. */
  collect(): void;
}

/** The steps, from the first to the last. */
const STEPS = ['calm', 'refusing', 'pausing', 'closing'] as const;

/** The share of the memory at which each begins. */
const BEGINS: readonly number[] = [0, 0.9, 0.95, 1];
/** So much less ends it. */
const WAY_BACK = 0.05;
const LOOK_MILLIS = 1_000;
const COLLECT_MILLIS = 30_000;
/** Before a step, and between two times that connections are ended; */
const COLLECT_MILLIS_LEAST = 5_000;
/** unless so much more of the memory is taken than the last collection left: what grows that fast would be far beyond the limit by then. */
const GROWN = 0.1;
/** Connections for which less is kept are not worth ending. */
const WORTH_ENDING_BYTES = 64 * 1024;
/** So many are ended at a time. */
const ENDED_MAX = 100;

const LAST_STEP = STEPS.length - 1;

/** What each step means, for the log. */
const SENTENCES: readonly string[] = [
  'New clients are let in again, and everybody is read from.',
  'New clients are refused.',
  'New clients are cut off, new retained messages are refused, and clients whose messages wait for the disk are not read from.',
  'The connections for which most is kept in memory are ended.',
];

/** The memory of one broker, and what is done about it. */
export class Overload implements Timed {
  private readonly broker: BrokerState;
  private readonly gauge: MemoryGauge | undefined;
  private stepNow: number;
  private shareNow: number;
  private collectedAt: Millis | undefined;
  /** What the last collection left. */
  private shareLeft: number;
  /** What was left when connections were ended last. */
  private shareAtEnding: number;
  deadline: Millis;
  deadlineIndex: number;

  constructor(broker: BrokerState, gauge: MemoryGauge | undefined) {
    this.broker = broker;
    this.gauge = gauge;
    this.stepNow = 0;
    this.shareNow = 0;
    this.collectedAt = undefined;
    this.shareLeft = 0;
    this.shareAtEnding = Number.POSITIVE_INFINITY;
    this.deadline = millis(0);
    this.deadlineIndex = -1;
  }

  /** 0: all is well; 1: new clients are refused; 2: clients are not read from; 3: connections are ended. */
  get step(): number {
    return this.stepNow;
  }

  /** How much of the memory was taken a second ago, between 0 and 1; 0 if nobody measures it. */
  get share(): number {
    return this.shareNow;
  }

  /** So many bytes may wait for the disk before those who cause them are not read from. hot: */
  get lateBytesMax(): number {
    return this.stepNow >= 2 ? 0 : this.broker.limits.storeLateBytesMax;
  }

  /** Why a new client is refused; `undefined`: it is not. */
  get refusal(): LimitRefusal | undefined {
    if (this.stepNow === 0) return undefined;
    return {
      limit: 'memoryMax',
      reasonCode: Reason.serverBusy,
      why: 'The broker has hardly any memory left (memoryMax).',
    };
  }

  /** The same before anything is spent on it. */
  get refusalAtDoor(): LimitRefusal | undefined {
    return this.stepNow >= 2 ? this.refusal : undefined;
  }

  /** The broker begins to serve. */
  start(now: Millis): void {
    if (this.gauge !== undefined) this.broker.deadlines.set(this, millis(now + LOOK_MILLIS));
  }

  tick(now: Millis): void {
    const { gauge } = this;
    if (gauge === undefined) return;
    this.shareNow = gauge.share();
    let step = stepOf(this.shareNow, this.stepNow);
    const isCollected = this.collectFor(step, gauge, now);
    if (isCollected) {
      this.shareNow = gauge.share();
      this.shareLeft = this.shareNow;
      step = stepOf(this.shareNow, this.stepNow);
    }
    if (step !== this.stepNow) this.change(step);
    // Nobody is ended for garbage.
    if (isCollected && step === LAST_STEP) this.endLargest();
    this.broker.deadlines.set(this, millis(now + LOOK_MILLIS));
  }

  /** Collects garbage before a step is taken that it may be to blame for, and says whether it has. */
  private collectFor(step: number, gauge: MemoryGauge, now: Millis): boolean {
    if (step === 0 && this.stepNow === 0) return false;
    const pause = step > this.stepNow || step === LAST_STEP ? COLLECT_MILLIS_LEAST : COLLECT_MILLIS;
    const isTooSoon = this.collectedAt !== undefined && now - this.collectedAt < pause;
    if (isTooSoon && this.shareNow - this.shareLeft < GROWN) return false;
    gauge.collect();
    this.collectedAt = now;
    return true;
  }

  private change(step: number): void {
    const isWorse = step > this.stepNow;
    this.stepNow = step;
    if (!isWorse) this.shareAtEnding = Number.POSITIVE_INFINITY;
    const what = isWorse ? 'Memory is short' : 'There is more memory again';
    const sentence = `${what}: ${Math.round(this.shareNow * 100)} % of what the broker may take is taken (memoryMax). ${SENTENCES[step]}`;
    this.broker.log[isWorse ? 'warn' : 'info'](sentence, { step: STEPS[step] });
  }

  /**
   * Ends the connections for which most is kept; if that was to no avail a moment ago, all of them: a message that waits for several is
   * there until the last of them has gone.
   */
  private endLargest(): void {
    const wasInVain = this.shareLeft >= this.shareAtEnding;
    this.shareAtEnding = this.shareLeft;
    const largest = Array.from(this.broker.connections, (connection) => ({ connection, bytes: connection.bytesKept }))
      .filter(({ bytes }) => bytes >= WORTH_ENDING_BYTES)
      .sort((one, other) => other.bytes - one.bytes)
      .slice(0, ENDED_MAX);
    // Half of it will do, perhaps.
    let enough = largest.reduce((sum, { bytes }) => sum + bytes, 0) / (wasInVain ? 1 : 2);
    for (const { connection, bytes } of largest) {
      if (enough <= 0) return;
      enough -= bytes;
      this.end(connection, bytes);
    }
  }

  private end(connection: Connection, bytes: number): void {
    const { counters } = this.broker;
    counters.limitsReached.memoryMax++;
    const why = `${bytes} bytes were kept for it, and the broker has no memory left (memoryMax).`;
    connection.expel(Reason.quotaExceeded, why);
    // What waits for a peer that does not read would stay a while.
    connection.cutOff();
  }
}

/** The step for a share, coming from another: a step that was taken holds until there is some way to it again. */
function stepOf(share: number, from: number): number {
  let step = 0;
  for (const [index, begin] of BEGINS.entries()) if (share >= (index <= from ? begin - WAY_BACK : begin)) step = index;
  return step;
}
