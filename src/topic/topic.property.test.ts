// Properties of the topic room. Three alphabets: a dense one, where filters and names meet often; one of awkward levels
// (empty, `$`, names of object members); and one that is wide enough for a node to need a Map. fast-check keeps its arrays
// short unless told otherwise, and short histories reach none of the shapes that matter: hence `size: 'max'`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FilterTrie } from './filter-trie.ts';
import { matches } from './match.ts';
import { RetainedTrie } from './retained-trie.ts';
import { SharedGroup } from './shared-group.ts';
import { parseTopicFilter, type TopicFilter, topicFilter } from './topic-filter.ts';
import { restMatches } from './topic-levels.ts';
import { parseTopicName, type TopicName, topicName } from './topic-name.ts';

interface Target {
  readonly id: number;
}
interface Options {
  readonly serial: number;
}

const DENSE = ['a', 'b'] as const;
const AWKWARD = ['', 'a', '$x', '__proto__'] as const;
const WIDE = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'] as const;

const name: fc.Arbitrary<TopicName> = fc
  .oneof(
    fc.array(fc.constantFrom(...DENSE), { minLength: 1, maxLength: 4 }),
    fc.array(fc.constantFrom(...AWKWARD), { minLength: 1, maxLength: 5 }),
    fc.array(fc.constantFrom(...WIDE), { minLength: 1, maxLength: 2 }),
  )
  .map((levels) => levels.join('/'))
  .filter((text) => text !== '')
  .map((text) => topicName(text));

const filter: fc.Arbitrary<TopicFilter> = fc
  .tuple(
    fc.oneof(
      fc.array(fc.constantFrom(...DENSE, '+'), { maxLength: 4 }),
      fc.array(fc.constantFrom(...AWKWARD, '+', '+'), { maxLength: 5 }),
      fc.array(fc.constantFrom(...WIDE, '+'), { maxLength: 2 }),
    ),
    fc.nat({ max: 3 }),
  )
  .map(([levels, open]) => [...levels, ...(open === 0 ? ['#'] : [])].join('/'))
  .filter((text) => text !== '')
  .map((text) => topicFilter(text));

/** One to `maxLength` different texts, for changes to pick from, so that they meet each other. */
function pool<T>(text: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> {
  return fc.uniqueArray(text, { minLength: 1, maxLength, size: 'max' });
}

const TARGETS: readonly Target[] = Array.from({ length: 3 }, (_, id) => ({ id }));

/** What is done to a trie: to the text of a pool that `pick` stands for. */
interface Change {
  readonly kind: 'set' | 'delete';
  readonly pick: number;
  readonly target: Target;
}
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('set', 'set', 'delete'),
  pick: fc.nat({ max: 999 }),
  target: fc.constantFrom(...TARGETS),
});
const history: fc.Arbitrary<Change[]> = fc.array(change, { maxLength: 150, size: 'max' });
/** What the visits of one match do, turn by turn. */
const interruptions: fc.Arbitrary<Change[][]> = fc.array(fc.array(change, { maxLength: 6, size: 'max' }), {
  maxLength: 10,
  size: 'max',
});

const nothing = (): undefined => undefined;

/** A FilterTrie beside the Map of Maps that it must equal. */
class Checked {
  readonly trie: FilterTrie<Target, Options> = new FilterTrie();
  readonly model: Map<TopicFilter, Map<Target, Options>> = new Map();
  private readonly texts: readonly TopicFilter[];
  private serial = 0;

  constructor(texts: readonly TopicFilter[], changes: readonly Change[]) {
    this.texts = texts;
    for (const each of changes) this.apply(each);
  }

  /** Returns the filter that was changed. */
  apply({ kind, pick, target }: Change): TopicFilter {
    const each = this.texts[pick % this.texts.length];
    assert.ok(each !== undefined);
    const targets = this.model.get(each) ?? new Map<Target, Options>();
    const previous = targets.get(target);
    if (kind === 'set') {
      const options = { serial: this.serial++ };
      assert.equal(this.trie.set(each, target, options), previous);
      this.model.set(each, targets.set(target, options));
    } else {
      assert.equal(this.trie.delete(each, target), previous !== undefined);
      targets.delete(target);
    }
    return each;
  }

  /** Matches, and compares with what the oracle finds. */
  check(topic: TopicName): void {
    const found: string[] = [];
    this.trie.match(topic, (to, options, each) => found.push(`${each} ${to.id} ${options.serial}`));
    const all = [...this.subscriptions()];
    const expected = all.filter(([each]) => matches(each, topic));
    assert.deepEqual(found.sort(), expected.map(([each, to, { serial }]) => `${each} ${to.id} ${serial}`).sort());
    assert.equal(this.trie.size, all.length);
  }

  *subscriptions(): IterableIterator<[TopicFilter, Target, Options]> {
    for (const [each, targets] of this.model) for (const [to, options] of targets) yield [each, to, options];
  }
}

