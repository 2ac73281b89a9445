import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetainedTrie } from './retained-trie.ts';
import { topicFilter } from './topic-filter.ts';
import { topicName } from './topic-name.ts';

interface Value {
  readonly text: string;
}

function trieOf(...names: readonly string[]): RetainedTrie<Value> {
  const trie = new RetainedTrie<Value>();
  for (const name of names) trie.set(topicName(name), { text: name });
  return trie;
}

/** The names that match, sorted. */
function found(trie: RetainedTrie<Value>, filter: string): string[] {
  const names: string[] = [];
  trie.match(topicFilter(filter), (value, name) => {
    assert.equal(value.text, name);
    names.push(name);
  });
  return names.sort();
}

test('set returns the value that the name had, and get the one that it has', () => {
  const trie = trieOf();
  const [first, second] = [{ text: '1' }, { text: '2' }];
  assert.equal(trie.set(topicName('a/b'), first), undefined);
  assert.equal(trie.set(topicName('a/b'), second), first);
  assert.equal(trie.get(topicName('a/b')), second);
  assert.equal(trie.get(topicName('a')), undefined);
  assert.equal(trie.get(topicName('a/b/')), undefined);
  assert.equal(trie.size, 1);
});

test('delete returns the value that the name had', () => {
  const trie = trieOf('a', 'a/b');
  assert.deepEqual(trie.delete(topicName('a')), { text: 'a' });
  assert.equal(trie.delete(topicName('a')), undefined);
  assert.equal(trie.delete(topicName('a/b/c')), undefined);
  assert.equal(trie.get(topicName('a')), undefined);
  assert.deepEqual(trie.get(topicName('a/b')), { text: 'a/b' });
  assert.equal(trie.size, 1);
});

test('a filter finds the names that it matches', () => {
  const trie = trieOf('a', 'a/b', 'a/b/c', 'a/', '/', '/a', 'b/b', '$SYS/b', '__proto__/b');
  assert.deepEqual(found(trie, 'a/b'), ['a/b']);
  assert.deepEqual(found(trie, 'a/+'), ['a/', 'a/b']);
  assert.deepEqual(found(trie, 'a/#'), ['a', 'a/', 'a/b', 'a/b/c']);
  assert.deepEqual(found(trie, '+/b'), ['__proto__/b', 'a/b', 'b/b']);
  assert.deepEqual(found(trie, '+'), ['a']);
  assert.deepEqual(found(trie, '/+'), ['/', '/a']);
  assert.deepEqual(found(trie, '+/b/#'), ['__proto__/b', 'a/b', 'a/b/c', 'b/b']);
  assert.deepEqual(found(trie, 'c/#'), []);
});

test('a leading wildcard finds no name that begins with $', () => {
  const trie = trieOf('$SYS', '$SYS/a', '$x/a', 'a', 'a/$x');
  assert.deepEqual(found(trie, '#'), ['a', 'a/$x']);
  assert.deepEqual(found(trie, '+/a'), []);
  assert.deepEqual(found(trie, '$SYS/#'), ['$SYS', '$SYS/a']);
  assert.deepEqual(found(trie, '$SYS/+'), ['$SYS/a']);
  assert.deepEqual(found(trie, 'a/+'), ['a/$x']);
});

test('a match walks only the branches that the filter allows', () => {
  const trie = trieOf();
  for (let site = 0; site < 20; site++) {
    for (let device = 0; device < 50; device++) {
      trie.set(topicName(`site/${site}/device/${device}/status`), { text: '' });
    }
  }
  const looked = (filter: string): number => trie.match(topicFilter(filter), () => undefined);
  // The root, then: site, its number, device, the leaf.
  assert.equal(looked('site/7/device/7/status'), 5);
  assert.equal(looked('site/7/device/+/status'), 4 + 50);
  assert.equal(looked('site/7/#'), 4 + 50);
  assert.equal(looked('site/+/device/7/status'), 2 + 20 * 3);
  assert.equal(looked('other/#'), 1);
  assert.equal(looked('$SYS/#'), 1);
});

test('names of 65,535 levels are set, matched and deleted without deep recursion', () => {
  const deep = '/'.repeat(65_533);
  const all = Number.POSITIVE_INFINITY;
  const trie = new RetainedTrie<Value>();
  const names = ['a', 'b', ''].map((last) => topicName(`${deep}${last}`, all));
  for (const name of names) trie.set(name, { text: name });
  for (const filter of ['#', `${deep}+`, `${'+/'.repeat(30_000)}#`]) {
    let visits = 0;
    trie.match(topicFilter(filter, all), () => {
      visits++;
    });
    assert.equal(visits, 3);
  }
  for (const name of names) assert.deepEqual(trie.delete(name), { text: name });
  assert.equal(
    trie.match(topicFilter('#'), () => undefined),
    1,
  );
});

test('a walk in steps visits what one at once does, and what has changed between its steps no more or less', () => {
  const names = ['a', 'a/b', 'a/c/d', 'a/c/e', 'b', '$SYS/a'];
  const trie = trieOf(...names);
  const visited: string[] = [];
  const step = trie.inSteps(topicFilter('#'), ({ text }) => visited.push(text));
  let steps = 1;
  while (step()) {
    assert.ok(visited.length <= 2 * steps++);
    // Whoever clears what he walks over.
    for (const name of visited) trie.delete(topicName(name));
  }
  assert.equal(step(), false);
  assert.deepEqual(visited.sort(), names.slice(0, 5).sort());
  assert.equal(trie.size, 1);
});
