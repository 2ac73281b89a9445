// The options that a user wants always: files in ~/.config/vouch, one option a line, as in those of mosquitto_pub. `client` is for all
// commands that have a client, and one of the command's own name comes after it; the command line comes last, so that it counts more.
// What it says in another way than they do counts, too: with -L on the command line, the -h of a file is not meant.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { UsageError } from '../base/errors.ts';
import { flagOf } from '../config/spelling.ts';
import { givenIn, type OptionTable, parseOptions } from './option-table.ts';

/** Where a command's defaults are, by the environment. */
interface Home {
  readonly [name: string]: string | undefined;
}

/**
 * What the files say, as arguments.
 * @param command  `pub`, the name of its own file.
 * @param given    What the command line says, by the name of the option.
 * @throws {UsageError} `invalid-option`: a line that the command does not understand, and in which file.
 */
export function defaultArguments(
  command: string,
  table: OptionTable,
  environment: Home,
  given: ReadonlyMap<string, string> = new Map(),
): readonly string[] {
  const { XDG_CONFIG_HOME: configuration = '', HOME: home = '' } = environment;
  if (configuration === '' && home === '') return [];
  const folder = path.join(configuration === '' ? path.join(home, '.config') : configuration, 'vouch');
  const files = ['client', command].map((name) => linesIn(path.join(folder, name), table));
  // From the last one, which counts most, to the first.
  const replaced = new Set<string>();
  const note = (said: ReadonlyMap<string, string>): void => {
    for (const [name, text] of said) for (const other of table[name]?.replaces?.(text) ?? []) replaced.add(other);
  };
  note(given);
  const kept = files.toReversed().map((lines) => {
    const meant = lines.filter(({ said }) => [...said.keys()].every((name) => !replaced.has(name)));
    for (const { said } of meant) note(said);
    return meant.flatMap(({ args }) => args);
  });
  return kept.toReversed().flat();
}

/** A line of a file. */
interface DefaultLine {
  readonly args: readonly string[];
  readonly said: ReadonlyMap<string, string>;
}

function linesIn(file: string, table: OptionTable): readonly DefaultLine[] {
  const lines = linesOf(file).map((line) => wordsOf(line, table));
  try {
    parseOptions(table, lines.flat());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const problems = error.message.split('\n').map((problem) => `${file}: ${problem}`);
    throw new UsageError('invalid-option', problems.join('\n'), { cause: error });
  }
  return lines.map((args) => ({ args, said: givenIn(table, args) }));
}

/** None where there is no such file. */
function linesOf(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && ['ENOENT', 'ENOTDIR'].includes(String(Reflect.get(error, 'code')))) return [];
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError('invalid-option', `The defaults in ${file} cannot be read: ${reason}.`, { cause: error });
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The option and its value, which is the rest of the line; several words only where the option takes several. */
function wordsOf(line: string, table: OptionTable): readonly string[] {
  const [flag = ''] = line.split(/\s/, 1);
  const value = line.slice(flag.length).trim();
  if (value === '') return [flag];
  const row = Object.entries(table).find(([name, { short }]) => flag === flagOf(name) || flag === `-${short}`)?.[1];
  return row?.wordCount === undefined ? [flag, value] : [flag, ...value.split(/\s+/)];
}
