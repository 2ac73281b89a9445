// A tree over texts of levels: what the subscription trie and the retained trie have in common.
// Each text has one leaf, an object of the owner's that carries it. The idea: a node exists only where two or more texts
// share the way; a text that is alone in its branch is one leaf there, and its levels below are not cut up. So a million
// texts are a million leaves and little else: about 120 bytes each, where a Map per node takes 850 (bench/topic.bench.ts).
//
// Invariants: every node but the two roots has two or more leaves below it, so that the shape follows from the set of
// texts, not from the order in which they came and went. A node that was taken out of the tree keeps its last leaf and
// never comes back: a walk that stands on it misses nothing.
// Texts that begin with `$` have a root of their own: of a name and a filter that match, both begin with `$` or neither
// does, and that is the whole of [MQTT-4.7.2-1].
//
// Bounds: a text costs at most one node per level, so the parsers' limit on levels bounds memory. One level of one node
// has at most 2^24 children, which is the limit of `Map`.

import { assert } from '../base/assert.ts';
import { copyLevel, DOLLAR, HASH, levelEnd, PLUS, sameLevel } from './topic-levels.ts';

/** What a trie keeps for one text. Its owner adds fields of its own. */
export interface Leaf {
  readonly text: string;
}

/** What stands under one level of a node. */
export type Child<L extends Leaf> = L | LevelNode<L>;

/** How many children a node keeps in an array before it takes a Map, which costs 184 bytes at the least. */
const FEW_MAX = 8;

/** The way that two or more texts share, up to and including one level. */
export class LevelNode<L extends Leaf> {
  /** The last level of the way; '' for a root. */
  readonly level: string;
  /** Where the next level begins, in every text below. */
  readonly offset: number;
  /** The text that ends with `level`. */
  here: L | undefined;
  /** The text that goes on with `#`. */
  hash: L | undefined;
  /** The texts that go on with `+`. */
  plus: Child<L> | undefined;
  /** The others, while they are few. Never written to, always replaced: a walk may hold it. */
  private few: readonly Child<L>[];
  /** The others by level, once they were more than `FEW_MAX`; `few` is empty then. */
  private many: Map<string, Child<L>> | undefined;

  constructor(level: string, offset: number) {
    this.level = level;
    this.offset = offset;
    this.here = undefined;
    this.hash = undefined;
    this.plus = undefined;
    this.few = [];
    this.many = undefined;
  }

  /** The child whose level is that of `text` from `start` to `end`, taken literally. */
  find(text: string, start: number, end: number): Child<L> | undefined {
    // hot: nothing is cut out of the text until there is a Map to ask.
    if (this.many !== undefined) return this.many.get(text.slice(start, end));
    for (const child of this.few) {
      if (this.isAt(child, text, start)) return child;
    }
    return undefined;
  }

  /** All children with a literal level, in no particular order. */
  children(): Iterator<Child<L>, undefined> {
    return this.many === undefined ? this.few.values() : this.many.values();
  }

  /** What is kept for the level from `start` to `end`: `plus`, `hash` or a child. */
  get(text: string, start: number, end: number): Child<L> | undefined {
    if (end - start === 1) {
      const unit = text.charCodeAt(start);
      if (unit === PLUS) return this.plus;
      if (unit === HASH) return this.hash;
    }
    return this.find(text, start, end);
  }

  /** Keeps `child`, or nothing, for the level from `start` to `end`, in the place of what was there. */
  put(text: string, start: number, end: number, child: Child<L> | undefined): void {
    const unit = end - start === 1 ? text.charCodeAt(start) : 0;
    if (unit === PLUS) {
      this.plus = child;
    } else if (unit === HASH) {
      assert(child === undefined || !isNode(child), 'no level follows #');
      this.hash = child;
    } else if (this.many !== undefined) {
      if (child === undefined) this.many.delete(text.slice(start, end));
      else this.many.set(copyLevel(text, start, end), child);
    } else {
      this.putFew(text, start, child);
    }
  }

  /** The one leaf that is left under this node; `undefined` while there are more. */
  lastLeaf(): L | undefined {
    let count = this.many === undefined ? this.few.length : this.many.size;
    if (this.here !== undefined) count++;
    if (this.hash !== undefined) count++;
    if (this.plus !== undefined) count++;
    if (count !== 1) return undefined;
    const child = this.here ?? this.hash ?? this.plus ?? this.children().next().value;
    return child === undefined || isNode(child) ? undefined : child;
  }

