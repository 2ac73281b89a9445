// The real disk: the durable store and its engine as the broker runs them, but in this thread, on files in a directory of the run.
//
// What is modelled: a process that dies before, after and in the middle of a transaction, of a slice of maintenance, of opening and of
// closing finds the files again as they were; in the middle of a transaction the log has some first bytes of it, or, if the
// machine died, any of its sectors. A disk that fails has the last transaction, nothing of it, or some, and its store is looked at and
// accepted before the next life, as the broker asks for. A full disk takes no
// transaction before the reserve is given up, or its database may not grow.
// What is not: a database file that is half written back when the process dies (SQLite reads those pages from its log then,
// which is left as it is); directories and lengths that a machine forgets; whether SQLite does sync each commit, which test/crash/ shows by
// cutting the power.

import type { Store } from '../../src/store/contract.ts';
import type { DiskFault } from '../plan.ts';
import { DatabaseFiles, type PageBytes } from './database-files.ts';
import type { Disk, DiskParts } from './disk.ts';
import { DiskState } from './disk-state.ts';
import { engineOptions, SqliteLife } from './sqlite-life.ts';

/** A disk that is a data directory. */
export class SqliteDisk implements Disk {
  private readonly parts: DiskParts;
  private readonly state: DiskState;
  private readonly files: DatabaseFiles;
  private life: SqliteLife | undefined;

  /** @param directory  New and empty. */
  constructor(parts: DiskParts, directory: string) {
    this.parts = parts;
    this.state = new DiskState();
    const pageBytes = parts.plan.tuning === 'tiny' ? 512 : parts.random.pick<PageBytes>([1024, 1024, 1024, 4096]);
    this.files = new DatabaseFiles(directory, pageBytes);
    this.life = undefined;
  }

  get isBusy(): boolean {
    return this.life?.isBusy ?? false;
  }

  makeStore(): Store {
    // One that ended in order, or failed.
    this.crash(false);
    this.files.restore(engineOptions(this.parts));
    this.life = new SqliteLife(this.parts, this.state, this.files);
    return this.life.store;
  }

  crash(machine: boolean): void {
    this.life?.end(machine);
    this.life = undefined;
  }

  setFault(fault: DiskFault | undefined): void {
    this.state.set(fault);
    this.life?.tellFull();
  }

  discard(): void {
    this.crash(false);
    this.files.remove();
  }
}
