// The durable store for one life of a process: the real store and engine, in this thread, in turns of the simulator. Before
// and after everything that the engine does to its files is a boundary, at which the process may be killed.
//
// A death in the middle of something unwinds as an exception past everybody who handles faults; only then are the files let go of, as a
// dead process does. What is on the disk was kept aside before (database-files.ts): SQLite, when it lets go, writes its log back.
// The engine asks for the time before and after each transaction; that is how it is known whether one was committed. Whether it wrote anything
// the log says (log-watch.ts).

import { RingQueue } from '../../src/base/ring-queue.ts';
import { millis } from '../../src/base/millis.ts';
import type { Store } from '../../src/store/contract.ts';
import { type EngineOptions, ENGINE_TUNING, type EngineTuning } from '../../src/store/sqlite/engine.ts';
import type { Executor, ExecutorOwner } from '../../src/store/sqlite/executor.ts';
import { TICK_MILLIS } from '../../src/store/sqlite/engine-host.ts';
import { InThreadExecutor } from '../../src/store/sqlite/in-thread-executor.ts';
import { type DirectoryOptions, type OpenDirectory, openDirectory } from '../../src/store/sqlite/open-directory.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { StoreFault } from '../../src/store/sqlite/store-fault.ts';
import { type DatabaseFiles, RESERVE_BYTES } from './database-files.ts';
import type { DiskParts } from './disk.ts';
import { type DiskState, SLOW_FACTOR, UNAWAITED_MILLIS } from './disk-state.ts';
import { LogWatch } from './log-watch.ts';

/** Small numbers, so that everything happens soon. */
const TINY_TUNING: EngineTuning = {
  pageEntriesMax: 4,
  pageBytesMax: 40,
  indexEveryMessages: 9,
  indexEveryEntries: 40,
  indexEveryBytes: 4_000,
  checkpointLogBytes: 20_000,
  truncateLogBytes: 40_000,
  sliceRows: 2,
  chunkBytes: 200,
};

/** More than any database here grows to; there is one, so that it can be lowered. */
const BYTES_MAX = 1 << 30;

/** A limit that is always reached: SQLite takes it for the size that the database has. */
const FULL_BYTES = 4_096;

/** A full disk is mostly one that takes nothing, sometimes one where only what makes the database larger fails, in the middle of a transaction. */
const MAY_NOT_GROW_CHANCE = 0.25;

/** Every plan is over sooner. */
const DOWNTIME_MAX = millis(365 * 24 * 3_600_000);

/** How an engine is opened. */
export function engineOptions({ plan, clock }: DiskParts): Omit<EngineOptions, 'file'> {
  const tuning = plan.tuning === 'tiny' ? TINY_TUNING : ENGINE_TUNING;
  return { synchronous: 'full', bytesMax: BYTES_MAX, tuning, monotonic: () => clock.monotonic() };
}

/** Unwinds what a dead process was doing. */
class Killed extends Error {
  override readonly name = 'Killed';
}

/** One life's store and engine. */
export class SqliteLife {
  readonly store: Store;
  private readonly parts: DiskParts;
  private readonly disk: DiskState;
  private readonly files: DatabaseFiles;
  private readonly log: LogWatch;
  private readonly executor: InThreadExecutor;
  private opened: OpenDirectory | undefined;
  /** What the engine is asked to do, oldest first. */
  private readonly tasks: RingQueue<() => void>;
  private isRunning: boolean;
  private isOver: boolean;
  /** The owner was told so. */
  private isFull: boolean;
  /** How often the engine asked for the time. */
  private timesAsked: number;
  /** The engine is at work that may commit something. */
  private isInCommit: boolean;
  /** The last commit is being made: it is written, and it is not known to be synced. */
  private isCommitting: boolean;
  /** The disk is full, and it is the database that may not grow. */
  private mayNotGrow: boolean;

