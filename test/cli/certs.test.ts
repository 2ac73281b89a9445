// `vouch certs`, and a broker with what it makes, as processes; SIGHUP among them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { type CertificateWishes, makeCertificates } from '../../src/server/certificate-folder.ts';
import { skipUnless } from '../require.ts';
import { isInstalled } from '../support/tool.ts';
import { type Ended, startVouch } from './vouch-process.ts';

const WITHOUT_OPENSSL = skipUnless('interop', isInstalled('openssl', 'version'), 'openssl is not installed');

interface Stage {
  readonly at: (name: string) => string;
  /** Runs `vouch certs --out` a folder that is not there at first. */
  readonly certs: (...args: readonly string[]) => Promise<Ended>;
  readonly certificate: (name: string) => X509Certificate;
}

function stage(context: TestContext): Stage {
  const root = mkdtempSync(path.join(tmpdir(), 'vouch-certs-'));
  context.after(() => rmSync(root, { recursive: true }));
  const folder = path.join(root, "it's here");
  const at = (name: string): string => path.join(folder, name);
  return {
    at,
    certs: async (...args) => await startVouch(context, ['certs', '--out', folder, ...args]).ended,
    certificate: (name) => new X509Certificate(readFileSync(at(name))),
  };
}

test('one command makes a CA, a server and a client with keys for their owner alone, and says what to try', async (context) => {
  const { at, certs, certificate } = stage(context);
  const { code, stdout, stderr } = await certs('--host', 'broker.lan', '--host', '2001:db8::5', '--days', '30');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /vouch start --listeners 'mqtts:\/\/127\.0\.0\.1:8883\?cert=\S+it's?%?/);
  const files = ['ca.key', 'ca.pem', 'client.key', 'client.pem', 'crl.pem', 'server.key', 'server.pem'];
  assert.deepEqual(readdirSync(at('')).sort(), files);
  for (const name of ['ca', 'server', 'client']) {
    assert.equal(statSync(at(`${name}.key`)).mode & 0o777, 0o600);
    const own = certificate(`${name}.pem`);
    assert.ok(own.checkPrivateKey(createPrivateKey(readFileSync(at(`${name}.key`)))));
    assert.ok(own.verify(certificate('ca.pem').publicKey));
    const days = (own.validToDate.getTime() - Date.now()) / 86_400_000;
    assert.ok(days > 29 && days <= 30, String(days));
  }
  const server = certificate('server.pem');
  for (const name of ['localhost', 'broker.lan']) assert.equal(server.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1', '2001:db8::5'])
    assert.notEqual(server.checkIP(address), undefined, address);
  assert.equal(server.checkHost('elsewhere.lan'), undefined);
  assert.equal(certificate('client.pem').subject, 'CN=client');
});

