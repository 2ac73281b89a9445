// Files that may change while the broker runs. They are asked for their status every second, rather than watched: that works on
// every file system, and also where a name comes to mean another file (an editor that renames, a mounted secret of Kubernetes).
// What has changed is told of at the look after: by then a file that was half written is whole, and a key has its certificate.
// Invariant: what is read after a FileWatch was made is at least as new as what it compares with, so no change falls between.

import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

const LOOK_MILLIS = 1000;

/** Says when one of some files has changed: make it, read the files, and start it. It does not keep the process alive. */
export class FileWatch {
  /** The files. */
  readonly paths: readonly string[];
  private readonly lookMillis: number;
  private known: string;
  private hasNews: boolean;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** @param lookMillis  How often they are looked at. */
  constructor(paths: readonly string[], lookMillis: number = LOOK_MILLIS) {
    this.paths = paths;
    this.lookMillis = lookMillis;
    this.known = paths.map(markNow).join('\n');
    this.hasNews = false;
  }

  /** @param onChange  Called after one or more of the files changed, came or vanished. */
  start(onChange: () => void): void {
    const look = async (): Promise<void> => {
      const found = (await Promise.all(this.paths.map(markLater))).join('\n');
      if (this.isClosed) return;
      const isToBeTold = this.hasNews;
      this.hasNews = found !== this.known;
      this.known = found;
      this.timer = setTimeout(() => void look(), this.lookMillis).unref();
      if (isToBeTold) onChange();
    };
    this.timer = setTimeout(() => void look(), this.lookMillis).unref();
  }

  /** The files could not be used: tells of them again after the next look, even if they are as they were. */
  tellAgain(): void {
    this.hasNews = true;
  }

  /** Looks no more. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }
}

function markNow(path: string): string {
  try {
    return markOf(statSync(path, { bigint: true }));
  } catch (error) {
    return absence(error);
  }
}

async function markLater(path: string): Promise<string> {
  try {
    return markOf(await stat(path, { bigint: true }));
  } catch (error) {
    return absence(error);
  }
}

/** Differs for another file, and for another version of the same one. */
function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function absence(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
