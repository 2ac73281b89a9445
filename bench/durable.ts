// `npm run bench:durable`: what the promise costs. Vouch on disk, on disk without elision and in memory, beside mosquitto
// in memory, in the same run: storing for an absent session and draining it, online persistent subscribers, and how
// long an acknowledgement takes.
//
// The broker's main thread is bound to core 0 and the load generator to core 1; the store's worker runs where it can.
// Every run starts the broker anew on an empty data directory. A run in which anything was lost, doubled, reordered or
// cut is shown as `not ok`.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type BrokerKind, DURABLE_KINDS, MOSQUITTO, type RunningBroker, startBroker } from './brokers.ts';
import { compileMqload, runMqload } from './mqload.ts';
import { aligned, machineFacts } from './report.ts';
import { mainThreadSeconds, processSeconds, residentMebibytes } from './thread-cpu.ts';

const HELP = `Usage: npm run bench:durable -- [options]

Measures what the promise costs: Vouch on disk, the same without elision, in memory, and mosquitto in memory.
Needs Linux with two cores, gcc, and mqload.c in ../shared/tools. Data goes below the temporary folder (TMPDIR).

  --only NAMES      Of: {names}.
  --brokers NAMES   Of: vouch, no-elision, memory, mosquitto.
  --seconds N       How long a run takes, about. Default: 5.
  --repeat N        Runs of each; the median counts. Default: 1.
`;

/** One kind of work; answers the texts of a row's cells. */
interface Row {
  readonly name: string;
  readonly title: string;
  run(bench: Bench, kind: BrokerKind): Promise<readonly number[]>;
  /** The sentence for one result: what the numbers are. */
  show(figures: readonly number[]): string;
}

interface Bench {
  readonly program: string;
  readonly folder: string;
  readonly seconds: number;
}

const ROWS: readonly Row[] = [
  store('store-q1', 'stored for 1 absent session, 256 B, 100 publishers x window 100, QoS 1', 100, 1, 100, 1),
  store('store-q2', 'the same, QoS 2', 100, 1, 100, 2),
  store('store-w1', '1 publisher x window 1, QoS 1', 1, 1, 1, 1),
  store('store-1000', '1,000 absent sessions on one topic, 10 publishers x window 100, QoS 1', 10, 1000, 100, 1),
  latency('ack-1', 'wait for PUBACK, 1 in flight', 1),
  latency('ack-100', 'wait for PUBACK, 100 in flight', 100),
  online('online-w1', '100 pairs, persistent subscribers online, 256 B, window 1, QoS 1', 1, 1),
  online('online-w10', 'the same, window 10', 10, 1),
  online('online-w100', 'the same, window 100', 100, 1),
  online('online-q2', 'the same, window 100, QoS 2', 100, 2),
];

/** Messages for absent persistent sessions, then their return. */
function store(name: string, title: string, publishers: number, sessions: number, window: number, qos: number): Row {
  const load = ['offline', '-P', publishers, '-S', sessions, '-w', window, '-q', qos, '--subqos', qos, '-s', 256];
  return {
    name,
    title,
    run: async (bench, kind) => {
      const broker = await startBroker(kind, bench.folder, 'main-thread');
      try {
        const phase = async (which: string, messages: number): Promise<readonly number[]> => {
          const cpuBefore = mainThreadSeconds(broker.pid);
          const raw = await runLoad(bench, broker, [...load, '-m', messages, '--phase', which]);
          const main = mainThreadSeconds(broker.pid) - cpuBefore;
          return [raw(`${which}_per_s`), main, raw(`${which}_broker_cpu_s`), raw('acked'), raw('received')];
        };
        const warmUp = await phase('store', Math.max(10, Math.round(20_000 / publishers / sessions)));
        const messages = Math.max(20, Math.round(((warmUp[0] ?? 0) * bench.seconds) / publishers));
        const stored = await phase('store', messages);
        const resident = residentMebibytes(broker.pid);
        // Draining a thousand would take minutes, and shows nothing new.
        const drained = sessions > 1 ? [] : await phase('drain', messages);
        const perStored = 1e6 / (stored[3] ?? 1);
        return [stored[0] ?? 0, (stored[1] ?? 0) * perStored, (stored[2] ?? 0) * perStored, drained[0] ?? 0, resident];
      } finally {
        await broker.stop();
      }
    },
    show: ([perSecond = 0, main = 0, all = 0, drainPerSecond = 0, resident = 0]) =>
      `${thousands(perSecond)}/s stored, ${main.toFixed(2)} us main, ${all.toFixed(2)} us all; ` +
      `${drainPerSecond === 0 ? '' : `${thousands(drainPerSecond)}/s drained; `}${resident.toFixed(0)} MiB`,
  };
}

