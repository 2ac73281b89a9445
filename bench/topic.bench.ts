// What the topic room costs: nanoseconds per match and bytes per subscription at a million, beside the plainest trie that
// does the same (a Map per node), which is the reason for the other one.
//
//     node bench/topic.bench.ts [subscriptions]
//
// Times are the best of five rounds: on a shared machine the rest is what the neighbours took. Bytes are the growth of the
// heap after full collections; filter texts, targets and options are made before and not counted. It takes a minute.

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeUtf8 } from '../src/base/utf8.ts';
import { FilterTrie } from '../src/topic/filter-trie.ts';
import { matches } from '../src/topic/match.ts';
import { RetainedTrie } from '../src/topic/retained-trie.ts';
import { SharedGroup } from '../src/topic/shared-group.ts';
import { type TopicFilter, topicFilter } from '../src/topic/topic-filter.ts';
import { restMatches } from '../src/topic/topic-levels.ts';
import { parseTopicName, type TopicName, topicName } from '../src/topic/topic-name.ts';

const SUBSCRIPTIONS = Number(process.argv[2] ?? 1_000_000);
const HOT = 1000;

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

function isCollector(value: unknown): value is () => void {
  return typeof value === 'function';
}

/** The heap in use after full collections. */
function heapUsed(): number {
  assert(isCollector(collectGarbage));
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** A flat string of its own, as a decoder makes it. */
function wire(text: string): string {
  return Buffer.from(text).toString();
}

function filters(count: number, textOf: (index: number) => string): TopicFilter[] {
  return Array.from({ length: count }, (_, index) => topicFilter(wire(textOf(index))));
}

function names(count: number, textOf: (index: number) => string): TopicName[] {
  return Array.from({ length: count }, (_, index) => topicName(wire(textOf(index))));
}

/** Prints the best of five rounds of `count` calls. */
function time(label: string, count: number, call: (index: number) => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    for (let index = 0; index < count; index++) call(index);
    best = Math.min(best, (performance.now() - start) / count);
  }
  console.log(`  ${label.padEnd(66)} ${(best * 1e6).toFixed(0).padStart(8)} ns`);
}

function report(label: string, value: number, unit: string): void {
  console.log(`  ${label.padEnd(66)} ${value.toFixed(0).padStart(8)} ${unit}`);
}

const TARGETS = Array.from({ length: 1000 }, (_, index) => ({ index }));
const OPTIONS = { qos: 1 };
const FALLBACK = { index: -1 };
const targetOf = (index: number): { index: number } => TARGETS[index % TARGETS.length] ?? FALLBACK;

/** The plainest trie: a Map of children and a Map of targets in each node, recursion, `split`. */
class PlainTrie {
  readonly children: Map<string, PlainTrie> = new Map();
  readonly targets: Map<object, object> = new Map();

  set(filter: string, target: object, options: object): void {
    this.setLevels(filter.split('/'), 0, target, options);
  }

  setLevels(levels: readonly string[], at: number, target: object, options: object): void {
    const level = levels[at];
    if (level === undefined) {
      this.targets.set(target, options);
      return;
    }
    const child = this.children.get(level) ?? new PlainTrie();
    this.children.set(level, child);
    child.setLevels(levels, at + 1, target, options);
  }

  match(levels: readonly string[], at: number, visit: (target: object, options: object) => void): void {
    const wild = at > 0 || levels[0]?.startsWith('$') === false;
    if (wild) for (const [target, options] of this.children.get('#')?.targets ?? []) visit(target, options);
    const level = levels[at];
    if (level === undefined) {
      for (const [target, options] of this.targets) visit(target, options);
      return;
    }
    this.children.get(level)?.match(levels, at + 1, visit);
    if (wild) this.children.get('+')?.match(levels, at + 1, visit);
  }
}

