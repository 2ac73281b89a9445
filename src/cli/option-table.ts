// The options of a command as one table: each row says how an option is spelled, what it takes and
// what it is for; parsing, error messages and the help page (help-page.ts) all come from it.
// The splitting into tokens is node:util's; what is allowed and what a problem is called is decided
// here, so that every problem is a sentence for people and all of them are told at once.
// The key of a row is its name in camelCase: `keepAlive` is `--keep-alive`. Given twice, the last one counts.
// What is no option is an operand; a command says which it takes, and then all of them must be there.

import { parseArgs } from 'node:util';

import { UsageError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import { asSentence } from '../config/problem.ts';
import { flagOf, quote } from '../config/spelling.ts';

/** One option, which yields a `Value`. */
export interface Option<Value> {
  /** One letter, without its dash; `undefined`: none. */
  readonly short: string | undefined;
  /** What stands for the value in the help, such as `PORT`; `undefined`: a switch, which takes none. */
  readonly metavar: string | undefined;
  /**
   * How many words the value is made of, where that is not one: the words so far say. They reach `read` joined by `WORD_END`.
   * `undefined`: one, or none for a switch.
   */
  readonly wordCount: ((words: readonly string[]) => number) | undefined;
  /** What the value is one of, where that is a few words; otherwise none. */
  readonly choices: readonly string[];
  /** Whether `--no-...` says the opposite; switches only. */
  readonly negatable: boolean;
  /** What it is for: one or two sentences with full stops. */
  readonly sentence: string;
  /** The heading under which the help shows it. */
  readonly group: string;
  /** The default as the help prints it; `undefined`: not worth a word. */
  readonly defaultText: string | undefined;
  /** Which options that a file of defaults gives are not meant any longer when this one is given, with this text, after them. */
  readonly replaces: ((text: string) => readonly string[]) | undefined;
  /**
   * Makes the value of all the texts that were given, in order; none: the default. A switch is given `true` or `false`.
   * @throws {BadValue} with what is allowed.
   */
  readonly read: (texts: readonly string[]) => Value;
}

/** What stands between the words of a value that has several: no argument of a process can hold it. */
const WORD_END = '\0';

/** The options of one command, by name. */
export type OptionTable = { readonly [name: string]: Option<unknown> };

/** What a table's options yield, by name. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** What a command line turned out to be. */
export type ParsedOptions<Table extends OptionTable> =
  | { readonly kind: 'help' }
  /** As many operands as were asked for. */
  | { readonly kind: 'values'; readonly values: ValuesOf<Table>; readonly operands: readonly string[] };

/** What every kind of option is described with. */
export interface OptionDescription {
  readonly short?: string;
  readonly sentence: string;
  readonly group: string;
  readonly defaultText?: string;
  readonly replaces?: (text: string) => readonly string[];
}

/** A value that an option does not take; `message` goes on after `--option`: "takes ...; got ...". */
export class BadValue extends Error {
  override readonly name = 'BadValue';
}

/** Makes the value of an option of its text, which is one of a few words. */
interface ChoiceParser<Value> {
  (text: string): Value;
  readonly choices: readonly string[];
}

/** A switch: true when given. */
export function switchOption(description: OptionDescription): Option<boolean> {
  const read = (texts: readonly string[]): boolean => texts.at(-1) === 'true';
  return { ...described(description), metavar: undefined, wordCount: undefined, choices: [], negatable: false, read };
}

/** An option whose value is made by `parse`; `undefined` when not given. */
export function valueOption<Value>(
  description: OptionDescription & { readonly metavar: string },
  parse: (text: string) => Value,
): Option<Value | undefined> {
  const read = (texts: readonly string[]): Value | undefined => {
    const last = texts.at(-1);
    return last === undefined ? undefined : parse(last);
  };
  return {
    ...described(description),
    metavar: description.metavar,
    wordCount: undefined,
    choices: choicesOf(parse),
    negatable: false,
    read,
  };
}

/** An option that may be given any number of times; yields all values in order. */
export function listOption<Value>(
  description: OptionDescription & { readonly metavar: string },
  parse: (text: string) => Value,
): Option<readonly Value[]> {
  const read = (texts: readonly string[]): readonly Value[] => texts.map(parse);
  return {
    ...described(description),
    metavar: description.metavar,
    wordCount: undefined,
    choices: choicesOf(parse),
    negatable: false,
    read,
  };
}

/**
 * An option whose value is several words, and which may be given any number of times: `-D publish content-type text/plain`.
 * @param wordCount  How many there are, as far as those read so far say.
 */
export function wordsOption<Value>(
  description: OptionDescription & { readonly metavar: string },
  wordCount: (words: readonly string[]) => number,
  parse: (words: readonly string[]) => Value,
): Option<readonly Value[]> {
  const read = (texts: readonly string[]): readonly Value[] => texts.map((words) => parse(words.split(WORD_END)));
  return { ...described(description), metavar: description.metavar, wordCount, choices: [], negatable: false, read };
}

/** The same option with a value in place of `undefined` when it is not given; the help says so. */
export function withDefault<Value>(option: Option<Value | undefined>, value: Value & (string | number)): Option<Value> {
  return { ...option, defaultText: option.defaultText ?? String(value), read: (texts) => option.read(texts) ?? value };
}

/** Any text, for `valueOption` and `listOption`. */
export function text(value: string): string {
  return value;
}

/** A whole number within bounds, for `valueOption` and `listOption`. */
export function integer(minimum: number, maximum: number): (value: string) => number {
  return (value) => {
    const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= minimum && number <= maximum) return number;
    throw new BadValue(`takes a whole number from ${minimum} to ${maximum}; got ${quote(value)}`);
  };
}

