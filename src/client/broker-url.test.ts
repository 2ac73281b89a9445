import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseBrokerUrl } from './broker-url.ts';

/** The transport, and where. */
function place(url: string): string {
  const { kind, host, port, transportPath, path } = parseBrokerUrl(url);
  return `${kind} ${host} ${port} ${transportPath} ${path}`;
}

test('a URL names what is spoken, where, and what follows', () => {
  assert.equal(place('mqtt://a'), 'tcp a 1883  ');
  assert.equal(place('mqtt://a:1/b/%23'), 'tcp a 1  b/#');
  assert.equal(place('mqtts://[::1]/b'), 'tls ::1 8883  b');
  assert.equal(place('unix:///run/a%20b.sock'), 'unix  0 /run/a b.sock ');
});

test('over WebSocket the path is that of the URL, /mqtt where it has none', () => {
  assert.equal(place('ws://a'), 'ws a 80 /mqtt ');
  assert.equal(place('ws://a:9001/'), 'ws a 9001 /mqtt ');
  assert.equal(place('wss://a/x/y?z=1'), 'wss a 443 /x/y?z=1 ');
});

test('a user and a password are decoded, over each transport', () => {
  for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss']) {
    const { userName, password } = parseBrokerUrl(`${scheme}://u%40:p%3A@a`);
    assert.deepEqual([userName, password], ['u@', 'p:']);
  }
});

test('threat 64: what is wrong with a URL is said without its password', () => {
  for (const [wrong, shown] of [
    ['mqtt://anna:s3cret@host:99999', 'mqtt://anna:***@host:99999'],
    ['mqtt://anna:s3c@ret:x@host:99999', 'mqtt://anna:***@host:99999'],
    ['http://anna:s3cret@host', 'http://anna:***@host'],
    ['anna:s3cret@host', 'anna:***@host'],
    ['mqtt://:s3cret@', 'mqtt://:***@'],
    ['mqtt://anna:s3cret%@host', 'mqtt://anna:***@host'],
    ['mqtt://anna@host:99999', 'mqtt://anna@host:99999'],
    ['mqtt://anna:s3cret', 'mqtt://anna:***'],
    ['mqtt://host:99999', 'mqtt://host:99999'],
    ['mqtt://host:99999/a', 'mqtt://host:99999/a'],
  ] as const) {
    assert.throws(() => parseBrokerUrl(wrong), {
      code: 'invalid-argument',
      message: new RegExp(`^"${shown.replaceAll('*', '\\*')}" is not the URL of a broker\\. `),
    });
  }
});
