// `npm run bench:client`: Vouch's client beside MQTT.js on the same work in the same run, against Vouch and against mosquitto.
//
// The client under measure is a process of its own, bound to core 1. The broker, and whoever publishes to the client (bytes made once,
// bench/client-peer.ts), have core 0. Where the broker is the slower of the two, messages a second say nothing of the client: the CPU
// time of the client's process a message does. Both are told, and how many times better ours is.
//
// Rounds of both clients alternate; the medians count. Every run checks itself: when publishing, a subscriber looks at the first
// few thousand messages, and the rest is counted by its acknowledgements; when receiving, the client looks at the number of every
// message. A run in which anything was missing, doubled or out of order is shown as `not ok`.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { unreachable } from '../src/base/assert.ts';
import type { QoS } from '../src/packet/packet.ts';
import { type BrokerKind, brokerKinds, MOSQUITTO, startBroker } from './brokers.ts';
import { CLIENT_NAMES, type ClientName } from './client-kinds.ts';
import { Checker, Feeder } from './client-peer.ts';
import { SubjectProcess } from './client-process.ts';
import type { Job, Said } from './client-subject.ts';
import { aligned, machineFacts } from './report.ts';

const HELP = `Usage: npm run bench:client -- [options]

Measures Vouch's client beside MQTT.js: messages a second, CPU time of the client's process a message,
memory of an idle client. Needs Linux with two cores; without mosquitto it measures against Vouch alone.

  --only NAMES      Of: {names}.
  --brokers NAMES   Of: vouch, mosquitto.
  --clients NAMES   Of: vouch, mqttjs. Default: both.
  --window N        Messages in flight. Default: 1000.
  --repeat N        Rounds; the median counts. Default: 3.
  --seconds N       How long a run measures, after half of that to warm up. Default: 2.
  --profile FOLDER  Writes a CPU profile of each run there.
`;

/** The core of the broker and of this process, which is the broker's other peer. */
const PEER_CORE = '0';
const CHECKED_COUNT = 3_000;
const IDLE_COUNT = 5_000;

/** One kind of work. */
interface Row {
  readonly name: string;
  readonly title: string;
  readonly work: Job['work'];
  readonly version: 4 | 5;
  readonly qos: QoS;
  readonly payloadBytes: number;
}

const ROWS: readonly Row[] = [
  ...([0, 1, 2] as const).map((qos) => row(`publish-q${qos}`, `publish, QoS ${qos}, 64 B`, 'publish', qos)),
  row('publish-1k', 'publish, QoS 1, 1 KiB', 'publish', 1, 5, 1024),
  row('publish-311', 'publish, QoS 1, 64 B, MQTT 3.1.1', 'publish', 1, 4),
  ...([0, 1, 2] as const).map((qos) => row(`receive-q${qos}`, `receive, QoS ${qos}, 64 B`, 'receive', qos)),
  row('receive-1k', 'receive, QoS 1, 1 KiB', 'receive', 1, 5, 1024),
  row('receive-311', 'receive, QoS 1, 64 B, MQTT 3.1.1', 'receive', 1, 4),
  row('iterate-q1', 'receive in a for-await loop (MQTT.js: event), QoS 1, 64 B', 'iterate', 1),
  row('idle', 'memory of an idle client (5,000 of them)', 'idle', 0),
];

/** What a run found: messages a second and CPU seconds per 100,000, or bytes resident and bytes of heap. */
type Run = readonly [number, number];

interface Options {
  readonly rows: readonly Row[];
  readonly kinds: readonly BrokerKind[];
  readonly clients: readonly ClientName[];
  readonly window: number;
  readonly repeat: number;
  readonly seconds: number;
  readonly profileFolder: string | undefined;
}

function row(name: string, title: string, work: Job['work'], qos: QoS, version: 4 | 5 = 5, payloadBytes = 64): Row {
  return { name, title, work, version, qos, payloadBytes };
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      brokers: { type: 'string' },
      clients: { type: 'string' },
      window: { type: 'string', default: '1000' },
      repeat: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const ours = brokerKinds(undefined).filter(({ name }) => name === 'vouch');
  return {
    rows: chosen(values.only, ROWS),
    kinds: chosen(values.brokers, [...ours, MOSQUITTO]),
    clients: chosen(
      values.clients,
      CLIENT_NAMES.map((name) => ({ name })),
    ).map(({ name }) => name),
    window: Number(values.window),
    repeat: Number(values.repeat),
    seconds: Number(values.seconds),
    profileFolder: values.profile,
  };
}

function chosen<T extends { readonly name: string }>(names: string | undefined, all: readonly T[]): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => all.find((one) => one.name === name.trim()) ?? unknownName(name, all));
}

function unknownName(name: string, all: readonly { readonly name: string }[]): never {
  process.stderr.write(`There is no '${name}'; there are: ${all.map((each) => each.name).join(', ')}.\n`);
  process.exit(2);
}

/** One run: a fresh broker, and a fresh process with one client, or a thousand. */
async function measure(one: Row, client: ClientName, kind: BrokerKind, options: Options, folder: string): Promise<Run> {
  const broker = await startBroker(kind, folder, 'process');
  const job: Job = {
    client,
    work: one.work,
    port: broker.port,
    version: one.version,
    window: options.window,
    qos: one.qos,
    payloadBytes: one.payloadBytes,
    warmUpMillis: options.seconds * 500,
    measureMillis: options.seconds * 1000,
    checkedCount: CHECKED_COUNT,
    idleCount: IDLE_COUNT,
  };
  const flags = options.profileFolder === undefined ? [] : profileFlags(options.profileFolder, one, client);
  try {
    switch (one.work) {
      case 'idle':
        return await measureIdle(job, flags);
      case 'publish':
        return await measurePublish(job, flags);
      case 'receive':
      case 'iterate':
        return await measureReceive(job, flags);
      default:
        return unreachable(one.work);
    }
  } finally {
    await broker.stop();
  }
}