test('what is there is not overwritten but by --force; clients are added, under other names', async (context) => {
  const { at, certs, certificate } = stage(context);
  const wishes = { folder: at(''), hosts: [], clients: [], revoke: [], days: 1, force: false };
  await makeCertificates({ ...wishes, clients: ['a', 'b'] });
  const before = readFileSync(at('ca.pem'), 'utf8');
  const impossible: readonly (readonly [wish: Partial<CertificateWishes>, said: RegExp])[] = [
    [{}, /There is a CA in .* already\. --client NAME adds/],
    [{ hosts: ['x'] }, /server\.pem is there already\. --force makes everything anew/],
    [{ clients: ['c', 'b'] }, /b\.pem is there already: choose another name/],
    [{ revoke: ['d'] }, /There is no .*d\.pem to revoke\./],
  ];
  for (const [wish, message] of impossible) {
    await assert.rejects(makeCertificates({ ...wishes, ...wish }), { code: 'invalid-option', message });
  }
  for (const [option, value, said] of [
    ['--client', '../d', /--client takes up to 64 letters.*got "\.\.\/d"/],
    ['--client', 'ca', /none of ca, server, crl/],
    ['--host', 'a b', /--host takes a host name or an IP address/],
  ] as const) {
    const { code, stderr } = await certs(option, value);
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
  assert.ok(!readdirSync(at('')).includes('c.pem'), 'nothing is done where not all can be');
  assert.equal((await certs('--client', 'c')).code, 0);
  assert.ok(certificate('c.pem').verify(certificate('ca.pem').publicKey));
  assert.equal(readFileSync(at('ca.pem'), 'utf8'), before);
  assert.equal((await certs('--force')).code, 0);
  assert.notEqual(readFileSync(at('ca.pem'), 'utf8'), before);
  writeFileSync(at('ca.key'), 'garbage');
  const { code, stderr } = await certs('--client', 'd');
  assert.equal(code, 1);
  assert.match(stderr, /ca\.pem and ca\.key are no CA and its key\./);
});

test('openssl finds everything right, and who was revoked wrong', { skip: WITHOUT_OPENSSL }, async (context) => {
  const { at, certs } = stage(context);
  await certs('--client', 'a', '--client', 'b');
  const verify = (name: string, ...args: readonly string[]): string => {
    const options = [
      'verify',
      '-x509_strict',
      '-CAfile',
      at('ca.pem'),
      '-CRLfile',
      at('crl.pem'),
      '-crl_check',
      ...args,
    ];
    const { status } = spawnSync('openssl', [...options, at(name)], { stdio: 'ignore' });
    return `${name} ${status}`;
  };
  const all = (): readonly string[] => [
    verify('server.pem', '-purpose', 'sslserver'),
    verify('a.pem', '-purpose', 'sslclient'),
    verify('b.pem', '-purpose', 'sslclient'),
  ];
  assert.deepEqual(all(), ['server.pem 0', 'a.pem 0', 'b.pem 0']);
  await certs('--revoke', 'a');
  assert.deepEqual(all(), ['server.pem 0', 'a.pem 2', 'b.pem 0']);
  await certs('--revoke', 'a', '--revoke', 'b');
  assert.deepEqual(all(), ['server.pem 0', 'a.pem 2', 'b.pem 2']);
});

test('a broker takes what it made; SIGHUP reads it again, and who was revoked gets in no more', {
  timeout: 60_000,
}, async (context) => {
  const { at, certs } = stage(context);
  await certs('--client', 'a', '--client', 'b');
  const files = { cert: at('server.pem'), key: at('server.key'), ca: at('ca.pem'), crl: at('crl.pem') };
  const query = new URLSearchParams({ ...files, clientCertificate: 'required' }).toString().replaceAll('+', '%20');
  const listeners = `mqtts://127.0.0.1:0?${query}`;
  const broker = startVouch(context, ['start', '--store', 'memory', '--revoke-on-reload', '--listeners', listeners]);
  const [url = ''] = /mqtts:\/\/[\d.:]+/.exec(await broker.line('Vouch is listening')) ?? [];
  const own = (name: string): readonly string[] => [
    '-L',
    url,
    '--cafile',
    at('ca.pem'),
    '--cert',
    at(`${name}.pem`),
    '--key',
    at(`${name}.key`),
  ];
  const codes = async (): Promise<readonly (number | null)[]> =>
    await Promise.all(
      ['a', 'b'].map(async (name) => {
        const args = ['pub', ...own(name), '-q', '1', '-t', 't', '-m', 'x'];
        return (await startVouch(context, args).ended).code;
      }),
    );
  assert.deepEqual(await codes(), [0, 0]);
  const sub = startVouch(context, ['sub', ...own('a'), '-i', 'sub-a', '-t', 't']);
  await broker.line('sub-a');
  await certs('--revoke', 'a');
  broker.signal('SIGHUP');
  await broker.line('Reading the files of users, rules, keys and certificates again');
  await broker.line('TLS setup of');
  await broker.line('Connections were ended');
  assert.deepEqual(await codes(), [1, 0]);
  sub.signal('SIGTERM');
  await sub.ended;
  broker.signal('SIGTERM');
  assert.equal((await broker.ended).code, 0);
});