test('a name finds the subscriptions whose filters match it, whatever came and went before', () => {
  fc.assert(
    fc.property(pool(filter, 60), history, pool(name, 10), (filters, changes, topics) => {
      const checked = new Checked(filters, changes);
      for (const topic of topics) checked.check(topic);
    }),
    { numRuns: 500 },
  );
});

test('the shape of a subscription trie follows from what is in it, and when that is nothing, nothing is left', () => {
  fc.assert(
    fc.property(pool(filter, 60), history, pool(name, 10), (filters, changes, topics) => {
      const { trie, model } = new Checked(filters, changes);
      const fresh = new FilterTrie<Target, Options>();
      for (const [each, targets] of model) for (const [to, options] of targets) fresh.set(each, to, options);
      for (const topic of topics) assert.equal(trie.match(topic, nothing), fresh.match(topic, nothing));
      for (const [each, targets] of model) for (const to of targets.keys()) trie.delete(each, to);
      for (const topic of topics) assert.equal(trie.match(topic, nothing), 1);
    }),
  );
});

test('a visit may change the subscriptions: what stays is visited once, what is deleted before its turn is not', () => {
  fc.assert(
    fc.property(pool(filter, 25), history, name, interruptions, (filters, changes, topic, during) => {
      const checked = new Checked(filters, changes);
      const staying = new Set<string>();
      for (const [each, to] of checked.subscriptions()) if (matches(each, topic)) staying.add(`${each} ${to.id}`);
      const visits = new Map<string, number>();
      let turn = 0;
      checked.trie.match(topic, (to, options, each) => {
        assert.equal(checked.model.get(each)?.get(to), options, 'what is visited is in force');
        assert.ok(matches(each, topic));
        const key = `${each} ${to.id}`;
        visits.set(key, (visits.get(key) ?? 0) + 1);
        for (const what of during[turn++] ?? []) {
          const changed = checked.apply(what);
          if (what.kind === 'delete') staying.delete(`${changed} ${what.target.id}`);
        }
      });
      for (const key of staying) assert.equal(visits.get(key), 1, `${key} stays`);
      checked.check(topic);
    }),
    { numRuns: 1000 },
  );
});

/** A RetainedTrie beside the Map that it must equal. */
class CheckedRetained {
  readonly trie: RetainedTrie<Options> = new RetainedTrie();
  readonly model: Map<TopicName, Options> = new Map();
  private readonly texts: readonly TopicName[];
  private serial = 0;

  constructor(texts: readonly TopicName[], changes: readonly Change[]) {
    this.texts = texts;
    for (const each of changes) this.apply(each);
  }

  /** Returns the name that was changed. */
  apply({ kind, pick }: Change): TopicName {
    const topic = this.texts[pick % this.texts.length];
    assert.ok(topic !== undefined);
    const previous = this.model.get(topic);
    assert.equal(this.trie.get(topic), previous);
    if (kind === 'set') {
      const value = { serial: this.serial++ };
      assert.equal(this.trie.set(topic, value), previous);
      this.model.set(topic, value);
    } else {
      assert.equal(this.trie.delete(topic), previous);
      this.model.delete(topic);
    }
    assert.equal(this.trie.size, this.model.size);
    return topic;
  }

  /** Matches, and compares with what the oracle finds. */
  check(each: TopicFilter): void {
    const found: string[] = [];
    this.trie.match(each, (value, topic) => found.push(`${topic} ${value.serial}`));
    const expected = [...this.model].filter(([topic]) => matches(each, topic));
    assert.deepEqual(found.sort(), expected.map(([topic, { serial }]) => `${topic} ${serial}`).sort());
  }
}

test('a filter finds the retained values whose names it matches, whatever came and went before', () => {
  fc.assert(
    fc.property(pool(name, 60), history, pool(filter, 10), (names, changes, filters) => {
      const checked = new CheckedRetained(names, changes);
      for (const each of filters) checked.check(each);
    }),
    { numRuns: 500 },
  );
});

test('the shape of a retained trie follows from what is in it, and when that is nothing, nothing is left', () => {
  fc.assert(
    fc.property(pool(name, 60), history, pool(filter, 10), (names, changes, filters) => {
      const { trie, model } = new CheckedRetained(names, changes);
      const fresh = new RetainedTrie<Options>();
      for (const [topic, value] of model) fresh.set(topic, value);
      for (const each of filters) assert.equal(trie.match(each, nothing), fresh.match(each, nothing));
      for (const topic of model.keys()) trie.delete(topic);
      for (const each of filters) assert.equal(trie.match(each, nothing), 1);
    }),
  );
});

