// What is damaged: the files of a store in the middle of its life, as a crash leaves them, with something of everything in the
// database and commits in the log that are nowhere else. With every step of the history it is written down what a start would
// find after it, and how far the log went: so it can be said which state a damaged log may be taken for.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { millis } from '../../../src/base/millis.ts';
import { ENGINE_TUNING } from '../../../src/store/sqlite/engine.ts';
import { openDirectory } from '../../../src/store/sqlite/open-directory.ts';
import { checkLog } from '../../../src/store/sqlite/wal-check.ts';
import { seededRandom } from '../seeded-random.ts';
import { Life, SUBJECT_TUNING } from './life.ts';
import { look } from './look.ts';

/** The files of a store by name. */
export type Files = ReadonlyMap<string, Buffer>;

/** A moment of the history after which something more was committed. */
export interface Moment {
  /** How far the log went, in bytes. */
  readonly logEnd: number;
  /** What a start finds then. */
  readonly state: string;
}

/** A store as a crash left it. */
export interface Subject {
  readonly files: Files;
  /** The last one is what a start finds now. The first one is what is in the database itself. */
  readonly moments: readonly Moment[];
  /** Of the log: a page with its header. */
  readonly frameBytes: number;
}

/** What of a data directory is kept and put back. */
const FILES = ['vouch.db', 'vouch.db-wal', 'vouch.db-shm'] as const;

const LOG_HEADER_BYTES = 32;
const PAGE_BYTES = 4096;
const FRAME_HEADER_BYTES = 24;
const STEPS_BEFORE = 40;
const STEPS = 24;
/** Where it is this, the log is written back and begun anew on the way: what it held before lies behind its end. */
const SMALL_LOG_BYTES = 120_000;

/**
 * Makes one.
 * @param root  A directory for its making; what is in it afterwards means nothing.
 */
export function makeSubject(root: string, seed: number): Subject {
  const random = seededRandom(seed);
  const live = path.join(root, 'live');
  const copy = path.join(root, 'copy');
  const life = new Life(random);
  const engineOf = (checkpointLogBytes: number) => {
    const tuning = { ...SUBJECT_TUNING, checkpointLogBytes };
    const engine = { bytesMax: 0, synchronous: 'normal', tuning, monotonic: () => millis(0) } as const;
    const opened = openDirectory({ path: live, reserveBytes: 0, engine, progress: () => {} });
    opened.engine.recover({ found() {}, progress() {} });
    return opened;
  };
  const first = engineOf(ENGINE_TUNING.checkpointLogBytes);
  for (let step = 0; step < STEPS_BEFORE; step++) {
    first.engine.apply(life.batch());
    first.engine.maintain();
  }
  first.engine.close();
  first.release();

  const second = engineOf(random.chance(0.5) ? SMALL_LOG_BYTES : ENGINE_TUNING.checkpointLogBytes);
  let moments: Moment[] = [];
  const note = (): void => {
    takeFiles(live, copy);
    const log = checkLog(path.join(copy, 'vouch.db-wal'), () => {});
    const frames = log.kind === 'sound' ? log.frames : 0;
    const logEnd = LOG_HEADER_BYTES + frames * (PAGE_BYTES + FRAME_HEADER_BYTES);
    const latest = moments.at(-1);
    if (latest?.logEnd === logEnd) return;
    const { kind, state } = look(copy);
    if (kind !== 'opened') throw new Error(`A sound store was not: ${state}`);
    // The log was begun anew: what was before is in the database.
    if (latest !== undefined && logEnd < latest.logEnd) moments = [{ logEnd: LOG_HEADER_BYTES, state: latest.state }];
    moments.push({ logEnd, state });
  };
  note();
  for (let step = 0; step < STEPS; step++) {
    second.engine.apply(life.batch());
    note();
    if (!random.chance(0.3)) continue;
    second.engine.maintain();
    note();
  }
  takeFiles(live, copy);
  const files = new Map(FILES.map((name) => [name, readFileSync(path.join(copy, name))]));
  second.engine.abandon();
  second.release();
  return { files, moments, frameBytes: PAGE_BYTES + FRAME_HEADER_BYTES };
}

/** Copies what a crash would leave now. */
function takeFiles(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of FILES)
    if (existsSync(path.join(from, name))) copyFileSync(path.join(from, name), path.join(to, name));
}