/** 90 % exact filters, two per device; the rest with wildcards, most of them one device's. */
function mixed(index: number): string {
  const device = `site/${index % 100}/device/${index >> 1}`;
  if (index % 1000 === 999) return `site/${index % 100}/+/${index >> 1}/#`;
  if (index % 20 === 19) return `${device}/#`;
  if (index % 20 === 9) return `site/+/device/${index >> 1}/alarm`;
  return `${device}/${index % 2 === 0 ? 'command' : 'config'}`;
}

function benchMatch(): void {
  console.log(`match, ${SUBSCRIPTIONS} subscriptions, ${HOT} hot topics of 5 levels`);
  const list = filters(SUBSCRIPTIONS, mixed);
  const step = Math.floor(SUBSCRIPTIONS / HOT);
  const hot = names(HOT, (index) => {
    const at = (index * step) & ~1;
    return `site/${at % 100}/device/${at >> 1}/command`;
  });
  const hotAt = (index: number): TopicName => hot[index % HOT] ?? topicName('none');
  let visited = 0;
  const visit = (): void => {
    visited++;
  };

  const before = heapUsed();
  const trie = new FilterTrie<object, object>();
  const start = performance.now();
  for (const [index, filter] of list.entries()) trie.set(filter, targetOf(index), OPTIONS);
  report('set', ((performance.now() - start) / SUBSCRIPTIONS) * 1e6, 'ns');
  report('bytes per subscription, without the filter text', (heapUsed() - before) / trie.size, 'B');
  time('FilterTrie.match', 1_000_000, (index) => trie.match(hotAt(index), visit));
  visited = 0;
  for (const name of hot) trie.match(name, visit);
  report('targets per match, in thousandths', (visited / HOT) * 1000, '');
  const fresh = hot.map((name) => Buffer.from(name));
  const bytesOf = (index: number): Uint8Array => fresh[index % HOT] ?? new Uint8Array(0);
  time('decodeUtf8 + parseTopicName + FilterTrie.match', 300_000, (index) => {
    const bytes = bytesOf(index);
    const parsed = parseTopicName(decodeUtf8(bytes, 0, bytes.length) ?? '');
    if (parsed.kind === 'topic') trie.match(parsed.topic, visit);
  });
  const removing = performance.now();
  for (const [index, filter] of list.entries()) trie.delete(filter, targetOf(index));
  report('delete', ((performance.now() - removing) / SUBSCRIPTIONS) * 1e6, 'ns');
  assert.equal(trie.size, 0);
  report('bytes left after all were deleted', heapUsed() - before, 'B');

  const beforePlain = heapUsed();
  const plain = new PlainTrie();
  for (const [index, filter] of list.entries()) plain.set(filter, targetOf(index), OPTIONS);
  report('bytes per subscription, a Map per node', (heapUsed() - beforePlain) / SUBSCRIPTIONS, 'B');
  time('a Map per node', 500_000, (index) => plain.match(hotAt(index).split('/'), 0, visit));
}

function benchMemory(): void {
  console.log(`bytes per subscription, without the filter text (${SUBSCRIPTIONS} of each)`);
  const shapes: [string, (index: number) => string][] = [
    ['device/{id}/command', (index) => `device/${index}/command`],
    ['device/{id}/{command,config}', (index) => `device/${index >> 1}/${index & 1 ? 'command' : 'config'}`],
    ['site/{100}/line/{100}/device/{id}/#', (index) => `site/${index % 100}/line/${index % 97}/device/${index}/#`],
    ['+/{id}/status', (index) => `+/${index}/status`],
    ['tenant/{uuid}/in', (index) => `tenant/${index.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000/in`],
    ['ten subscribers of each device/{id}/command', (index) => `device/${Math.floor(index / 10)}/command`],
    ['a million subscribers of news', () => 'news'],
  ];
  for (const [label, textOf] of shapes) report(label, bytesPerSubscription(textOf), 'B');
}

function bytesPerSubscription(textOf: (index: number) => string): number {
  const list = filters(SUBSCRIPTIONS, textOf);
  const targets = list.map((_, index) => ({ index }));
  heapUsed();
  const before = heapUsed();
  const trie = new FilterTrie<object, object>();
  for (const [index, filter] of list.entries()) trie.set(filter, targets[index] ?? FALLBACK, OPTIONS);
  const bytes = (heapUsed() - before) / SUBSCRIPTIONS;
  assert.equal(trie.size, SUBSCRIPTIONS);
  assert.equal(targets.length, list.length);
  return bytes;
}