  constructor(parts: DiskParts, disk: DiskState, files: DatabaseFiles) {
    const { clock, log } = parts;
    this.parts = parts;
    this.disk = disk;
    this.files = files;
    this.log = new LogWatch(files.directory.log);
    this.opened = undefined;
    this.tasks = new RingQueue();
    this.isRunning = false;
    this.isOver = false;
    this.isFull = false;
    this.timesAsked = 0;
    this.isInCommit = false;
    this.isCommitting = false;
    this.mayNotGrow = false;
    const { bytesMax, synchronous, tuning } = engineOptions(parts);
    this.executor = new InThreadExecutor(
      { path: files.directory.path, reserveBytes: RESERVE_BYTES, bytesMax, synchronous, tuning },
      {
        clock: {
          monotonic: () => {
            this.timesAsked++;
            return clock.monotonic();
          },
          wall: () => clock.wall(),
        },
        later: (task) => this.later(task),
        openDirectory: (options) => this.openDirectory(options),
      },
    );
    this.store = new SqliteStore({
      executor: this.watchExecutor(),
      clock,
      log,
      downtimeMax: DOWNTIME_MAX,
      later: (task) => parts.atTurnEnd(task),
      soon: (task) => parts.after(UNAWAITED_MILLIS, task),
    });
    const { store } = this;
    const statistics = store.statistics.bind(store);
    // What the engine does between batches it tells with the next one; here nobody sends one to hear it.
    store.statistics = () => ({ ...statistics(), ...(this.isOver ? undefined : this.opened?.engine.statistics()) });
  }

  /** Whether something is to be done. */
  get isBusy(): boolean {
    if (this.isOver) return false;
    return this.tasks.length > 0 || this.store.lateBytes > 0 || (this.isFull && !this.disk.isFull);
  }

