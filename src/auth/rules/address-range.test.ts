import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressOf, parseAddressRange } from './address-range.ts';

test('an address is in the ranges that hold it, also where it comes mapped into IPv6', () => {
  const cases: readonly (readonly [range: string, remote: string, isIn: boolean])[] = [
    ['10.0.0.0/8', '10.255.0.1:1', true],
    ['10.0.0.0/8', '11.0.0.1:1', false],
    ['10.0.0.0/8', '[::ffff:10.0.0.1]:1', true],
    ['192.0.2.7', '192.0.2.7:50123', true],
    ['192.0.2.7', '192.0.2.8:50123', false],
    ['0.0.0.0/0', '192.0.2.7:1', true],
    ['0.0.0.0/0', '[2001:db8::1]:1', false],
    ['2001:db8::/32', '[2001:db8:1::1]:1', true],
    ['fe80::/10', '[fe80::1%eth0]:1', true],
    ['::1', '[::1]:1', true],
    ['::/0', 'unknown', false],
    ['::/0', '', false],
  ];
  for (const [text, remote, isIn] of cases) {
    assert.equal(parseAddressRange(text)?.holds(addressOf(remote)), isIn, `${text} ${remote}`);
  }
});

test('what is no address, or has too long a prefix, is none', () => {
  for (const text of [
    '',
    '10',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'localhost',
    'fe80::1%eth0',
    '10.0.0.0/-1',
  ]) {
    assert.equal(parseAddressRange(text), undefined, text);
  }
});
