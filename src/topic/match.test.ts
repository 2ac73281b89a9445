import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches } from './match.ts';
import { topicFilter } from './topic-filter.ts';
import { topicName } from './topic-name.ts';

function check(filter: string, yes: readonly string[], no: readonly string[]): void {
  for (const name of yes) assert.equal(matches(topicFilter(filter), topicName(name)), true, `${filter} and ${name}`);
  for (const name of no) assert.equal(matches(topicFilter(filter), topicName(name)), false, `${filter} and ${name}`);
}

test('a filter without wildcards matches its own text and nothing else', () => {
  check('a/b', ['a/b'], ['a', 'a/', 'a/b/', 'a/b/c', '/a/b', 'A/b', 'a/bb']);
  check('finance', ['finance'], ['/finance', 'finance/', 'Finance']);
});

test('# matches the parent level and every level below', () => {
  check(
    'sport/tennis/player1/#',
    ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
    ['sport/tennis', 'sport/tennis/player2'],
  );
  check('sport/#', ['sport', 'sport/', 'sport//', 'sport/a'], ['sports', '/sport']);
  check('#', ['a', '/', 'a/b/c'], []);
  check('/#', ['/', '/a', '//'], ['a']);
});

test('+ matches exactly one level, which may be empty', () => {
  check('sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/'], ['sport/tennis', 'sport/tennis/player1/ranking']);
  check('sport/+', ['sport/', 'sport/a'], ['sport']);
  check('+', ['a'], ['/', '/finance', 'a/']);
  check('+/+', ['/finance', '/', 'a/b'], ['a', '//']);
  check('/+', ['/finance', '/'], ['finance']);
  check('+/tennis/#', ['sport/tennis', '/tennis/a'], ['tennis', 'sport/golf']);
});

test('a leading wildcard does not match a name that begins with $', () => {
  check('#', [], ['$SYS', '$SYS/uptime', '$']);
  check('+', [], ['$SYS']);
  check('+/#', [], ['$SYS', '$SYS/uptime']);
  check('+/monitor/Clients', ['a/monitor/Clients'], ['$SYS/monitor/Clients']);
});

test('a filter that begins with $ matches names that do, with wildcards after it', () => {
  check('$SYS/#', ['$SYS', '$SYS/uptime'], ['SYS/uptime']);
  check('$SYS/monitor/+', ['$SYS/monitor/Clients'], ['$SYS/monitor']);
  check('$SYS/+/$x', ['$SYS/$y/$x'], []);
});

test('$ in a later level is a character like others', () => {
  check('a/+', ['a/$x'], []);
  check('a/#', ['a/$x/b'], []);
  check('/#', ['/$x'], []);
});

test('levels are compared unit for unit, without normalization', () => {
  check('\u00e9', ['\u00e9'], ['e\u0301', '\u00c9']);
  check('ACCOUNTS', ['ACCOUNTS'], ['Accounts']);
});
