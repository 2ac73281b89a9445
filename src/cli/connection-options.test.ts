import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConnectOptions } from '../client/options.ts';
import { CONNECTION_OPTIONS, clientOptions, urlTopic } from './connection-options.ts';
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
  assert.deepEqual(optionsOf('--will-topic gone --will-payload bye --will-qos 2 --will-retain').will, {
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
