// Takes apart what load-file.ts makes of a YAML file where that is a list of things with keys, and collects what is wrong with it. Of the
// things it knows nothing: which keys they have, and what those take, is said by whoever reads.

import type { FileMap, FileNode } from './load-file.ts';
import { nearest } from './nearest.ts';
import type { Place, Problem } from './problem.ts';
import { quote } from './spelling.ts';

/** The values of a map by their keys. */
export type Nodes = ReadonlyMap<string, FileNode>;

/** A text and where it stands. */
export interface PlacedText {
  readonly text: string;
  readonly place: Place;
}

/** Reads nodes, and remembers what was wrong with them. */
export class NodeReader {
  readonly problems: Problem[];

  constructor() {
    this.problems = [];
  }

  /** True or false; false after a problem. */
  readSwitch(key: string, node: FileNode): boolean {
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    return this.complain(node.place, `${key} takes true or false; got ${shown(node)}`) ?? false;
  }

  /** One text; none after a problem. */
  readOne(node: FileNode, key: string): readonly PlacedText[] {
    if (node.kind === 'scalar') return this.readTexts(node, key);
    return this.complain(node.place, `${key} takes one text; got a ${node.kind}`) ?? [];
  }

  /** One text, or a list of at least `countMin`. */
  readTexts(node: FileNode, key: string, countMin: 0 | 1 = 1): readonly PlacedText[] {
    const items = node.kind === 'list' ? node.items : [node];
    if (items.length < countMin)
      this.complain(node.place, `${key} has nothing in its list: name something, or leave it out`);
    const texts: PlacedText[] = [];
    for (const item of items) {
      const { place } = item;
      if (item.kind !== 'scalar') this.complain(place, `${key} takes a text or a list of texts; got a ${item.kind}`);
      else if (item.value === null || item.value === '') this.complain(place, `${key} has no value here`);
      else if (typeof item.value === 'string') texts.push({ text: item.value, place });
      else this.complain(place, `${key} takes texts, and ${item.source} is none in YAML: put quotes around it`);
    }
    return texts;
  }

  /** The keys of a map, as far as they are known. */
  readKeys(map: FileMap, keys: readonly string[], what: string): Nodes {
    const nodes = new Map<string, FileNode>();
    for (const { key, keyPlace, node } of map.entries) {
      if (keys.includes(key)) nodes.set(key, node);
      else
        this.complain(keyPlace, `${quote(key)} is not known here${hint(key, keys) || `; ${what} ${keys.join(', ')}`}`);
    }
    return nodes;
  }

  /** Notes what is wrong. */
  complain(place: Place, sentence: string): undefined {
    this.problems.push({ origin: { kind: 'file', place }, sentence });
  }
}

/** `; did you mean ...?`, or nothing. */
export function hint(text: string, known: readonly string[]): string {
  const near = nearest(text, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** A value as a message shows it. */
export function shown(node: FileNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  return typeof node.value === 'string' ? quote(node.value) : node.source;
}
