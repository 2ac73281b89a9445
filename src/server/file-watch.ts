// Files that may change while the broker runs. They are asked for their status every second, rather than watched: that works on
// every file system, and also where a name comes to mean another file (an editor that renames, a mounted secret of Kubernetes).
// Invariant: what is read after a FileWatch was made is at least as new as what it compares with, so no change falls between.

import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

const LOOK_MILLIS = 1000;

/** Says when one of some files has changed: make it, read the files, and start it. It does not keep the process alive. */
export class FileWatch {
  private readonly paths: readonly string[];
  private readonly lookMillis: number;
  private known: string;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** @param lookMillis  How often they are looked at. */
  constructor(paths: readonly string[], lookMillis: number = LOOK_MILLIS) {
    this.paths = paths;
    this.lookMillis = lookMillis;
    this.known = paths.map(markNow).join('\n');
  }

  /** @param onChange  Called after one or more of the files changed, came or vanished. */
  start(onChange: () => void): void {
    const look = async (): Promise<void> => {
      const found = (await Promise.all(this.paths.map(markLater))).join('\n');
      if (this.isClosed) return;
      const hasChanged = found !== this.known;
      this.known = found;
      this.timer = setTimeout(() => void look(), this.lookMillis).unref();
      if (hasChanged) onChange();
    };
    this.timer = setTimeout(() => void look(), this.lookMillis).unref();
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
