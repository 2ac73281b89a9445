// A look at SQLite's write-ahead log before SQLite opens it. SQLite ends the log at the first frame whose checksum does
// not fit and says nothing: that is right after a crash, where the last transaction was half written, and loses what
// was committed where the disk has changed a frame in the middle. Here the two are told apart.
//
// The idea: every commit is synced before the next one is written, so a crash tears the last transaction alone. Two or
// more whole commit frames behind a frame that is not whole mean damage; one may be that of the torn transaction, whose
// frames reached the disk out of order. What cannot be found therefore: a flip in the last transaction, or in the
// commit frame of the one before. It is taken for a torn write, as SQLite takes it. The engine begins the log anew at
// each start, so that what is left of a torn transaction never lies behind the commits of a later run.
// A frame is whole if it has this log's salts and its checksum goes on from that of the frame before it, be that one
// whole or not. The format is SQLite's "WAL File Format". Memory is bounded. Not for a log that somebody is writing.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { OperationError } from '../../base/errors.ts';
import { checkCommand, type DataDirectory, fileBytes, systemCode, unavailable } from './data-directory.ts';

/** What a write-ahead log turned out to be. */
export type LogCheck =
  /** There is none, or nothing in it that SQLite would read. */
  | { readonly kind: 'empty' }
  /** Everything that was committed can be read. What follows is left from before, or was torn by a crash. */
  | { readonly kind: 'sound'; readonly frames: number; readonly commits: number }
  /** Something that was committed cannot be read. */
  | {
      readonly kind: 'damaged';
      /** The first frame that is not whole, counted from 1; 0: the header of the file. */
      readonly frame: number;
      /** Where it begins in the file. */
      readonly offset: number;
      /** Whole commit frames behind it; at least two. */
      readonly commitsBehind: number;
    };

/** Is told how much of the work is done: between 0 and 1. */
export type OnProgress = (share: number) => void;

/**
 * Goes on only where the log of a data directory is not damaged, and has its database.
 * @throws {OperationError} `store-damaged` with file, frame, place and what to do; `store-unavailable`.
 */
export function refuseDamagedLog(directory: DataDirectory, progress: OnProgress): void {
  const check = checkLog(directory.log, progress);
  const damage = check.kind === 'damaged' ? showLogDamage(directory, check) : showLostDatabase(directory, check);
  if (damage === undefined) return;
  throw new OperationError('store-damaged', `${damage}\nRun: ${checkCommand(directory)}`);
}

/** What is said of a damaged log: one sentence. */
export function showLogDamage(directory: DataDirectory, damage: LogCheck & { readonly kind: 'damaged' }): string {
  const { frame, offset, commitsBehind } = damage;
  const place = frame === 0 ? 'its header' : `frame ${frame}, at byte ${offset},`;
  return `${directory.log} is damaged: ${place} is not what was written, and ${commitsBehind} commits behind it would be lost.`;
}

/**
 * What is said where a log holds commits and its database not a byte: one sentence; `undefined`: it is not so. SQLite takes such
 * a database for a new one, and removes the log. A crash does not leave it: a database has its first page before it has a log.
 * @throws {OperationError} `store-unavailable`.
 */
function showLostDatabase(directory: DataDirectory, check: LogCheck): string | undefined {
  if (check.kind !== 'sound' || check.commits === 0 || (fileBytes(directory.database) ?? 0) > 0) return undefined;
  const { database, log } = directory;
  return `${database} is damaged: it is empty, and ${log} holds ${check.commits} commits that belong to it.`;
}

/** The header of the file. */
const HEADER_BYTES = 32;
const SALTS_OFFSET = 16;
/** Whenever a log begins anew, its first salt is one more. So often it hardly does. */
const RESTARTS_MAX = 1_000_000;
/** Its checksum is over what comes before it. */
const HEADER_SUM_OFFSET = 24;
/** What stands before each page. */
const FRAME_HEADER_BYTES = 24;
/** The last bit tells whether checksums read the file as big-endian words. */
const MAGIC = 0x377f0682;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
/** About so much is read at once. */
const CHUNK_BYTES = 1024 * 1024;
/** More than may be missing from a log that a crash tore. */
const COMMITS_BEHIND_MIN = 2;

