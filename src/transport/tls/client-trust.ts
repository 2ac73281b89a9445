// Whether a certificate that was good once is still good, by CAs and lists of revoked certificates that have changed since: OpenSSL
// asks that in a handshake only. Asked is whether a CA vouches for it, and whether it, or one between it and its CA, was revoked.
// That it has expired since is not asked: nobody has taken that back.
//
// Certificates between the client's and its CA's are known where they are listed with the CAs. What a client has shown of them Node does not
// tell later; without them nothing can be said about a client, and the caller decides what that means (`whenUnknown`).

import { X509Certificate } from 'node:crypto';
import { RevokedCertificates } from './revocation-list.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Certificates between a client's and its CA's. */
const DEPTH_MAX = 16;

type Verdict = 'trusted' | 'revoked' | 'unknown';

/** Whom a listener trusts. */
export class ClientTrust {
  private readonly authorities: readonly X509Certificate[];
  /** What is known of these; most clients have the same ones above them. */
  private readonly verdicts: Map<X509Certificate, Verdict>;
  private readonly revoked: RevokedCertificates;
  private readonly whenUnknown: 'object' | 'let';

  /**
   * CAs and lists in PEM, several of each one after the other.
   * @param whenUnknown  What is said of a certificate that no CA of these has signed.
   */
  constructor(ca: string, crl: string, whenUnknown: 'object' | 'let') {
    this.authorities = Array.from(ca.matchAll(CERTIFICATE), ([pem]) => new X509Certificate(pem));
    this.verdicts = new Map();
    this.revoked = new RevokedCertificates(crl);
    this.whenUnknown = whenUnknown;
  }

  /** Why a certificate is not good any more, as a sentence; `undefined`: it is. */
  objectionTo(certificate: X509Certificate): string | undefined {
    const name = JSON.stringify(certificate.subject.replaceAll('\n', ', '));
    switch (this.judge(certificate, DEPTH_MAX)) {
      case 'revoked':
        return `Its certificate ${name}, or that of a CA of it, was revoked.`;
      case 'unknown':
        return this.whenUnknown === 'let' ? undefined : `None of the CAs now has signed its certificate ${name}.`;
      default:
        return undefined;
    }
  }

  private judge(certificate: X509Certificate, depth: number): Verdict {
    if (this.revoked.has(certificate)) return 'revoked';
    // What OpenSSL takes for the end of a chain has signed itself.
    if (isSignedBy(certificate, certificate)) return this.isListed(certificate) ? 'trusted' : 'unknown';
    if (depth === 0) return 'unknown';
    let verdict: 'revoked' | 'unknown' = 'unknown';
    for (const issuer of this.authorities) {
      if (!isSignedBy(certificate, issuer)) continue;
      const found = this.verdicts.get(issuer) ?? this.judge(issuer, depth - 1);
      this.verdicts.set(issuer, found);
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
