// `npm run bench:generators`: `vouch bench` beside mqload, which is written in C and shares no line with it, against the same broker,
// in turns. Two generators that count right need not find the same rate: a broker that writes for every message works less the more
// it finds at once, and one that writes once a turn does too, so that the rate is also that of whom it talks to. Therefore the table
// has what the generators used of their core and what the broker spent, and rows in which they find more and less at once.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { type BrokerKind, brokerKinds, MOSQUITTO, type RunningBroker, startBroker } from './brokers.ts';
import { type Generator, type Load, mqloadGenerator, vouchGenerator } from './generator.ts';
import { compileMqload } from './mqload.ts';
import { processSeconds } from './thread-cpu.ts';

const HELP = `Usage: npm run bench:generators -- [options]

Measures \`vouch bench\` beside mqload against Vouch and mosquitto, in memory. Needs Linux with two cores, gcc, and mqload.c in
../shared/tools.

  --rounds N    Each generator is run once a round; the median is told. Default: 5.
  --seconds N   How long a run takes, about. Default: 2.
`;

/** Of its core: above it, the generator may be what is measured. */
const BUSY = 0.85;
/** Of the first run, which tells how fast the broker is. */
const FIRST_MESSAGES = 2000;

/** What one run found. */
interface Found {
  readonly perSecond: number;
  readonly brokerMicros: number;
  readonly generatorUse: number;
}

const LOADS: readonly Load[] = [
  { kind: 'pairs', clients: 50, qos: 0, window: 100, payloadBytes: 16 },
  { kind: 'pairs', clients: 50, qos: 0, window: 1000, payloadBytes: 256 },
  { kind: 'pairs', clients: 50, qos: 1, window: 100, payloadBytes: 16 },
  { kind: 'pairs', clients: 50, qos: 1, window: 1000, payloadBytes: 256 },
  { kind: 'pairs', clients: 50, qos: 2, window: 20, payloadBytes: 16 },
  { kind: 'fanout', clients: 100, qos: 0, window: 1000, payloadBytes: 16 },
  { kind: 'fanin', clients: 50, qos: 1, window: 100, payloadBytes: 16 },
];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await measureAll(Number(values.rounds), Number(values.seconds));

async function measureAll(rounds: number, seconds: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-generators-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const compiled = compileMqload(folder);
  if ('missing' in compiled) {
    console.log(`Nothing is measured. ${compiled.missing}`);
    return;
  }
  console.log(
    '| broker | load | mqload: msg/s | its use of a core | us of the broker | `vouch bench`: msg/s | use | us | rate |',
  );
  console.log('|---|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const kind of [...brokerKinds(undefined).slice(0, 1), MOSQUITTO]) {
    const ready = kind.prepare();
    if ('missing' in ready) console.log(`| ${kind.name} | ${ready.missing} | | | | | | | |`);
    else
      for (const load of LOADS)
        console.log(await rowOf(kind, load, { rounds, seconds, folder, generate: mqloadGenerator(compiled.program) }));
  }
}

/** What a row is made with. */
interface Method {
  readonly rounds: number;
  readonly seconds: number;
  readonly folder: string;
  /** mqload. */
  readonly generate: Generator;
}

async function rowOf(kind: BrokerKind, load: Load, { rounds, seconds, folder, generate }: Method): Promise<string> {
  const broker = await startBroker(kind, folder, 'process');
  try {
    const first = await found(generate, broker, load, FIRST_MESSAGES);
    // A message of each publisher is as many deliveries as there are clients, whichever side they are on.
    const messages = Math.max(FIRST_MESSAGES, Math.round((first.perSecond * seconds) / load.clients));
    const mqload: Found[] = [];
    const vouch: Found[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`${kind.name}, ${titleOf(load)}: round ${round} of ${rounds}`);
      mqload.push(await found(generate, broker, load, messages));
      vouch.push(await found(vouchGenerator, broker, load, messages));
    }
    progress('');
    return renderRow([kind.name, titleOf(load)], middle(mqload), middle(vouch));
  } finally {
    await broker.stop();
  }
}

/** @throws {Error} where something was lost, or the generator failed. */
async function found(generate: Generator, broker: RunningBroker, load: Load, messages: number): Promise<Found> {
  const before = processSeconds(broker.pid);
  const { port, pid } = broker;
  const result = await generate(load, { port, pid, version: '4' }, messages);
  if (!result.isOk) throw new Error(result.trouble);
  return {
    perSecond: result.deliveriesPerSecond,
    // All of it, by the same measure for both.
    brokerMicros: ((processSeconds(pid) - before) * 1e6) / (messages * load.clients),
    generatorUse: result.generatorUse,
  };
}

/** The median of each figure. */
function middle(all: readonly Found[]): Found {
  const medianOf = (figure: (one: Found) => number): number =>
    all.map(figure).toSorted((a, b) => a - b)[Math.floor(found.length / 2)] ?? 0;
  return {
    perSecond: medianOf(({ perSecond }) => perSecond),
    brokerMicros: medianOf(({ brokerMicros }) => brokerMicros),
    generatorUse: medianOf(({ generatorUse }) => generatorUse),
  };
}

function renderRow(names: readonly string[], mqload: Found, vouch: Found): string {
  const cells = ({ perSecond, brokerMicros, generatorUse }: Found): readonly string[] => [
    Math.round(perSecond).toLocaleString('en'),
    generatorUse.toFixed(2),
    brokerMicros.toFixed(2),
  ];
  const difference = Math.round((vouch.perSecond / mqload.perSecond - 1) * 100);
  const isLimited = Math.max(mqload.generatorUse, vouch.generatorUse) >= BUSY;
  const verdict = `${difference > 0 ? '+' : ''}${difference} %${isLimited ? ', a generator is busy' : ''}`;
  return `| ${[...names, ...cells(mqload), ...cells(vouch), verdict].join(' | ')} |`;
}

function titleOf({ kind, clients, qos, window, payloadBytes }: Load): string {
  return `${kind}, ${clients} clients, QoS ${qos}, window ${window}, ${payloadBytes} B`;
}

/** One line that is written over, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