/** A number within bounds, whole or not, for `valueOption` and `listOption`. */
export function decimal(minimum: number, maximum: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}(\.\d{0,9})?$|^\.\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= minimum && number <= maximum) return number;
    throw new BadValue(`takes a number from ${minimum} to ${maximum}; got ${quote(value)}`);
  };
}

/** One of a few words, for `valueOption` and `listOption`. */
export function oneOf<const Word extends string>(words: readonly Word[]): ChoiceParser<Word> {
  const parse = (value: string): Word => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const near = nearest(value, words);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw new BadValue(`takes ${words.slice(0, -1).join(', ')} or ${words.at(-1)}; got ${quote(value)}${hint}`);
  };
  return Object.assign(parse, { choices: words });
}

/**
 * Reads a command line against the table. What is no option is an operand: as many as there are names for, where "[NAME]" may be left out and
 * "[NAME...]" be any number. `--help` wins over everything else; `-h` is help where no row has that letter.
 * @throws {UsageError} `invalid-option` with one line per problem.
 */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  operandNames: readonly string[] = [],
): ParsedOptions<Table> {
  const spellings = new Map(Object.keys(table).map((name) => [flagOf(name).slice(2), name]));
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  const problems: string[] = [];
  const operandsMax = operandNames.at(-1)?.endsWith('...]') === true ? Number.POSITIVE_INFINITY : operandNames.length;
  const helpLetter = Object.values(table).some((option) => option.short === 'h') ? undefined : '-h';

  /** Whether the token before was no option of ours, so that what follows may be its value. */
  let isAfterUnknown = false;
  for (const token of tokensOf(table, args)) {
    if (token.kind === 'positional' && !isAfterUnknown) {
      operands.push(token.value ?? '');
      if (operands.length > operandsMax) {
        const rest = operandNames.length === 0 ? 'all is said with options' : 'everything else is said with options';
        problems.push(`${quote(token.value)} is not expected here: ${rest}`);
      }
    }
    isAfterUnknown = false;
    if (token.kind !== 'option') continue;
    if (token.rawName === '--help' || token.rawName === helpLetter) return { kind: 'help' };
    const name = spellings.get(token.name);
    const option = name === undefined ? undefined : table[name];
    if (name === undefined || option === undefined) {
      problems.push(unknownOption(token.rawName, table));
      isAfterUnknown = token.value === undefined;
      continue;
    }
    const taken = textOf(option, token);
    if (taken.kind === 'problem') problems.push(taken.sentence);
    else given.set(name, [...(given.get(name) ?? []), taken.text]);
  }

  const values: { [name: string]: unknown } = {};
  for (const [name, option] of Object.entries(table)) {
    try {
      values[name] = option.read(given.get(name) ?? []);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push(`${flagOf(name)} ${error.message}`);
    }
  }
  const missing = operandNames.slice(operands.length).filter((name) => !name.startsWith('['));
  if (missing.length > 0) problems.push(`${missing.join(' and ')} must be said`);
  if (problems.length > 0) throw new UsageError('invalid-option', problems.map(asSentence).join('\n'));
  // The loop above has set every key of the table to what its own row yields.
  return { kind: 'values', values: values as ValuesOf<Table>, operands };
}

