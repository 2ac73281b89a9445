// What a run says while it goes on: on a terminal a line that changes, on a pipe a line every ten seconds; what is to stay is
// written above it.

/** Where it goes. */
export interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TERMINAL_MILLIS = 250;
const PIPE_MILLIS = 10_000;
/** Erases from the cursor to the end of the line. */
const ERASE_REST = '\u001b[K';

/** A stream with a line that says how far it is. */
export class Terminal {
  private readonly stream: Stream;
  private status: () => string;
  private timer: NodeJS.Timeout | undefined;
  private hasLine: boolean;

  constructor(stream: Stream) {
    this.stream = stream;
    this.status = () => '';
    this.timer = undefined;
    this.hasLine = false;
  }

  /** Says how far it is from now on, now and then. */
  follow(status: () => string): void {
    this.unfollow();
    this.status = status;
    const isTerminal = this.stream.isTTY === true;
    this.timer = setInterval(() => this.tellStatus(isTerminal), isTerminal ? TERMINAL_MILLIS : PIPE_MILLIS);
  }

  /** No more. */
  unfollow(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
  }

  /** Writes lines that stay. */
  say(...lines: readonly string[]): void {
    this.sayAll(lines);
  }

  /** The same, however many there are. */
  sayAll(lines: readonly string[]): void {
    this.erase();
    for (const line of lines) this.stream.write(`${line}\n`);
  }

  private tellStatus(isTerminal: boolean): void {
    const status = this.status();
    if (!isTerminal) {
      this.stream.write(`${status}\n`);
      return;
    }
    this.stream.write(`${status}${ERASE_REST}\r`);
    this.hasLine = true;
  }

  private erase(): void {
    if (this.hasLine) this.stream.write(ERASE_REST);
    this.hasLine = false;
  }
}
