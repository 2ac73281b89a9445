// A line that somebody types at a prompt, as words: quotes keep spaces together, as in a shell, and nothing else is special. Also what the
// word is that is being typed, and how a completed word is written.

/** A line, split. */
export type TypedLine =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** A quotation mark has no second one. */
  | { readonly kind: 'open'; readonly mark: string };

/** Splits a line into its words. A backslash takes the next character as it is, but for within single quotes. */
export function splitLine(line: string): TypedLine {
  const words: string[] = [];
  let word: string | undefined;
  let mark = '';
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    if (letter === mark) mark = '';
    else if (letter === '\\' && mark !== "'" && at + 1 < line.length) word = (word ?? '') + line.charAt(++at);
    else if (mark !== '') word = (word ?? '') + letter;
    else if (letter === '"' || letter === "'") {
      mark = letter;
      word ??= '';
    } else if (letter !== ' ' && letter !== '\t') word = (word ?? '') + letter;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (mark !== '') return { kind: 'open', mark };
  return { kind: 'words', words: word === undefined ? words : [...words, word] };
}

/** The words before the one that is being typed, and that one; '' where a new one begins. Quotes are part of it here. */
export function wordAtEnd(line: string): { readonly before: readonly string[]; readonly word: string } {
  const [word = ''] = /[^ \t]*$/.exec(line) ?? [];
  const split = splitLine(line.slice(0, line.length - word.length));
  return { before: split.kind === 'words' ? split.words : [], word };
}
