import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { certificate, certificateFile, certificateText } from '../support/certificates.ts';
import type { TlsFiles } from '../../src/config/listener-address.ts';
import { pathsOf, readTlsFiles } from '../../src/server/tls-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vouch-tls-'));
after(() => rmSync(folder, { recursive: true }));

const GOOD: TlsFiles = {
  cert: certificateFile('server.pem'),
  key: certificateFile('server.key'),
  others: [],
  ca: certificateFile('ca.pem'),
  crl: certificateFile('crl.pem'),
  clientCertificate: 'required',
  minVersion: 'TLSv1.2',
};

function faults(files: Partial<TlsFiles>): readonly string[] {
  const reading = readTlsFiles({ ...GOOD, ...files });
  assert(reading.kind === 'faulty', 'the files should have been refused');
  return reading.faults;
}

/** A file with that in it. */
function file(name: string, text: string): string {
  const made = path.join(folder, name);
  writeFileSync(made, text);
  return made;
}

test('good files are read, without a warning', () => {
  const reading = readTlsFiles(GOOD);
  assert(reading.kind === 'read');
  assert.deepEqual(reading.warnings, []);
  assert.equal(reading.material.cert, certificateText('server.pem'));
  assert.equal(reading.material.clientCertificate, 'required');
});

test('certificates for other names are read and checked like the first', () => {
  const named = (name: string) => ({ cert: certificateFile(`${name}.pem`), key: certificateFile(`${name}.key`) });
  const reading = readTlsFiles({ ...GOOD, others: [named('elsewhere')] });
  assert(reading.kind === 'read');
  assert.deepEqual(reading.material.others, [certificate('elsewhere')]);
  const wrong = { cert: certificateFile('elsewhere.pem'), key: certificateFile('wildcard.key') };
  assert.deepEqual(faults({ others: [named('elsewhere'), wrong, named('wildcard')] }), [
    `the key ${wrong.key} does not belong to the certificate ${wrong.cert}`,
  ]);
  assert.deepEqual(faults({ others: [{ cert: '/nowhere/a.pem', key: wrong.key }] }), [
    'the certificate /nowhere/a.pem cannot be read: there is no such file',
  ]);
  assert.deepEqual(pathsOf({ ...GOOD, others: [wrong] }).slice(2, 4), [wrong.cert, wrong.key]);
});

test('PEM itself is taken in place of a path', () => {
  const reading = readTlsFiles({ ...GOOD, cert: certificateText('server.pem'), key: certificateText('server.key') });
  assert.equal(reading.kind, 'read');
});

test('a file that cannot be read is told by its path', () => {
  assert.deepEqual(faults({ cert: '/nowhere/a.pem', key: folder }), [
    'the certificate /nowhere/a.pem cannot be read: there is no such file',
    `the key ${folder} cannot be read: it is a directory`,
  ]);
});

test('a file that holds something else is told by its path', () => {
  const { cert, key } = GOOD;
  const broken = certificateText('server.pem').replace(/\nM/u, '\nA');
  assert.deepEqual(faults({ cert: key }), [
    `the certificate ${key} holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`,
  ]);
  assert.deepEqual(faults({ key: cert }), [
    `the key ${cert} holds no private key in PEM ("-----BEGIN PRIVATE KEY-----")`,
  ]);
  assert.deepEqual(faults({ crl: cert }), [
    `the list of revoked certificates ${cert} holds no list of revoked certificates in PEM ("-----BEGIN X509 CRL-----")`,
  ]);
  const mixed = file('mixed.pem', certificateText('ca.pem') + broken);
  assert.deepEqual(faults({ ca: mixed }), [
    `the file of CAs ${mixed} holds something that is no certificate: block 2 of 2`,
  ]);
});

test('a key that is encrypted, or of another certificate, is told', () => {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes256', passphrase: 'open sesame' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const encrypted = file('encrypted.key', privateKey);
  assert.deepEqual(faults({ key: encrypted }), [
    `the key ${encrypted} is encrypted: decrypt it (openssl pkey -in FILE -out FILE), and let nobody else read it`,
  ]);
  const other = certificateFile('client.key');
  assert.deepEqual(faults({ key: other }), [`the key ${other} does not belong to the certificate ${GOOD.cert}`]);
});

test('CAs and lists of revoked certificates that are about to expire, or have, are warned of', () => {
  const days = (until: string, left: number): number => Date.parse(until) - left * 24 * 60 * 60_000;
  const warnings = (now: number): readonly string[] => {
    const reading = readTlsFiles(GOOD, now);
    assert(reading.kind === 'read');
    return reading.warnings.filter((warning) => !warning.startsWith('the certificate '));
  };
  const until = '2126-10-30T11:29:22Z';
  assert.deepEqual(warnings(days(until, 15)), []);
  const ca = `the CA "O=Vouch tests, CN=Vouch test CA" in ${GOOD.ca}`;
  assert.deepEqual(warnings(days(until, 13)), [
    `${ca} expires on 2126-10-30: clients with certificates of it will be refused then`,
  ]);
  assert.equal(
    warnings(days(until, 1)).at(-1),
    `a list of revoked certificates in ${GOOD.crl} is good until 2126-10-30 11:29 UTC: without a newer one all clients of its CA will be refused then`,
  );
  assert.deepEqual(warnings(days(until, -1)), [
    `${ca} has expired on 2126-10-30: clients with certificates of it are refused`,
    `a list of revoked certificates in ${GOOD.crl} was good until 2126-10-30 11:29 UTC: without a newer one all clients of its CA are refused`,
  ]);
});

test('a certificate that has expired is warned of', () => {
  const expired = certificateFile('expired.pem');
  const reading = readTlsFiles({ ...GOOD, cert: expired, key: certificateFile('expired.key') });
  assert(reading.kind === 'read');
  assert.deepEqual(reading.warnings, [`the certificate ${expired} has expired on 2001-01-01: clients will refuse it`]);
});
