// `vouch start` with listeners that are not plain TCP, and `vouch pub` and `vouch sub` over them: processes, their output and
// their exit codes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { certificateFile } from '../support/certificates.ts';
import { startVouch, type VouchProcess } from './vouch-process.ts';

const CERT = certificateFile('server.pem');
const KEY = certificateFile('server.key');
const CA = certificateFile('ca.pem');
const FILES = `cert=${encodeURIComponent(CERT)}&key=${encodeURIComponent(KEY)}`;
const MUTUAL = `${FILES}&ca=${encodeURIComponent(CA)}&clientCertificate=required`;

/** The URLs at which it listens, in the order of its listeners. */
async function urlsOf(broker: VouchProcess): Promise<readonly string[]> {
  const line: unknown = JSON.parse(await broker.line('Vouch is listening'));
  assert(typeof line === 'object' && line !== null && 'listeners' in line && typeof line.listeners === 'string');
  return [...line.listeners.matchAll(/(\S+:\/\/\S+) \(/gu)].map(([, url]) => url ?? '');
}

/** Publishes a retained message over `url`, and takes it back over it. */
async function pass(context: TestContext, topic: string, url: string, ...options: readonly string[]): Promise<void> {
  const pub = await startVouch(context, ['pub', '-L', url, ...options, '-t', topic, '-m', url, '-r', '-q', '1']).ended;
  assert.deepEqual([pub.code, pub.stderr], [0, '']);
  const sub = await startVouch(context, ['sub', '-L', url, ...options, '-t', topic, '-C', '1']).ended;
  assert.deepEqual([sub.code, sub.stdout], [0, `${url}\n`]);
}

test('a broker listens with everything at once, and a message passes over each', {
  timeout: 60_000,
}, async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-unix-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const place = path.join(folder, 'vouch.sock');
  const listeners = [
    `mqtts://127.0.0.1:0?${FILES}`,
    'ws://127.0.0.1:0/mqtt',
    `wss://127.0.0.1:0/a?${MUTUAL}`,
    `unix://${place}`,
  ];
  const broker = startVouch(context, ['start', '--store', 'memory', '--listeners', listeners.join(',')]);
  const [tls = '', ws = '', wss = '', unix = ''] = await urlsOf(broker);
  assert.match(tls, /^mqtts:\/\/127\.0\.0\.1:\d+$/u);
  assert.match(wss, /^wss:\/\/127\.0\.0\.1:\d+\/a$/u);
  assert.equal(unix, `unix://${place}`);
  const own = ['--cert', certificateFile('client.pem'), '--key', certificateFile('client.key')];
  await Promise.all([
    pass(context, 'tls', tls, '--cafile', CA),
    pass(context, 'ws', ws),
    pass(context, 'wss', wss, '--cafile', CA, ...own),
    pass(context, 'unix', unix),
  ]);
  const untrusting = await startVouch(context, ['pub', '-L', tls, '-t', 'a', '-m', 'b']).ended;
  assert.equal(untrusting.code, 1);
  assert.match(
    untrusting.stderr,
    /is signed by a CA that is not among those trusted\. If it is the right one, name its CA/u,
  );
  const unknown = await startVouch(context, ['pub', '-L', wss, '--cafile', CA, '-t', 'a', '-m', 'b']).ended;
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /certificate/u);
  broker.signal('SIGTERM');
  assert.equal((await broker.ended).code, 0);
});

test('--check reads keys and certificates, and tells what is wrong with them', async (context) => {
  const good = await startVouch(context, ['start', '--check', '--listeners', `mqtts://127.0.0.1:8883?${FILES}`]).ended;
  assert.deepEqual([good.code, good.stderr], [0, '']);
  assert.match(good.stdout, /^listen on +mqtts:\/\/127\.0\.0\.1:8883 +--listeners\n/u);
  const bad = `mqtts://127.0.0.1:8883?cert=nowhere.pem&key=${encodeURIComponent(CERT)}`;
  for (const options of [['--check'], []]) {
    const { code, stdout, stderr } = await startVouch(context, ['start', ...options, '--listeners', bad]).ended;
    assert.deepEqual([code, stdout], [2, '']);
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      'vouch start: mqtts://127.0.0.1:8883: the certificate nowhere.pem cannot be read: there is no such file.',
      `vouch start: mqtts://127.0.0.1:8883: the key ${CERT} holds no private key in PEM ("-----BEGIN PRIVATE KEY-----").`,
    ]);
  }
});

test('a listener for other machines without TLS is warned of, one with TLS and certificates is not', async (context) => {
  const listeners = `mqtt://0.0.0.0:0,mqtts://0.0.0.0:0?${MUTUAL}`;
  const args = ['start', '--store', 'memory', '--allow-anonymous', '--listeners', listeners];
  const broker = startVouch(context, args);
  const [plain = ''] = await urlsOf(broker);
  const sentence = 'Nothing is encrypted here: passwords, tokens and messages can be read, and changed, on their way';
  assert.ok((await broker.line(sentence)).includes(plain));
  broker.signal('SIGTERM');
  const { stdout } = await broker.ended;
  assert.equal(stdout.split('\n').filter((line) => line.includes('"warn"')).length, 2);
});
