// `npm run bench`: Vouch beside other brokers, end to end, on one core each, under the load of mqload, or of `vouch bench` where that is not.
//
// The figure is the CPU time that the broker spends on a delivery (user and system, all of its threads): on a machine
// that others use too it is far steadier than deliveries a second, which stand beside it. Every run starts the broker
// anew, warms it up, and then measures for the same time. A run in which anything was lost, doubled, reordered or
// cut is shown as `not ok`, without a figure.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type BrokerKind, brokerKinds, startBroker } from './brokers.ts';
import { type Generator, mqloadGenerator, vouchGenerator } from './generator.ts';
import { compileMqload, type LoadResult } from './mqload.ts';
import { type Measured, machineFacts, type NamedBroker, renderTable, renderTroubles } from './report.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const HELP = `Usage: npm run bench -- [options]

Measures Vouch beside mosquitto and aedes: CPU time of the broker a delivery, deliveries a second,
memory of an idle connection. Needs Linux with two cores. The load is made by mqload where mqload.c is in
../shared/tools and gcc is installed, and otherwise by "vouch bench" (npm run bench:generators compares them).

  --only NAMES      Scenarios, separated by commas: ${SCENARIOS.map(({ name }) => name).join(', ')}.
                    Without it: all but 1k-*.
  --brokers NAMES   Of vouch, mosquitto and aedes; the ratios are to the first. Default: all.
  --repeat N        Runs of each; the median counts. Default: 1.
  --seconds N       How long a run measures, about. Default: 5.
  --quick           One second each.
  --generator NAME  mqload or vouch. Default: mqload if it can be built.
  --version 4|5     MQTT 3.1.1 or 5.0. Default: 4. aedes speaks 3.1.1 only.
  --vouch COMMAND   What to measure as Vouch; {port} stands for the port.
                    Default: this checkout's "vouch start".
  --json FILE       Writes every run there, as mqload told it.
`;

interface Options {
  readonly scenarios: readonly Scenario[];
  readonly kinds: readonly BrokerKind[];
  readonly repeat: number;
  readonly seconds: number;
  readonly version: string;
  /** `undefined`: mqload if it can be built. */
  readonly generator: string | undefined;
  readonly jsonFile: string | undefined;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      brokers: { type: 'string' },
      repeat: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      version: { type: 'string', default: '4' },
      generator: { type: 'string' },
      vouch: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (!['mqload', 'vouch', undefined].includes(values.generator)) fail('--generator takes mqload or vouch.');
  return {
    scenarios: values.only === undefined ? SCENARIOS.filter((one) => one.isStandard) : chosen(values.only, SCENARIOS),
    kinds: chosen(values.brokers ?? 'vouch,mosquitto,aedes', brokerKinds(values.vouch)),
    repeat: positive('--repeat', values.repeat),
    seconds: values.quick ? 1 : positive('--seconds', values.seconds),
    version: values.version === '5' ? '5' : '4',
    generator: values.generator,
    jsonFile: values.json,
  };
}

/** What `parseArgs` says of an unknown option is a sentence; its stack is of no use to whoever mistyped. */
function readOptionsOrFail(): Options | undefined {
  try {
    return readOptions();
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function chosen<T extends { readonly name: string }>(names: string, all: readonly T[]): readonly T[] {
  return names.split(',').map((name) => {
    const one = all.find((candidate) => candidate.name === name.trim());
    if (one === undefined) fail(`There is no '${name}'; there are: ${all.map((each) => each.name).join(', ')}.`);
    return one;
  });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) fail(`${option} takes a number above 0, not '${text}'.`);
  return value;
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

async function bench(options: Options, generate: Generator, folder: string): Promise<void> {
  const brokers: (NamedBroker & { readonly kind: BrokerKind })[] = [];
  for (const kind of options.kinds) {
    const prepared = kind.prepare();
    if ('missing' in prepared) console.log(`Without ${kind.name}: ${prepared.missing}.`);
    else brokers.push({ name: kind.name, version: prepared.version, kind });
  }
  const all: Measured[] = [];
  for (const scenario of options.scenarios) {
    const runsOf = new Map(brokers.map(({ name }) => [name, [] as LoadResult[]]));
    // One run of each broker in turn, so that a busy minute of the machine falls on all of them.
    for (let round = 1; round <= options.repeat; round++) {
      for (const { name, kind } of brokers) {
        progress(`${scenario.name}: ${name}, run ${round} of ${options.repeat}`);
        runsOf.get(name)?.push(await measure(scenario, kind, options, generate, folder));
      }
    }
    for (const [broker, runs] of runsOf) all.push({ scenario, broker, runs });
  }
  progress('');
  const machine = machineFacts();
  console.log(
    `${machine['processor']}, ${machine['cores']} cores, ${machine['memoryGiB']} GiB, ${machine['kernel']}, Node ${machine['node']}`,
  );
  console.log(
    `MQTT ${options.version === '5' ? '5.0' : '3.1.1'}; CPU time of the broker a delivery, median of ${options.repeat}; x: times ${brokers[0]?.name ?? ''}`,
  );
  console.log(`\n${renderTable(options.scenarios, brokers, all)}`);
  const troubles = renderTroubles(all);
  if (troubles !== '') console.log(`\nNot ok:\n${troubles}`);
  if (options.jsonFile !== undefined) writeJson(options, machine, all);
}

/** One run: a fresh broker, a warm-up that tells its speed, and the load that takes `seconds` at that speed. */
async function measure(
  scenario: Scenario,
  kind: BrokerKind,
  options: Options,
  generate: Generator,
  folder: string,
): Promise<LoadResult> {
  const broker = await startBroker(kind, folder, 'process');
  try {
    const target = { port: broker.port, pid: broker.pid, version: options.version };
    const load = (messages: number): Promise<LoadResult> => generate(scenario.load, target, messages);
    if (scenario.figure === 'bytes') return await load(0);
    const warmUp = await load(scenario.warmUpMessages);
    if (!warmUp.isOk) return warmUp;
    const published = (warmUp.deliveriesPerSecond * options.seconds) / scenario.fanOut;
    return await load(Math.max(scenario.warmUpMessages, Math.round(published / scenario.publishers)));
  } finally {
    await broker.stop();
  }
}

function writeJson(options: Options, machine: ReturnType<typeof machineFacts>, all: readonly Measured[]): void {
  const { version, repeat, seconds } = options;
  const results = all.map(({ scenario, broker, runs }) => ({
    scenario: scenario.name,
    broker,
    runs: runs.map((run) => (run.raw['mode'] === undefined ? { ok: false, trouble: run.trouble } : run.raw)),
  }));
  writeFileSync(
    options.jsonFile ?? '',
    `${JSON.stringify({ machine, version, repeat, seconds, results }, undefined, 2)}\n`,
  );
}

/** One line that is written over, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

const options = readOptionsOrFail();
if (options === undefined) {
  console.log(HELP);
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const generate = generatorFor(options, folder);
  if (generate !== undefined) await bench(options, generate, folder);
}

/** mqload, or what stands in for it; `undefined`: what was asked for is not to be had. */
function generatorFor({ generator }: Options, folder: string): Generator | undefined {
  if (generator === 'vouch') return vouchGenerator;
  const compiled = compileMqload(folder);
  if ('program' in compiled) return mqloadGenerator(compiled.program);
  if (generator === 'mqload') {
    console.log(`Nothing is measured. ${compiled.missing}`);
    return undefined;
  }
  console.log(`${compiled.missing} The load is made by vouch bench.\n`);
  return vouchGenerator;
}
