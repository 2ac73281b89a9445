import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';

import { issue, type KeyPair, makeAuthority, type Validity } from './development-certificates.ts';

const REQUEST = { kind: 'server', hosts: ['localhost', '127.0.0.1'] } as const;
const HOUR = 3_600_000;

function validityAround(now: number): Validity {
  return { from: new Date(now - HOUR), until: new Date(now + HOUR) };
}

/** Made for some moment: its CA, and the server's. */
async function made(now: number): Promise<{ readonly authority: KeyPair; readonly server: KeyPair }> {
  const validity = validityAround(now);
  const authority = await makeAuthority('test', validity);
  return { authority, server: await issue(authority, REQUEST, validity) };
}

test('the certificate of a server is good for its names, in its time, and signed by its CA', async () => {
  const now = Date.UTC(2031, 1, 3, 4, 5, 6);
  const { authority, server } = await made(now);
  const certificate = new X509Certificate(server.certificate);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.ok(certificate.validFromDate.getTime() < now && certificate.validToDate.getTime() > now);
  const ca = new X509Certificate(authority.certificate);
  assert.ok(certificate.verify(ca.publicKey) && ca.verify(ca.publicKey));
  assert.ok(ca.ca && !certificate.ca);
  assert.match(server.key, /BEGIN PRIVATE KEY/);
});

test('no two are the same', async () => {
  const [one, other] = (await Promise.all([made(0), made(0)])).map(
    ({ server }) => new X509Certificate(server.certificate),
  );
  assert.notEqual(one?.serialNumber, other?.serialNumber);
  assert.notEqual(one?.fingerprint256, other?.fingerprint256);
});