function benchWildcards(): void {
  console.log('wildcards');
  // All filters of 12 levels from {a, +}, none of which a 13-level name matches: the most work for nothing.
  const depth = 12;
  const dense = new FilterTrie<object, object>();
  for (let bits = 0; bits < 1 << depth; bits++) {
    const levels = Array.from({ length: depth }, (_, level) => ((bits >> level) & 1 ? '+' : 'a'));
    dense.set(topicFilter(`${levels.join('/')}/z`), FALLBACK, OPTIONS);
  }
  const hostile = topicName(Array.from({ length: depth + 1 }, () => 'a').join('/'));
  const looked = dense.match(hostile, () => undefined);
  report(`looked at, ${dense.size} filters of {a,+}^${depth}/z, none matches`, looked, '');
  time('  the same, time per match', 50, () => dense.match(hostile, () => undefined));
  // A ladder: +/+/.../# of every length. Each filter matches; the price is one node per level.
  const ladder = new FilterTrie<object, object>();
  for (let levels = 1; levels < 128; levels++) ladder.set(topicFilter(`${'+/'.repeat(levels)}#`), FALLBACK, OPTIONS);
  const long = topicName(`${'a/'.repeat(127)}a`);
  report(
    'looked at, +/#, +/+/#, ... of 128 levels, all match',
    ladder.match(long, () => undefined),
    '',
  );
  time('  the same, time per match', 10_000, () => ladder.match(long, () => undefined));

  const filter = topicFilter('site/+/device/12345/#');
  const name = topicName('site/17/device/12345/command');
  let yes = 0;
  time('matches (splits)', 1_000_000, () => {
    if (matches(filter, name)) yes++;
  });
  time('restMatches (walks)', 1_000_000, () => {
    if (restMatches(filter, 0, name, 0)) yes++;
  });
  assert.equal(yes, 10_000_000);
}

function benchRetained(): void {
  console.log(`retained, ${SUBSCRIPTIONS} topics`);
  const list = names(SUBSCRIPTIONS, (index) => `site/${index % 1000}/device/${index}/status`);
  const value = { payload: new Uint8Array(1) };
  const before = heapUsed();
  const trie = new RetainedTrie<object>();
  for (const name of list) trie.set(name, value);
  report('bytes per topic, without the name', (heapUsed() - before) / trie.size, 'B');
  const nameAt = (index: number): TopicName => list[index % list.length] ?? topicName('none');
  time('get', 1_000_000, (index) => trie.get(nameAt(index * 7919)));
  time('set of a known topic', 1_000_000, (index) => trie.set(nameAt(index * 7919), value));
  const exact = topicFilter('site/17/device/17/status');
  time('match site/17/device/17/status', 100_000, () => trie.match(exact, () => undefined));
  for (const text of ['site/17/device/+/status', 'site/17/#', 'site/+/device/17/status', '#']) {
    const filter = topicFilter(text);
    const looked = trie.match(filter, () => undefined);
    let found = 0;
    trie.match(filter, () => found++);
    time(`match ${text} (${found} found, ${looked} looked at)`, 2, () => trie.match(filter, () => undefined));
  }
}

function benchShared(): void {
  console.log('shared group of 10,000 members');
  const group = new SharedGroup<{ index: number }, object>('g', topicFilter('a'));
  const members = Array.from({ length: 10_000 }, (_, index) => ({ index }));
  for (const member of members) group.add(member, OPTIONS);
  time('select, everybody can', 1_000_000, () => group.select(() => true));
  time('select, every tenth can', 100_000, () => group.select((member) => member.index % 10 === 0));
  time('select, nobody can', 100, () => group.select(() => false));
}

benchMatch();
benchMemory();
benchWildcards();
benchRetained();
benchShared();
