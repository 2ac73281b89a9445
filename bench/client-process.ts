// The process of the client under measure, seen from the bench: starts it on its core, hears what it says, tells it when to go on.

import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Job, Said, Told } from './client-subject.ts';

const SUBJECT = path.join(import.meta.dirname, 'client-subject.ts');
const CLIENT_CORE = '1';
/** A process that has not said what is waited for by then hangs. */
const PATIENCE_MILLIS = 30_000;

/** A client's process that runs. */
export class SubjectProcess {
  private readonly child: ChildProcess;
  private readonly heard: Map<Said['kind'], Said>;
  private readonly onReceived: (count: number) => void;
  private complaint: string;
  private hasEnded: boolean;
  private wake: () => void;

  /**
   * Starts it.
   * @param flags  For Node: a profile.
   * @param onReceived  Called now and then with the count of messages that it has received.
   */
  constructor(job: Job, flags: readonly string[], onReceived: (count: number) => void) {
    const command = [process.execPath, '--expose-gc', ...flags, SUBJECT, JSON.stringify(job)];
    // taskset becomes node, and hands the channel down.
    this.child = spawn('taskset', ['-c', CLIENT_CORE, ...command], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.heard = new Map();
    this.onReceived = onReceived;
    this.complaint = '';
    this.hasEnded = false;
    this.wake = () => undefined;
    this.child.on('message', (said: Said) => this.hear(said));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(-4_000);
    });
    this.child.once('close', () => {
      this.hasEnded = true;
      this.wake();
    });
  }

  /** Waits until it has said that, and tells the whole of it. */
  async said<Kind extends Said['kind']>(kind: Kind): Promise<Extract<Said, { kind: Kind }>> {
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MILLIS);
    try {
      for (;;) {
        const said = this.heard.get(kind);
        // The map holds each under its own kind.
        if (said !== undefined) return said as Extract<Said, { kind: Kind }>;
        if (this.hasEnded) throw new Error(`the client's process ended before '${kind}'. ${this.errorLine()}`);
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(impatience);
    }
  }

  /** Lets it go on. */
  tell(told: Told): void {
    this.child.send(told);
  }

  /** Waits for its end: a profile is written then. */
  async end(): Promise<void> {
    const impatience = setTimeout(() => this.kill(), PATIENCE_MILLIS);
    while (!this.hasEnded) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    clearTimeout(impatience);
  }

  /** Ends it at once, if it still runs. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private hear(said: Said): void {
    if (said.kind === 'received') {
      this.onReceived(said.count);
      return;
    }
    this.heard.set(said.kind, said);
    this.wake();
  }

  private errorLine(): string {
    const lines = this.complaint.split('\n').map((line) => line.trim());
    return lines.find((line) => /Error/u.test(line)) ?? lines[0] ?? '';
  }
}
