import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { FilterTrie } from '../topic/filter-trie.ts';
import { matches } from '../topic/match.ts';
import { topicFilter } from '../topic/topic-filter.ts';
import { topicName } from '../topic/topic-name.ts';
import { Claims } from './claims.ts';
import type { MakeFilterTrie } from './extras.ts';

interface Taker {
  readonly name: string;
}

const OPTIONS = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const newTrie: MakeFilterTrie = () => new FilterTrie();
const TAKERS: readonly Taker[] = ['A', 'B', 'C'].map((name) => ({ name }));
const LEVEL = fc.constantFrom('a', 'b', '$c', '');
const TOPIC = fc.array(LEVEL, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/') || '/');
const FILTER = fc
  .tuple(fc.array(fc.oneof(LEVEL, fc.constant('+')), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/') || '/');
const HOLDING = fc.record({
  filter: FILTER,
  taker: fc.constantFrom(...TAKERS),
  identifier: fc.integer({ min: 1, max: 4 }),
  isReleased: fc.boolean(),
});

test('whoever holds a claim that matches is found, once, whether claims are few or many', () => {
  fc.assert(
    fc.property(
      fc.array(HOLDING, { maxLength: 60, size: 'max' }),
      fc.array(TOPIC, { minLength: 1, maxLength: 10 }),
      fc.constantFrom<readonly number[]>([], [2], [1, 3]),
      (holdings, topics, identifiers) => {
        const claims = new Claims<Taker>(newTrie);
        const held = new Map<string, { identifier: number; takers: Set<Taker> }>();
        for (const { filter, taker, identifier, isReleased } of holdings) {
          const claim = claims.hold({ filter, options: OPTIONS }, taker, identifier);
          const model = held.get(filter) ?? { identifier, takers: new Set() };
          held.set(filter, model);
          model.takers.add(taker);
          assert.equal(claim.identifier, model.identifier);
          if (!isReleased) continue;
          claims.release(claim, taker);
          model.takers.delete(taker);
          if (model.takers.size === 0) held.delete(filter);
        }
        for (const topic of topics) {
          const expected = Array.from(held)
            .filter(([filter]) => matches(topicFilter(filter), topicName(topic)))
            .filter(([, { identifier }]) => identifiers.length === 0 || identifiers.includes(identifier))
            .flatMap(([, { takers }]) => Array.from(takers));
          assert.deepEqual(found(claims, topic, identifiers), names(new Set(expected)));
        }
      },
    ),
  );
});

test('many claims are found without a trie as long as there is none, and with it from then on', () => {
  const [taker] = TAKERS;
  assert.ok(taker !== undefined);
  let asked = 0;
  const claims = new Claims<Taker>(() => (++asked < 3 ? undefined : new FilterTrie()));
  for (let n = 0; n < 20; n++) claims.hold({ filter: `a/${n}`, options: OPTIONS }, taker, 1);
  assert.equal(asked, 0, 'nobody has looked');
  for (let n = 0; n < 6; n++) assert.deepEqual(found(claims, 'a/19', []), ['A']);
  assert.equal(asked, 3);
  claims.hold({ filter: 'b', options: OPTIONS }, taker, 1);
  assert.deepEqual(found(claims, 'b', []), ['A']);
  assert.deepEqual(found(claims, 'c', []), []);
});

test('topics match what follows the ShareName of a Shared Subscription', () => {
  const claims = new Claims<Taker>(newTrie);
  const [taker] = TAKERS;
  assert.ok(taker !== undefined);
  claims.hold({ filter: '$share/group/a/+', options: OPTIONS }, taker, 1);
  assert.deepEqual(found(claims, 'a/b', []), ['A']);
  assert.deepEqual(found(claims, '$share/group/a/b', []), []);
});

test('the broker is asked for enough that nobody gets less than he wants', () => {
  const claims = new Claims<Taker>(newTrie);
  const [first, second] = TAKERS;
  assert.ok(first !== undefined && second !== undefined);
  const one = { qos: 2, noLocal: true, retainAsPublished: false, retainHandling: 2 } as const;
  const other = { qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 1 } as const;
  const claim = claims.hold({ filter: 'a', options: one }, first, 1);
  assert.deepEqual(claim.request(undefined), { filter: 'a', options: one });
  claims.hold({ filter: 'a', options: other }, second, 2);
  const both = { qos: 2, noLocal: false, retainAsPublished: true } as const;
  assert.deepEqual(claim.request(undefined).options, { ...both, retainHandling: 1 });
  assert.deepEqual(claim.request(first).options, { ...both, retainHandling: 2 });
  claims.release(claim, first);
  assert.deepEqual(claim.request(undefined).options, other);
});

function found(claims: Claims<Taker>, topic: string, identifiers: readonly number[]): readonly string[] {
  const first = claims.find(topic, identifiers);
  const all = [...(first === undefined ? [] : [first]), ...(claims.others ?? [])];
  assert.equal(new Set(all).size, all.length);
  return names(all);
}

function names(takers: Iterable<Taker>): readonly string[] {
  return Array.from(takers, ({ name }) => name).toSorted();
}