/** Which options a command line gives, by name, each with its last text; what it does not understand is left to `parseOptions`. */
export function givenIn(table: OptionTable, args: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map(Object.keys(table).map((name) => [flagOf(name).slice(2), name]));
  const given = new Map<string, string>();
  for (const token of tokensOf(table, args)) {
    const name = token.kind === 'option' ? names.get(token.name) : undefined;
    if (name !== undefined) given.set(name, token.value ?? '');
  }
  return given;
}

/** What of a command line is no option, in order. */
export function operandsIn(table: OptionTable, args: readonly string[]): readonly string[] {
  return tokensOf(table, args).flatMap(({ kind, value }) =>
    kind === 'positional' && value !== undefined ? value : [],
  );
}

/** A part of a command line, as node:util splits it off. */
interface Token {
  readonly kind: 'option' | 'positional';
  /** Of its first argument. */
  readonly index: number;
  /** '' where it is no option. */
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  /** The value stands in the same argument. */
  readonly isInline: boolean;
}

/** The tokens of a command line, in order; the words of a value that has several are one. */
function tokensOf(table: OptionTable, args: readonly string[]): readonly Token[] {
  const rows = new Map(Object.entries(table).map(([name, option]) => [flagOf(name).slice(2), option]));
  const tokens: Token[] = [];
  for (let rest = args; ; ) {
    const split = splitTokens(table, rest);
    const at = split.findIndex(({ kind, name, value }) => {
      return kind === 'option' && value !== undefined && rows.get(name)?.wordCount !== undefined;
    });
    const found = split[at];
    const wordCount = rows.get(found?.name ?? '')?.wordCount;
    if (found === undefined || wordCount === undefined) return [...tokens, ...split];
    const words = [found.value ?? ''];
    // The rest of its words are no tokens, whatever they look like.
    let next = found.index + (found.isInline ? 1 : 2);
    while (words.length < wordCount(words) && next < rest.length) words.push(rest[next++] ?? '');
    const value = words.length < wordCount(words) ? undefined : words.join(WORD_END);
    tokens.push(...split.slice(0, at), { ...found, value });
    rest = rest.slice(next);
  }
}

function splitTokens(table: OptionTable, args: readonly string[]): readonly Token[] {
  const options: { [flag: string]: { type: 'string' | 'boolean'; short?: string } } = {};
  for (const [name, option] of Object.entries(table)) {
    const type = option.metavar === undefined ? 'boolean' : 'string';
    options[flagOf(name).slice(2)] = option.short === undefined ? { type } : { type, short: option.short };
  }
  // Not strict: a value may begin with a dash (`-m -5`), and the complaints are ours.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  return tokens.flatMap((token): Token | [] => {
    const { index } = token;
    if (token.kind === 'positional') {
      return { kind: 'positional', index, name: '', rawName: '', value: token.value, isInline: false };
    }
    if (token.kind === 'option-terminator') return [];
    const { name, rawName, value, inlineValue } = token;
    return { kind: 'option', index, name, rawName, value, isInline: inlineValue === true };
  });
}

type Taken = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'problem'; readonly sentence: string };

function textOf(option: Option<unknown>, token: Token): Taken {
  const negated = token.rawName.startsWith('--no-');
  if (negated && !option.negatable) {
    return {
      kind: 'problem',
      sentence: `${token.rawName} is not an option: --${token.rawName.slice(5)} has no opposite`,
    };
  }
  if (option.metavar === undefined) {
    if (token.value === undefined) return { kind: 'text', text: negated ? 'false' : 'true' };
    return { kind: 'problem', sentence: `${token.rawName} is a switch and takes no value; got ${quote(token.value)}` };
  }
  if (token.value !== undefined) return { kind: 'text', text: token.value };
  return { kind: 'problem', sentence: `${token.rawName} needs a value: ${token.rawName} ${option.metavar}` };
}

function unknownOption(rawName: string, table: OptionTable): string {
  const flags = ['--help', ...Object.keys(table).map(flagOf)];
  const near = rawName.startsWith('--') ? nearest(rawName, flags) : undefined;
  return `${rawName} is not an option${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function choicesOf(parse: ((text: string) => unknown) | ChoiceParser<unknown>): readonly string[] {
  return 'choices' in parse ? parse.choices : [];
}

function described(description: OptionDescription) {
  return {
    short: description.short,
    sentence: description.sentence,
    group: description.group,
    defaultText: description.defaultText,
    replaces: description.replaces,
  };
}
