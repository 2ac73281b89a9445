import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isLoopback, readHost } from './listener-address.ts';

test('all of 127.0.0.0/8, ::1 and localhost are loopback', () => {
  for (const host of [
    '127.0.0.1',
    '127.255.3.4',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
  ]) {
    assert.equal(isLoopback(host), true, host);
  }
});

test('whatever is not surely loopback is not', () => {
  const doubtful = [
    '0.0.0.0',
    '::',
    '',
    '128.0.0.1',
    '127.0.0.1.example.org',
    '127.1',
    '127.0.0.256',
    'localhost.example.org',
    '::ffff:10.0.0.1',
    '0',
  ];
  for (const host of doubtful) assert.equal(isLoopback(host), false, host);
});

test('a host is an address or a name, never empty and never with a port', () => {
  for (const host of ['127.0.0.1', '::', '::1', 'fe80::1%eth0', 'broker.example.org', 'a_b-c']) {
    assert.equal(readHost(host), host);
  }
  for (const host of ['', ' ', '127.0.0.1:1883', 'localhost:1883', 'mqtt://x', '*', '[::1]', 'a b', 'a/b', 10, null]) {
    assert.equal(readHost(host), undefined, String(host));
  }
});
