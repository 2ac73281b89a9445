import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkFilter, checkTopic, topicMatcher } from './topics.ts';

test('a topic and a filter may have any number of levels here', () => {
  const deep = 'a/'.repeat(500);
  assert.equal(checkTopic(deep), deep);
  assert.equal(checkFilter(deep), 'plain');
});

test('a filter is plain or shared, or none', () => {
  assert.equal(checkFilter('a/+/#'), 'plain');
  assert.equal(checkFilter('$share/g/a'), 'shared');
  assert.throws(() => checkFilter('a#'), { name: 'UsageError' });
  assert.throws(() => checkTopic('a/+'), { name: 'UsageError' });
});

test('a topic is looked at whatever the one before was', () => {
  assert.equal(checkTopic('a/b'), 'a/b');
  assert.throws(() => checkTopic('a/#'), { name: 'UsageError' });
  assert.equal(checkTopic('a/b'), 'a/b');
  assert.throws(() => checkTopic(''), { name: 'UsageError' });
  assert.throws(() => checkTopic('a/#'), { name: 'UsageError' });
});

test('a topic matches one of several filters, or none', () => {
  const matches = topicMatcher(['a/+', 'b/#']);
  assert.deepEqual(
    ['a/x', 'a/x/y', 'b', 'b/x/y', 'c', ''].map((topic) => matches(topic)),
    [true, false, true, true, false, false],
  );
  assert.equal(topicMatcher([])('a'), false);
  assert.throws(() => topicMatcher(['a#']), { name: 'UsageError' });
});
