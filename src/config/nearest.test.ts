import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nearest } from './nearest.ts';

const NAMES = ['port', 'host', 'logLevel', 'logFormat', 'quiet', 'packetBytesMax'];

test('a letter too many, too few, wrong, or exchanged with its neighbour is forgiven', () => {
  for (const word of ['pport', 'prt', 'pord', 'prot', 'PORT']) assert.equal(nearest(word, NAMES), 'port', word);
});

test('dashes, underscores and case do not hide which option is meant', () => {
  assert.equal(nearest('log-level', NAMES), 'logLevel');
  assert.equal(nearest('log_format', NAMES), 'logFormat');
  assert.equal(nearest('packetbytesmax', NAMES), 'packetBytesMax');
});

test('the beginning of a word is near to it', () => {
  assert.equal(nearest('packet', NAMES), 'packetBytesMax');
});

test('a word that is like none is near to none', () => {
  for (const word of ['', 'x', 'retention', 'tls', 'p'.repeat(1000)])
    assert.equal(nearest(word, NAMES), undefined, word);
});

test('the names of object properties are words like others', () => {
  assert.equal(nearest('__proto__', NAMES), undefined);
  assert.equal(nearest('constructr', ['constructor']), 'constructor');
});
