import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { array, assert as assertProperty, constantFrom, oneof, property, string, tuple } from 'fast-check';

import { DEFAULT_LIMITS } from '../broker/limits.ts';
import { DEFAULT_RULES } from '../broker/rules.ts';
import { showListener } from './listener-address.ts';
import { showOrigin, showProblem } from './problem.ts';
import type { ConfigOutcome } from './read-config.ts';
import { readConfig } from './read-config.ts';
import type { OptionName } from './schema.ts';
import { OPTION_NAMES, ROWS, showValue } from './schema.ts';
import { environmentNameOf, flagOf } from './spelling.ts';

interface Given {
  readonly file?: string;
  readonly flags?: { readonly [Name in OptionName]?: string };
  readonly environment?: { readonly [name: string]: string };
}

/** Reads what a file named `f.yaml` and the other sources say. */
function read(context: TestContext, given: Given): ConfigOutcome {
  const folder = mkdtempSync(join(tmpdir(), 'vouch-config-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'f.yaml');
  if (given.file !== undefined) writeFileSync(path, given.file);
  const flags = new Map<OptionName, string>();
  for (const name of OPTION_NAMES) {
    const text = given.flags?.[name];
    if (text !== undefined) flags.set(name, text);
  }
  return readConfig({ path: given.file === undefined ? undefined : path, flags, environment: given.environment ?? {} });
}

function valid(context: TestContext, given: Given) {
  const outcome = read(context, given);
  assert(outcome.kind === 'valid', JSON.stringify(outcome));
  return { ...outcome, urls: outcome.config.listeners.map(({ address }) => showListener(address)) };
}

/** The problems, with the folder of the file cut off. */
function problems(context: TestContext, given: Given): readonly string[] {
  const outcome = read(context, given);
  assert(outcome.kind === 'invalid', 'the configuration should have been refused');
  return outcome.problems.map((problem) => showProblem(problem).replaceAll(/\S*\/f\.yaml/g, 'f.yaml'));
}

test('without any source the broker listens on loopback only, with the default rules and limits', (context) => {
  const { config, urls } = valid(context, {});
  assert.deepEqual(urls, ['mqtt://127.0.0.1:1883']);
  assert.deepEqual(config.rules, DEFAULT_RULES);
  assert.deepEqual(config.limits, DEFAULT_LIMITS);
  assert.deepEqual(
    [config.allowAnonymous, config.logLevel, config.logFormat, config.quiet],
    [false, 'info', 'auto', false],
  );
});

test('rules come from every source', (context) => {
  const file =
    'sharedSubscriptionStrategy: sticky-by-topic\npayloadFormatCheck: true\noverlappingSubscriptions: separate\n';
  const environment = { VOUCH_EMPTY_CLIENT_IDS: 'refuse' };
  assert.deepEqual(valid(context, { file, environment, flags: { dollarTopics: 'allow' } }).config.rules, {
    sharedSubscriptionStrategy: 'sticky-by-topic',
    overlappingSubscriptions: 'separate',
    payloadFormatCheck: true,
    emptyClientIds: 'refuse',
    dollarTopics: 'allow',
    deniedPublish311: 'close',
  });
});

test('a flag overrules the environment, the environment the file, the file the default', (context) => {
  const file = 'logLevel: debug\nport: 1\nreceiveMaximum: 3\n';
  const environment = { VOUCH_LOG_LEVEL: 'warn', VOUCH_PORT: '2' };
  const { config, settings, urls } = valid(context, { file, environment, flags: { logLevel: 'error' } });
  assert.equal(config.logLevel, 'error');
  assert.deepEqual(urls, ['mqtt://127.0.0.1:2']);
  assert.equal(config.limits.receiveMaximum, 3);
  assert.equal(showOrigin(settings.logLevel.origin), '--log-level');
  assert.equal(showOrigin(settings.port.origin), 'VOUCH_PORT');
  assert.match(showOrigin(settings.receiveMaximum.origin), /f\.yaml:3:17$/);
  assert.equal(showOrigin(settings.host.origin), 'default');
});

test('an empty environment variable counts as not set', (context) => {
  assert.deepEqual(valid(context, { environment: { VOUCH_PORT: '' } }).urls, ['mqtt://127.0.0.1:1883']);
});

test('a variable that nearly is one of ours is warned of; foreign ones are not', (context) => {
  const { warnings } = valid(context, {
    environment: { VOUCH_PROT: '1', VOUCH_REQUIRE: 'interop', PORT: '1', VOUCH_CONFIG: 'x' },
  });
  assert.deepEqual(warnings, ['VOUCH_PROT is not read; did you mean VOUCH_PORT?']);
});

test('without a word about it the store is SQLite in ./data', (context) => {
  const { config, warnings } = valid(context, {});
  assert.deepEqual([config.store, config.data, config.storeBytesMax], ['sqlite', './data', 0]);
  assert.equal(config.downtimeMax, 30 * 24 * 3600 * 1000);
  assert.deepEqual(warnings, []);
});

test('a data directory that the store in memory will not use is warned of', (context) => {
  const flags = { data: '/x', store: 'memory' };
  assert.deepEqual(valid(context, { flags }).warnings, [
    '--data is not used: --store says that nothing is kept on disk',
  ]);
  const file = 'store: memory\n';
  assert.deepEqual(valid(context, { file }).warnings, []);
});

test('a bound of which 0 means something of its own takes 0, and what is within it, and nothing between', (context) => {
  for (const [given, bytes] of [
    ['0', 0],
    ['1 MiB', 1_048_576],
  ] as const) {
    assert.equal(valid(context, { flags: { storeBytesMax: given } }).config.storeBytesMax, bytes);
  }
  assert.deepEqual(problems(context, { flags: { storeBytesMax: '1 B' } }), [
    '--store-bytes-max takes a size from 1 MiB to 1024 GiB, or 0 ' +
      '(in B, KiB, MiB or GiB; a plain number is bytes); got "1 B".',
  ]);
});

test('limits are read in the units that people write', (context) => {
  const file = 'packetBytesMax: 1 MiB\nsessionExpiryMax: 7 days\nconnectTimeout: 5\nkeepAliveSecondsMax: 10 min\n';
  const { limits } = valid(context, { file }).config;
  assert.equal(limits.packetBytesMax, 1_048_576);
  assert.equal(limits.sessionExpiryMax, 604_800_000);
  assert.equal(limits.connectTimeout, 5000);
  assert.equal(limits.keepAliveSecondsMax, 600);
});

test('listeners are a list in the file, or URLs in a flag', (context) => {
  const file = 'listeners:\n  - type: tcp\n    host: 127.0.0.1\n    port: 1\n  - host: ::1\n';
  assert.deepEqual(valid(context, { file }).urls, ['mqtt://127.0.0.1:1', 'mqtt://[::1]:1883']);
  const flags = { listeners: 'mqtt://localhost:5,mqtt://[::1]:6' };
  assert.deepEqual(valid(context, { file, flags }).urls, ['mqtt://localhost:5', 'mqtt://[::1]:6']);
});

test('a listener of the file has the options of its type, and the port that is usual for it', (context) => {
  const file = [
    'listeners:',
    '  - type: tls',
    '    cert: a.pem',
    '    key: a.key',
    '  - type: ws',
    '    path: /',
    '    origins: https://app.example',
    '  - type: unix',
    '    socket: /run/vouch.sock',
  ].join('\n');
  assert.deepEqual(valid(context, { file }).urls, [
    'mqtts://127.0.0.1:8883',
    'ws://127.0.0.1:8080/',
    'unix:///run/vouch.sock',
  ]);
});

test('a listener for other machines that requires certificates asks who somebody is', (context) => {
  const tls =
    'listeners:\n  - type: tls\n    host: 0.0.0.0\n    cert: a\n    key: b\n    ca: c\n    clientCertificate: ';
  assert.deepEqual(valid(context, { file: `${tls}required\n` }).urls, ['mqtts://0.0.0.0:8883']);
  assert.match(problems(context, { file: `${tls}optional\n` })[0] ?? '', /nobody would be asked who they are/u);
});

test('a listener behind a proxy lets others in, wherever it listens', (context) => {
  const file = 'listeners:\n  - host: 127.0.0.1\n    proxyFrom: 127.0.0.1\n';
  assert.match(problems(context, { file })[0] ?? '', /nobody would be asked who they are/u);
  assert.deepEqual(valid(context, { file: `${file}allowAnonymous: true\n` }).urls, ['mqtt://127.0.0.1:1883']);
});

test('port or host from a stronger source stands in place of the whole list', (context) => {
  const file = 'listeners:\n  - port: 1\n  - port: 2\n';
  assert.deepEqual(valid(context, { file, flags: { port: '9' } }).urls, ['mqtt://127.0.0.1:9']);
  assert.deepEqual(
    valid(context, { file: 'port: 9\n', flags: { listeners: 'mqtt://::1:1'.replace('::1', '[::1]') } }).urls,
    ['mqtt://[::1]:1'],
  );
});

test('another address than loopback needs allowAnonymous', (context) => {
  const flags = { host: '0.0.0.0' };
  assert.deepEqual(problems(context, { flags }), [
    'mqtt://0.0.0.0:1883 can be reached from other machines, and nobody would be asked who they are: ' +
      'listen on 127.0.0.1 only, name a passwordFile (--password-file) or something else that asks (docs/security.md), or let everybody in with "allowAnonymous: true" (--allow-anonymous).',
  ]);
  assert.deepEqual(valid(context, { flags: { ...flags, allowAnonymous: 'true' } }).urls, ['mqtt://0.0.0.0:1883']);
  assert.equal(
    problems(context, { file: 'allowAnonymous: true\n', flags: { ...flags, allowAnonymous: 'false' } }).length,
    1,
  );
});

// Threat 31: every combination of the two options is what it says.
test('threat 31: who is let in is said by passwordFile and allowAnonymous, and neither without a word opens a door', (context) => {
  const outcomes = ['none', 'users.passwd'].flatMap((passwordFile) =>
    ['false', 'true'].flatMap((allowAnonymous) =>
      ['127.0.0.1', '0.0.0.0'].map((host) => {
        const flags = { passwordFile, allowAnonymous, host };
        const sources = { path: undefined, flags: new Map(Object.entries(flags)) as never, environment: {} };
        return [passwordFile, allowAnonymous, host, readConfig(sources).kind].join(' ');
      }),
    ),
  );
  assert.deepEqual(outcomes, [
    'none false 127.0.0.1 valid',
    'none false 0.0.0.0 invalid',
    'none true 127.0.0.1 valid',
    'none true 0.0.0.0 valid',
    'users.passwd false 127.0.0.1 valid',
    'users.passwd false 0.0.0.0 valid',
    'users.passwd true 127.0.0.1 valid',
    'users.passwd true 0.0.0.0 valid',
  ]);
  const { config } = valid(context, { flags: { passwordFile: 'users.passwd' } });
  assert.deepEqual([config.passwordFile, config.allowAnonymous], ['users.passwd', false]);
  assert.deepEqual(valid(context, { flags: {} }).config.passwordFile, '');
});

test('everything that is wrong is said at once, with its place, from the top of the file down', (context) => {
  const file = [
    'port: 188x', // 1
    'prot: 3', // 2
    'logLevel: inof', // 3
    'packetBytesMax: 16 Mebi', // 4
    'connectTimeout: 5 minutes', // 5
    'connectTimeout: 3', // 6
    'listeners:', // 7
    '  - host: 0.0.0.0', // 8
    '    pot: 3', // 9
    '    port: 70000', // 10
    '  - 12', // 11
    'allowAnonymous: yes', // 12
    'quiet:', // 13
    'receiveMaximum: [1]', // 14
    'store: sqlit', // 15
  ].join('\n');
  assert.deepEqual(problems(context, { file, flags: { host: 'a b' }, environment: { VOUCH_QUIET: '1' } }), [
    'f.yaml:1:7: port takes a whole number from 0 to 65535; got "188x".',
    'f.yaml:2:1: "prot" is not an option; did you mean port?',
    'f.yaml:3:11: logLevel takes debug, info, warn or error; got "inof"; did you mean info?',
    'f.yaml:4:17: packetBytesMax takes a size from 128 B to 256 MiB (in B, KiB, MiB or GiB; a plain number is bytes); got "16 Mebi".',
    'f.yaml:6:1: "connectTimeout" stands twice, first at f.yaml:5:1: keep one of them.',
    'f.yaml:8:11: mqtt://0.0.0.0:1883 can be reached from other machines, and nobody would be asked who they are: ' +
      'listen on 127.0.0.1 only, name a passwordFile (--password-file) or something else that asks (docs/security.md), or let everybody in with "allowAnonymous: true" (--allow-anonymous).',
    'f.yaml:9:5: "pot" is not an option; did you mean port?',
    'f.yaml:10:11: port takes a whole number from 0 to 65535; got 70000.',
    'f.yaml:11:5: a listener is a "host: ..." with a "port: ..." below it.',
    'f.yaml:12:17: allowAnonymous takes true or false; got "yes".',
    'f.yaml:13:7: quiet has no value here: it takes true or false.',
    'f.yaml:14:17: receiveMaximum takes a whole number from 1 to 65535; got a list.',
    'f.yaml:15:8: store takes sqlite or memory; got "sqlit"; did you mean sqlite?',
    '--host takes an IP address or a host name, without a port; got "a b".',
    'VOUCH_QUIET takes true or false; got "1".',
  ]);
});

test('each bad file has the problem that it deserves', (context) => {
  const cases: readonly (readonly [string, string])[] = [
    ['port: 70000\n', 'f.yaml:1:7: port takes a whole number from 0 to 65535; got 70000.'],
    ['port: -1\n', 'f.yaml:1:7: port takes a whole number from 0 to 65535; got -1.'],
    ['port: 1.5\n', 'f.yaml:1:7: port takes a whole number from 0 to 65535; got 1.5.'],
    ['port: .inf\n', 'f.yaml:1:7: port takes a whole number from 0 to 65535; got .inf.'],
    ['port: {}\n', 'f.yaml:1:7: port takes a whole number from 0 to 65535; got a map.'],
    ['host: ""\n', 'f.yaml:1:7: host takes an IP address or a host name, without a port; got "".'],
    [
      'host: 127.0.0.1:1883\n',
      'f.yaml:1:7: host takes an IP address or a host name, without a port; got "127.0.0.1:1883".',
    ],
    ['data: ""\n', 'f.yaml:1:7: data takes the path of a directory; got "".'],
    ['data: 1\n', 'f.yaml:1:7: data takes the path of a directory; got 1.'],
    ['logFormat: JSON\n', 'f.yaml:1:12: logFormat takes auto, pretty or json; got "JSON"; did you mean json?'],
    ['tls: true\n', 'f.yaml:1:1: "tls" is not an option; vouch start --help lists all.'],
    ['__proto__: 1\n', 'f.yaml:1:1: "__proto__" is not an option; vouch start --help lists all.'],
    [
      'listeners: []\n',
      'f.yaml:1:12: listeners takes a list of at least one "- host: ..." with a "port: ..." below it.',
    ],
    [
      'listeners: mqtt://a:1\n',
      'f.yaml:1:12: listeners takes a list of at least one "- host: ..." with a "port: ..." below it.',
    ],
    ['listeners:\n  - type: tsl\n', 'f.yaml:2:11: type takes tcp, tls, ws, wss or unix; got "tsl"; did you mean tls?'],
    [
      'listeners:\n  - type: tls\n    cert: a\n',
      'f.yaml:2:5: a listener of the type tls needs key: it takes the path of a file.',
    ],
    [
      'listeners:\n  - path: /mqtt\n',
      'f.yaml:2:11: path is not for a listener of the type tcp: remove it, or change the type.',
    ],
    [
      'listeners:\n  - type: tls\n    cert: a\n    key: b\n    clientCertificate: optional\n',
      'f.yaml:5:24: clientCertificate needs ca: the CAs that sign the certificates.',
    ],
    [
      'listeners:\n  - address: x\n',
      'f.yaml:2:5: "address" is not an option; a listener has type, host, port, socket, cert, key, otherCerts, otherKeys, ca, crl, clientCertificate, minVersion, path, origins, proxyFrom.',
    ],
    [
      'port: 1\nlisteners:\n  - port: 2\n',
      'f.yaml:1:7: port stands beside listeners: put it into the list, or remove the list.',
    ],
    [
      'listeners:\n  - port: 2\n  - host: 127.0.0.1\n    port: 2\n',
      'f.yaml:3:11: mqtt://127.0.0.1:2 stands twice in the list: keep one of them.',
    ],
    [
      'sessionExpiryMax: 1 fortnight\n',
      'f.yaml:1:19: sessionExpiryMax takes a duration from 0 s to 36500 days (in ms, s, min, h or days; a plain number is seconds); got "1 fortnight".',
    ],
  ];
  for (const [file, expected] of cases) assert.deepEqual(problems(context, { file }), [expected], file);
});

test('after a syntax error nothing else is guessed at', (context) => {
  assert.deepEqual(problems(context, { file: 'prot: 1\nhost: "x\n' }), [
    'f.yaml:3:1: this is not valid YAML: Missing closing "quote.',
  ]);
});

test('any text as a file gives a configuration or problems, never an exception', (context) => {
  const line = oneof(
    string(),
    tuple(constantFrom(...OPTION_NAMES, '__proto__'), string()).map(([name, value]) => `${name}: ${value}`),
  );
  assertProperty(
    property(array(line, { maxLength: 6 }), (lines) => {
      const outcome = read(context, { file: lines.join('\n') });
      assert(outcome.kind === 'valid' || outcome.problems.length > 0);
    }),
    { numRuns: 300 },
  );
});

test('every default is within its own bounds and can be written as it is shown', () => {
  for (const name of OPTION_NAMES) {
    if (name === 'listeners') continue;
    const row = ROWS[name];
    assert.deepEqual(row.read(showValue(name, row.default)), row.default, name);
  }
});

test('every option has one flag and one variable, and no two share one', () => {
  assert.equal(new Set(OPTION_NAMES.map(flagOf)).size, OPTION_NAMES.length);
  assert.equal(new Set(OPTION_NAMES.map(environmentNameOf)).size, OPTION_NAMES.length);
  assert.equal(flagOf('connectPacketBytesMax'), '--connect-packet-bytes-max');
  assert.equal(environmentNameOf('connectPacketBytesMax'), 'VOUCH_CONNECT_PACKET_BYTES_MAX');
});