async function measureIdle(job: Job, flags: readonly string[]): Promise<Run> {
  return await withSubject(
    job,
    flags,
    () => undefined,
    async (subject) => {
      const { residentBytes, heapBytes } = await subject.said('memory');
      return [residentBytes, heapBytes];
    },
  );
}

async function measurePublish(job: Job, flags: readonly string[]): Promise<Run> {
  const checker = await Checker.open(job.port, job.qos, job.checkedCount);
  return await withSubject(
    job,
    flags,
    () => undefined,
    async (subject) => {
      await subject.said('ready');
      await checker.finish();
      subject.tell({ kind: 'go' });
      const { perSecond, cpuSecondsPer100000 } = await subject.said('measured');
      return [perSecond, cpuSecondsPer100000];
    },
  );
}

async function measureReceive(job: Job, flags: readonly string[]): Promise<Run> {
  const feeder = await Feeder.open(job.port, job.qos, job.payloadBytes);
  return await withSubject(
    job,
    flags,
    (count) => feeder.credit(count),
    async (subject) => {
      await subject.said('ready');
      const feeding = feeder.run();
      // Where the client fails, it is the one to be heard.
      feeding.catch(() => undefined);
      let measured: Extract<Said, { kind: 'measured' }>;
      try {
        measured = await subject.said('measured');
      } finally {
        feeder.stop();
      }
      subject.tell({ kind: 'all', count: await feeding });
      return [measured.perSecond, measured.cpuSecondsPer100000];
    },
  );
}

/** Runs a client's process through `work`, and to its end, where all is counted. */
async function withSubject(
  job: Job,
  flags: readonly string[],
  onReceived: (count: number) => void,
  work: (subject: SubjectProcess) => Promise<Run>,
): Promise<Run> {
  const subject = new SubjectProcess(job, flags, onReceived);
  try {
    const run = await work(subject);
    await subject.said('done');
    await subject.end();
    return run;
  } finally {
    subject.kill();
  }
}

function profileFlags(folder: string, one: Row, client: ClientName): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${path.resolve(folder)}`, `--cpu-prof-name=${one.name}-${client}.cpuprofile`];
}

/** The median of each of the two figures. */
function medians(runs: readonly Run[]): Run {
  const middle = (at: 0 | 1): number =>
    runs.map((run) => run[at]).toSorted((one, other) => one - other)[Math.floor((runs.length - 1) / 2)] ?? 0;
  return [middle(0), middle(1)];
}

/** All rounds of one row, and its line in the table. */
async function benchRow(one: Row, kind: BrokerKind, options: Options, folder: string): Promise<readonly string[]> {
  const runs = new Map(options.clients.map((client) => [client, [] as Run[]]));
  const troubles = new Map<ClientName, string>();
  for (let round = 1; round <= options.repeat; round++) {
    for (const client of options.clients) {
      progress(`${kind.name}, ${one.name}: ${client}, round ${round} of ${options.repeat}`);
      try {
        runs.get(client)?.push(await measure(one, client, kind, options, folder));
      } catch (error) {
        troubles.set(client, error instanceof Error ? error.message : String(error));
      }
    }
  }
  progress('');
  for (const [client, trouble] of troubles)
    console.log(`Not ok: ${client}, ${one.name} against ${kind.name}: ${trouble}`);
  const found = options.clients.map((client) => (troubles.has(client) ? undefined : medians(runs.get(client) ?? [])));
  return [one.title, ...found.flatMap((run) => figures(one, run)), ...ratios(one, found)];
}

function figures({ work }: Row, run: Run | undefined): readonly string[] {
  if (run === undefined) return ['not ok', '-'];
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  return work === 'idle' ? [`${whole(run[0])} B`, `${whole(run[1])} B`] : [whole(run[0]), run[1].toFixed(3)];
}

/** How many times better the first client is: more messages, less time, less memory. */
function ratios({ work }: Row, [ours, theirs]: readonly (Run | undefined)[]): readonly string[] {
  if (ours === undefined || theirs === undefined) return ['-', '-'];
  const first = work === 'idle' ? theirs[0] / ours[0] : ours[0] / theirs[0];
  return [first.toFixed(1), (theirs[1] / ours[1]).toFixed(1)];
}

/** One line that is written over, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function bench(options: Options, folder: string): Promise<void> {
  const { processor, cores, kernel, node } = machineFacts();
  console.log(
    `${processor}, ${cores} cores, ${kernel}, Node ${node}; medians of ${options.repeat}, window ${options.window}`,
  );
  for (const kind of options.kinds) {
    const prepared = kind.prepare();
    if ('missing' in prepared) {
      console.log(`\nWithout ${kind.name}: ${prepared.missing}.`);
      continue;
    }
    const lines: (readonly string[])[] = [];
    for (const one of options.rows) lines.push(await benchRow(one, kind, options, folder));
    const head = options.clients.flatMap((client) => [`${client} msg/s`, 's/100,000']);
    console.log(
      `\nAgainst ${kind.name} ${prepared.version}: messages a second, CPU seconds of the client per 100,000; idle: resident, of it heap\n`,
    );
    console.log(aligned([['', ...head, 'x rate', 'x CPU'], ...lines]));
  }
}

const options = readOptions();
if (options === undefined) {
  console.log(HELP.replace('{names}', ROWS.map(({ name }) => name).join(', ')));
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // The feeder is part of this process: it must not take the client's core.
  spawnSync('taskset', ['-cp', PEER_CORE, `${process.pid}`]);
  await bench(options, folder);
}
