// CPU time and memory of another process, from Linux's /proc.

import { readFileSync } from 'node:fs';

/** What Linux counts in: `getconf CLK_TCK` has been 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;

/** User and system time of a process's main thread so far, in seconds. */
export function mainThreadSeconds(pid: number): number {
  return cpuSeconds(`/proc/${pid}/task/${pid}/stat`);
}

/** User and system time of all of a process's threads so far, in seconds. */
export function processSeconds(pid: number): number {
  return cpuSeconds(`/proc/${pid}/stat`);
}

/** Memory in use, in MiB. */
export function residentMebibytes(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes ?? 0) / 1024;
}

function cpuSeconds(file: string): number {
  const stat = readFileSync(file, 'utf8');
  // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
