// Which code has run, block by block, as V8 counts it ("precise coverage"). A session takes 1.6 times as long while it
// counts, a packet hardly longer; asking takes up to 10 ms, so one asks once a batch. A question empties the counters.

import { type Profiler, Session } from 'node:inspector';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const SOURCES = pathToFileURL(path.resolve(import.meta.dirname, '..', '..', 'src')).href;
/** No source file is longer, so that two offsets make one number. */
const OFFSETS = 2 ** 24;

/** A block of the sources, by file and place. */
export type Block = string;

/** The coverage of this thread. */
export class Coverage {
  private readonly session: Session;
  private readonly known: Set<Block>;

  constructor() {
    this.known = new Set();
    this.session = new Session();
    this.session.connect();
    this.session.post('Profiler.enable');
    this.start();
  }

  /** How many blocks have run in inputs that were learned. */
  get count(): number {
    return this.known.size;
  }

  /** Counts from now on. */
  start(): void {
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Does not count until `start`. */
  stop(): void {
    this.session.post('Profiler.stopPreciseCoverage');
  }

  /** The blocks that ran since the last call and are not known. */
  takeFresh(): readonly Block[] {
    const fresh: Block[] = [];
    for (const script of this.take()) {
      if (!script.url.startsWith(SOURCES)) continue;
      for (const each of script.functions) {
        for (const { startOffset, endOffset, count } of each.ranges) {
          if (count === 0) continue;
          const block = `${script.url.slice(SOURCES.length)}:${startOffset * OFFSETS + endOffset}`;
          if (!this.known.has(block)) fresh.push(block);
        }
      }
    }
    return fresh;
  }

  /** These are known from now on. */
  learn(blocks: readonly Block[]): void {
    for (const block of blocks) this.known.add(block);
  }

  /** Counts no longer. */
  close(): void {
    this.stop();
    this.session.disconnect();
  }

  private take(): readonly Profiler.ScriptCoverage[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    // It calls back before it returns.
    this.session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      scripts = taken.result;
    });
    return scripts;
  }
}
