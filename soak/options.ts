// What `npm run soak` can be told, and its help.

import { parseArgs } from 'node:util';

import { UsageError } from '../test/support/command.ts';
import { FLOOD_NAMES, FLOODS, type FloodName, isFloodName } from './floods/catalogue.ts';

/** What was asked for. */
export interface SoakOptions {
  readonly help: boolean;
  /** The floods to run. */
  readonly floods: readonly FloodName[];
  /** Measure only this. */
  readonly crowd: 'half-open' | 'returning' | undefined;
  readonly crowdSize: number;
  readonly seconds: number;
  readonly clients: number;
  /** A file for the results, in JSON. */
  readonly report: string | undefined;
}

/** The help text. */
export function helpText(): string {
  const width = Math.max(...FLOOD_NAMES.map((name) => name.length)) + 2;
  const list = FLOOD_NAMES.map((name) => `  ${name.padEnd(width)}${FLOODS[name].sentence}`).join('\n');
  return `Usage: npm run soak -- [options]

Floods a broker that was started for it, on loopback, beside good clients, and says what these had to
suffer: their p99 may at most double, none may lose its connection or a message, and nothing may be
left behind in the broker. Floods of what a broker has but once (files, memory, ...) are run against
one that has little of it, and must be seen to have done something about it. Needs Linux.

  --flood NAME      One flood; may be given again. Default: all of them, one after another.
  --seconds N       How long each of them lasts. Default: 30.
  --clients N       Good clients. Default: 100.
  --only half-open  How much memory connections cost that say nothing: at most 64 MiB for 10,000.
  --only returning  How fast clients with passwords (SCRAM-SHA-256) are back: 10,000 within 30 s.
  --crowd N         So many of these. Default: 10000.
  --report FILE     Write the results as JSON.
  --help            This text.

Floods
${list}

Ends with code 1 when something is wrong, 2 when it cannot be run so.
`;
}

/**
 * Reads the command line.
 * @throws {UsageError} with a sentence for people.
 */
export function readOptions(args: readonly string[]): SoakOptions {
  const values = parse(args);
  const floods = values.flood ?? FLOOD_NAMES;
  const unknown = floods.find((name) => !isFloodName(name));
  if (unknown !== undefined) throw new UsageError(`There is no flood ${unknown}; there are ${FLOOD_NAMES.join(', ')}.`);
  const { only } = values;
  if (only !== undefined && only !== 'half-open' && only !== 'returning') {
    throw new UsageError(`--only takes half-open or returning; got ${only}.`);
  }
  return {
    help: values.help ?? false,
    floods: floods.filter(isFloodName),
    crowd: only,
    crowdSize: count('crowd', values.crowd ?? '10000', 100_000),
    seconds: count('seconds', values.seconds ?? '30', 3_600),
    clients: count('clients', values.clients ?? '100', 5_000),
    report: values.report,
  };
}

function parse(args: readonly string[]): {
  readonly flood?: string[];
  readonly seconds?: string;
  readonly clients?: string;
  readonly only?: string;
  readonly crowd?: string;
  readonly report?: string;
  readonly help?: boolean;
} {
  try {
    const options = {
      flood: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      clients: { type: 'string' },
      only: { type: 'string' },
      crowd: { type: 'string' },
      report: { type: 'string' },
      help: { type: 'boolean' },
    } as const;
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function count(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0 && value <= max) return value;
  throw new UsageError(`--${name} takes a whole number from 1 to ${max}; got ${text}.`);
}
