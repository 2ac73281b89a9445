import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterTrie } from './filter-trie.ts';
import { topicFilter } from './topic-filter.ts';
import { topicName } from './topic-name.ts';

interface Target {
  readonly id: string;
}
interface Options {
  readonly qos: number;
}

const ANN: Target = { id: 'ann' };
const BOB: Target = { id: 'bob' };
const QOS0: Options = { qos: 0 };
const QOS1: Options = { qos: 1 };

function trieOf(...filters: readonly string[]): FilterTrie<Target, Options> {
  const trie = new FilterTrie<Target, Options>();
  for (const filter of filters) trie.set(topicFilter(filter), ANN, QOS0);
  return trie;
}

/** The subscriptions that match, as sorted lines. */
function found(trie: FilterTrie<Target, Options>, name: string): string[] {
  const lines: string[] = [];
  trie.match(topicName(name), (target, options, filter) => {
    lines.push(`${filter} ${target.id} ${options.qos}`);
  });
  return lines.sort();
}

test('a subscription is visited with its target, its options and its filter', () => {
  const trie = trieOf('a/+');
  trie.set(topicFilter('a/+'), BOB, QOS1);
  assert.deepEqual(found(trie, 'a/b'), ['a/+ ann 0', 'a/+ bob 1']);
  assert.equal(trie.size, 2);
});

test('a target with several filters that match is visited once for each', () => {
  assert.deepEqual(found(trieOf('a/b', 'a/+', 'a/#', '#', '+/b', 'a/b/#'), 'a/b'), [
    '# ann 0',
    '+/b ann 0',
    'a/# ann 0',
    'a/+ ann 0',
    'a/b ann 0',
    'a/b/# ann 0',
  ]);
});

test('set returns the options that the target had on that filter, and replaces them', () => {
  const trie = trieOf();
  const filter = topicFilter('a');
  assert.equal(trie.set(filter, ANN, QOS0), undefined);
  assert.equal(trie.set(filter, ANN, QOS1), QOS0);
  assert.equal(trie.set(filter, BOB, QOS0), undefined);
  assert.equal(trie.set(filter, ANN, QOS0), QOS1);
  assert.equal(trie.set(filter, BOB, QOS1), QOS0);
  assert.equal(trie.size, 2);
  assert.deepEqual(found(trie, 'a'), ['a ann 0', 'a bob 1']);
});

test('delete says whether the subscription was there, and ends only that one', () => {
  const trie = trieOf('a', 'a/b');
  trie.set(topicFilter('a'), BOB, QOS0);
  assert.equal(trie.delete(topicFilter('a'), ANN), true);
  assert.equal(trie.delete(topicFilter('a'), ANN), false);
  assert.equal(trie.delete(topicFilter('a/b'), BOB), false);
  assert.equal(trie.delete(topicFilter('a/b/c'), ANN), false);
  assert.equal(trie.delete(topicFilter('+'), ANN), false);
  assert.equal(trie.size, 2);
  assert.deepEqual(found(trie, 'a'), ['a bob 0']);
  assert.deepEqual(found(trie, 'a/b'), ['a/b ann 0']);
});

test('a filter is deleted by its text, never by what it matches', () => {
  const trie = trieOf('a/+', 'a/#', 'a/b');
  assert.equal(trie.delete(topicFilter('a/c'), ANN), false);
  assert.equal(trie.delete(topicFilter('#'), ANN), false);
  assert.equal(trie.size, 3);
});

test('what targets look like does not matter: they are told apart by identity', () => {
  const trie = new FilterTrie<object, Options>();
  const map = new Map();
  for (const target of [{}, {}, map, Object.create(null) as object]) trie.set(topicFilter('a'), target, QOS0);
  assert.equal(trie.size, 4);
  assert.equal(trie.delete(topicFilter('a'), map), true);
  assert.equal(trie.size, 3);
});

test('names of object members are ordinary levels', () => {
  const trie = trieOf('__proto__/#', 'constructor', 'a/hasOwnProperty', 'a/toString');
  assert.deepEqual(found(trie, '__proto__/x'), ['__proto__/# ann 0']);
  assert.deepEqual(found(trie, 'constructor'), ['constructor ann 0']);
  assert.deepEqual(found(trie, 'a/valueOf'), []);
  assert.deepEqual(found(trie, 'toString'), []);
});

test('a leading wildcard does not match a name that begins with $', () => {
  const trie = trieOf('#', '+', '+/#', '+/x', '$SYS/#', '$SYS/+');
  assert.deepEqual(found(trie, '$SYS/x'), ['$SYS/# ann 0', '$SYS/+ ann 0']);
  assert.deepEqual(found(trie, '$SYS'), ['$SYS/# ann 0']);
  assert.deepEqual(found(trie, 'SYS/$x'), ['# ann 0', '+/# ann 0']);
});

