// `npm run crash`: any number of cycles of the crash harness, with a line for every reckoning and a summary.
//   npm run crash -- --cycles 500 --seed 7 --per-reckoning 5 --acknowledgements 1500 --data DIR
//   npm run crash -- --restless        with small pages, and a log that is written back all the time
//   npm run crash -- --power-cut       cuts the power of a file system of its own instead of killing; needs root
//   npm run crash -- --clients         kills client processes, too, each with a store of its own (clients/crash-run.ts)
// It ends with code 1 when something is wrong; the data directory is then kept, and named.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { type ClientRunChoice, runClientCrashes, type Totals as ClientTotals } from './clients/crash-run.ts';
import { type CrashRunChoice, runCrashes, type Totals } from './crash-run.ts';
import { composedBroker, VOUCH } from './data-directory.ts';
import { Ext4Image, removeImages } from './ext4-image.ts';
import { endProcesses } from './killable.ts';

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
    clients: { type: 'boolean', default: false },
    data: { type: 'string' },
  },
});
if (values.clients && (values.restless || values['power-cut'])) refuse('--clients goes with neither of the others.');
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
    void endProcesses().then(() => process.exit(INTERRUPTED));
  });
}

say(`Seed ${seed}, data in ${directory}`);
const choice = { directory, seed, cycles, cyclesMax: 2 * cycles, cyclesPerReckoning };
const faults = values.clients ? await crashClients(choice) : await crashBroker(choice);
for (const { kind, sentence } of faults.slice(0, FAULTS_SHOWN)) say(`${kind}: ${sentence}`);
if (faults.length > 0) {
  say(`${faults.length} faults.${image === undefined ? ` The data directory is kept: ${directory}` : ''}`);
  process.exitCode = 1;
} else if (values.data === undefined && image === undefined) {
  rmSync(directory, { recursive: true });
}
removeImages();

/** An option that counts something. */
function wholeNumber(name: 'seed' | 'cycles' | 'per-reckoning' | 'acknowledgements', least: number): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= least) return number;
  return refuse(`--${name} takes a whole number from ${least} on, not ${values[name]}.`);
}

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  return process.exit(USAGE_ERROR);
}

async function crashBroker(
  base: Omit<CrashRunChoice, 'start' | 'acknowledgementsMax' | 'onProgress'>,
): Promise<Totals['faults']> {
  const total = await runCrashes({
    ...base,
    image,
    acknowledgementsMax,
    start: values.restless ? composedBroker('restless') : VOUCH,
    onProgress: ({ cycles: counted, acknowledged, inFlight, faults: found }) =>
      say(
        `${secondsPassed()} s: ${counted} cycles, ${acknowledged} acknowledged, ${inFlight} in flight at the end of a broker, ${found.length} faults`,
      ),
  });
  say(
    [
      `seed ${seed}`,
      `cycles that counted         ${total.cycles}, and ${total.idleCycles} with too little under way`,
      `other ends                  ${total.killedStarts} starts killed, ${total.stops} stops with SIGTERM`,
      `messages                    ${total.messages} sent, ${total.acknowledged} acknowledged`,
      `in flight when it died      ${total.inFlight}, of which ${total.uncommitted} were in its hands`,
      `never committed             ${total.gone} of those that nobody sent again`,
      `deliveries                  ${total.copies}, of which ${total.repetitions} repeated with QoS 1 (${total.repetitionsWithoutDup} without DUP)`,
      `faults                      ${total.faults.length}`,
    ].join('\n'),
  );
  return total.faults;
}

async function crashClients(base: Omit<ClientRunChoice, 'onProgress'>): Promise<ClientTotals['faults']> {
  const total = await runClientCrashes({
    ...base,
    onProgress: ({ cycles: counted, stored, taken, repeatedUnderKey, faults: found }) =>
      say(
        `${secondsPassed()} s: ${counted} cycles, ${stored} stored, ${taken} processed, ${repeatedUnderKey} repeated under their keys, ${found.length} faults`,
      ),
  });
  const kills = Object.entries(total.kills).map(
    ([kind, { killed, atStake }]) => `${kind} ${killed} (${atStake} in the middle of something)`,
  );
  say(
    [
      `seed ${seed}`,
      `cycles that counted         ${total.cycles}, and ${total.idleCycles} with nothing at stake`,
      `killed                      ${kills.join(', ')}; several together ${total.together} times`,
      `other ends                  ${total.killedStarts} starts killed, ${total.stops} stops with SIGTERM, ${total.cuts} cuts of the network`,
      `messages                    ${total.tried} tried, ${total.stored} stored; of the others ${total.arrivedUnstored} arrived all the same`,
      `processed                   ${total.taken}`,
      `processed again             ${total.repeatedUnderKey} under the same key, ${total.repeatedOtherwise} with QoS 1 under another`,
      `faults                      ${total.faults.length}`,
    ].join('\n'),
  );
  return total.faults;
}

function secondsPassed(): number {
  return Math.round((performance.now() - started) / 1000);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