/** Two words: a checksum, or the salts of a log. */
type Sum = readonly [number, number];

/** How a log is laid out. */
interface Layout {
  readonly pageBytes: number;
  readonly isLittleEndian: boolean;
  readonly salts: Sum;
  /** What the checksum of the first frame may go on from. */
  readonly starts: readonly Sum[];
}

/** What a walk through all frames found. */
interface Walk {
  readonly frames: number;
  readonly commits: number;
  readonly broken: { readonly frame: number; readonly offset: number } | undefined;
  readonly commitsBehind: number;
}

/**
 * Reads a write-ahead log from beginning to end.
 * @throws {OperationError} `store-unavailable`.
 */
export function checkLog(file: string, progress: OnProgress): LogCheck {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { kind: 'empty' };
    throw unavailable('read', file, error);
  }
  try {
    return checkOpenLog(descriptor, progress);
  } catch (error) {
    throw systemCode(error) === undefined ? error : unavailable('read', file, error);
  } finally {
    closeSync(descriptor);
  }
}

function checkOpenLog(descriptor: number, progress: OnProgress): LogCheck {
  const size = fstatSync(descriptor).size;
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  if (size <= HEADER_BYTES || readFully(descriptor, header, 0) < HEADER_BYTES) return { kind: 'empty' };
  const layout = layoutOf(header);
  if (layout === undefined) return checkHeadless(descriptor, size, header);
  const { frames, commits, broken, commitsBehind } = walk(descriptor, size, layout, progress);
  if (broken !== undefined && commitsBehind >= COMMITS_BEHIND_MIN) return { kind: 'damaged', ...broken, commitsBehind };
  return { kind: 'sound', frames, commits };
}

/** A log whose header does not hold is empty to SQLite. It is damaged if it has commits in any layout that there can be. */
function checkHeadless(descriptor: number, size: number, header: DataView): LogCheck {
  for (let pageBytes = PAGE_BYTES_MIN; pageBytes <= PAGE_BYTES_MAX; pageBytes *= 2) {
    const candidates = possibleSalts(descriptor, size, pageBytes, header);
    for (const isLittleEndian of [true, false]) {
      const starts = [sumAt(header, HEADER_SUM_OFFSET), headerSum(header, isLittleEndian)];
      for (const salts of candidates) {
        const layout = { pageBytes, isLittleEndian, salts, starts };
        const { frames, commits, commitsBehind } = walk(descriptor, size, layout, () => {});
        if (commits + commitsBehind >= COMMITS_BEHIND_MIN) {
          return { kind: 'damaged', frame: 0, offset: 0, commitsBehind: commits + commitsBehind };
        }
        if (frames + commitsBehind > 0) break;
      }
    }
  }
  return { kind: 'empty' };
}

/**
 * The salts that a log may have: those of its first frame; and, since what spoilt the header may have spoilt that, too, those of
 * the first two frames in a row that have the same, unless the header says that these are left from before.
 */
function possibleSalts(descriptor: number, size: number, pageBytes: number, header: DataView): readonly Sum[] {
  let [first, before]: (Sum | undefined)[] = [];
  for (const { view, at } of framesOf(descriptor, size, pageBytes, () => {})) {
    const salts = sumAt(view, at + 8);
    // A frame of zeros has the right checksum.
    if (isSame(salts, [0, 0])) continue;
    first ??= salts;
    if (before !== undefined && isSame(salts, before)) break;
    before = salts;
  }
  if (first === undefined || before === undefined) return [];
  const age = (header.getInt32(SALTS_OFFSET) - before[0]) | 0;
  return age > 0 && age <= RESTARTS_MAX ? [first] : [first, before];
}

