import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UsageError } from '../../test/support/command.ts';
import { helpText, isWithin, readOptions } from './options.ts';

test('without options Vouch itself is played, in both versions, with all statements', () => {
  const { url, versions, only, report } = readOptions([]);
  assert.deepEqual(
    { url, versions, only, report },
    {
      url: undefined,
      versions: ['3.1.1', '5.0'],
      only: undefined,
      report: undefined,
    },
  );
});

test('an address needs no port, and may be of IPv6', () => {
  const plain = { tls: undefined, webSocketPath: undefined };
  assert.deepEqual(readOptions(['--url', 'mqtt://broker.example']).url, {
    host: 'broker.example',
    port: 1883,
    ...plain,
  });
  assert.deepEqual(readOptions(['--url', 'mqtt://[::1]:2000']).url, { host: '::1', port: 2000, ...plain });
});

test('an address says what is spoken below MQTT', () => {
  const urlOf = (...args: readonly string[]): unknown => readOptions(['--url', ...args]).url;
  const place = { host: 'broker.example' };
  const tls = { ca: undefined, isVerified: true };
  assert.deepEqual(urlOf('mqtts://broker.example'), { ...place, port: 8883, tls, webSocketPath: undefined });
  assert.deepEqual(urlOf('ws://broker.example:8083/mqtt?a=b'), {
    ...place,
    port: 8083,
    tls: undefined,
    webSocketPath: '/mqtt?a=b',
  });
  assert.deepEqual(urlOf('wss://broker.example/', '--insecure'), {
    ...place,
    port: 443,
    tls: { ...tls, isVerified: false },
    webSocketPath: '/',
  });
  assert.throws(() => urlOf('mqtts://broker.example', '--cafile', '/nowhere'), /--cafile cannot be read/);
});

test('a version is named in its short form or in full', () => {
  assert.deepEqual(readOptions(['--version', '5']).versions, ['5.0']);
  assert.deepEqual(readOptions(['--version', '3.1.1']).versions, ['3.1.1']);
});

test('a section stands for its statements, and a statement for itself alone', () => {
  assert.equal(readOptions(['--only', '[MQTT-3.3.1-9]']).only, 'MQTT-3.3.1-9');
  assert.ok(isWithin('MQTT-3.3.1-9', 'MQTT-3.3'));
  assert.ok(isWithin('MQTT-3.3.1-9', 'MQTT-3.3.1'));
  assert.ok(isWithin('MQTT-3.3.1-9', undefined));
  assert.ok(!isWithin('MQTT-3.3.1-10', 'MQTT-3.3.1-1'));
  assert.ok(!isWithin('MQTT-3.10.1-1', 'MQTT-3.1'));
});

test('what makes no sense is refused in a sentence that names it', () => {
  const refused = [
    { args: ['--url', 'broker.example'], sentence: /--url takes an address such as .+, not broker\.example/ },
    { args: ['--url', 'http://broker.example'], sentence: /not http:/ },
    { args: ['--url', 'mqtt://me:secret@broker.example'], sentence: /without a user name/ },
    { args: ['--version', '3.1'], sentence: /--version takes 5 or 3\.1\.1, not 3\.1/ },
    { args: ['--version', 'constructor'], sentence: /--version/ },
    { args: ['--only', 'MQTT-8'], sentence: /No statement is called MQTT-8/ },
    { args: ['--onyl', 'MQTT-3'], sentence: /--onyl/ },
    { args: ['extra'], sentence: /extra/ },
  ];
  for (const { args, sentence } of refused) {
    assert.throws(
      () => readOptions(args),
      (error) => error instanceof UsageError && sentence.test(error.message),
      args.join(' '),
    );
  }
});

test('the help names every option, in lines that fit', () => {
  const help = helpText();
  for (const flag of ['--url', '--version', '--only', '--report', '--help'])
    assert.ok(help.includes(`  ${flag}`), flag);
  assert.ok(help.split('\n').every((line) => line.length <= 100));
});
