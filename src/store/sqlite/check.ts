// Looks at everything in a data directory: the log as it lies there, SQLite's own structures, every row. It changes
// nothing, unless it is to accept a store whose disk failed: if all is well, the database is written anew, since after
// a failed sync what is read may be what the system remembers, not what the disk has; then it is opened as a broker
// opens it, and the note of the failure goes.

import { checkRows, type StoreCounts } from './check-rows.ts';
import { rewriteDatabase } from './compact.ts';
import { checkCommand, type DataDirectory, existingDirectory, toolCommand } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { readFailedMarker, removeFailedMarker } from './failed-marker.ts';
import { storeError } from './open-directory.ts';
import { StoreFault } from './store-fault.ts';
import { StoreView } from './store-view.ts';
import { checkLog, type LogCheck, type OnProgress, showLogDamage } from './wal-check.ts';

/** What was found. */
export interface CheckResult {
  /** The data directory. */
  readonly path: string;
  /** The first that were found; none: the store is whole. */
  readonly problems: readonly Problem[];
  /** How many there are in all. */
  readonly problemCount: number;
  /** What the store has, as far as it can be read; `undefined`: it cannot. */
  readonly counts: StoreCounts | undefined;
  /** The note of a failed disk, as it was found; `undefined`: there is none. */
  readonly failure: string | undefined;
  /** Whether a broker starts on it: on a sound one, and on an accepted one. */
  readonly state: 'sound' | 'accepted' | 'not-accepted' | 'damaged';
  /** What to do about it; '': nothing. */
  readonly advice: string;
}

/** Something that is not what was written. */
export interface Problem {
  readonly file: string;
  /** '' where it is about no table, or not about one row. */
  readonly table: string;
  readonly row: string;
  /** A sentence. */
  readonly sentence: string;
}

/** More problems than these say nothing more. */
const PROBLEMS_SHOWN_MAX = 100;
/** What each part takes of the work, about. */
const LOG_SHARE = 0.05;
const INTEGRITY_SHARE = 0.25;

/**
 * Checks the store in a data directory.
 * @param accept  How to open the store in order to accept it; `undefined`: it is not to be accepted.
 * @throws {OperationError} `store-in-use`, `store-newer`, `store-unavailable`, `store-full`: there is nothing to say about it.
 */
export function checkStore(
  directoryPath: string,
  accept: Omit<EngineOptions, 'file'> | undefined,
  progress: OnProgress,
): CheckResult {
  const directory = existingDirectory(directoryPath);
  const lock = lockDirectory(directory);
  try {
    const failure = readFailedMarker(directory);
    const problems = new Problems(directory);
    const log = checkLog(directory.log, (share) => progress(share * LOG_SHARE));
    problems.addLog(log);
    const counts = checkDatabase(directory, problems, progress);
    const { path } = directory;
    const found = { path, problems: problems.shown, problemCount: problems.count, counts, failure };
    if (problems.count > 0) return { ...found, state: 'damaged', advice: salvageAdvice(directory) };
    if (failure === undefined) return { ...found, state: 'sound', advice: '' };
    if (accept === undefined) return { ...found, state: 'not-accepted', advice: acceptAdvice(directory) };
    acceptStore(directory, accept);
    return { ...found, state: 'accepted', advice: '' };
  } finally {
    lock.release();
  }
}

/** The problems found so far. */
class Problems {
  readonly shown: Problem[];
  count: number;
  private readonly directory: DataDirectory;

  constructor(directory: DataDirectory) {
    this.shown = [];
    this.count = 0;
    this.directory = directory;
  }

  addLog(log: LogCheck): void {
    if (log.kind !== 'damaged') return;
    const row = log.frame === 0 ? '' : `frame ${log.frame}`;
    this.add({ file: this.directory.log, table: '', row, sentence: showLogDamage(this.directory, log) });
  }

  /** @throws {StoreFault} one that is no damage: a disk that cannot be read says nothing about what is on it. */
  addFault(fault: StoreFault): void {
    if (fault.kind !== 'damaged') throw fault;
    const { table, row, message } = fault;
    this.add({ file: this.directory.database, table, row, sentence: message });
  }

  private add(problem: Problem): void {
    this.count++;
    if (this.shown.length < PROBLEMS_SHOWN_MAX) this.shown.push(problem);
  }
}

function checkDatabase(directory: DataDirectory, problems: Problems, progress: OnProgress): StoreCounts | undefined {
  let view: StoreView | undefined;
  try {
    view = new StoreView(directory.database, (fault) => problems.addFault(fault));
    for (const fault of view.integrityProblems(PROBLEMS_SHOWN_MAX)) problems.addFault(fault);
    progress(LOG_SHARE + INTEGRITY_SHARE);
    const rest = 1 - LOG_SHARE - INTEGRITY_SHARE;
    return checkRows(view, (share) => progress(LOG_SHARE + INTEGRITY_SHARE + share * rest));
  } catch (error) {
    // What cannot be opened is damaged, too; what cannot be judged is not.
    if (!(error instanceof StoreFault) || error.kind !== 'damaged') throw storeError(error, directory);
    problems.addFault(error);
    return undefined;
  } finally {
    view?.close();
  }
}

function acceptStore(directory: DataDirectory, options: Omit<EngineOptions, 'file'>): void {
  rewriteDatabase(directory);
  let engine: Engine | undefined;
  try {
    engine = Engine.open({ ...options, file: directory.database });
    engine.recover({ found() {}, progress() {} });
    engine.close();
  } catch (error) {
    engine?.abandon();
    throw storeError(error, directory);
  }
  removeFailedMarker(directory);
}

function salvageAdvice(directory: DataDirectory): string {
  const save = `${toolCommand('export --salvage', directory)} > FILE`;
  return `Restore a backup; or save what still holds: "${save}", then "vouch store import --data DIR < FILE" into a new directory.`;
}

function acceptAdvice(directory: DataDirectory): string {
  return `What was written is whole, as far as it can be read. To use it again, run: ${checkCommand(directory, ' --accept')}`;
}