  private putFew(text: string, start: number, child: Child<L> | undefined): void {
    const few = this.few;
    const index = few.findIndex((other) => this.isAt(other, text, start));
    if (child === undefined) {
      if (index !== -1) this.few = few.toSpliced(index, 1);
    } else if (index !== -1) {
      this.few = few.with(index, child);
    } else if (few.length < FEW_MAX) {
      this.few = few.concat([child]); // Unlike `push`, `concat` leaves no room to grow: 8 bytes, not 150.
    } else {
      this.many = new Map();
      for (const each of few.concat([child])) this.many.set(this.levelOf(each), each);
      this.few = [];
    }
  }

  private isAt(child: Child<L>, text: string, start: number): boolean {
    // hot:
    if (isNode(child)) return sameLevel(child.level, 0, text, start);
    return sameLevel(child.text, this.offset, text, start);
  }

  private levelOf(child: Child<L>): string {
    return isNode(child) ? child.level : copyLevel(child.text, this.offset, levelEnd(child.text, this.offset));
  }
}

/** Whether more than one leaf stands under a level. */
export function isNode<L extends Leaf>(child: Child<L>): child is LevelNode<L> {
  return child instanceof LevelNode;
}

/** A set of leaves, found by their texts. */
export class LevelTrie<L extends Leaf> {
  private readonly root: LevelNode<L>;
  private readonly dollarRoot: LevelNode<L>;

  constructor() {
    this.root = new LevelNode('', 0);
    this.dollarRoot = new LevelNode('', 0);
  }

  /** Where to begin with a name or filter. */
  rootFor(text: string): LevelNode<L> {
    // [MQTT-4.7.2-1]
    return text.charCodeAt(0) === DOLLAR ? this.dollarRoot : this.root;
  }

  /** The leaf of exactly this text; wildcards in it are levels like others. */
  get(text: string): L | undefined {
    let node = this.rootFor(text);
    for (;;) {
      const end = levelEnd(text, node.offset);
      const child = node.get(text, node.offset, end);
      if (child === undefined) return undefined;
      if (!isNode(child)) return child.text === text ? child : undefined;
      if (end === text.length) return child.here;
      node = child;
    }
  }

  /** Takes a leaf in, whose text must be new. */
  add(leaf: L): void {
    const text = leaf.text;
    let node = this.rootFor(text);
    for (;;) {
      const end = levelEnd(text, node.offset);
      const child = node.get(text, node.offset, end);
      if (child === undefined) {
        node.put(text, node.offset, end, leaf);
        return;
      }
      const next = isNode(child) ? child : unfold(node, child, end);
      if (end === text.length) {
        assert(next.here === undefined, 'a text has one leaf');
        next.here = leaf;
        return;
      }
      node = next;
    }
  }

  /** Takes a leaf out, which must be in, with the nodes that nobody shares any more. */
  remove(leaf: L): void {
    const text = leaf.text;
    const path: LevelNode<L>[] = [];
    let node = this.rootFor(text);
    for (;;) {
      path.push(node);
      const end = levelEnd(text, node.offset);
      const child = node.get(text, node.offset, end);
      if (child === leaf) {
        node.put(text, node.offset, end, undefined);
        break;
      }
      assert(child !== undefined && isNode(child), 'the leaf is in the trie');
      if (end === text.length) {
        assert(child.here === leaf, 'the leaf is in the trie');
        child.here = undefined;
        path.push(child);
        break;
      }
      node = child;
    }
    this.fold(path, text);
  }

  /** From the end of a path up: where one leaf is left under a node, it takes the node's place. */
  private fold(path: LevelNode<L>[], text: string): void {
    let node = path.pop();
    for (let parent = path.pop(); node !== undefined && parent !== undefined; parent = path.pop()) {
      const leaf = node.lastLeaf();
      if (leaf === undefined) return;
      parent.put(text, parent.offset, node.offset - 1, leaf);
      node = parent;
    }
  }
}

/** Where two texts share the way now: a node takes the place of the leaf whose level ends at `end`, and the leaf goes below it. */
function unfold<L extends Leaf>(parent: LevelNode<L>, leaf: L, end: number): LevelNode<L> {
  const text = leaf.text;
  const node = new LevelNode<L>(copyLevel(text, parent.offset, end), end + 1);
  if (end === text.length) node.here = leaf;
  else node.put(text, node.offset, levelEnd(text, node.offset), leaf);
  parent.put(text, parent.offset, end, node);
  return node;
}
