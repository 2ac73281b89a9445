// Reads what strace wrote: which system calls a process made, with the file or connection that each was about, what was
// written or read, and when it began and ended, as positions in the trace. Threads interleave: a call that was interrupted by
// another thread's is in two lines, which are put together again.

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** One system call. */
export interface SystemCall {
  readonly name: string;
  readonly thread: number;
  /** What its first argument is open on: a path, or `TCP:[server->client]`. */
  readonly target: string;
  /** What was written or read; empty for calls that do neither. */
  readonly bytes: Uint8Array;
  /** What it returned; -1: it failed. */
  readonly result: number;
  /** The line in which it began. */
  readonly begin: number;
  /** The line in which it was over. */
  readonly end: number;
}

/** Whether the call brings something to the disk. */
export function isSync({ name }: SystemCall): boolean {
  return name === 'fsync' || name === 'fdatasync';
}

/** Whether strace is there and may trace. */
export const canTrace: boolean =
  spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0;

/** The command that traces all reads, writes and syncs of a program into a file. */
export function tracingTo(file: string): readonly string[] {
  const calls = 'trace=read,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync';
  // Whole packets and pages, in hex. Nothing but these calls stops the program.
  return ['strace', '-f', '--seccomp-bpf', '-yy', '-xx', '-s', '1000000', '-e', 'signal=none', '-e', calls, '-o', file];
}

/** The same, but for what becomes of syncs, as strace's `inject` says: `error=EIO:when=3`. Every thread counts its own. */
export function tamperingWithSyncs(how: string, file: string): readonly string[] {
  return [...tracingTo(file), '-e', `inject=fsync,fdatasync:${how}`];
}

/** Whether strace may attach to a process that runs already. Tries it. */
export function canAttach(): boolean {
  // It ends at once where it may not.
  const script = 'sleep 9 & timeout 0.3 strace -o /dev/null -p $!; status=$?; kill $!; exit $status';
  return spawnSync('sh', ['-c', script], { stdio: 'ignore' }).status === 124;
}

/** Meddles with the syncs of a process that runs already. */
export class SyncTamper {
  private readonly child: ChildProcessByStdio<null, null, Readable>;

  private constructor(child: ChildProcessByStdio<null, null, Readable>) {
    this.child = child;
  }

  /** From now on, with all its threads: each counts its syncs from now. */
  static async attach(processId: number, how: string): Promise<SyncTamper> {
    const args = ['-f', '-p', `${processId}`, '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'];
    const child = spawn('strace', [...args, '-e', `inject=fsync,fdatasync:${how}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // "Process 1 attached with 12 threads"
    await once(child.stderr, 'data');
    return new SyncTamper(child);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGINT');
    await closed;
  }
}

/** Reads a trace. Calls on nothing, and such as were not over when it ended, are left out. */
export function parseTrace(text: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { readonly text: string; readonly begin: number }>();
  for (const [index, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      unfinished.set(thread, { text: rest.slice(0, -'<unfinished ...>'.length), begin: index });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)?.[0];
    const first = unfinished.get(thread);
    const isWhole = resumed === undefined;
    if (!isWhole && first === undefined) continue;
    const whole = isWhole ? rest : `${first?.text}${rest.slice(resumed.length)}`;
    const call = parseCall(Number(thread), whole, isWhole ? index : (first?.begin ?? index), index);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function parseCall(thread: number, text: string, begin: number, end: number): SystemCall | undefined {
  const [, name, target] = /^(\w+)\(\d+<((?:->|[^>])*)>/.exec(text) ?? [];
  const [, result] = / = (-?\d+)[^=]*$/.exec(text) ?? [];
  if (name === undefined || target === undefined || result === undefined) return undefined;
  // `writev` and `sendmsg` have several.
  const parts = [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => bytesOf(hex));
  return { name, thread, target: textOf(target), bytes: Buffer.concat(parts), result: Number(result), begin, end };
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}

/** Paths come in hex, connections do not. */
function textOf(target: string): string {
  return target.startsWith('\\x') ? Buffer.from(bytesOf(target)).toString() : target;
}
