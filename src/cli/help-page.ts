// A command's `--help`, laid out from its option table: a usage line, what it does, the options in
// groups, examples. Plain text in at most 100 columns; headings are bold where the terminal shows it.

import { styleText } from 'node:util';

import { flagOf } from '../config/spelling.ts';
import type { Option, OptionTable } from './option-table.ts';

/** Everything that the help of one command says. */
export interface HelpPage<Table extends OptionTable> {
  /** As typed: `vouch pub`. */
  readonly command: string;
  /** What it does: the same sentence as in the list of commands. */
  readonly sentence: string;
  /** What follows the command, one line per form: `-t TOPIC -m TEXT [options]`. */
  readonly usage: readonly string[];
  readonly options: Table;
  /** What the command takes besides options, in order, as the usage names it; left out: nothing. */
  readonly operands?: readonly string[];
  /** What an operand is one of, by its name, where that is a few words; left out: anything. */
  readonly operandWords?: { readonly [operand: string]: readonly string[] };
  /** Whether it reads options from the files of defaults-file.ts, too; left out: it does not. */
  readonly readsDefaults?: boolean;
  readonly examples: readonly HelpExample[];
  /** Paragraphs at the end; often none. */
  readonly notes: readonly string[];
}

/** A command line to copy, and what it does. */
export interface HelpExample {
  readonly line: string;
  readonly sentence: string;
}

const INDENT = '  ';
const USAGE = 'Usage: ';
/** The column at which the sentences of options begin; longer options put theirs on the next line. */
const SENTENCE_COLUMN = 30;
/** On a page that is narrower there is no room for two columns; sentences stand below what they are about. */
const TWO_COLUMNS_MIN = 64;
const BELOW = 6;

/** The width to lay text out for: the terminal's own between 40 and 100 columns; 80 where there is none. */
export function pageWidth(columns: number | undefined): number {
  return Math.min(100, Math.max(40, columns ?? 80));
}

/** The whole page, with a line break at its end. */
export function helpText<Table extends OptionTable>(page: HelpPage<Table>, width: number): string {
  const lines = page.usage.flatMap((form, index) => {
    const [first = '', ...others] = wrap(`${page.command} ${form}`, width - USAGE.length);
    return [(index === 0 ? USAGE : ' '.repeat(USAGE.length)) + first, ...indented(others, USAGE.length + 2)];
  });
  lines.push('', ...wrap(page.sentence, width));
  for (const [group, options] of groupsOf(page.options)) {
    lines.push('', heading(group));
    for (const [name, option] of options) lines.push(...optionLines(name, option, width));
  }
  if (page.examples.length > 0) lines.push('', heading('Examples'));
  for (const example of page.examples) {
    lines.push(`${INDENT}${example.line}`, ...indented(wrap(example.sentence, width - 6), 6));
  }
  const notes = page.readsDefaults === true ? [...page.notes, defaultsNote(page.command)] : page.notes;
  for (const note of notes) lines.push('', ...wrap(note, width));
  return `${lines.join('\n')}\n`;
}

/** Two columns, where there is room for them: a term, and its sentences wrapped beside it. */
export function definitionLines(term: string, sentence: string, width: number, column: number): readonly string[] {
  const first = `${INDENT}${term}`;
  if (width < TWO_COLUMNS_MIN) return [first, ...indented(wrap(sentence, width - BELOW), BELOW)];
  const beside = wrap(sentence, width - column);
  if (first.length + 2 > column) return [first, ...indented(beside, column)];
  return [first.padEnd(column) + (beside[0] ?? ''), ...indented(beside.slice(1), column)];
}

/** A heading, bold where standard output shows it. */
export function heading(title: string): string {
  return styleText('bold', title);
}

function defaultsNote(command: string): string {
  return `Options may stand in ~/.config/vouch/client, for all commands with a client, and in ~/.config/vouch/${command.replace('vouch ', '')}: one a line, as in "--host broker.example".`;
}

function groupsOf(options: OptionTable): Map<string, [string, Option<unknown>][]> {
  const groups = new Map<string, [string, Option<unknown>][]>();
  for (const [name, option] of Object.entries(options)) {
    const members = groups.get(option.group) ?? [];
    members.push([name, option]);
    groups.set(option.group, members);
  }
  return groups;
}

function optionLines(name: string, option: Option<unknown>, width: number): readonly string[] {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const long = option.negatable ? flagOf(name).replace('--', '--[no-]') : flagOf(name);
  const term = `${short}${long}${option.metavar === undefined ? '' : ` ${option.metavar}`}`;
  const known = option.defaultText === undefined ? '' : ` Default: ${option.defaultText}.`;
  return definitionLines(term, option.sentence + known, width, SENTENCE_COLUMN);
}

function indented(lines: readonly string[], columns: number): readonly string[] {
  return lines.map((line) => ' '.repeat(columns) + line);
}

/** Breaks text between words so that no line is longer than `width`, where a single word is not. */
function wrap(paragraph: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
