// Two measurements of many at a time: connections that never say anything, and clients that all come back at once.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { scramPassword, showHash } from '../src/auth/password-hash.ts';
import { NODE_RANDOM } from '../src/server/node-parts.ts';
import { startBroker } from './broker-process.ts';
import type { FleetOrder, FleetReport } from './fleet.ts';

const PROCESS = path.join(import.meta.dirname, 'fleet.ts');
const MEBIBYTE = 2 ** 20;
/** What ten thousand half-open connections may cost the broker. */
const HALF_OPEN_BYTES_MAX = 64 * MEBIBYTE;
/** In how long ten thousand clients are back. */
const RETURN_MILLIS_MAX = 30_000;
const CROWD = 10_000;
const PASSWORD = 'correct horse';
const ITERATIONS = 4_096;

/** What came out. */
export interface CrowdReport {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** A process with a fleet. */
class Fleet {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async order(order: FleetOrder): Promise<FleetReport> {
    this.child.send(order);
    const ended = once(this.child, 'exit').then(() => {
      throw new Error('The process with the connections ended.');
    });
    const [report] = (await Promise.race([once(this.child, 'message'), ended])) as [FleetReport];
    return report;
  }

  stop(): void {
    this.child.removeAllListeners('exit');
    if (this.child.connected) this.child.disconnect();
  }
}

/** How much memory connections cost that never say anything. */
export async function halfOpen(count: number, tell: (sentence: string) => void): Promise<CrowdReport> {
  tell(`half-open: ${count} connections that say nothing`);
  const broker = await startBroker({ flags: ['--connect-timeout', '10 min'] });
  const fleet = new Fleet();
  try {
    // The first ones make room that the others use, too.
    await fleet.order({ kind: 'half-open', port: broker.target.tcp, count: 100 });
    const before = broker.residentBytes();
    const { open, millis } = await fleet.order({ kind: 'half-open', port: broker.target.tcp, count });
    const cost = broker.residentBytes() - before;
    const lines = [
      `${open - 100} half-open connections in ${(millis / 1000).toFixed(1)} s cost ${(cost / MEBIBYTE).toFixed(1)} MiB of memory, ${Math.round(cost / (open - 100))} bytes each`,
    ];
    const problems = [
      ...(open < count ? [`${count + 100 - open} connections were not held`] : []),
      ...(cost > (HALF_OPEN_BYTES_MAX * count) / CROWD ? ['that is more than 64 MiB for 10,000'] : []),
    ];
    return { lines, problems };
  } finally {
    fleet.stop();
    await broker.stop();
  }
}

/** How fast clients with passwords are back after the network was gone, and after the broker was. */
export async function returning(count: number, tell: (sentence: string) => void): Promise<CrowdReport> {
  tell(`returning: ${count} users connect for the first time, and derive their keys`);
  const hash = showHash(await scramPassword(Buffer.from(PASSWORD), ITERATIONS, NODE_RANDOM));
  // One hash will do: every user of it has keys of its own to derive, and the broker proves each by itself.
  const users = Array.from({ length: count }, (_, n) => `user${n}:${hash}\n`).join('');
  let broker = await startBroker({ users });
  const { tcp: port } = broker.target;
  const fleet = new Fleet();
  const problems: string[] = [];
  const lines: string[] = [];
  const come = async (when: string, isMeasured: boolean): Promise<void> => {
    const { open, millis, refused } = await fleet.order({ kind: 'connect', port, count, password: PASSWORD });
    lines.push(`${when}: ${open} clients in ${(millis / 1000).toFixed(1)} s, ${refused} attempts made again`);
    if (open < count) problems.push(`${when}: ${count - open} clients are missing`);
    if (isMeasured && millis > RETURN_MILLIS_MAX) problems.push(`${when}: that is more than 30 s`);
  };
  try {
    await come('the first time', false);
    tell('returning: their connections are cut, and they come back');
    await fleet.order({ kind: 'cut' });
    await come('back after the network was gone', true);
    tell('returning: the broker is stopped and started, and they come back');
    await fleet.order({ kind: 'cut' });
    await broker.stop();
    broker = await startBroker({ users, port });
    await come('back after the broker was gone', true);
    return { lines, problems };
  } finally {
    fleet.stop();
    await broker.stop();
  }
}
