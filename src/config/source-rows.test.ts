// What may be said of certificates, tokens and an HTTP server, and what does not fit together.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { DEFAULT_AUTH_SOURCES } from '../auth/sources.ts';
import { millis } from '../base/millis.ts';
import { completeSources } from './check-sources.ts';
import { showProblem } from './problem.ts';
import { readConfig } from './read-config.ts';
import { faultsOfSources, SOURCE_ROWS } from './source-rows.ts';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'vouch-source-rows-'));
after(() => rmSync(FOLDER, { recursive: true }));
const FILE = path.join(FOLDER, 'vouch.yaml');

/** What is wrong with a file of options, without its path; or what it comes to. */
function read(...lines: readonly string[]) {
  writeFileSync(FILE, lines.map((line) => `${line}\n`).join(''));
  const outcome = readConfig({ path: FILE, flags: new Map(), environment: {} });
  if (outcome.kind === 'valid') return outcome.config.authSources;
  return outcome.problems.map((problem) => showProblem(problem).replace(`${FILE}:`, ''));
}

test('URLs are https, or on this machine; neither has a password in it', () => {
  const { read: take } = SOURCE_ROWS.httpAuth;
  for (const url of ['https://a.example/x?y=z', 'http://127.0.0.1:80/a', 'http://[::1]:9/', 'http://localhost/']) {
    assert.equal(take(url), new URL(url).href, url);
  }
  for (const url of [
    'http://a.example/',
    'https://u:p@a.example/',
    'https://u@a.example/',
    'ftp://a.example/',
    'https://',
  ]) {
    assert.equal(take(url), undefined, url);
    assert.equal(SOURCE_ROWS.jwtKeys.read(url), undefined, url);
  }
  assert.equal(take('keys.json'), undefined);
  assert.equal(SOURCE_ROWS.jwtKeys.read('keys.json'), 'keys.json');
  assert.deepEqual([take('none'), take(''), take(7)], ['', undefined, undefined]);
});

test('threat 31: no way of not signing at all is among the algorithms, in whatever spelling', () => {
  for (const text of ['none', 'None', 'RS256,none', 'RS256,', '', 'rs256']) {
    assert.equal(SOURCE_ROWS.jwtAlgorithms.read(text), undefined, text);
  }
  assert.deepEqual(SOURCE_ROWS.jwtAlgorithms.read('ES256, EdDSA'), ['ES256', 'EdDSA']);
  assert.deepEqual(SOURCE_ROWS.jwtAlgorithms.read('fitting'), []);
});

test('options fit together in the file, and each mistake is told at its place', () => {
  assert.deepEqual(read('jwtKeys: keys.json', 'jwtSecretFile: secret', 'jwtAlgorithms: HS256'), [
    '2:16: jwtSecretFile stands beside jwtKeys: tokens are checked with one of them.',
    '3:16: jwtKeys has public keys, and HS256 is not for those: take some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519.',
  ]);
  assert.deepEqual(read('jwtAudience: mqtt', 'httpAuthTimeout: 5 s'), [
    '1:14: jwtAudience is of no use without jwtKeys or a jwtSecretFile.',
    '2:18: httpAuthTimeout is of no use without httpAuth.',
  ]);
  assert.deepEqual(read('jwtKeys: keys.json', 'jwtKeysCa: ca.pem'), [
    '2:12: jwtKeysCa is of use only where jwtKeys is a URL.',
  ]);
  assert.deepEqual(read('certificateUser: cn'), [
    '1:18: no listener asks clients for certificates (clientCertificate), so certificateUser is of no use.',
  ]);
});

test('what asks who somebody is lets other machines reach a listener; what does not, does not', () => {
  const ways = ['jwtKeys: keys.json', 'jwtSecretFile: secret', 'httpAuth: https://a.example/'];
  for (const way of ways) assert.ok(!Array.isArray(read('host: 0.0.0.0', way)), way);
  assert.match(JSON.stringify(read('host: 0.0.0.0')), /nobody would be asked who they are/u);
  const optional = [
    '- type: tls',
    '  host: 0.0.0.0',
    '  cert: c',
    '  key: k',
    '  ca: a',
    '  clientCertificate: optional',
  ];
  assert.ok(!Array.isArray(read('certificateUser: san-uri', 'listeners:', ...optional)));
  assert.match(JSON.stringify(read('listeners:', ...optional)), /nobody would be asked/u);
});

test('a program says the same, in the types of a program', () => {
  const given = { jwtKeys: 'k', jwtAlgorithms: ['ES256'], jwtClockTolerance: millis(500), jwtGroupsClaim: '' } as const;
  assert.deepEqual(completeSources(given), { ...DEFAULT_AUTH_SOURCES, ...given });
  assert.deepEqual(completeSources({ jwtKeys: undefined, httpAuth: '' }), DEFAULT_AUTH_SOURCES);
  for (const [wrong, message] of [
    [
      { httpAuth: 'https://a.example/', httpAuthTimeout: millis(1) },
      /^httpAuthTimeout takes a duration from 100 ms to 1 min; got 1\.$/u,
    ],
    [{ jwtAudience: 'mqtt' }, /^jwtAudience is of no use without jwtKeys or a jwtSecretFile\.$/u],
  ] as const) {
    assert.throws(() => completeSources(wrong), { code: 'invalid-option', message });
  }
  assert.deepEqual(faultsOfSources(DEFAULT_AUTH_SOURCES), []);
});
