// `npm run crash`: any number of cycles of the crash harness, with a line for every reckoning and a summary.
//   npm run crash -- --cycles 500 --seed 7 --per-reckoning 5 --acknowledgements 1500 --data DIR
//   npm run crash -- --restless        with small pages, and a log that is written back all the time
//   npm run crash -- --power-cut       cuts the power of a file system of its own instead of killing; needs root
//   npm run crash -- --clients         kills client processes, too, each with a store of its own (clients/crash-run.ts)
//   npm run crash -- --syscalls        has system calls of the broker fail, one in each cycle (fault-run.ts); needs strace
//   npm run crash -- --damage --places 2000   damages copies of stores instead, in one place each (damage/damage-run.ts)
// It ends with code 1 when something is wrong; the data directory is then kept, and named.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { type ClientRunChoice, runClientCrashes, type Totals as ClientTotals } from './clients/crash-run.ts';
import { type CrashRunChoice, runCrashes, type Totals } from './crash-run.ts';
import { runDamage } from './damage/damage-run.ts';
import { composedBroker, VOUCH } from './data-directory.ts';
import { Ext4Image, removeImages } from './ext4-image.ts';
import { type FaultRunChoice, runFaults } from './fault-run.ts';
import { endProcesses } from './killable.ts';

const FAULTS_SHOWN = 20;
const IMAGE_BYTES = 1024 * 1024 * 1024;
/** A life with a fault in it is short. */
const CALLS_ACKNOWLEDGEMENTS_MAX = 400;
const PLACES_PER_STORE = 50;
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
    syscalls: { type: 'boolean', default: false },
    damage: { type: 'boolean', default: false },
    places: { type: 'string', default: '2000' },
    data: { type: 'string' },
  },
});
const manners = ['restless', 'power-cut', 'clients', 'syscalls', 'damage'] as const;
const [manner, ...others] = manners.filter((each) => values[each]);
const isRestlessCut = manner === 'restless' && others.join() === 'power-cut';
if (others.length > 0 && !isRestlessCut) refuse(`--${manner} and --${others.join(' and --')} do not go together.`);
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
const faults = await runIt();
for (const { kind, sentence } of faults.slice(0, FAULTS_SHOWN)) say(`${kind}: ${sentence}`);
if (faults.length > 0) {
  say(`${faults.length} faults.${image === undefined ? ` The data directory is kept: ${directory}` : ''}`);
  process.exitCode = 1;
} else if (values.data === undefined && image === undefined) {
  rmSync(directory, { recursive: true });
}
removeImages();

/** What a fault of any kind of run has. */
interface FaultShown {
  readonly kind: string;
  readonly sentence: string;
}

async function runIt(): Promise<readonly FaultShown[]> {
  switch (manner) {
    case 'clients':
      return await crashClients(choice);
    case 'syscalls':
      return await meddleWithCalls(choice);
    case 'damage':
      return await damageStores();
    default:
      return await crashBroker(choice);
  }
}

/** An option that counts something. */
function wholeNumber(name: 'seed' | 'cycles' | 'per-reckoning' | 'acknowledgements' | 'places', least: number): number {
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

async function meddleWithCalls(
  base: Omit<FaultRunChoice, 'acknowledgementsMax' | 'onProgress'>,
): Promise<readonly FaultShown[]> {
  const total = await runFaults({
    ...base,
    // More would only be more of the same.
    acknowledgementsMax: Math.min(acknowledgementsMax, CALLS_ACKNOWLEDGEMENTS_MAX),
    onProgress: (line) => say(`${secondsPassed()} s: ${line}`),
  });
  const outcomes = Object.entries(total.outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  say(
    [
      `seed ${seed}`,
      `calls that failed           ${total.cycles}, and ${total.idleCycles} lives that never came to theirs`,
      `the broker                  ${outcomes.join(', ')}`,
      `messages                    ${total.messages} sent, ${total.acknowledged} acknowledged, ${total.copies} deliveries`,
      `faults                      ${total.faults.length}`,
    ].join('\n'),
  );
  return total.faults;
}

async function damageStores(): Promise<readonly FaultShown[]> {
  const total = await runDamage({
    directory,
    seed,
    places: wholeNumber('places', 1),
    placesPerStore: PLACES_PER_STORE,
    placesPerProcess: PLACES_PER_STORE,
    onProgress: ({ places, faults: found }) => say(`${secondsPassed()} s: ${places} places, ${found.length} faults`),
  });
  say(
    [
      `seed ${seed}`,
      `places                      ${total.places}, of which ${total.processes} were tried with vouch start as well`,
      `found                       ${total.verdicts.found}`,
      `harmless                    ${total.verdicts.harmless}`,
      `like a power cut            ${total.verdicts['like a power cut']}, in the end of the log`,
      `faults                      ${total.faults.length}`,
    ].join('\n'),
  );
  return total.faults.map((sentence) => ({ kind: 'damage', sentence }));
}

function secondsPassed(): number {
  return Math.round((performance.now() - started) / 1000);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