  /** The process is gone, or needs its files no more. */
  end(machine: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.isCommitting) this.files.keepTorn(machine, this.parts.random);
    else this.files.keep();
    if (!this.isRunning) this.executor.crash();
  }

  /** The disk is full, or not any more. */
  tellFull(): void {
    const engine = this.opened?.engine;
    if (this.isOver || engine === undefined || this.isFull) return;
    this.mayNotGrow = this.disk.isFull && this.parts.random.chance(MAY_NOT_GROW_CHANCE);
    if (this.mayNotGrow) engine.raiseLimit(FULL_BYTES - BYTES_MAX);
    else engine.lowerLimit();
  }

  /** Has something done to the files, in a turn of its own, in order; each thing takes its time. */
  private later(task: () => void): void {
    if (this.isOver) return;
    this.tasks.push(task);
    const { plan, random } = this.parts;
    const time = random.between(plan.commitMillisMin, plan.commitMillisMax) * (this.disk.isSlow ? SLOW_FACTOR : 1);
    this.parts.after(time, () => {
      const oldest = this.tasks.shift();
      if (oldest !== undefined) this.run(oldest);
    });
  }

  private run(task: () => void): void {
    if (this.isOver) return;
    this.isRunning = true;
    try {
      task();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    } finally {
      this.isRunning = false;
      if (this.isOver) this.executor.crash();
    }
  }

  private boundary(what: string): void {
    if (!this.parts.boundary(what)) throw new Killed();
  }

  /** The executor, with boundaries where it has told something. */
  private watchExecutor(): Executor {
    const { executor } = this;
    return {
      open: (owner) => executor.open(this.watchOwner(owner)),
      apply: (batch) => executor.apply(batch),
      read: (recipient, after, size) => executor.read(recipient, after, size),
      close: () => executor.close(),
    };
  }

  private watchOwner(owner: ExecutorOwner): ExecutorOwner {
    return {
      found: (chunk) => owner.found(chunk),
      opening: (share) => owner.opening(share),
      opened: (numbers, statistics) => owner.opened(numbers, statistics),
      refused: (error) => owner.refused(error),
      committed: (spent, statistics) => {
        owner.committed(spent, statistics);
        this.boundary('announced');
      },
      page: (page) => {
        owner.page(page);
        this.boundary('read answered');
      },
      full: (isFull) => {
        this.isFull = isFull;
        owner.full(isFull);
        if (isFull) this.askTick();
      },
      failed: (error) => {
        // The engine has let go of the file.
        this.opened = undefined;
        owner.failed(error);
      },
      closed: () => {
        // In order, or after a failure: the files are as they are to be.
        this.isOver = true;
        owner.closed();
      },
    };
  }

  /** While the disk is full, somebody looks whether there is room again. */
  private askTick(): void {
    this.parts.after(TICK_MILLIS, () => {
      this.run(() => this.executor.tick());
      if (this.isFull) this.askTick();
    });
  }

  private openDirectory(options: DirectoryOptions): OpenDirectory {
    this.boundary('opening');
    const hadReserve = this.files.hasReserve;
    const opened = openDirectory(options);
    try {
      this.boundary('log written back');
    } catch (error) {
      opened.engine.abandon();
      opened.release();
      throw error;
    }
    // Where there was no room for it, there still is none.
    if (this.disk.isFull && !hadReserve) opened.reserve.release();
    this.watchEngine(opened);
    this.opened = opened;
    this.tellFull();
    return opened;
  }

  private watchEngine({ engine, reserve }: OpenDirectory): void {
    const apply = engine.apply.bind(engine);
    const applyAgain = engine.applyAgain.bind(engine);
    const maintain = engine.maintain.bind(engine);
    const read = engine.read.bind(engine);
    const recover = engine.recover.bind(engine);
    const close = engine.close.bind(engine);
    const hasRoomUnderLimit = engine.hasRoomUnderLimit.bind(engine);
    engine.apply = (batch) => this.commit('commit', () => apply(batch));
    // `apply` itself calls this one: then it is the first attempt.
    engine.applyAgain = () => {
      if (this.disk.isFull && !this.mayNotGrow && reserve.isHeld)
        throw new StoreFault('full', 'The disk was made full.');
      if (this.isInCommit) applyAgain();
      else this.commit('commit again', applyAgain);
    };
    engine.maintain = () => this.commit('maintenance', maintain);
    engine.close = () => this.commit('close', close);
    engine.read = (recipient, after, messagesMax, bytesMax) => {
      this.boundary('reading');
      return read(recipient, after, messagesMax, bytesMax);
    };
    engine.recover = (sink) => {
      const found = (chunk: Uint8Array<ArrayBuffer>): void => {
        this.boundary('reading back');
        sink.found(chunk);
      };
      const numbers = recover({ found, progress: (share) => sink.progress(share) });
      this.boundary('read back');
      return numbers;
    };
    engine.hasRoomUnderLimit = (bytes) => !this.disk.isFull && hasRoomUnderLimit(bytes);
  }

  /** The engine does something that may commit a transaction. */
  private commit<T>(what: string, work: () => T): T {
    this.boundary(`before ${what}`);
    const asked = this.timesAsked;
    this.log.hasGrown();
    if (this.disk.takeFailure()) this.failIn(work);
    const result = this.doInCommit(work);
    this.isCommitting = this.log.hasGrown();
    try {
      if (this.timesAsked - asked >= 2) this.boundary(`in ${what}`);
    } finally {
      this.isCommitting = false;
    }
    this.boundary(`after ${what}`);
    return result;
  }

  private doInCommit<T>(work: () => T): T {
    this.isInCommit = true;
    try {
      return work();
    } finally {
      this.isInCommit = false;
    }
  }

  /** A call fails, before what it was to do or after; how much of that is on the disk nobody knows. */
  private failIn(work: () => unknown): never {
    const { files, parts } = this;
    if (parts.random.chance(0.5)) this.doInCommit(work);
    if (this.log.hasGrown()) files.keepTorn(true, parts.random);
    else files.keep();
    throw new StoreFault('failed', 'The disk was made to fail.');
  }
}
