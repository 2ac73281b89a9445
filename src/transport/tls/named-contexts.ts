// Which of several certificates a client of a TLS door is shown: the one for the name that it asks for (SNI). The first certificate
// of the door is shown where none fits, or no name is said: to clients that dial an address, and to old ones.
// Everything else is the door's, whatever the name: the same CAs, the same rules, the same tickets.

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls';
import { type CertificateWithKey, type TlsMaterial, tlsServerOptions } from './tls-material.ts';

/** A certificate besides the first, ready for handshakes. */
interface NamedContext {
  readonly certificate: X509Certificate;
  readonly context: SecureContext;
}

/** What a door is made with and what it has besides, by one name each. */
export interface Contexts {
  readonly first: X509Certificate;
  readonly others: readonly NamedContext[];
}

/**
 * Makes ready what is needed besides the first certificate.
 * @throws What OpenSSL finds wrong with it.
 */
export function contextsOf(material: TlsMaterial, protocols: readonly string[]): Contexts {
  const { others = [], cert } = material;
  const contextOf = (pair: CertificateWithKey): NamedContext => ({
    certificate: new X509Certificate(pair.cert),
    context: createSecureContext(tlsServerOptions({ ...material, passphrase: undefined, ...pair }, protocols)),
  });
  return { first: new X509Certificate(cert), others: others.map(contextOf) };
}

/** The choice of one door, whose certificates may change while it is open. */
export class CertificateChoice {
  /** What is chosen from now on. */
  contexts: Contexts;
  /** For the door's server; where there is nothing to choose, it is not asked, which costs each handshake a little. */
  readonly options: Pick<TlsOptions, 'SNICallback'>;

  constructor(contexts: Contexts) {
    this.contexts = contexts;
    this.options =
      contexts.others.length === 0 ? {} : { SNICallback: (name, answer) => answer(null, this.contextFor(name)) };
  }

  /** `undefined`: the door's first. */
  private contextFor(name: string): SecureContext | undefined {
    const { first, others } = this.contexts;
    if (isFor(first, name)) return undefined;
    return others.find(({ certificate }) => isFor(certificate, name))?.context;
  }
}

/** Whether a client that dials that name would take the certificate for it. */
function isFor(certificate: X509Certificate, name: string): boolean {
  try {
    return certificate.checkHost(name, { partialWildcards: false }) !== undefined;
  } catch {
    return false; // It is no name.
  }
}
