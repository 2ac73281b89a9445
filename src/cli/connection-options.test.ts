import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConnectOptions } from '../client/options.ts';
import { CONNECTION_OPTIONS, clientOptions, goodbye, urlTopic } from './connection-options.ts';
import { parseOptions } from './option-table.ts';

function optionsOf(line: string): ConnectOptions {
  const parsed = parseOptions(CONNECTION_OPTIONS, line === '' ? [] : line.split(' '));
  assert.ok(parsed.kind === 'values');
  return clientOptions(parsed.values);
}

test('without options everything is the default of the client', () => {
  const { version, clean, ...rest } = optionsOf('');
  assert.deepEqual({ version, clean }, { version: 5, clean: true });
  for (const [name, value] of Object.entries(rest)) assert.equal(value, undefined, name);
});

test('every letter says what it says to mosquitto_pub', () => {
  assert.partialDeepStrictEqual(optionsOf('-h broker -p 1884 -u me -P secret -k 7 -i id -c -V mqttv311'), {
    host: 'broker',
    port: 1884,
    userName: 'me',
    password: 'secret',
    keepAliveSeconds: 7,
    clientId: 'id',
    clean: false,
    version: 4,
  });
  for (const [word, version] of [
    ['5', 5],
    ['mqttv5', 5],
    ['311', 4],
    ['31', 3],
    ['mqttv31', 3],
  ] as const) {
    assert.equal(optionsOf(`-V ${word}`).version, version);
  }
});

test('-c keeps the session for ever, unless -x says how long; before MQTT 5.0 there is nothing to say', () => {
  assert.equal(optionsOf('-c -i id').sessionExpirySeconds, 4_294_967_295);
  assert.equal(optionsOf('-c -i id -x 60').sessionExpirySeconds, 60);
  assert.equal(optionsOf('-x -1').sessionExpirySeconds, 4_294_967_295);
  assert.equal(optionsOf('-c -i id -V 311').sessionExpirySeconds, undefined);
});

test('with a store the session is kept without -c and -i, and the broker is waited for', () => {
  const parsed = parseOptions(CONNECTION_OPTIONS, []);
  assert.ok(parsed.kind === 'values');
  assert.partialDeepStrictEqual(clientOptions(parsed.values, 'state'), {
    store: 'state',
    clean: false,
    sessionExpirySeconds: 4_294_967_295,
    startOffline: true,
  });
});

test('a will is made of four options, of which the topic is needed', () => {
  assert.partialDeepStrictEqual(optionsOf('--will-topic gone --will-payload bye --will-qos 2 --will-retain').will, {
    topic: 'gone',
    payload: 'bye',
    qos: 2,
    retain: true,
  });
  assert.throws(() => optionsOf('--will-payload bye'), { name: 'UsageError', message: /--will-topic/ });
});

test('what does not go together is refused in the words of the command line', () => {
  assert.throws(() => optionsOf('-c'), { name: 'UsageError', message: /^-c needs -i/ });
  assert.throws(() => optionsOf('-x 1 -V 311'), { name: 'UsageError', message: /^-x needs MQTT 5\.0/ });
  assert.throws(() => optionsOf('-P x -V 311'), { name: 'UsageError', message: /^-P needs -u/ });
  assert.throws(() => optionsOf('-V 4 -k x -p 0'), { name: 'UsageError', message: /-version.*\n.*-keepalive|-port/s });
});

test('-D says what CONNECT, DISCONNECT and the will are to say', () => {
  const line = '-D connect receive-maximum 7 -D CONNECT user-property a -b -D disconnect session-expiry-interval 9';
  assert.partialDeepStrictEqual(optionsOf(line), { receiveMaximum: 7, userProperties: [['a', '-b']] });
  assert.equal(optionsOf('-D connect session-expiry-interval 60').sessionExpirySeconds, 60);
  assert.partialDeepStrictEqual(
    optionsOf('--will-topic w -D will will-delay-interval 5 -D will content-type text -D will user-property a b').will,
    { delaySeconds: 5, properties: { contentType: 'text', userProperties: [['a', 'b']] } },
  );
  const parsed = parseOptions(CONNECTION_OPTIONS, line.split(' '));
  assert.ok(parsed.kind === 'values');
  assert.deepEqual(goodbye(parsed.values), { sessionExpirySeconds: 9 });
});

