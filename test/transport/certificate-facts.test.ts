import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { certificateText } from '../support/certificates.ts';
import { certificateFacts, readAlternativeNames } from '../../src/transport/tls/certificate-facts.ts';

it('the facts of a certificate are its name, its other names, and its fingerprint', () => {
  const certificate = new X509Certificate(certificateText('client.pem'));
  assert.deepEqual(certificateFacts(certificate), {
    commonName: 'device-7',
    alternativeNames: ['URI:urn:vouch:device-7', 'email:device-7@vouch.example'],
    fingerprint: certificate.fingerprint256,
  });
});

it('a certificate without alternative names has none', () => {
  const { alternativeNames } = certificateFacts(new X509Certificate(certificateText('revoked.pem')));
  assert.deepEqual(alternativeNames, []);
});

it('a comma in a name does not make two of it', () => {
  assert.deepEqual(readAlternativeNames('DNS:"a.example, DNS:admin", IP Address:127.0.0.1'), [
    'DNS:a.example, DNS:admin',
    'IP Address:127.0.0.1',
  ]);
});

it('a list that is not of the known form has no names', () => {
  for (const list of ['DNS', 'DNS:"a', 'DNS:a,DNS:b', ', DNS:a']) {
    assert.deepEqual(readAlternativeNames(list), [], list);
  }
});
