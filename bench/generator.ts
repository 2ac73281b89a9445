// A load, and who makes it: mqload where its source is (written in C, it shares no line with what is measured), or `vouch bench`, which
// everybody has. Both are bound to the core beside the broker's, and what they find is one form.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { GENERATOR_CORE, type LoadResult, runMqload } from './mqload.ts';
import { processSeconds, residentMebibytes } from './thread-cpu.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/cli/main.ts');
/** How often the memory of a broker is looked at while it holds connections. */
const LOOK_MILLIS = 100;

/** What a broker is given to do. */
export interface Load {
  readonly kind: 'pairs' | 'fanout' | 'fanin' | 'conn';
  /** Pairs, subscribers of `fanout`, publishers of `fanin`, connections of `conn`. */
  readonly clients: number;
  readonly qos: number;
  readonly window: number;
  readonly payloadBytes: number;
}

/** The broker under load. */
export interface Target {
  readonly port: number;
  readonly pid: number;
  /** `4` for MQTT 3.1.1, `5` for 5.0. */
  readonly version: string;
}

/** Makes loads; `messages` is per publisher. */
export type Generator = (load: Load, target: Target, messages: number) => Promise<LoadResult>;

/** mqload. */
export function mqloadGenerator(program: string): Generator {
  return async ({ kind, clients, qos, window, payloadBytes }, { port, pid, version }, messages) => {
    const who = {
      pairs: ['-n', `${clients}`],
      conn: ['-n', `${clients}`],
      fanout: ['-P', '1', '-S', `${clients}`],
      fanin: ['-P', `${clients}`, '-S', '1'],
    }[kind];
    const what = ['-q', `${qos}`, '-w', `${window}`, '-s', `${payloadBytes}`, '-m', `${messages}`];
    const where = ['-p', `${port}`, '-V', version, '--pid', `${pid}`];
    return await runMqload(program, [kind, ...who, ...where, ...(kind === 'conn' ? [] : what)]);
  };
}

/** `vouch bench` of this checkout. */
export const vouchGenerator: Generator = async (load, { port, pid, version }, messages) => {
  const { kind, clients, qos, window, payloadBytes } = load;
  const what = { '--qos': qos, '--window': window, '--size': payloadBytes, '--count': messages };
  const options = {
    '--clients': clients,
    '--threads': 1,
    '--protocol-version': version === '5' ? '5' : '311',
    ...(kind === 'conn' ? {} : what),
  };
  const words = Object.entries(options).flatMap(([name, value]) => [name, `${value}`]);
  const command = [process.execPath, MAIN, 'bench', kind, `mqtt://127.0.0.1:${port}`, ...words, '--json'];
  const [secondsBefore, memoryBefore] = [processSeconds(pid), residentMebibytes(pid)];
  let memoryMost = memoryBefore;
  const looking = setInterval(() => {
    memoryMost = Math.max(memoryMost, residentMebibytes(pid));
  }, LOOK_MILLIS);
  const raw = await runVouch(command);
  clearInterval(looking);
  const number = (key: string): number => Number(raw[key] ?? 0);
  const faults = Array.isArray(raw['faults']) ? raw['faults'].join('; ') : 'no result';
  return {
    isOk: faults === '',
    trouble: faults,
    deliveriesPerSecond: number('receivedPerSecond'),
    brokerMicrosPerDelivery: ((processSeconds(pid) - secondsBefore) * 1e6) / number('received'),
    bytesPerConnection: ((memoryMost - memoryBefore) * 2 ** 20) / clients,
    generatorUse: number('cpuSeconds') / number('elapsedSeconds'),
    raw,
  };
};

async function runVouch(command: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const program = ['sh', '-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', 'taskset', '-c', GENERATOR_CORE];
  const [first = '', ...rest] = [...program, ...command];
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  await once(child, 'close');
  process.off('exit', endWithUs);
  return output === '' ? {} : (JSON.parse(output) as Record<string, unknown>);
}
