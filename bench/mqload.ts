// The load generator: finds its C source beside the repository, compiles it, runs it, and reads its one line of result.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where the source is expected, beside the checkout. */
const MQLOAD_SOURCE = path.resolve(import.meta.dirname, '../../shared/tools/mqload.c');

/** The core that the generator is bound to; the broker has core 0. */
export const GENERATOR_CORE = '1';
/** A run that has not ended by then is broken off. */
const RUN_MILLIS_MAX = 180_000;

/** What one run found. */
export interface LoadResult {
  /** Nothing was lost, duplicated or reordered, and nobody was disconnected. A figure of another run is not quoted. */
  readonly isOk: boolean;
  /** What went wrong, in a few words; empty where nothing did. */
  readonly trouble: string;
  readonly deliveriesPerSecond: number;
  readonly brokerMicrosPerDelivery: number;
  readonly bytesPerConnection: number;
  /** How much of its core the generator used: near 1 it was the slower of the two. */
  readonly generatorUse: number;
  /** mqload's own line, whole. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * Compiles mqload.
 * @returns The path of the program, or why there is none.
 */
export function compileMqload(folder: string): { readonly program: string } | { readonly missing: string } {
  if (!existsSync(MQLOAD_SOURCE)) return { missing: `The load generator is not there: ${MQLOAD_SOURCE}.` };
  const program = path.join(folder, 'mqload');
  const { error, status, stderr } = spawnSync('gcc', ['-O2', '-w', '-o', program, MQLOAD_SOURCE, '-lpthread']);
  if (error !== undefined) return { missing: 'The load generator is written in C, and gcc is not installed.' };
  if (status !== 0) return { missing: `The load generator does not compile:\n${stderr.toString()}` };
  return { program };
}

/** Runs mqload against a broker of this machine. */
export async function runMqload(program: string, load: readonly string[]): Promise<LoadResult> {
  const child = spawn('taskset', ['-c', GENERATOR_CORE, program, ...load], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MILLIS_MAX,
    killSignal: 'SIGKILL',
  });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  let output = '';
  let complaint = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    complaint += text.toString();
  });
  await new Promise((resolve) => {
    child.once('close', resolve);
  });
  process.off('exit', endWithUs);
  return readResult(output, complaint.trim());
}

function readResult(output: string, complaint: string): LoadResult {
  const raw = output === '' ? {} : (JSON.parse(output) as Record<string, unknown>);
  const number = (key: string): number => Number(raw[key] ?? 0);
  const isOk = raw['ok'] === true;
  return {
    isOk,
    trouble: isOk ? '' : troubleIn(raw, complaint),
    deliveriesPerSecond: number('recv_per_s'),
    brokerMicrosPerDelivery: number('broker_cpu_s_per_M'),
    bytesPerConnection: number('bytes_per_conn'),
    generatorUse: number('gen_util'),
    raw,
  };
}

function troubleIn(raw: Readonly<Record<string, unknown>>, complaint: string): string {
  const counts = ['lost', 'dup', 'reordered', 'errors', 'disconnects']
    .filter((key) => Number(raw[key] ?? 0) > 0)
    .map((key) => `${String(raw[key])} ${key}`);
  if (counts.length > 0) return counts.join(', ');
  if (complaint !== '') return complaint;
  return raw['gave_up'] === 1 ? 'gave up' : 'no result';
}
