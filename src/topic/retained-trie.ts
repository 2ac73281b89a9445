// Values by Topic Name, found by filter: what a new subscription asks of the retained messages. A match walks only the
// branches that its filter allows: one child for a literal level, all of them for `+`, everything below for `#`.
// It stands on one node per level, whatever the number of names.

import { type Child, isNode, type Leaf, type LevelNode, LevelTrie } from './level-trie.ts';
import type { TopicFilter } from './topic-filter.ts';
import { HASH, levelEnd, PLUS, restMatches } from './topic-levels.ts';
import type { TopicName } from './topic-name.ts';

/** Is told of one value whose name matches. */
export type VisitValue<Value extends object> = (value: Value, name: TopicName) => void;

/** The value of one name; `undefined`: the name was taken out. */
interface Retained<Value extends object> extends Leaf {
  readonly text: TopicName;
  value: Value | undefined;
}

/** The children of one node, as far as they were looked at. */
interface Walk<Value extends object> {
  readonly children: Iterator<Child<Retained<Value>>, undefined>;
  /** Where their level begins in the names. */
  readonly offset: number;
  /** Where the level that they must match begins in the filter. */
  readonly filterStart: number;
}

/** A map from Topic Names to values. */
export class RetainedTrie<Value extends object> {
  private readonly trie: LevelTrie<Retained<Value>>;
  private count: number;

  constructor() {
    this.trie = new LevelTrie();
    this.count = 0;
  }

  /** How many names have a value. */
  get size(): number {
    return this.count;
  }

  /** The value of `name`. */
  get(name: TopicName): Value | undefined {
    return this.trie.get(name)?.value;
  }

  /** Gives `name` a value; returns the one that it had before. */
  set(name: TopicName, value: Value): Value | undefined {
    const leaf = this.trie.get(name);
    if (leaf === undefined) {
      this.trie.add({ text: name, value });
      this.count++;
      return undefined;
    }
    const previous = leaf.value;
    leaf.value = value;
    return previous;
  }

  /** Takes the value of `name` out and returns it. */
  delete(name: TopicName): Value | undefined {
    const leaf = this.trie.get(name);
    if (leaf === undefined) return undefined;
    const previous = leaf.value;
    leaf.value = undefined;
    this.trie.remove(leaf);
    this.count--;
    return previous;
  }

  /**
   * Visits every value whose name `filter` matches, once, in no particular order.
   * `visit` may change the trie: what is deleted before its turn is not visited, what is added may be.
   * @returns How many nodes and leaves were looked at.
   */
  match(filter: TopicFilter, visit: VisitValue<Value>): number {
    let looked = 1;
    const walks = this.begin(filter);
    while (walks.length > 0) looked += walkOn(walks, filter, visit);
    return looked;
  }

  /**
   * Walks the same way in steps, with time for others between them.
   * @returns What takes one step, which visits two values at most; it yields false when there is none left.
   */
  inSteps(filter: TopicFilter, visit: VisitValue<Value>): () => boolean {
    const walks = this.begin(filter);
    return () => {
      if (walks.length > 0) walkOn(walks, filter, visit);
      return walks.length > 0;
    };
  }

  private begin(filter: TopicFilter): Walk<Value>[] {
    return [walkChildren(this.trie.rootFor(filter), filter, 0)];
  }
}

/** Looks at the next child of the last walk; returns how many nodes and leaves that were. */
function walkOn<Value extends object>(walks: Walk<Value>[], filter: TopicFilter, visit: VisitValue<Value>): number {
  const walk = walks.at(-1);
  const step = walk?.children.next();
  if (walk === undefined || step === undefined || step.done === true) {
    walks.pop();
    return 0;
  }
  const child = step.value;
  if (!isNode(child)) {
    if (restMatches(filter, walk.filterStart, child.text, walk.offset)) visitValue(child, visit);
    return 1;
  }
  const next = nextLevel(filter, walk.filterStart);
  // The name that ends here matches a filter that does, too, or that goes on with `#`.
  const endsHere = next > filter.length || filter.charCodeAt(next) === HASH;
  if (endsHere && child.here !== undefined) visitValue(child.here, visit);
  if (next <= filter.length) walks.push(walkChildren(child, filter, next));
  return 1;
}

/** Begins a walk over those children of a node that the level at `filterStart` allows. */
function walkChildren<Value extends object>(
  node: LevelNode<Retained<Value>>,
  filter: TopicFilter,
  filterStart: number,
): Walk<Value> {
  const unit = filter.charCodeAt(filterStart);
  if (unit === PLUS || unit === HASH) return { children: node.children(), offset: node.offset, filterStart };
  const child = node.find(filter, filterStart, levelEnd(filter, filterStart));
  return { children: (child === undefined ? [] : [child]).values(), offset: node.offset, filterStart };
}

/** Where the level after the one at `start` begins; past the end of the filter when there is none. `#` follows itself. */
function nextLevel(filter: TopicFilter, start: number): number {
  return filter.charCodeAt(start) === HASH ? start : levelEnd(filter, start) + 1;
}

function visitValue<Value extends object>(leaf: Retained<Value>, visit: VisitValue<Value>): void {
  if (leaf.value !== undefined) visit(leaf.value, leaf.text);
}
