// The control beside a flood: bytes that go to another process and back over loopback, as good clients' messages do, but past the broker.
// A machine with fewer cores than there is work is late for everybody; what is more than that is the broker's.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';

import { type Latency, summarize } from './latency.ts';

const PROCESS = path.join(import.meta.dirname, 'echo-process.ts');
/** As often as all good clients together, roughly; few enough to cost nothing. */
const PING_MILLIS = 10;

/** An echo, measured all the time. */
export class Echo {
  private readonly child: ChildProcess;
  private readonly socket: Socket;
  private readonly timer: NodeJS.Timeout;
  private durations: number[];
  private sentAt: number | undefined;

  private constructor(child: ChildProcess, socket: Socket) {
    this.child = child;
    this.socket = socket;
    this.durations = [];
    this.sentAt = undefined;
    socket.on('data', () => {
      if (this.sentAt === undefined) return;
      this.durations.push(performance.now() - this.sentAt);
      this.sentAt = undefined;
    });
    this.timer = setInterval(() => {
      if (this.sentAt !== undefined) return;
      this.sentAt = performance.now();
      socket.write('.');
    }, PING_MILLIS);
  }

  static async start(): Promise<Echo> {
    const child = fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [port] = (await once(child, 'message')) as [number];
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Echo(child, socket);
  }

  /** Begins to count anew. */
  reset(): void {
    this.durations = [];
  }

  /** What was measured since. */
  report(): Latency {
    return summarize(this.durations);
  }

  stop(): void {
    clearInterval(this.timer);
    this.socket.destroy();
    this.child.disconnect();
  }
}