/** What the header says; `undefined` if it is not whole. */
function layoutOf(header: DataView): Layout | undefined {
  const magic = header.getUint32(0);
  const pageBytes = header.getUint32(8);
  const isPageSize =
    pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX && Number.isInteger(Math.log2(pageBytes));
  if ((magic & ~1) !== MAGIC || !isPageSize) return undefined;
  const isLittleEndian = (magic & 1) === 0;
  const sum = headerSum(header, isLittleEndian);
  if (!isSame(sum, sumAt(header, HEADER_SUM_OFFSET))) return undefined;
  return { pageBytes, isLittleEndian, salts: sumAt(header, SALTS_OFFSET), starts: [sum] };
}

function walk(descriptor: number, size: number, layout: Layout, progress: OnProgress): Walk {
  const { pageBytes, salts } = layout;
  let { starts } = layout;
  let [frames, commits, commitsBehind] = [0, 0, 0];
  let broken: Walk['broken'];
  for (const { view, at, frame, offset } of framesOf(descriptor, size, pageBytes, progress)) {
    const [isCommit, frameSalts, stored] = [view.getUint32(at + 4) !== 0, sumAt(view, at + 8), sumAt(view, at + 16)];
    // What is left from before has other salts; its checksums are nobody's concern.
    const sums = isSame(frameSalts, salts) ? starts.map((start) => frameSum(view, at, layout, start)) : [];
    const isWhole = sums.some((sum) => isSame(sum, stored));
    if (!isWhole) broken ??= { frame, offset };
    else if (broken === undefined) frames++;
    if (isWhole && isCommit) {
      if (broken === undefined) commits++;
      else commitsBehind++;
    }
    // Where a frame is not whole, its checksum may be what is wrong, or what the checksum is of.
    starts = isWhole ? [stored] : [stored, ...sums.slice(0, 1)];
  }
  return { frames, commits, broken, commitsBehind };
}

/** A frame, as long as the next one is not asked for. */
interface Frame {
  readonly view: DataView;
  /** Where it begins in the view. */
  readonly at: number;
  /** Counted from 1. */
  readonly frame: number;
  /** Where it begins in the file. */
  readonly offset: number;
}

function* framesOf(descriptor: number, size: number, pageBytes: number, progress: OnProgress): Generator<Frame> {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const framesAtOnce = Math.max(1, Math.floor(Math.min(CHUNK_BYTES, size) / frameBytes));
  const view = new DataView(new ArrayBuffer(framesAtOnce * frameBytes));
  let frame = 1;
  for (let start = HEADER_BYTES; start + frameBytes <= size; start += view.byteLength) {
    const length = readFully(descriptor, view, start);
    for (let at = 0; at + frameBytes <= length; at += frameBytes) {
      yield { view, at, frame, offset: start + at };
      frame++;
    }
    progress(Math.min(1, (start + length) / size));
  }
}

/** Reads until the view is full or the file ends, and says how much it got. */
function readFully(descriptor: number, view: DataView, position: number): number {
  let length = 0;
  while (length < view.byteLength) {
    const read = readSync(descriptor, view, length, view.byteLength - length, position + length);
    if (read === 0) break;
    length += read;
  }
  return length;
}

function headerSum(header: DataView, isLittleEndian: boolean): Sum {
  return checksum(header, 0, HEADER_SUM_OFFSET, isLittleEndian, [0, 0]);
}

/** The checksum of a frame: of the first words of its header, and of its page. */
function frameSum(view: DataView, at: number, { pageBytes, isLittleEndian }: Layout, start: Sum): Sum {
  const page = at + FRAME_HEADER_BYTES;
  return checksum(view, page, page + pageBytes, isLittleEndian, checksum(view, at, at + 8, isLittleEndian, start));
}

/** SQLite's checksum: Fibonacci-weighted sums of pairs of words. */
function checksum(view: DataView, start: number, end: number, isLittleEndian: boolean, before: Sum): Sum {
  let [first, second] = before;
  for (let i = start; i < end; i += 8) {
    first = (first + view.getInt32(i, isLittleEndian) + second) | 0;
    second = (second + view.getInt32(i + 4, isLittleEndian) + first) | 0;
  }
  return [first, second];
}

/** Two words of a header, which are big-endian always. */
function sumAt(view: DataView, offset: number): Sum {
  return [view.getInt32(offset), view.getInt32(offset + 4)];
}

function isSame(one: Sum, other: Sum): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
