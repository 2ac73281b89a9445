// Whether a commit has written anything to SQLite's log: a row that is replaced by one of the same content is not written, and where all are like
// that, nothing is. Such a commit cannot be torn by a crash; the last transaction in the log is an older one, long synced.
// Looks at the headers of frames alone, and at each once. Nobody locks the log, so that opening and closing it gives up nobody's locks.

import { closeSync, openSync, readSync } from 'node:fs';

import { FRAME_HEADER_BYTES, HEADER_BYTES } from './torn-log.ts';

/** Looks at the log of one database, again and again. */
export class LogWatch {
  private readonly file: string;
  private readonly header: DataView<ArrayBuffer>;
  private readonly frame: DataView<ArrayBuffer>;
  /** Of the log as it was when somebody looked last: another log has others. */
  private salts: bigint;
  /** Where the last transaction ended, in bytes. */
  private end: number;

  constructor(file: string) {
    this.file = file;
    this.header = new DataView(new ArrayBuffer(HEADER_BYTES));
    this.frame = new DataView(new ArrayBuffer(FRAME_HEADER_BYTES));
    this.salts = 0n;
    this.end = HEADER_BYTES;
  }

  /** Whether transactions were added since the last call. */
  hasGrown(): boolean {
    const log = openIfThere(this.file);
    if (log === undefined) return false;
    try {
      return this.readOn(log);
    } finally {
      closeSync(log);
    }
  }

  private readOn(log: number): boolean {
    const { header, frame } = this;
    if (readSync(log, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return false;
    const salts = header.getBigUint64(16);
    if (salts !== this.salts) {
      this.salts = salts;
      this.end = HEADER_BYTES;
    }
    const before = this.end;
    const frameBytes = FRAME_HEADER_BYTES + header.getUint32(8);
    for (let at = before; readSync(log, frame, 0, FRAME_HEADER_BYTES, at) === FRAME_HEADER_BYTES; at += frameBytes) {
      if (frame.getBigUint64(8) !== salts) break;
      if (frame.getUint32(4) !== 0) this.end = at + frameBytes;
    }
    return this.end !== before;
  }
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    // A database that nobody has written to has no log.
    return undefined;
  }
}
