import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { matches } from '../../topic/match.ts';
import { parseTopicName } from '../../topic/topic-name.ts';
import { pattern } from './sample-rules.fixture.ts';
import { type ClientNames, filterFor, levelsFor, parseTopicPattern, type TopicPattern } from './topic-pattern.ts';

function filterOf(written: TopicPattern, names: ClientNames) {
  return filterFor(written, levelsFor(names));
}

function why(text: string): string {
  const parsed = parseTopicPattern(text);
  return parsed.kind === 'faulty' ? parsed.why : 'nothing';
}

test('%u and %c are the levels of the user name and the client identifier', () => {
  const names = { principal: 'alice', clientId: 'c 1' };
  assert.equal(filterOf(pattern('home/%u/%c/#'), names), 'home/alice/c 1/#');
  assert.equal(filterOf(pattern('%u'), names), 'alice');
  assert.equal(filterOf(pattern('a/+/100%/%x'), names), 'a/+/100%/%x');
});

test('threat 25: a name with + # / or U+0000 in it, or with $ in front where it would come first, never stands for a level', () => {
  for (const name of ['#', '+', 'a/b', '/', 'a/../#', 'x+', 'x#', 'a\0', '']) {
    assert.equal(filterOf(pattern('a/%u/b'), { principal: name, clientId: 'c' }), undefined, name);
    assert.equal(filterOf(pattern('a/%c'), { principal: 'u', clientId: name }), undefined, name);
  }
  assert.equal(filterOf(pattern('%u/#'), { principal: '$SYS', clientId: 'c' }), undefined);
  assert.equal(filterOf(pattern('a/%u'), { principal: '$x', clientId: 'c' }), 'a/$x');
});

test('threat 27: a client without a user name has no topic with %u', () => {
  assert.equal(filterOf(pattern('a/%u'), { principal: undefined, clientId: 'c' }), undefined);
});

test('whatever a client is called, a pattern of its own matches no more topics than those with its name in place', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '+', '#', '/', '$', '%u', '%c', '\0', 'é') });
  fc.assert(
    fc.property(name, name, (principal, level) => {
      const filter = filterOf(pattern('x/%u/y'), { principal, clientId: 'c' });
      const topic = parseTopicName(`x/${level}/y`);
      if (filter === undefined || topic.kind !== 'topic') return;
      assert.equal(matches(filter, topic.topic), level === principal);
    }),
  );
});

test('a pattern that says something else than it seems to is refused with what to do', () => {
  assert.match(why('$share/g/a'), /leave out \$share/);
  assert.match(why('a/x-%u'), /stand alone in their level/);
  assert.match(why('a/%U'), /small letters/);
  assert.match(why('a/#/b'), /last level/);
  assert.match(why(''), /at least one character/);
});
