// How far it is: one line that changes, on a terminal only.

/** Where it goes. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const ERASE_LINE = '\r\u001b[K';

/** A line that changes. */
export class Progress {
  private readonly screen: Screen;
  private hasLine: boolean;

  constructor(screen: Screen) {
    this.screen = screen;
    this.hasLine = false;
  }

  /** Shows this in place of what was shown before. */
  show(text: string): void {
    if (this.screen.isTTY !== true) return;
    this.screen.write(`${ERASE_LINE}${text}`);
    this.hasLine = true;
  }

  /** Shows nothing more. */
  clear(): void {
    if (this.hasLine) this.screen.write(ERASE_LINE);
    this.hasLine = false;
  }
}
