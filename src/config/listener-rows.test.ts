import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readListeners, showListeners } from './listener-rows.ts';

test('a list of listeners is read from URLs with commas between, and shown as such', () => {
  const text = 'mqtt://127.0.0.1:1883,mqtt://[::1]:0';
  const listeners = readListeners(text);
  assert.deepEqual(listeners, [
    { type: 'tcp', host: '127.0.0.1', port: 1883, proxyFrom: [] },
    { type: 'tcp', host: '::1', port: 0, proxyFrom: [] },
  ]);
  assert.equal(showListeners(listeners), text);
});

test('what is said of a listener stands behind a question mark, and is shown there again', () => {
  const text =
    'mqtts://0.0.0.0:8883?cert=server.pem&key=a%26b.key&otherCerts=b.pem%2Cc.pem&otherKeys=b.key%2Cc.key&ca=ca.pem&clientCertificate=required,' +
    'wss://[::]:443/a/b?cert=c&key=k&minVersion=TLSv1.3&origins=https%3A%2F%2Fa.example%2Chttp%3A%2F%2Fb%3A1,' +
    'ws://127.0.0.1:80/mqtt?proxyFrom=10.0.0.0%2F8%2C%3A%3A1,unix:///run/vouch.sock';
  const listeners = readListeners(text);
  assert.deepEqual(listeners, [
    {
      type: 'tls',
      host: '0.0.0.0',
      port: 8883,
      proxyFrom: [],
      tls: {
        cert: 'server.pem',
        key: 'a&b.key',
        others: [
          { cert: 'b.pem', key: 'b.key' },
          { cert: 'c.pem', key: 'c.key' },
        ],
        ca: 'ca.pem',
        crl: '',
        clientCertificate: 'required',
        minVersion: 'TLSv1.2',
      },
    },
    {
      type: 'wss',
      host: '::',
      port: 443,
      proxyFrom: [],
      tls: { cert: 'c', key: 'k', others: [], ca: '', crl: '', clientCertificate: 'none', minVersion: 'TLSv1.3' },
      webSocket: { path: '/a/b', origins: ['https://a.example', 'http://b:1'] },
    },
    {
      type: 'ws',
      host: '127.0.0.1',
      port: 80,
      proxyFrom: ['10.0.0.0/8', '::1'],
      webSocket: { path: '/mqtt', origins: [] },
    },
    { type: 'unix', socket: '/run/vouch.sock' },
  ]);
  assert.deepEqual(readListeners(showListeners(listeners)), listeners);
});

test('what is no list of listeners is not taken', () => {
  for (const text of [
    '',
    '127.0.0.1:1883',
    'mqtt://127.0.0.1',
    'mqtt://:1883',
    'mqtt://a:70000',
    'tcp://a:1',
    'mqtt://a:1,',
    'mqtt://::1:1',
    'mqtt://a:1/path',
    'mqtt://a:1?path=/mqtt',
    'mqtt://a:1?host=b',
    'mqtt://a:1?type=tls',
    'mqtt://a:1?cert=x',
    'mqtts://a:1',
    'mqtts://a:1?cert=x',
    'mqtts://a:1?cert=x&key=',
    'mqtts://a:1?cert=x&key=y&otherCerts=z',
    'mqtts://a:1?cert=x&key=y&otherCerts=z&otherKeys=u%2Cv',
    'mqtts://a:1?cert=x&key=y&clientCertificate=required',
    'mqtts://a:1?cert=x&key=y&ca=z',
    'mqtts://a:1?cert=x&key=y&minVersion=TLSv1',
    'ws://a:1/m qtt',
    'ws://a:1?origins=example.org',
    'ws://a:1?origins=https://example.org/page',
    'ws://a:1?proxyFrom=10.0.0.0/33',
    'ws://a:1?proxyFrom=10.0.0',
    'ws://a:1?proxyFrom=proxy.example',
    'unix://run/vouch.sock',
    'unix://',
    `unix:///${'x'.repeat(107)}`,
  ]) {
    assert.equal(readListeners(text), undefined, text);
  }
});