test('a level with many children finds each of them, also when most have gone', () => {
  const trie = trieOf();
  const ids = Array.from({ length: 1000 }, (_, index) => `device-number-${index}`);
  for (const id of ids) trie.set(topicFilter(`x/${id}/+`), ANN, QOS0);
  for (const id of ids) assert.deepEqual(found(trie, `x/${id}/y`), [`x/${id}/+ ann 0`]);
  for (const id of ids.slice(2)) trie.delete(topicFilter(`x/${id}/+`), ANN);
  assert.deepEqual(found(trie, 'x/device-number-1/y'), ['x/device-number-1/+ ann 0']);
  assert.deepEqual(found(trie, 'x/device-number-2/y'), []);
});

test('ten thousand subscribers of one filter that leave at once leave nothing behind', () => {
  const trie = trieOf('b');
  const targets = Array.from({ length: 10_000 }, (_, index): Target => ({ id: `${index}` }));
  for (const target of targets) trie.set(topicFilter('a'), target, QOS0);
  assert.equal(found(trie, 'a').length, 10_000);
  for (const target of targets) assert.equal(trie.delete(topicFilter('a'), target), true);
  assert.deepEqual(found(trie, 'a'), []);
  assert.equal(trie.size, 1);
});

test('filters of 65,535 levels are set, matched and deleted without deep recursion', () => {
  const deep = '/'.repeat(65_533);
  const all = Number.POSITIVE_INFINITY;
  const trie = new FilterTrie<Target, Options>();
  for (const last of ['a', 'b', '+', '#']) trie.set(topicFilter(`${deep}${last}`, all), ANN, QOS0);
  let visits = 0;
  const count = (): void => {
    visits++;
  };
  const looked = trie.match(topicName(`${deep}a`, all), count);
  assert.equal(visits, 3);
  assert.ok(looked < 65_540, `${looked}`);
  for (const last of ['a', 'b', '+', '#']) assert.equal(trie.delete(topicFilter(`${deep}${last}`, all), ANN), true);
  assert.equal(trie.match(topicName(`${deep}a`, all), count), 1);
});

test('a match looks at the ways that agree with the name, not at the other subscriptions', () => {
  const trie = trieOf();
  for (let index = 0; index < 1000; index++) trie.set(topicFilter(`x/${index}/+/y/#`), ANN, QOS0);
  trie.set(topicFilter('+/7/#'), ANN, QOS0);
  // The root, the node of x, the leaf under 7; the leaf under +.
  assert.equal(
    trie.match(topicName('x/7/a/y/b'), () => undefined),
    4,
  );
});

test('ways through wildcards are bounded by the nodes there are', () => {
  const trie = trieOf();
  const depth = 8;
  for (let bits = 0; bits < 1 << depth; bits++) {
    const levels = Array.from({ length: depth }, (_, level) => ((bits >> level) & 1 ? '+' : 'a'));
    trie.set(topicFilter(`${levels.join('/')}/z`), ANN, QOS0);
  }
  const looked = trie.match(topicName(`${'a/'.repeat(depth)}a`), () => assert.fail('nothing matches'));
  // A full binary tree: 1 + 2 + 4 + ... + 256.
  assert.equal(looked, 511);
});

test('a ladder of wildcards costs one node per level', () => {
  const trie = trieOf(...Array.from({ length: 100 }, (_, index) => `${'+/'.repeat(index)}#`));
  let visits = 0;
  const looked = trie.match(topicName(`${'a/'.repeat(127)}a`), () => {
    visits++;
  });
  assert.equal(visits, 100);
  assert.ok(looked <= 101, `${looked}`);
});

test('a match inside a visit is a match of its own', () => {
  const trie = trieOf('+/a', 'a/+', '+/+', 'b');
  const inner: string[][] = [];
  const outer: string[] = [];
  trie.match(topicName('a/a'), (_target, _options, filter) => {
    outer.push(filter);
    inner.push(found(trie, 'b'));
  });
  assert.deepEqual(outer.sort(), ['+/+', '+/a', 'a/+']);
  assert.deepEqual(inner, [['b ann 0'], ['b ann 0'], ['b ann 0']]);
});

test('a visit that throws leaves the trie as it was', () => {
  const trie = trieOf('a/+', 'a/b', '#');
  const failure = new Error('refused by the test');
  assert.throws(
    () =>
      trie.match(topicName('a/b'), () => {
        throw failure;
      }),
    failure,
  );
  assert.deepEqual(found(trie, 'a/b'), ['# ann 0', 'a/+ ann 0', 'a/b ann 0']);
});