test('a property that there is not, or that has no such value, is refused with what there is', () => {
  for (const [line, message] of [
    ['-D conect a b', /^--property takes connect, disconnect or will as COMMAND; got "conect"\.$/],
    ['-D publish content-type b', /got "publish"/],
    ['-D connect recieve-maximum 1', /no property "recieve-maximum" for CONNECT; did you mean receive-maximum\?$/],
    [
      '-D connect receive-maximum 0',
      /^--property connect receive-maximum takes a whole number from 1 to 65535; got "0"/,
    ],
    ['-D connect authentication-method x', /cannot give authentication-method: /],
    ['-D connect user-property a', /^-D needs a value/],
    ['-D connect receive-maximum 1 -V 311', /^-D needs MQTT 5\.0/],
    ['-D will content-type x', /--will-topic/],
  ] as const) {
    assert.throws(() => optionsOf(line), { name: 'UsageError', message }, line);
  }
});

test('--unix is the URL of a socket, wherever the command runs', () => {
  assert.equal(optionsOf('--unix /run/a%b/mqtt.sock').url, 'unix:///run/a%25b/mqtt.sock');
  assert.equal(optionsOf('--unix mqtt.sock').url, `unix://${process.cwd()}/mqtt.sock`);
  assert.throws(() => optionsOf('--unix a -h b'), { name: 'UsageError', message: /^--unix goes with none/ });
});

test('-A is an address to connect from, and nothing for a Unix socket', () => {
  assert.equal(optionsOf('-A 127.0.0.2').localAddress, '127.0.0.2');
  assert.equal(optionsOf('-A ::1 -L mqtts://broker').localAddress, '::1');
  assert.throws(() => optionsOf('-A eth0'), {
    message: /^--bind-address takes an IP address of this machine; got "eth0"/,
  });
  assert.throws(() => optionsOf('-A 127.0.0.1 --unix a'), { name: 'UsageError', message: /^-A and --unix/ });
});

test('-I makes a client identifier of its own for each process', () => {
  assert.equal(optionsOf('-I sensor-').clientId, `sensor-${process.pid}`);
  assert.throws(() => optionsOf('-I a -i b'), { name: 'UsageError', message: /^-i and -I/ });
  assert.throws(() => optionsOf('-I a -c'), { name: 'UsageError', message: /^-c needs -i/ });
});

test('each option of TLS says what it says to mosquitto_pub', () => {
  assert.deepEqual(
    optionsOf('--cafile ca.pem --tls-version tlsv1.3 --ciphers AES128-SHA --tls-alpn mqtt --insecure').tls,
    {
      ca: 'ca.pem',
      cert: undefined,
      key: undefined,
      servername: undefined,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ciphers: 'AES128-SHA',
      alpnProtocols: ['mqtt'],
    },
  );
  assert.match(optionsOf('--tls-use-os-certs').tls?.ca ?? '', /^(-----BEGIN CERTIFICATE-----|$)/);
  assert.throws(() => optionsOf('--capath /nonexistent'), { code: 'tls-failed' });
  assert.throws(() => optionsOf('--cafile a --capath b'), { code: 'invalid-option' });
  assert.throws(() => optionsOf('--tls-version tlsv1.1'), { message: /^--tls-version takes tlsv1\.2 or tlsv1\.3/ });
});

test('a URL names the topic after the host', () => {
  for (const [url, topic] of [
    ['mqtt://broker/a/b%20c', 'a/b c'],
    ['mqtt://broker/', ''],
    ['mqtt://broker', ''],
  ] as const) {
    const parsed = parseOptions(CONNECTION_OPTIONS, ['-L', url]);
    assert.ok(parsed.kind === 'values');
    assert.equal(urlTopic(parsed.values), topic);
    assert.equal(clientOptions(parsed.values).url, url);
  }
});
