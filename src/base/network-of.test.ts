import assert from 'node:assert/strict';
import { test } from 'node:test';

import { networkOf } from './network-of.ts';

test('an IPv6 address stands for its network, an IPv4 address for itself, everything else for itself', () => {
  for (const [remote, network] of [
    ['192.0.2.1:1883', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:1883', '192.0.2.1'],
    ['::ffff:192.0.2.1:1883', '192.0.2.1'],
    ['[::ffff:cb00:7109]:1883', '203.0.113.9'],
    ['[0:0:0:0:0:FFFF:cb00:7109]:1883', '203.0.113.9'],
    ['[::1:ffff:cb00:7109]:1', '0:0:0:0::/64'],
    ['[2001:DB8:1:2:3:4:5:6]:1', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:1', '2001:db8:1:2::/64'],
    ['[2001:db8::1]:1', '2001:db8:0:0::/64'],
    ['[::1]:1', '0:0:0:0::/64'],
    ['[fe80::1%eth0]:1', 'fe80:0:0:0::/64'],
    ['/run/vouch.sock', '/run/vouch.sock'],
    ['', ''],
  ] as const) {
    assert.equal(networkOf(remote), network, remote);
  }
});
