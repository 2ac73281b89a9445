// One direction of a connection: bytes that were sent and have not been handed over. It delays them, splits and joins them at any byte,
// holds them back while it is stalled or its reader does not read, and tells the sender to wait when it is full.

import { copyBytes } from '../../src/base/copy-bytes.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { NetworkPlan } from '../plan.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Who stands at the ends of a pipe. */
export interface PipeEnds {
  /** Whether chunks may be handed over now. */
  isReading(): boolean;
  /** Takes a chunk, which is lent. */
  take(bytes: Uint8Array, start: number, end: number): void;
  /** Everything that was sent before the sender's end of the connection has been handed over. */
  finished(): void;
  /** To the sender: nothing waits any more. */
  emptied(): void;
}

interface Chunk {
  readonly bytes: Uint8Array;
  readonly arrives: number;
}

/** A chunk is handed over in here, not at its beginning, and is overwritten when the reader has returned. */
let scratch = new Uint8Array(64 * 1024);
const SCRATCH_MARGIN = 8;
const AFTER_USE = 0xdd;
/** What is there is split so often, where it is split at all: every place is one where it may be, but most of it would only be more of the same. */
const SPLIT_CHANCE = 0.5;

/** One direction. */
export class Pipe {
  private readonly time: VirtualTime;
  private readonly random: SeededRandom;
  private readonly plan: NetworkPlan;
  private readonly ends: PipeEnds;
  private readonly chunks: Chunk[];
  /** How much of the first chunk was handed over. */
  private offset: number;
  private bytesOnTheWay: number;
  private readonly backlog: Uint8Array[];
  private backlogLength: number;
  private lastArrival: number;
  private stalledUntil: number;
  private isFinishing: boolean;
  private isDead: boolean;
  private isPumpAsked: boolean;
  private readonly pumpTask: () => void;

  constructor(time: VirtualTime, random: SeededRandom, plan: NetworkPlan, ends: PipeEnds) {
    this.time = time;
    this.random = random;
    this.plan = plan;
    this.ends = ends;
    this.chunks = [];
    this.offset = 0;
    this.bytesOnTheWay = 0;
    this.backlog = [];
    this.backlogLength = 0;
    this.lastArrival = 0;
    this.stalledUntil = 0;
    this.isFinishing = false;
    this.isDead = false;
    this.isPumpAsked = false;
    this.pumpTask = () => {
      this.isPumpAsked = false;
      this.pump();
    };
  }

  /** Bytes for which there is no room. */
  get backlogBytes(): number {
    return this.backlogLength;
  }

  /** Whether nothing is on the way. */
  get isEmpty(): boolean {
    return this.isDead || (this.chunks.length === 0 && this.backlogLength === 0);
  }

  /** Sends bytes, which are kept. */
  send(bytes: Uint8Array): void {
    if (this.isDead) return;
    if (
      this.backlogLength > 0 ||
      (this.chunks.length > 0 && this.bytesOnTheWay + bytes.length > this.plan.bufferBytes)
    ) {
      this.backlog.push(bytes);
      this.backlogLength += bytes.length;
    } else {
      this.launch(bytes);
    }
  }

  /** No more is sent: tells the reader when it has everything. */
  finish(): void {
    if (this.isDead || this.isFinishing) return;
    this.isFinishing = true;
    this.askPump(this.random.between(this.plan.delayMillisMin, this.plan.delayMillisMax));
  }

  /** Nothing is handed over for so long. */
  stall(millis: number): void {
    this.stalledUntil = Math.max(this.stalledUntil, this.time.now + millis);
  }

  /** No stall any more. */
  unstall(): void {
    this.stalledUntil = 0;
    this.askPump(0);
  }

  /** Nothing comes out any more, ever. */
  die(): void {
    this.isDead = true;
    this.chunks.length = 0;
    this.backlog.length = 0;
    this.backlogLength = 0;
  }

  /** The reader may be reading again. */
  wake(): void {
    this.askPump(0);
  }

  private launch(bytes: Uint8Array): void {
    const delay = this.random.between(this.plan.delayMillisMin, this.plan.delayMillisMax);
    this.lastArrival = Math.max(this.lastArrival, this.time.now + delay);
    this.chunks.push({ bytes, arrives: this.lastArrival });
    this.bytesOnTheWay += bytes.length;
    if (this.chunks.length === 1) this.askPump(this.lastArrival - this.time.now);
  }

  private askPump(millis: number): void {
    if (this.isPumpAsked) return;
    this.isPumpAsked = true;
    this.time.after(millis, this.pumpTask);
  }

  private pump(): void {
    if (this.isDead) return;
    const { now } = this.time;
    if (this.stalledUntil > now) {
      this.askPump(this.stalledUntil - now);
      return;
    }
    if (!this.ends.isReading()) return;
    const [first] = this.chunks;
    if (first === undefined) {
      if (this.isFinishing) {
        this.die();
        this.ends.finished();
      }
      return;
    }
    if (first.arrives > now) {
      this.askPump(first.arrives - now);
      return;
    }
    this.handOver(now);
    if (this.isDead) return;
    const [next] = this.chunks;
    if (next !== undefined) this.askPump(Math.max(0, next.arrives - now));
    else if (this.isFinishing) this.askPump(0);
  }

  private handOver(now: number): void {
    const { chunks, plan } = this;
    let available = -this.offset;
    for (const { bytes, arrives } of chunks) {
      if (arrives > now) break;
      available += bytes.length;
    }
    const count = this.isSplitting(available)
      ? Math.min(available, this.random.between(1, plan.chunkBytesMax))
      : available;
    if (scratch.length < count + 2 * SCRATCH_MARGIN) scratch = new Uint8Array(2 * (count + SCRATCH_MARGIN));
    let at = SCRATCH_MARGIN;
    const end = SCRATCH_MARGIN + count;
    while (at < end) {
      const { bytes } = chunks[0] as Chunk;
      const length = Math.min(bytes.length - this.offset, end - at);
      copyBytes(bytes, this.offset, this.offset + length, scratch, at);
      at += length;
      this.offset += length;
      if (this.offset < bytes.length) break;
      chunks.shift();
      this.offset = 0;
    }
    this.bytesOnTheWay -= count;
    this.refill();
    this.ends.take(scratch, SCRATCH_MARGIN, end);
    scratch.fill(AFTER_USE, SCRATCH_MARGIN, end);
  }

  private isSplitting(available: number): boolean {
    const { chunkBytesMax } = this.plan;
    return chunkBytesMax > 0 && available > 1 && this.random.chance(SPLIT_CHANCE);
  }

  /** What waited goes on its way. */
  private refill(): void {
    if (this.backlogLength === 0) return;
    let [next] = this.backlog;
    while (
      next !== undefined &&
      (this.chunks.length === 0 || this.bytesOnTheWay + next.length <= this.plan.bufferBytes)
    ) {
      this.backlog.shift();
      this.backlogLength -= next.length;
      this.launch(next);
      [next] = this.backlog;
    }
    if (this.backlogLength === 0) this.ends.emptied();
  }
}
