// The subscriptions of everybody: which targets have a filter that matches a given name. A match walks the name's
// levels, and at each node looks at three places: the literal level, `+` and `#`. Its price is bounded by
// the name's levels and by how many ways through wildcards there are, at most min(2^levels, nodes), not by the
// number of subscriptions. A target is whatever the owner routes to, a session or a shared group, and
// is told apart by identity; its options are the owner's, too.
// The filters of Shared Subscriptions come in without `$share/{ShareName}/`, with the group as target.

import { type Child, isNode, type Leaf, type LevelNode, LevelTrie } from './level-trie.ts';
import type { TopicFilter } from './topic-filter.ts';
import { levelEnd, restMatches } from './topic-levels.ts';
import type { TopicName } from './topic-name.ts';

/** Is told of one subscription that matches. */
export type VisitTarget<Target extends object, Options extends object> = (
  target: Target,
  options: Options,
  filter: TopicFilter,
) => void;

/** The targets of one filter: one in place, or two and more in a Map. None: the filter was taken out. */
interface Subscribers<Target extends object, Options extends object> extends Leaf {
  readonly text: TopicFilter;
  target: Target | undefined;
  options: Options | undefined;
  /** Once made it stays until the last target has gone: a visit may be under way in it. */
  many: Map<Target, Options> | undefined;
}

/** A set of subscriptions: (filter, target) with options. */
export class FilterTrie<Target extends object, Options extends object> {
  private readonly trie: LevelTrie<Subscribers<Target, Options>>;
  private count: number;

  constructor() {
    this.trie = new LevelTrie();
    this.count = 0;
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.count;
  }

  /** Subscribes `target` to `filter`; returns the options that it had there before. */
  set(filter: TopicFilter, target: Target, options: Options): Options | undefined {
    const leaf = this.trie.get(filter);
    if (leaf === undefined) {
      this.trie.add({ text: filter, target, options, many: undefined });
      this.count++;
      return undefined;
    }
    const previous = setTarget(leaf, target, options);
    if (previous === undefined) this.count++;
    return previous;
  }

  /** Ends the subscription of `target` to `filter`; says whether there was one. */
  delete(filter: TopicFilter, target: Target): boolean {
    const leaf = this.trie.get(filter);
    if (leaf === undefined || !deleteTarget(leaf, target)) return false;
    this.count--;
    if (leaf.target === undefined && leaf.many === undefined) this.trie.remove(leaf);
    return true;
  }

  /**
   * Visits every subscription whose filter matches `name`, in no particular order; a target once for each of its filters.
   * `visit` may change the trie: what is deleted before its turn is not visited, what is added may be.
   * @returns How many nodes and leaves were looked at.
   */
  match(name: TopicName, visit: VisitTarget<Target, Options>): number {
    // hot: allocates for the ways that are left for later alone, at most one per level.
    const nodes: LevelNode<Subscribers<Target, Options>>[] = [];
    const starts: number[] = [];
    let node = this.trie.rootFor(name);
    let start = 0;
    let looked = 1;
    for (;;) {
      if (node.hash !== undefined) visitTargets(node.hash, visit);
      const end = levelEnd(name, start);
      let next: LevelNode<Subscribers<Target, Options>> | undefined;
      const literal = node.find(name, start, end);
      if (literal !== undefined) {
        looked++;
        next = step(literal, node.offset + end - start, name, end, visit);
      }
      const plus = node.plus;
      if (plus !== undefined) {
        looked++;
        const other = step(plus, node.offset + 1, name, end, visit);
        if (next === undefined) {
          next = other;
        } else if (other !== undefined) {
          nodes.push(other);
          starts.push(end + 1);
        }
      }
      if (next !== undefined) {
        node = next;
        start = end + 1;
        continue;
      }
      const resumed = nodes.pop();
      if (resumed === undefined) return looked;
      node = resumed;
      start = starts.pop() ?? 0;
    }
  }
}

/**
 * Looks at a child whose level agrees with the level of the name that ends at `end`.
 * @param filterEnd  Where that level ends in the filters below.
 * @returns The child, when it is a node and the name has more levels.
 */
function step<Target extends object, Options extends object>(
  child: Child<Subscribers<Target, Options>>,
  filterEnd: number,
  name: TopicName,
  end: number,
  visit: VisitTarget<Target, Options>,
): LevelNode<Subscribers<Target, Options>> | undefined {
  // hot:
  if (!isNode(child)) {
    if (restMatches(child.text, filterEnd, name, end)) visitTargets(child, visit);
    return undefined;
  }
  if (end < name.length) return child;
  if (child.here !== undefined) visitTargets(child.here, visit);
  if (child.hash !== undefined) visitTargets(child.hash, visit); // `a/#` matches `a`.
  return undefined;
}

function visitTargets<Target extends object, Options extends object>(
  leaf: Subscribers<Target, Options>,
  visit: VisitTarget<Target, Options>,
): void {
  // hot:
  if (leaf.many !== undefined) {
    for (const [target, options] of leaf.many) visit(target, options, leaf.text);
  } else if (leaf.target !== undefined && leaf.options !== undefined) {
    visit(leaf.target, leaf.options, leaf.text);
  }
}

/** Adds a target to a leaf that has one or more; returns its previous options. */
function setTarget<Target extends object, Options extends object>(
  leaf: Subscribers<Target, Options>,
  target: Target,
  options: Options,
): Options | undefined {
  if (leaf.many === undefined && leaf.target !== target) {
    leaf.many = new Map();
    if (leaf.target !== undefined && leaf.options !== undefined) leaf.many.set(leaf.target, leaf.options);
    leaf.target = undefined;
    leaf.options = undefined;
  }
  if (leaf.many === undefined) {
    const previous = leaf.options;
    leaf.options = options;
    return previous;
  }
  const previous = leaf.many.get(target);
  leaf.many.set(target, options);
  return previous;
}

/** Takes a target off a leaf; says whether it was there. */
function deleteTarget<Target extends object, Options extends object>(
  leaf: Subscribers<Target, Options>,
  target: Target,
): boolean {
  if (leaf.many !== undefined) {
    if (!leaf.many.delete(target)) return false;
    if (leaf.many.size === 0) leaf.many = undefined;
    return true;
  }
  if (leaf.target !== target) return false;
  leaf.target = undefined;
  leaf.options = undefined;
  return true;
}