/** Pairs whose subscribers have persistent sessions and are there. */
function online(name: string, title: string, window: number, qos: number): Row {
  const load = ['pairs', '--persist', '-n', 100, '-w', window, '-q', qos, '-s', 256];
  return {
    name,
    title,
    run: async (bench, kind) => {
      const broker = await startBroker(kind, bench.folder, 'main-thread');
      try {
        const warmUp = await runLoad(bench, broker, [...load, '-m', 300]);
        const messages = Math.max(300, Math.round((warmUp('recv_per_s') * bench.seconds) / 100));
        const mainBefore = mainThreadSeconds(broker.pid);
        const allBefore = processSeconds(broker.pid);
        const raw = await runLoad(bench, broker, [...load, '-m', messages]);
        const main = mainThreadSeconds(broker.pid) - mainBefore;
        const all = processSeconds(broker.pid) - allBefore;
        const per = 1e6 / raw('received');
        return [raw('recv_per_s'), main * per, all * per];
      } finally {
        await broker.stop();
      }
    },
    show: ([perSecond = 0, main = 0, all = 0]) =>
      `${thousands(perSecond)}/s, ${main.toFixed(2)} us main, ${all.toFixed(2)} us all`,
  };
}

/** How long an acknowledgement takes. */
function latency(name: string, title: string, publishers: number): Row {
  return {
    name,
    title,
    run: async (bench, kind) => {
      const broker = await startBroker(kind, bench.folder, 'main-thread');
      try {
        const script = path.join(import.meta.dirname, 'ack-latency.ts');
        const args = ['-c', '1', process.execPath, script, `${broker.port}`, `${publishers}`, `${bench.seconds}`];
        const { stdout, stderr, status } = spawnSync('taskset', args, { encoding: 'utf8' });
        if (status !== 0) throw new Error(stderr.trim());
        const found = JSON.parse(stdout) as Readonly<Record<string, number>>;
        return ['p50', 'p99', 'p999', 'max']
          .map((key) => found[key] ?? 0)
          .concat((found['count'] ?? 0) / bench.seconds);
      } finally {
        await broker.stop();
      }
    },
    show: ([p50 = 0, p99 = 0, p999 = 0, max = 0, perSecond = 0]) =>
      `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)}, p99.9 ${p999.toFixed(2)}, max ${max.toFixed(1)}; ${thousands(perSecond)}/s`,
  };
}

async function runLoad(
  { program }: Bench,
  broker: RunningBroker,
  load: readonly (string | number)[],
): Promise<(key: string) => number> {
  const result = await runMqload(program, [...load.map(String), '-p', `${broker.port}`, '--pid', `${broker.pid}`]);
  if (!result.isOk) throw new Error(result.trouble);
  return (key) => Number(result.raw[key] ?? 0);
}

function thousands(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** The run in the middle, by its first figure. */
function median(runs: readonly (readonly number[])[]): readonly number[] {
  return runs.toSorted((one, other) => (one[0] ?? 0) - (other[0] ?? 0))[Math.floor((runs.length - 1) / 2)] ?? [];
}

function chosen<T extends { readonly name: string }>(names: string | undefined, all: readonly T[]): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const one = all.find((candidate) => candidate.name === name.trim());
    if (one === undefined) {
      process.stderr.write(`There is no '${name}'; there are: ${all.map((each) => each.name).join(', ')}.\n`);
      process.exit(2);
    }
    return one;
  });
}

async function benchAll(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      brokers: { type: 'string' },
      seconds: { type: 'string', default: '5' },
      repeat: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP.replace('{names}', ROWS.map((row) => row.name).join(', ')));
  const rows = chosen(values.only, ROWS);
  const kinds = chosen(values.brokers, [...DURABLE_KINDS, MOSQUITTO]);
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const compiled = compileMqload(folder);
  if ('missing' in compiled) return console.log(`Nothing is measured. ${compiled.missing}`);
  const bench: Bench = { program: compiled.program, folder, seconds: Number(values.seconds) };
  const { processor, cores, kernel, node } = machineFacts();
  console.log(`${processor}, ${cores} cores, ${kernel}, Node ${node}; median of ${values.repeat}`);
  for (const row of rows) {
    const runs = new Map(kinds.map((kind) => [kind, [] as (readonly number[])[]]));
    const troubles = new Map<BrokerKind, string>();
    for (let round = 0; round < Number(values.repeat); round++) {
      for (const kind of kinds) {
        if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${row.name}: ${kind.name}, run ${round + 1}`);
        try {
          runs.get(kind)?.push(await row.run(bench, kind));
        } catch (error) {
          troubles.set(kind, error instanceof Error ? error.message : String(error));
        }
      }
    }
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    console.log(`\n${row.name}: ${row.title}`);
    const lines = kinds.map((kind) => {
      const trouble = troubles.get(kind);
      return [`  ${kind.name}`, trouble === undefined ? row.show(median(runs.get(kind) ?? [])) : `not ok: ${trouble}`];
    });
    console.log(aligned(lines));
  }
}

await benchAll();
