// Where log lines go: one asynchronous write at a time, and all lines that come meanwhile share the
// next one. Bounded: a reader that stops reading costs lines, which are counted, and never stops the
// broker. A reader that is gone costs all further lines.

import { write, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Characters that wait for the reader; lines past it are lost. */
const WAITING_MAX = 4 * 1024 * 1024;
/** Until a pipe that had no room is tried again. */
const RETRY_MILLIS = 20;
/** A write that takes longer than this has met a reader that does not read. */
const STUCK_MILLIS = 1000;

/** An asynchronous writer of lines to a file descriptor. */
export class LogSink {
  /** Lines lost since this was last set to 0. */
  linesLost: number;
  private readonly descriptor: number;
  private waiting: string;
  /** When the write under way began; `undefined`: none is. */
  private writingSince: number | undefined;
  private isClosed: boolean;

  constructor(descriptor: number) {
    this.linesLost = 0;
    this.descriptor = descriptor;
    this.waiting = '';
    this.writingSince = undefined;
    this.isClosed = false;
  }

  /** Takes a line, with its line break. Never throws, never waits. */
  write(line: string): void {
    if (this.isClosed) return;
    if (this.waiting.length + line.length > WAITING_MAX) {
      this.linesLost++;
      return;
    }
    this.waiting += line;
    if (this.writingSince === undefined) this.writeWaiting();
  }

  /** Writes out what waits, for at most `millisMax`, and takes nothing more. */
  async close(millisMax: number): Promise<void> {
    const deadline = performance.now() + millisMax;
    while (this.writingSince !== undefined && performance.now() < deadline) await wait(5);
    this.isClosed = true;
  }

  /**
   * Writes out what waits before it returns, unless the reader seems stuck; for a process that must end in this turn.
   * It may overtake the write under way, if there is one.
   */
  closeNow(): void {
    this.isClosed = true;
    if (this.writingSince !== undefined && performance.now() - this.writingSince > STUCK_MILLIS) return;
    try {
      writeSync(this.descriptor, this.waiting);
    } catch {
      // The process is ending; nobody can be told.
    }
  }

  private writeWaiting(): void {
    const bytes = Buffer.from(this.waiting);
    this.waiting = '';
    this.writingSince = performance.now();
    this.writeBytes(bytes);
  }

  private writeBytes(bytes: Buffer): void {
    write(this.descriptor, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.writeBytes(bytes), RETRY_MILLIS);
      else if (error !== null) this.abandon();
      else if (count < bytes.length) this.writeBytes(bytes.subarray(count));
      else if (this.waiting !== '') this.writeWaiting();
      else this.writingSince = undefined;
    });
  }

  /** The reader is gone (EPIPE), or the disk is full: a broker without a log still serves its clients. */
  private abandon(): void {
    this.isClosed = true;
    this.waiting = '';
    this.writingSince = undefined;
  }
}
