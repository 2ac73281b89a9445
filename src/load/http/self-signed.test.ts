import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';

import { makeSelfSigned } from './self-signed.ts';

test('the certificate is good for localhost and 127.0.0.1, today, and signed by its own key', () => {
  const now = Date.UTC(2031, 1, 3, 4, 5, 6);
  const { cert, key } = makeSelfSigned(now);
  const certificate = new X509Certificate(cert);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.ok(certificate.validFromDate.getTime() < now && certificate.validToDate.getTime() > now);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.ca);
  assert.match(key, /BEGIN PRIVATE KEY/);
});

test('no two are the same', () => {
  const [one, other] = [makeSelfSigned(0), makeSelfSigned(0)].map(({ cert }) => new X509Certificate(cert));
  assert.notEqual(one?.serialNumber, other?.serialNumber);
  assert.notEqual(one?.fingerprint256, other?.fingerprint256);
});
