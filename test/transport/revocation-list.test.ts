import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';

import { elementsIn, elementsOfFirst } from '../../src/transport/tls/der.ts';
import { RevokedCertificates, splitLists } from '../../src/transport/tls/revocation-list.ts';
import { certificateText } from '../support/certificates.ts';

const CRL = certificateText('crl.pem');
const REVOKED = new X509Certificate(certificateText('revoked.pem'));
const CLIENT = new X509Certificate(certificateText('client.pem'));
const STRANGER = new X509Certificate(certificateText('stranger.pem'));

test('a list of OpenSSL names the certificates that were revoked, and no others', () => {
  const revoked = new RevokedCertificates(CRL);
  assert.deepEqual(
    [REVOKED, CLIENT, STRANGER].map((each) => revoked.has(each)),
    [true, false, false],
  );
});

test('a text may hold several lists, or none', () => {
  assert.deepEqual(splitLists(`${CRL}and\r\n${CRL}`).length, 2);
  assert.ok(new RevokedCertificates(`and\n${CRL}${CRL}`).has(REVOKED));
  assert.deepEqual(splitLists('none'), ['none']);
  assert.equal(new RevokedCertificates('').has(REVOKED), false);
});

test('a list that is cut anywhere names fewer certificates, and nothing worse', () => {
  const bytes = Buffer.from(CRL.replaceAll(/-----[^-]+-----/gu, ''), 'base64');
  for (let length = 0; length < bytes.length; length++) {
    const pem = `-----BEGIN X509 CRL-----\n${bytes.toString('base64', 0, length)}\n-----END X509 CRL-----`;
    new RevokedCertificates(pem).has(REVOKED);
  }
});

test('of any bytes, elements lie one behind the other within them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      let end = 0;
      for (const element of elementsIn(bytes, 0, bytes.length)) {
        assert.equal(element.start, end);
        assert.ok(element.contents > element.start && element.contents <= element.end && element.end <= bytes.length);
        end = element.end;
      }
      elementsOfFirst(bytes, 0, bytes.length);
    }),
  );
});
