// The files of a SQLite disk: an empty store, copied from one that was made once for each page size; what is there at the moment of
// a crash, kept aside; and that, put back for the next life. All in one directory, which stays locked by nobody between lives.
// Files of the database are read only when the one who has them open is about to let go: closing them gives up SQLite's locks.

import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { assert } from '../../src/base/assert.ts';
import { millis } from '../../src/base/millis.ts';
import { checkStore } from '../../src/store/sqlite/check.ts';
import { type DataDirectory, dataDirectory } from '../../src/store/sqlite/data-directory.ts';
import { Engine, ENGINE_TUNING, type EngineOptions } from '../../src/store/sqlite/engine.ts';
import { DatabaseSync } from '../../src/store/sqlite/node-sqlite.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { tearLog } from './torn-log.ts';

/** Sizes of pages that SQLite knows. */
export type PageBytes = 512 | 1024 | 4096;

/** What a disk that is full gives back. */
export const RESERVE_BYTES = 65_536;

/** Empty stores, by the size of their pages. */
const TEMPLATES = new Map<PageBytes, Uint8Array>();

/** What is on the disk after a crash. */
interface Remains {
  readonly database: Uint8Array | undefined;
  readonly log: Uint8Array | undefined;
}

/** A data directory over all lives. */
export class DatabaseFiles {
  readonly directory: DataDirectory;
  /** What was there when the process died; `undefined`: it ended in order, and the files are as it left them. */
  private remains: Remains | undefined;

  /** @param directory  New and empty. */
  constructor(directory: string, pageBytes: PageBytes) {
    this.directory = dataDirectory(directory);
    this.remains = undefined;
    writeFileSync(this.directory.database, templateOf(pageBytes, directory));
    // It is looked at for its size alone.
    writeFileSync(this.directory.reserve, '');
    truncateSync(this.directory.reserve, RESERVE_BYTES);
  }

  /** Whether the reserve was not given up. */
  get hasReserve(): boolean {
    return existsSync(this.directory.reserve);
  }

  /** The process dies now, or the disk has failed: what is there now is what the next life finds. Only the first time counts. */
  keep(): void {
    if (this.remains !== undefined) return;
    this.remains = { database: contentOf(this.directory.database), log: contentOf(this.directory.log) };
  }

  /** The same in the middle of the last commit. */
  keepTorn(machine: boolean, random: SeededRandom): void {
    this.keep();
    const { database, log } = this.remains ?? {};
    if (log !== undefined) this.remains = { database, log: tearLog(log, machine, random) };
  }

  /**
   * Nobody has the files open: they become what they were at the death of the last life; and if a disk failed under it, an operator
   * looks at them and accepts them.
   */
  restore(options: Omit<EngineOptions, 'file'>): void {
    const { remains, directory } = this;
    this.remains = undefined;
    if (remains !== undefined) {
      putBack(directory.database, remains.database);
      putBack(directory.log, remains.log);
    }
    if (!existsSync(directory.failed)) return;
    const { state, problems } = checkStore(directory.path, options, () => {});
    assert(state === 'accepted', `a store whose disk failed can be accepted: ${JSON.stringify(problems)}`);
  }

  /** Nobody has the files open, and nobody needs them. */
  remove(): void {
    rmSync(this.directory.path, { recursive: true, force: true });
  }
}

function contentOf(file: string): Uint8Array | undefined {
  return existsSync(file) ? readFileSync(file) : undefined;
}

function putBack(file: string, content: Uint8Array | undefined): void {
  if (content === undefined) rmSync(file, { force: true });
  else writeFileSync(file, content);
}

/** An empty store, as the engine makes it, with pages of this size. */
function templateOf(pageBytes: PageBytes, directory: string): Uint8Array {
  const known = TEMPLATES.get(pageBytes);
  if (known !== undefined) return known;
  const file = path.join(directory, 'template.db');
  const monotonic = (): ReturnType<typeof millis> => millis(0);
  const engine = Engine.open({ file, synchronous: 'full', bytesMax: 0, tuning: ENGINE_TUNING, monotonic });
  engine.recover({ found() {}, progress() {} });
  engine.close();
  const database = new DatabaseSync(file);
  // The engine opens it with a log again.
  database.exec(`PRAGMA journal_mode = DELETE; PRAGMA page_size = ${pageBytes}; VACUUM`);
  database.close();
  const template = readFileSync(file);
  rmSync(file);
  TEMPLATES.set(pageBytes, template);
  return template;
}
