// Which system call of a broker fails, and how: the N-th of its kind on the files of the store, once or from then on. A table of
// kinds, and a walk over it: all kinds in turn, and each time another N, spread over the range, from the first call of a start to
// what comes under load. strace makes the call fail; the kernel never sees it.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One place. */
export interface Meddling {
  /** The names of the system calls, with commas between them, as strace takes them. */
  readonly calls: string;
  readonly error: string;
  /** Which of these calls fails, counted from 1; every thread counts its own. */
  readonly nth: number;
  /** Whether all that come after it fail, too. */
  readonly lasts: boolean;
}

/** Calls that fail alike. */
interface Kind {
  readonly calls: string;
  readonly errors: readonly string[];
  /** About how many there are in a life of a broker under load. */
  readonly nthMax: number;
  /** Fails once at most: what fails again and again is tried again for ten seconds. */
  readonly once?: boolean;
}

const KINDS: readonly Kind[] = [
  { calls: 'fsync,fdatasync', errors: ['EIO', 'ENOSPC'], nthMax: 25 },
  { calls: 'pwrite64', errors: ['ENOSPC', 'EIO'], nthMax: 250 },
  { calls: 'pread64', errors: ['EIO'], nthMax: 40 },
  { calls: 'openat', errors: ['EIO', 'ENOSPC', 'EMFILE', 'EACCES'], nthMax: 9 },
  { calls: 'fcntl', errors: ['EIO', 'ENOLCK'], nthMax: 150, once: true },
  { calls: 'fstat,stat,lstat,statx', errors: ['EIO'], nthMax: 70 },
  { calls: 'write', errors: ['ENOSPC', 'EIO'], nthMax: 2 },
  { calls: 'ftruncate', errors: ['EIO', 'ENOSPC'], nthMax: 2 },
  { calls: 'unlink', errors: ['EIO'], nthMax: 1 },
  { calls: 'mmap', errors: ['ENOMEM'], nthMax: 1 },
];

/** A walk takes them in turn. */
export const KIND_COUNT: number = KINDS.length;
/** One in so many lasts. */
const LASTING = 4;
/** Its multiples are spread evenly between 0 and 1, however many there are. */
const GOLDEN = 0.618_033_988_749_895;

/** The place at a step of the walk. Walks with different seeds go over different places. */
export function meddlingAt(seed: number, step: number): Meddling {
  const kind = KINDS[step % KIND_COUNT];
  if (kind === undefined) throw new Error('There is no kind.');
  const round = seed + Math.floor(step / KIND_COUNT);
  const share = ((seed + step) * GOLDEN) % 1;
  return {
    calls: kind.calls,
    error: kind.errors[round % kind.errors.length] ?? 'EIO',
    nth: 1 + Math.floor(kind.nthMax * share),
    lasts: kind.once !== true && (seed + step) % LASTING === 0,
  };
}

/** For people. */
export function showMeddling({ calls, error, nth, lasts }: Meddling): string {
  return `${calls}: ${error} at ${nth}${lasts ? ' and after' : ''}`;
}

/** The command under which a broker on this data directory is meddled with. What becomes of it is traced into the file. */
export function meddlingWith(
  { calls, error, nth, lasts }: Meddling,
  directory: string,
  file: string,
): readonly string[] {
  const names = ['', 'vouch.db', 'vouch.db-wal', 'vouch.db-shm', 'vouch.db-journal', 'lock.db', 'reserve', 'failed'];
  const paths = names.flatMap((name) => ['-P', path.join(directory, name)]);
  const inject = `inject=${calls}:error=${error}:when=${nth}${lasts ? '+' : ''}`;
  const what = ['-e', `trace=${calls}`, '-e', inject, '-e', 'signal=none', '-s', '0', '-y'];
  return ['strace', '-f', '--seccomp-bpf', ...paths, ...what, '-o', file];
}

/** Whether the trace shows that something was made to fail. */
export function hasMeddled(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').includes('(INJECTED)');
}
