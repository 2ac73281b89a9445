// Which name of a certificate is its user.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PeerCertificate } from '../base/peer-certificate.ts';
import { type CertificateUser, certificateLink } from './certificate-link.ts';

const DEVICE: PeerCertificate = {
  commonName: 'Device 7',
  alternativeNames: ['DNS:d7.example', 'email:d7@example', 'URI:urn:d7', 'IP Address:192.0.2.7'],
  fingerprint: 'AB',
};

/** The user, or the reason code. */
async function ask(user: CertificateUser, certificate: Partial<PeerCertificate> = {}, userName?: string) {
  const shown = { ...DEVICE, ...certificate };
  const credentials = { clientId: 'c', userName, password: undefined, remote: '', certificate: shown };
  const answer = await certificateLink(user).authenticate(credentials);
  return answer.kind === 'accepted' ? answer.principal : answer.kind === 'refused' ? answer.reasonCode : 'not mine';
}

test('the user is the name of the kind that is wanted', async () => {
  const users = await Promise.all((['cn', 'san-dns', 'san-email', 'san-uri'] as const).map((user) => ask(user)));
  assert.deepEqual(users, ['Device 7', 'd7.example', 'd7@example', 'urn:d7']);
});

test('no such name, or two of them, are none', async () => {
  assert.equal(await ask('cn', { commonName: undefined }), 0x87);
  assert.equal(await ask('san-dns', { alternativeNames: ['URI:urn:d7', 'DNS:'] }), 0x87);
  assert.equal(await ask('san-dns', { alternativeNames: ['DNS:a', 'DNS:b'] }), 0x87);
  assert.equal(await ask('san-dns', { alternativeNames: ['DNS:a', 'DNS:a'] }), 'a');
});

test('a client that says another user name than its certificate is refused', async () => {
  assert.deepEqual([await ask('cn', {}, 'Device 7'), await ask('cn', {}, '')], ['Device 7', 'Device 7']);
  assert.deepEqual([await ask('cn', {}, 'root'), await ask('cn', {}, 'device 7')], [0x86, 0x86]);
});

test('who has shown no certificate is for others to know', () => {
  const nobody = { clientId: 'c', userName: 'Device 7', password: undefined, remote: '', certificate: undefined };
  assert.ok(!certificateLink('cn').knows(nobody));
});
