// `npm run crash`: any number of cycles of the crash harness (crash-run.ts), with a line for every reckoning and a summary.
//   npm run crash -- --cycles 500 --seed 7 --per-reckoning 5 --acknowledgements 1500 --data DIR
//   npm run crash -- --restless        with small pages, and a log that is written back all the time
//   npm run crash -- --power-cut       cuts the power of a file system of its own instead of killing; needs root
// It ends with code 1 when something is wrong; the data directory is then kept, and named.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { endBrokers } from './broker-process.ts';
import { runCrashes, type Totals } from './crash-run.ts';
import { composedBroker, VOUCH } from './data-directory.ts';
import { Ext4Image, removeImages } from './ext4-image.ts';

const FAULTS_SHOWN = 20;
const IMAGE_BYTES = 1024 * 1024 * 1024;
const USAGE_ERROR = 2;
const INTERRUPTED = 130;

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '100' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    'per-reckoning': { type: 'string', default: '5' },
    acknowledgements: { type: 'string', default: '1500' },
    restless: { type: 'boolean', default: false },
    'power-cut': { type: 'boolean', default: false },
    data: { type: 'string' },
  },
});
const seed = wholeNumber('seed', 0);
const cycles = wholeNumber('cycles', 1);
const cyclesPerReckoning = wholeNumber('per-reckoning', 1);
const acknowledgementsMax = wholeNumber('acknowledgements', 1);
const image = values['power-cut'] ? Ext4Image.make(IMAGE_BYTES) : undefined;
const directory =
  image === undefined
    ? (values.data ?? mkdtempSync(path.join(tmpdir(), 'vouch-crash-')))
    : path.join(image.directory, 'data');
const started = performance.now();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void endBrokers().then(() => process.exit(INTERRUPTED));
  });
}

say(`Seed ${seed}, data in ${directory}`);
const totals = await runCrashes({
  directory,
  image,
  seed,
  cycles,
  cyclesMax: 2 * cycles,
  cyclesPerReckoning,
  acknowledgementsMax,
  start: values.restless ? composedBroker('restless') : VOUCH,
  onProgress: (so) => say(progressLine(so)),
});
say(summary(totals));
for (const { kind, sentence } of totals.faults.slice(0, FAULTS_SHOWN)) say(`${kind}: ${sentence}`);
if (totals.faults.length > 0) {
  say(`${totals.faults.length} faults.${image === undefined ? ` The data directory is kept: ${directory}` : ''}`);
  process.exitCode = 1;
} else if (values.data === undefined && image === undefined) {
  rmSync(directory, { recursive: true });
}
removeImages();

/** An option that counts something. */
function wholeNumber(name: 'seed' | 'cycles' | 'per-reckoning' | 'acknowledgements', least: number): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= least) return number;
  process.stderr.write(`--${name} takes a whole number from ${least} on, not ${values[name]}.\n`);
  return process.exit(USAGE_ERROR);
}

function progressLine({ cycles: counted, acknowledged, inFlight, faults }: Totals): string {
  const seconds = Math.round((performance.now() - started) / 1000);
  return `${seconds} s: ${counted} cycles, ${acknowledged} acknowledged, ${inFlight} in flight at the end of a broker, ${faults.length} faults`;
}

function summary(total: Totals): string {
  return [
    `seed ${seed}`,
    `cycles that counted         ${total.cycles}, and ${total.idleCycles} with too little under way`,
    `other ends                  ${total.killedStarts} starts killed, ${total.stops} stops with SIGTERM`,
    `messages                    ${total.messages} sent, ${total.acknowledged} acknowledged`,
    `in flight when it died      ${total.inFlight}, of which ${total.uncommitted} were in its hands`,
    `never committed             ${total.gone} of those that nobody sent again`,
    `deliveries                  ${total.copies}, of which ${total.repetitions} repeated with QoS 1 (${total.repetitionsWithoutDup} without DUP)`,
    `faults                      ${total.faults.length}`,
  ].join('\n');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
