// The YAML file as a tree of values with their places. Knows YAML, not the options: which keys there
// are and what they take is read-config.ts's business. What makes a file ambiguous is a problem here:
// syntax errors, a key that stands twice, a second document, aliases and tags.

import { readFileSync } from 'node:fs';
import type { Node, Pair, YAMLError } from 'yaml';
import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

import type { Place, Problem } from './problem.ts';
import { showPlace } from './problem.ts';
import { quote } from './spelling.ts';

/** A value in the file. */
export type FileNode = FileScalar | FileList | FileMap;

/** A string, number, boolean or null. */
export interface FileScalar {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: unknown;
  /** As it is written: `012`, not 12. */
  readonly source: string;
}

/** A list. */
export interface FileList {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly FileNode[];
}

/** Keys and values, each key once. */
export interface FileMap {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: readonly FileEntry[];
}

/** One `key: value`. */
export interface FileEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly node: FileNode;
}

/** A file that was read, as far as it could be. */
export interface LoadedFile {
  /** Empty when the file is, or when it could not be read. */
  readonly root: FileMap;
  readonly problems: readonly Problem[];
}

/** No configuration is longer; a longer file was named by mistake. */
const FILE_BYTES_MAX = 1024 * 1024;
/** Deeper nesting than any option has. */
const DEPTH_MAX = 16;

/** What to do about the syntax errors that people make; the library's own words serve for the rest. */
const SYNTAX_SENTENCES: ReadonlyMap<string, string> = new Map([
  ['TAB_AS_INDENT', 'a tab cannot indent in YAML: use spaces'],
  ['MULTILINE_IMPLICIT_KEY', 'a line of the form "name: value" is expected here: is a colon missing?'],
  ['BLOCK_AS_IMPLICIT_KEY', 'there is a second ": " in this line: put quotes around the value, or break the line'],
  ['MULTIPLE_DOCS', 'a second document begins here: only one is read, remove the "---"'],
  ['BAD_SCALAR_START', 'a value cannot begin with this character: put quotes around it'],
]);

/** Reads the file at `path`. Never throws: what is wrong with the file is among the problems. */
export function loadFile(path: string): LoadedFile {
  const empty: FileMap = { kind: 'map', place: { path, line: 1, column: 1 }, entries: [] };
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return { root: empty, problems: [problemAt(empty.place, `the file cannot be read: ${reasonOf(error)}`)] };
  }
  if (bytes.length > FILE_BYTES_MAX) {
    return {
      root: empty,
      problems: [problemAt(empty.place, 'the file is larger than 1 MiB: this is no configuration')],
    };
  }
  const text = decodeText(bytes);
  if (text === undefined) return { root: empty, problems: [problemAt(empty.place, 'the file is not UTF-8 text')] };
  return parseFile(path, text);
}

/** Reads the text of a file; `path` is for its places only. */
export function parseFile(path: string, text: string): LoadedFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { path, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const reader = new TreeReader(placeOf);
  // After a syntax error the rest is guesswork: the mistakes found in it would not be the author's.
  const faults = [...document.errors, ...document.warnings];
  for (const fault of faults) reader.problems.push(problemAt(placeOf(fault.pos[0]), syntaxSentence(fault)));
  const root = faults.length > 0 ? undefined : reader.readRoot(document.contents);
  return { root: root ?? { kind: 'map', place: placeOf(0), entries: [] }, problems: reader.problems };
}

/** Turns the library's nodes into ours, collecting problems on the way. */
class TreeReader {
  readonly problems: Problem[];
  private readonly placeOf: (offset: number) => Place;

  constructor(placeOf: (offset: number) => Place) {
    this.problems = [];
    this.placeOf = placeOf;
  }

  readRoot(contents: Node | null): FileMap | undefined {
    if (contents === null) return undefined;
    const node = this.readNode(contents, 0);
    if (node?.kind === 'map') return node;
    const isNull = node?.kind === 'scalar' && node.value === null;
    if (node !== undefined && !isNull) this.complain(node.place, 'the file must hold lines of the form "name: value"');
    return undefined;
  }

  /** `undefined` after a problem. */
  private readNode(node: unknown, depth: number): FileNode | undefined {
    const place = this.placeOf(isNodeWithRange(node) ? node.range[0] : 0);
    if (depth > DEPTH_MAX) return this.complain(place, 'this is nested deeper than any option');
    if (isAlias(node)) return this.complain(place, `aliases are not read: write the value of *${node.source} out here`);
    if (isScalar(node)) {
      return { kind: 'scalar', place, value: node.value, source: node.source ?? String(node.value) };
    }
    if (isMap(node)) return { kind: 'map', place, entries: this.readPairs(node.items, depth) };
    if (!isSeq(node)) return this.complain(place, 'a value is expected here');
    const items = node.items.map((item) => this.readNode(item, depth + 1)).filter((item) => item !== undefined);
    return { kind: 'list', place, items };
  }

  private readPairs(pairs: readonly Pair[], depth: number): readonly FileEntry[] {
    const entries = new Map<string, FileEntry>();
    for (const { key, value } of pairs) {
      const keyPlace = this.placeOf(isNodeWithRange(key) ? key.range[0] : 0);
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.complain(keyPlace, 'a key must be the name of an option');
        continue;
      }
      const first = entries.get(key.value);
      if (first !== undefined) {
        const where = showPlace(first.keyPlace);
        this.complain(keyPlace, `${quote(key.value)} stands twice, first at ${where}: keep one of them`);
        continue;
      }
      const node = this.readNode(value, depth + 1);
      if (node !== undefined) entries.set(key.value, { key: key.value, keyPlace, node });
    }
    return [...entries.values()];
  }

  private complain(place: Place, sentence: string): undefined {
    this.problems.push(problemAt(place, sentence));
  }
}

/** `undefined` when the bytes are not UTF-8. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function problemAt(place: Place, sentence: string): Problem {
  return { origin: { kind: 'file', place }, sentence };
}

function isNodeWithRange(node: unknown): node is Node & { readonly range: readonly [number, number, number] } {
  return (isAlias(node) || isScalar(node) || isCollection(node)) && Array.isArray(node.range);
}

function syntaxSentence(fault: YAMLError): string {
  return SYNTAX_SENTENCES.get(fault.code) ?? `this is not valid YAML: ${fault.message.split('\n')[0]}`;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a directory';
  return String(error instanceof Error ? error.message : error);
}
