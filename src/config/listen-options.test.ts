import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ListenOptions, listenerOf } from './listen-options.ts';

test('without options a broker listens with plain TCP on loopback', () => {
  assert.deepEqual(listenerOf({}), { type: 'tcp', host: '127.0.0.1', port: 1883, proxyFrom: [] });
});

test('what is spoken follows from what is given, and the port from what is spoken', () => {
  const tls = { cert: 'c.pem', key: 'k.pem' };
  const files = { ...tls, others: [], ca: '', crl: '', clientCertificate: 'none', minVersion: 'TLSv1.2' };
  const place = { host: '127.0.0.1', proxyFrom: [] };
  const webSocket = { path: '/mqtt', origins: [] };
  assert.deepEqual(listenerOf({ tls }), { type: 'tls', ...place, port: 8883, tls: files });
  assert.deepEqual(listenerOf({ webSocket: true }), { type: 'ws', ...place, port: 8080, webSocket });
  assert.deepEqual(listenerOf({ webSocket: { origins: ['*'] }, tls }), {
    type: 'wss',
    ...place,
    port: 8443,
    tls: files,
    webSocket: { path: '/mqtt', origins: ['*'] },
  });
  assert.deepEqual(listenerOf({ unix: '/run/vouch.sock' }), { type: 'unix', socket: '/run/vouch.sock' });
});

test('certificates for other names are pairs, whatever is in their PEM', () => {
  const others = [
    { cert: 'subject=O=Vouch, CN=x\n-----BEGIN CERTIFICATE-----', key: 'a,b.key' },
    { cert: 'c.pem', key: 'd.key' },
  ];
  const address = listenerOf({ tls: { cert: 'c', key: 'k', others } });
  assert.deepEqual('tls' in address && address.tls.others, others);
});

test('what does not fit is told by its name', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ prot: 1 }, '"prot" is not an option of listen; did you mean port?'],
    [{ tls: { cert: 'c', key: 'k', cafile: 'x' } }, '"tls.cafile" is not an option of listen.'],
    [{ tls: { key: 'k' } }, 'a listener of the type tls needs cert: it takes the path of a file.'],
    [{ tls: { cert: 'c', key: 'k', others: {} } }, 'tls.others takes a list of objects with cert and key.'],
    [
      { tls: { cert: 'c', key: 'k', others: [{ cert: 'c' }] } },
      'otherKeys takes paths of files with commas between; got something of the type object.',
    ],
    [{ tls: true }, 'tls takes an object; got true.'],
    [
      { webSocket: { path: 'mqtt' } },
      'path takes a path that begins with /, of letters, digits and . _ - /; got "mqtt".',
    ],
    [{ unix: '/a', port: 1 }, 'port is not for a listener of the type unix: remove it, or change the type.'],
    [{ unix: '' }, 'unix takes a path of at most 107 bytes; got "".'],
    [{ port: 70_000 }, 'port takes a whole number from 0 to 65535; got 70000.'],
  ];
  for (const [options, message] of cases) {
    // As a caller without types would.
    assert.throws(() => listenerOf(options as ListenOptions), { name: 'UsageError', code: 'invalid-option', message });
  }
});
