import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../base/errors.ts';
import { parsePlainFilter, parseTopicFilter, topicFilter } from './topic-filter.ts';

/** The statement that a text breaks as a Topic Filter; '' when it breaks none. */
function broken(text: string): string {
  const parsed = parseTopicFilter(text);
  return parsed.kind === 'invalid' ? parsed.statement : '';
}

test('a plain filter is taken as it is, unchanged', () => {
  const texts = ['a', '/', '//', '/finance', 'a//b', 'a/', ' ', '$SYS/#', '__proto__', 'é/\u{1F980}'];
  for (const text of texts) assert.deepEqual(parseTopicFilter(text), { kind: 'plain', filter: text });
});

test('# may be the whole filter or its last level', () => {
  for (const text of ['#', 'a/#', '/#', 'sport/tennis/#', '+/#']) assert.equal(parseTopicFilter(text).kind, 'plain');
});

test('# before the last level, or with other characters in its level, is invalid', () => {
  for (const text of ['#/', '#/a', 'a/#/b', '##', '#/#', 'a#', 'a/b#', '#a', 'sport/tennis/#/ranking', '+#', '#+']) {
    assert.notEqual(broken(text), '', text);
  }
  assert.equal(broken('sport/tennis#'), 'MQTT-4.7.1-1');
  assert.equal(broken('sport/tennis/#/ranking'), 'MQTT-4.7.1-1');
});

test('+ may be any level and several', () => {
  for (const text of ['+', '+/+', '/+', '+/', '+/tennis/#', 'sport/+/player1', '//+//']) {
    assert.equal(parseTopicFilter(text).kind, 'plain');
  }
});

test('+ with other characters in its level is invalid', () => {
  for (const text of ['sport+', '+sport', 'a/b+', 'a/+b/c', '++', 'a/++', 'a+b']) {
    assert.equal(broken(text), 'MQTT-4.7.1-2', text);
  }
});

test('an empty filter, U+0000, half of a surrogate pair and 65,536 bytes are invalid', () => {
  assert.equal(broken(''), 'MQTT-4.7.3-1');
  assert.equal(broken('a/\0/#'), 'MQTT-4.7.3-2');
  assert.equal(broken('a/\ud800/#'), 'MQTT-1.5.4-1');
  assert.equal(broken('a'.repeat(65_536)), 'MQTT-4.7.3-3');
});

test('a filter with more levels than allowed is refused, with both numbers', () => {
  assert.equal(parseTopicFilter(`${'+/'.repeat(127)}#`).kind, 'plain');
  assert.deepEqual(parseTopicFilter(`${'+/'.repeat(128)}#`), {
    kind: 'refused',
    why: 'The topic has 129 levels; at most 128 are taken.',
  });
});

test('a Shared Subscription is its group and its filter', () => {
  const cases = [
    ['$share/consumer1/sport/tennis/+', 'consumer1', 'sport/tennis/+'],
    ['$share/consumer1//finance', 'consumer1', '/finance'],
    ['$share/g/a/#', 'g', 'a/#'],
    ['$share/g/#', 'g', '#'],
    ['$share/g//', 'g', '/'],
    ['$share/__proto__/__proto__', '__proto__', '__proto__'],
    ['$share/$share/$SYS/#', '$share', '$SYS/#'],
    ['$share/ /a', ' ', 'a'],
  ] as const;
  for (const [whole, group, filter] of cases) {
    assert.deepEqual(parseTopicFilter(whole), { kind: 'shared', group, filter, whole });
  }
});

test('inside a Shared Subscription $share means nothing', () => {
  const whole = '$share/g/$share/h/a';
  assert.deepEqual(parseTopicFilter(whole), { kind: 'shared', group: 'g', filter: '$share/h/a', whole });
});

test('a Shared Subscription without a group is invalid', () => {
  for (const text of ['$share', '$share/', '$share//', '$share//t']) assert.equal(broken(text), 'MQTT-4.8.2-1', text);
});

test('a Shared Subscription with a wildcard in its group, or with nothing after it, is invalid', () => {
  for (const text of ['$share/+/t', '$share/#/t', '$share/g+/t', '$share/#', '$share/g', '$share/g/']) {
    assert.equal(broken(text), 'MQTT-4.8.2-2', text);
  }
});

test('the filter inside a Shared Subscription obeys the rules of filters', () => {
  assert.equal(broken('$share/g/a#'), 'MQTT-4.7.1-1');
  assert.equal(broken('$share/g/#/a'), 'MQTT-4.7.1-1');
  assert.equal(broken('$share/g/a+'), 'MQTT-4.7.1-2');
  assert.equal(broken('$share/g/\0'), 'MQTT-4.7.3-2');
  assert.equal(broken('$share/g\0/a'), 'MQTT-4.7.3-2');
  assert.equal(broken(`$share/g/${'a'.repeat(65_535)}`), 'MQTT-4.7.3-3');
});

test('the levels of a Shared Subscription are those of the filter inside', () => {
  assert.equal(parseTopicFilter('$share/g/a/b', 2).kind, 'shared');
  assert.equal(parseTopicFilter('$share/g/a/b/c', 2).kind, 'refused');
});

test('only $share in full, as the first level, marks a Shared Subscription', () => {
  for (const text of ['$shared', '$shared/g/a', '$Share/g/a', 'share/g/a', '/$share/g/a', '$', '$shar']) {
    assert.equal(parseTopicFilter(text).kind, 'plain', text);
  }
});

test('to a caller without Shared Subscriptions $share is a level like others', () => {
  for (const text of ['$share', '$share/', '$share/g', '$share/+/a']) {
    assert.deepEqual(parsePlainFilter(text), { kind: 'plain', filter: text });
  }
});

test('a filter written by a caller is taken, or the caller is told why not', () => {
  assert.equal(topicFilter('a/+/#'), 'a/+/#');
  assert.throws(() => topicFilter('a#'), {
    constructor: UsageError,
    code: 'invalid-argument',
    message: '"a#" is not a plain Topic Filter. In a Topic Filter # stands alone in the last level.',
  });
  assert.throws(() => topicFilter('$share/g/a'), { code: 'invalid-argument' });
});
