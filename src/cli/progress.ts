// How far a command is that takes long: one line on standard error that is written over itself, for people at a terminal alone. What is
// logged meanwhile takes its place, and it comes again below.

import type { Log, LogFields, LogLevel } from '../base/log.ts';

/** So long nobody wonders. */
const PATIENCE_MILLIS = 1_000;
const RENEWAL_MILLIS = 200;
const CLEAR_LINE = '\r\x1b[K';

/** Where the line goes. */
export interface ProgressTerminal {
  readonly isTTY?: boolean;
  /** How wide it is; what is longer than a line could not be written over. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** The line. */
export class Progress {
  private readonly terminal: ProgressTerminal;
  private readonly text: () => string;
  private readonly timer: NodeJS.Timeout | undefined;
  private isShown: boolean;

  /**
   * @param terminal  Where there is none, nothing is ever shown.
   * @param text  What to say, asked each time.
   */
  constructor(terminal: ProgressTerminal, isWanted: boolean, text: () => string) {
    this.terminal = terminal;
    this.text = text;
    this.isShown = false;
    const begin = performance.now();
    const renew = (): void => {
      if (performance.now() - begin >= PATIENCE_MILLIS) this.show();
    };
    this.timer = isWanted && terminal.isTTY === true ? setInterval(renew, RENEWAL_MILLIS).unref() : undefined;
  }

  /** A log whose sentences do not run into the line. */
  around(log: Log): Log {
    const tell = (level: LogLevel) => {
      return (sentence: string, fields?: LogFields): void => {
        this.clear();
        log[level](sentence, fields);
      };
    };
    return { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') };
  }

  /** Nothing is left of it. */
  end(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private show(): void {
    const { columns = 80 } = this.terminal;
    this.terminal.write(`${CLEAR_LINE}${this.text().slice(0, columns - 1)}`);
    this.isShown = true;
  }

  private clear(): void {
    if (this.isShown) this.terminal.write(CLEAR_LINE);
    this.isShown = false;
  }
}
