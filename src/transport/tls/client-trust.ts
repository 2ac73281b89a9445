// Whether a certificate that was good once is still good, by CAs and lists of revoked certificates that have changed since: OpenSSL
// asks that in a handshake only. Asked is whether a CA vouches for it, and whether it, or one between it and its CA, was revoked.
// That it has expired since is not asked: nobody has taken that back.

import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { RevokedCertificates } from './revocation-list.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Certificates between a client's and its CA's, and these. */
const CHAIN_MAX = 16;

/** Whom a listener trusts. */
export class ClientTrust {
  private readonly authorities: readonly X509Certificate[];
  private readonly revoked: RevokedCertificates;

  /** CAs and lists in PEM, several of each one after the other. */
  constructor(ca: string, crl: string) {
    this.authorities = Array.from(ca.matchAll(CERTIFICATE), ([pem]) => new X509Certificate(pem));
    this.revoked = new RevokedCertificates(crl);
  }

  /** Why the certificate of a client that is connected is not good any more, as a sentence; `undefined`: it is good, or there is none. */
  objectionTo(socket: TLSSocket): string | undefined {
    const [own, ...between] = chainOf(socket);
    if (own === undefined) return undefined;
    const name = JSON.stringify(own.subject.replaceAll('\n', ', '));
    const verdict = this.judge(own, between, CHAIN_MAX);
    if (verdict === 'trusted') return undefined;
    return verdict === 'revoked'
      ? `Its certificate ${name}, or that of a CA of it, was revoked.`
      : `Its certificate ${name} is no longer signed by a CA that is trusted here.`;
  }

  private judge(
    certificate: X509Certificate,
    between: readonly X509Certificate[],
    depth: number,
  ): 'trusted' | 'revoked' | 'unknown' {
    if (this.revoked.has(certificate)) return 'revoked';
    // What OpenSSL takes for the end of a chain has signed itself.
    if (isSignedBy(certificate, certificate)) return this.isListed(certificate) ? 'trusted' : 'unknown';
    if (depth === 0) return 'unknown';
    let verdict: 'revoked' | 'unknown' = 'unknown';
    for (const issuer of [...this.authorities, ...between]) {
      if (!isSignedBy(certificate, issuer)) continue;
      const found = this.judge(issuer, between, depth - 1);
      if (found === 'trusted') return found;
      if (found === 'revoked') verdict = found;
    }
    return verdict;
  }

  private isListed({ fingerprint256 }: X509Certificate): boolean {
    return this.authorities.some((authority) => authority.fingerprint256 === fingerprint256);
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The client's certificate, and those behind it that it has shown or that were known then. */
function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // The last one is its own issuer; without a certificate there is an empty object.
  while (next?.raw !== undefined && !seen.has(next.fingerprint256) && chain.length < CHAIN_MAX) {
    seen.add(next.fingerprint256);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
