// Tables for people: columns of text and of numbers, no wider than the terminal. Where they do not fit, columns in which nothing is said are left
// out, and then texts are shortened, the widest first, which an ellipsis says. Everything in a cell may come from a peer: no control character of it reaches the terminal.

import { styleText } from 'node:util';

import { withoutControls } from './message-format.ts';

/** One column. */
export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align: 'left' | 'right';
}

const GAP = '  ';
/** A column is shortened to no less than this. */
const WIDTH_MIN = 8;
const ELLIPSIS = '…';
/** What a terminal shows two columns wide: most of Chinese, Japanese and Korean, and emoji. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]$/u;
/** What takes no column of its own: accents that combine with the letter before. */
const COMBINING = /^\p{M}$/u;
/** What could change how the rest of a line is shown, beside control characters: marks of direction, invisible ones, separators of lines. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** The same, with the control characters that JSON leaves as they are. */
const NOT_IN_JSON = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Lays a table out, with a line break after every line.
 * @param width  Of the terminal; `undefined`: there is none, and nothing is shortened.
 */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const table = columns.map(({ title, align }, index) => columnOf(title, align, rows, index));
  const fitting = width === undefined ? table : fitted(table, width);
  const line = (cellOf: (column: Laid) => string): string =>
    fitting
      .map((column) => padded(cellOf(column), column))
      .join(GAP)
      .trimEnd();
  const head = styleText(
    'bold',
    line(({ title }) => title),
  );
  return [head, ...rows.map((_, index) => line(({ cells }) => cells[index] ?? ''))].map((each) => `${each}\n`).join('');
}

/** A column with its cells, as wide as the widest of them. */
interface Laid extends Column {
  readonly cells: readonly string[];
  width: number;
}

function columnOf(title: string, align: Column['align'], rows: readonly (readonly string[])[], index: number): Laid {
  const cells = rows.map((row) => printable(row[index] ?? ''));
  return { title, align, cells, width: cells.reduce((widest, cell) => Math.max(widest, widthOf(cell)), title.length) };
}

/** Columns that fit: those go first in which nothing is said, then the widest texts become shorter, as far as there is anything to take. */
function fitted(table: readonly Laid[], width: number): readonly Laid[] {
  if (excessOf(table, width) <= 0) return table;
  const left = table.filter(({ cells }) => cells.some((cell) => cell !== '' && cell !== '-'));
  for (let excess = excessOf(left, width); excess > 0; excess--) {
    let widest: Laid | undefined;
    for (const column of left) {
      if (column.width > leastOf(column) && column.width > (widest?.width ?? 0)) widest = column;
    }
    if (widest === undefined) break;
    widest.width--;
  }
  return left;
}

function excessOf(table: readonly Laid[], width: number): number {
  return table.reduce((sum, column) => sum + column.width, GAP.length * (table.length - 1)) - width;
}

/** Numbers are not shortened: they would be others. */
function leastOf({ align, title, width }: Laid): number {
  return align === 'right' ? width : Math.max(WIDTH_MIN, title.length);
}

/** A text in which nothing is left that a terminal would do, or hide. */
export function printable(text: string): string {
  return withoutControls(text).replaceAll(INVISIBLE, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A value as one line of JSON, in which the same is escaped: whoever reads it as JSON has it as it was. */
export function jsonLine(value: unknown): string {
  const escaped = JSON.stringify(value).replaceAll(NOT_IN_JSON, (mark) =>
    mark
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `${escaped}\n`;
}

/** How many columns of a terminal a text takes, about. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

function padded(text: string, { width, align }: Laid): string {
  const fitting = widthOf(text) > width ? shortened(text, width) : text;
  const space = ' '.repeat(Math.max(0, width - widthOf(fitting)));
  return align === 'right' ? space + fitting : fitting + space;
}

function shortened(text: string, width: number): string {
  let short = '';
  let left = width - 1;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    short += character;
  }
  return short + ELLIPSIS;
}
