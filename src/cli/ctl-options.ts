// What the commands under `vouch ctl` have in common: which broker is meant, how it is asked, how answers are shown, and how somebody is
// asked whether he means it.

import { createInterface } from 'node:readline/promises';

import { UsageError } from '../base/errors.ts';
import { showProblem } from '../config/problem.ts';
import { CONFIG_VARIABLE, readConfig } from '../config/read-config.ts';
import { ROWS } from '../config/schema.ts';
import { controlSocketPath } from '../server/control-path.ts';
import { integer, type Option, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';
import { type Column, jsonLine, tableText } from './table.ts';

const BROKER = 'Broker';
const OUTPUT = 'Output';

/** Which broker is meant. */
export type SocketOptions = {
  readonly data: Option<string | undefined>;
  readonly socket: Option<string | undefined>;
  readonly config: Option<string | undefined>;
};

/** The options that say which. */
export const SOCKET_OPTIONS: SocketOptions = {
  data: valueOption(
    {
      metavar: 'DIR',
      group: BROKER,
      sentence: 'Its data directory, in which the control socket is.',
      defaultText: ROWS.data.default,
    },
    text,
  ),
  socket: valueOption(
    { metavar: 'PATH', group: BROKER, sentence: 'Its control socket, where that is not in the data directory.' },
    text,
  ),
  config: valueOption(
    {
      short: 'c',
      metavar: 'FILE',
      group: BROKER,
      sentence: `The configuration file of vouch start, which may name both. Also ${CONFIG_VARIABLE}.`,
    },
    text,
  ),
};

/** For scripts. */
export const JSON_OPTION: Option<boolean> = switchOption({
  group: OUTPUT,
  sentence: 'One JSON object a line, as the broker sends them.',
});

/** What messages have in them. */
export const PAYLOAD_OPTION: Option<boolean> = switchOption({
  group: OUTPUT,
  sentence: 'Show payloads, too; with --json in base64.',
});

/** How many rows. */
export const LIMIT_OPTION: Option<number | undefined> = valueOption(
  {
    short: 'n',
    metavar: 'COUNT',
    group: OUTPUT,
    sentence: 'So many rows at most.',
    defaultText: '1000 in a table, all with --json',
  },
  integer(1, 1_000_000_000),
);

/** Of an operation that cannot be taken back. */
export const YES_OPTION: Option<boolean> = switchOption({
  short: 'y',
  group: 'Confirmation',
  sentence: 'Do it without asking; needed where there is no terminal to ask at.',
});

/** The note on exit codes under each help page. */
export const EXIT_NOTE =
  'Exit codes: 0 done; 1 not done: no broker answers, or it has no such client; 2 called wrongly; 70 a bug in Vouch.';

/** Rows of a table, where nobody says how many. */
const TABLE_ROWS = 1_000;

/**
 * The control socket that is meant; `undefined`: the configuration says that there is none.
 * @throws {UsageError} `invalid-option`: the configuration says something wrong.
 */
export function meantSocket({ data, socket, config }: ValuesOf<SocketOptions>): string | undefined {
  if (socket !== undefined) return socket;
  const variable = process.env[CONFIG_VARIABLE];
  const outcome = readConfig({
    path: config ?? (variable === '' ? undefined : variable),
    flags: new Map(data === undefined ? [] : [['data', data]]),
    environment: process.env,
  });
  if (outcome.kind === 'invalid') throw new UsageError('invalid-option', outcome.problems.map(showProblem).join('\n'));
  return controlSocketPath(outcome.config);
}

/**
 * The same where it has to be there.
 * @throws {UsageError} `invalid-option`.
 */
export function socketOf(choice: ValuesOf<SocketOptions>): string {
  const socket = meantSocket(choice);
  if (socket !== undefined) return socket;
  throw new UsageError(
    'invalid-option',
    'By its configuration the broker has no control socket: with "store: memory" there is one only where controlSocket names a path.',
  );
}

/** How rows are shown as a table. */
export interface Listing<Row> {
  readonly columns: readonly Column[];
  readonly cells: (row: Row) => readonly string[];
  /** What is said in place of an empty table. */
  readonly nothing: string;
}

/** How a list is to be shown. */
export interface ListChoice {
  readonly json: boolean;
  readonly limit: number | undefined;
}

/** How many rows to ask for: one more than are shown in a table, to know whether there are more. */
export function rowsWanted({ json, limit }: ListChoice): number | undefined {
  return json ? limit : (limit ?? TABLE_ROWS) + 1;
}

/** Shows rows: as they come with `--json`, else as a table. */
export async function showRows<Row>(
  rows: AsyncIterable<Row>,
  choice: ListChoice,
  listing: Listing<Row>,
): Promise<void> {
  if (choice.json) {
    for await (const row of rows) await say(jsonLine(row));
    return;
  }
  const most = choice.limit ?? TABLE_ROWS;
  const table: (readonly string[])[] = [];
  let isMore = false;
  for await (const row of rows) {
    if (table.length < most) table.push(listing.cells(row));
    else isMore = true;
  }
  if (table.length === 0) return await say(`${listing.nothing}\n`);
  await say(tableText(listing.columns, table, terminalWidth()));
  if (isMore) process.stderr.write(`There are more than these ${most.toLocaleString('en')}; --limit shows more.\n`);
}

/** The width to lay a table out for; `undefined`: there is no terminal, and nothing is shortened. */
export function terminalWidth(): number | undefined {
  // A terminal that does not know its width says 0.
  return process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;
}

/** Writes to standard output, no faster than it is read. */
export async function say(sentence: string): Promise<void> {
  if (process.stdout.write(sentence)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  process.stdout.once('drain', resolve);
  await promise;
}

/**
 * Asks whether something is meant that cannot be taken back.
 * @returns False: it is not.
 * @throws {UsageError} `invalid-option`: there is nobody to ask, and no `--yes`.
 */
export async function isMeant(question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError('invalid-option', `${question} There is no terminal to ask at: say --yes.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(said.trim());
  } finally {
    terminal.close();
  }
}

/** How long ago or ahead, in the largest unit that says enough: `12 s`, `3 min`, `5 h`, `4 days`. */
export function roughAge(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400).toLocaleString('en')} days`;
}

/** A count as people read it; 0 is a dash, so that what is there stands out. */
export function count(number: number): string {
  return number === 0 ? '-' : number.toLocaleString('en');
}

/** When a message expires. @param seconds  `undefined`: it does not. */
export function expiryText(seconds: number | undefined): string {
  return seconds === undefined ? 'never' : `in ${roughAge(seconds)}`;
}

/** A payload as text, as far as it is some. @param payload  In base64. */
export function payloadText(payload: string | undefined): string {
  return payload === undefined ? '' : Buffer.from(payload, 'base64').toString('utf8');
}
