// Tables for people: columns of text and of numbers, no wider than the terminal. What does not fit is shortened, widest column first, and says
// so with an ellipsis. Everything in a cell may come from a peer: no control character of it reaches the terminal.

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

/**
 * Lays a table out, with a line break after every line.
 * @param width  Of the terminal; `undefined`: there is none, and nothing is shortened.
 */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = columns.map(({ title }, index) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), title.length),
  );
  if (width !== undefined) shrink(widths, columns, width);
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, index) => padded(row[index] ?? '', widths[index] ?? 0, align))
      .join(GAP)
      .trimEnd();
  const head = styleText('bold', line(columns.map(({ title }) => title)));
  return [head, ...cells.map(line)].map((each) => `${each}\n`).join('');
}

/** A text in which nothing is left that a terminal would do, or hide. */
export function printable(text: string): string {
  return withoutControls(text).replaceAll(INVISIBLE, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}

/** How many columns of a terminal a text takes, about. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Makes columns of text narrower, the widest first, until all fit, or nothing more can be taken from them. */
function shrink(widths: number[], columns: readonly Column[], width: number): void {
  const least = columns.map(({ title, align }, index) =>
    align === 'right' ? (widths[index] ?? 0) : Math.max(WIDTH_MIN, title.length),
  );
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1)) - width;
  for (; excess > 0; excess--) {
    let widest = -1;
    for (const [index, each] of widths.entries()) {
      if (each > (least[index] ?? 0) && each > (widths[widest] ?? 0)) widest = index;
    }
    const chosen = widths[widest];
    if (chosen === undefined) return;
    widths[widest] = chosen - 1;
  }
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
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
