// What a TLS connection is made with on the listening side: keys, certificates, whom to trust, and what OpenSSL makes of them.
// Contents, not files: who reads files is server/.

import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import { splitLists } from './revocation-list.ts';

/** The versions of TLS that are spoken. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** Whether clients are asked for a certificate. A certificate that is shown must be good, also where none is required. */
export type ClientCertificateRule = 'none' | 'optional' | 'required';

/** In PEM. */
export interface CertificateWithKey {
  /** The certificate, and behind it those between it and the CA. */
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/** Keys and certificates in PEM, and the rules. */
export interface TlsMaterial extends CertificateWithKey {
  /** For clients that ask for another name (named-contexts.ts). Left out: none. Whether there are any stays so while a door is open. */
  readonly others?: readonly CertificateWithKey[] | undefined;
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined;
  /** Who signs the certificates of clients. */
  readonly ca?: string | Uint8Array | undefined;
  /** The certificates that its CAs have revoked: a list of each CA, one after the other. */
  readonly crl?: string | Uint8Array | undefined;
  readonly clientCertificate: ClientCertificateRule;
  readonly minVersion: TlsVersion;
}

/**
 * The options of a Node server. Sessions are resumed with tickets, as Node does it; their keys are made anew with each server.
 * Renegotiation, which TLS 1.3 has done away with, is refused in TLS 1.2 too: it costs us more than the client.
 * @param protocols  What is spoken over it, as ALPN calls it. A client that wants something else, and says so, is turned away, so
 * that nobody can be led to the wrong server; one that says nothing is taken.
 */
export function tlsServerOptions(material: TlsMaterial, protocols: readonly string[]): TlsOptions {
  const { cert, key, passphrase, ca, crl, clientCertificate, minVersion } = material;
  return {
    cert: asPem(cert),
    key: asPem(key),
    passphrase,
    ca: ca === undefined ? undefined : asPem(ca),
    crl: crl === undefined ? undefined : splitLists(pemText(crl)),
    minVersion,
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'required',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ALPNProtocols: [...protocols],
  };
}

/** Node takes text or a Buffer. */
export function asPem(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.length);
}

/** The same as text. */
export function pemText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : asPem(pem).toString('latin1');
}
