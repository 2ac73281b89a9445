import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../base/errors.ts';
import { type ParsedTopicName, parseTopicName, TOPIC_LEVELS_MAX, topicName } from './topic-name.ts';

/** The statement that a text breaks as a Topic Name; '' when it breaks none. */
function broken(text: string): string {
  const parsed: ParsedTopicName = parseTopicName(text);
  return parsed.kind === 'invalid' ? parsed.statement : '';
}

test('a name is taken as it is, unchanged', () => {
  const texts = [
    'a',
    'sport/tennis/player1',
    ' ',
    'Accounts payable',
    '$SYS/uptime',
    '\uFEFFa',
    '\u{1F980}/é',
    '\u0001',
  ];
  for (const text of texts) assert.deepEqual(parseTopicName(text), { kind: 'topic', topic: text });
});

test('levels may be empty, and a name may consist of separators', () => {
  for (const text of ['/', '//', '/a', 'a/', 'a//b']) assert.equal(parseTopicName(text).kind, 'topic');
});

test('names of object members are ordinary names', () => {
  for (const text of ['__proto__', 'constructor/hasOwnProperty', 'toString']) {
    assert.deepEqual(parseTopicName(text), { kind: 'topic', topic: text });
  }
});

test('an empty name is invalid', () => {
  assert.equal(broken(''), 'MQTT-4.7.3-1');
});

test('a name with a wildcard anywhere is invalid', () => {
  for (const text of ['+', '#', 'a/+', 'a/#', 'a+b', 'a#', '#/a']) assert.equal(broken(text), 'MQTT-4.7.0-1');
});

test('a name with U+0000 is invalid', () => {
  for (const text of ['\0', 'a\0', 'a/\0/b']) assert.equal(broken(text), 'MQTT-4.7.3-2');
});

test('a name with half of a surrogate pair is invalid', () => {
  for (const text of ['\ud800', 'a\udc00', '\udc00\ud800']) assert.equal(broken(text), 'MQTT-1.5.4-1');
});

test('a name may have 65,535 bytes of UTF-8 and not one more', () => {
  assert.equal(broken('a'.repeat(65_535)), '');
  assert.equal(broken('a'.repeat(65_536)), 'MQTT-4.7.3-3');
  assert.equal(broken('é'.repeat(32_767)), '');
  assert.equal(broken('é'.repeat(32_768)), 'MQTT-4.7.3-3');
  assert.equal(broken('€'.repeat(21_845)), '');
  assert.equal(broken('€'.repeat(21_846)), 'MQTT-4.7.3-3');
  assert.equal(broken('\u{1F980}'.repeat(16_383)), '');
  assert.equal(broken('\u{1F980}'.repeat(16_384)), 'MQTT-4.7.3-3');
});

test('a name with more levels than allowed is refused, with both numbers', () => {
  const most = '/'.repeat(TOPIC_LEVELS_MAX - 1);
  assert.equal(parseTopicName(most).kind, 'topic');
  assert.deepEqual(parseTopicName(`${most}/`), {
    kind: 'refused',
    why: 'The topic has 129 levels; at most 128 are taken.',
  });
  assert.equal(parseTopicName('a/b', 1).kind, 'refused');
  assert.equal(parseTopicName('/'.repeat(65_535), Number.POSITIVE_INFINITY).kind, 'topic');
});

test('a name written by a caller is taken, or the caller is told why not', () => {
  assert.equal(topicName('$SYS/uptime'), '$SYS/uptime');
  assert.throws(() => topicName('a/#'), {
    constructor: UsageError,
    code: 'invalid-argument',
    message: '"a/#" is not a Topic Name. A Topic Name has no wildcards (+ and #).',
  });
});