test('a visit may change the retained values: what stays is visited once, what is deleted before its turn is not', () => {
  fc.assert(
    fc.property(pool(name, 25), history, filter, interruptions, (names, changes, each, during) => {
      const checked = new CheckedRetained(names, changes);
      const staying = new Set([...checked.model.keys()].filter((topic) => matches(each, topic)));
      const visits = new Map<TopicName, number>();
      let turn = 0;
      checked.trie.match(each, (value, topic) => {
        assert.equal(checked.model.get(topic), value, 'what is visited is in force');
        assert.ok(matches(each, topic));
        visits.set(topic, (visits.get(topic) ?? 0) + 1);
        for (const what of during[turn++] ?? []) {
          const changed = checked.apply(what);
          if (what.kind === 'delete') staying.delete(changed);
        }
      });
      for (const topic of staying) assert.equal(visits.get(topic), 1, `${topic} stays`);
      checked.check(each);
    }),
    { numRuns: 1000 },
  );
});

test('walking a filter and a name comes to the same as splitting them', () => {
  fc.assert(
    fc.property(filter, name, (each, topic) => {
      // The $ rule is not part of the walk.
      fc.pre(!topic.startsWith('$'));
      assert.equal(restMatches(each, 0, topic, 0), matches(each, topic));
    }),
    { numRuns: 2000 },
  );
});

test('a filter matches the names that it matches as a regular expression', () => {
  /** `+` is a level, `#` any number of them, itself and the `/` before it included; neither is `$` at the beginning. */
  const expressionOf = (each: TopicFilter): RegExp => {
    const levels = each.split('/').map((level) => (level === '+' ? '[^/]*' : level.replaceAll('$', String.raw`\$`)));
    const isOpen = levels.at(-1) === '#';
    const closed = (isOpen ? levels.slice(0, -1) : levels).join('/');
    const body = !isOpen ? closed : levels.length === 1 ? '.*' : `${closed}(?:/.*)?`;
    return new RegExp(`^${/^[+#]/.test(each) ? '(?![$])' : ''}${body}$`, 'su');
  };
  fc.assert(
    fc.property(filter, name, (each, topic) => {
      assert.equal(matches(each, topic), expressionOf(each).test(topic));
    }),
    { numRuns: 3000 },
  );
});

const anyText = fc.string({ unit: fc.constantFrom('a', '/', '/', '+', '#', '$', '\0', '\u{1F980}'), maxLength: 8 });

test('a text is a name or filter exactly when the rules of section 4.7, read level by level, allow it', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const levels = text.split('/');
      const isText = text !== '' && !text.includes('\0');
      const isName = isText && !/[+#]/.test(text);
      const isFilter =
        isText &&
        levels.every(
          (level, at) => level === '+' || (level === '#' && at === levels.length - 1) || !/[+#]/.test(level),
        );
      assert.equal(parseTopicName(text).kind === 'topic', isName);
      assert.equal(parseTopicFilter(text).kind === 'plain', isFilter);
    }),
    { numRuns: 2000 },
  );
});

test('a text is a Shared Subscription exactly when a group and a legal filter follow $share', () => {
  fc.assert(
    fc.property(anyText, (rest) => {
      const whole = `$share/${rest}`;
      const parts = /^\$share\/([^/+#\0]+)\/(.+)$/su.exec(whole);
      const [, group, inner] = parts ?? [];
      const isLegal = inner !== undefined && parseTopicFilter(inner).kind === 'plain';
      const parsed = parseTopicFilter(whole);
      if (isLegal) assert.deepEqual(parsed, { kind: 'shared', group, filter: inner, whole });
      else assert.equal(parsed.kind, 'invalid');
    }),
    { numRuns: 2000 },
  );
});

test('a shared group chooses as a list with a turn does', () => {
  const action = fc.record({
    kind: fc.constantFrom('add', 'remove', 'select'),
    id: fc.nat({ max: 5 }),
    able: fc.nat({ max: 63 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
      const members: readonly Target[] = Array.from({ length: 6 }, (_, id) => ({ id }));
      const group = new SharedGroup<Target, Options>('g', topicFilter('a'));
      // The model: ids in the order of subscription, and whose turn it is.
      let order: number[] = [];
      let next: number | undefined;
      const after = (id: number): number | undefined => order[(order.indexOf(id) + 1) % order.length];
      for (const { kind, id, able } of actions) {
        const member = members[id];
        assert.ok(member !== undefined);
        if (kind === 'add') {
          assert.equal(group.add(member, { serial: 0 }) !== undefined, order.includes(id));
          if (!order.includes(id)) order.push(id);
          next ??= id;
        } else if (kind === 'remove') {
          assert.equal(group.remove(member), order.includes(id));
          if (next === id) next = order.length > 1 ? after(id) : undefined;
          order = order.filter((other) => other !== id);
        } else {
          const from = next === undefined ? 0 : order.indexOf(next);
          const turns = [...order.slice(from), ...order.slice(0, from)];
          const chosen = turns.find((other) => ((able >> other) & 1) === 1);
          assert.equal(group.select((other) => ((able >> other.id) & 1) === 1)?.id, chosen);
          if (chosen !== undefined) next = after(chosen);
        }
        assert.deepEqual(
          [...group.members()].map((other) => other.id),
          order,
        );
      }
    }),
    { numRuns: 500 },
  );
});
