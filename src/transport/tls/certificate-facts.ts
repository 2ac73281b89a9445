// The facts of a certificate, from the forms in which Node tells them.

import type { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from '../../base/peer-certificate.ts';

/** One name: its kind, a colon, and the rest up to a comma, in quotes where it has a comma or the like in it. */
const ALTERNATIVE_NAME = /([A-Za-z][A-Za-z0-9 ]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

/** The facts of a certificate that was found good. */
export function certificateFacts(certificate: X509Certificate): PeerCertificate {
  return {
    commonName: commonNameOf(certificate),
    alternativeNames: readAlternativeNames(certificate.subjectAltName ?? ''),
    fingerprint: certificate.fingerprint256,
  };
}

/** The only Common Name: of two, nobody can say which is meant. */
function commonNameOf(certificate: X509Certificate): string | undefined {
  const { subject } = certificate.toLegacyObject();
  const name: unknown = subject?.CN;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Reads a list like `DNS:a.example, URI:urn:b`. Empty where it is not of that form, so that no part of a name is taken for one. */
export function readAlternativeNames(list: string): readonly string[] {
  const names: string[] = [];
  let end = 0;
  for (const match of list.matchAll(ALTERNATIVE_NAME)) {
    const [text, kind, written = ''] = match;
    const name = written.startsWith('"') ? unquoted(written) : written;
    if (name === undefined) return [];
    names.push(`${kind}:${name}`);
    end += text.length;
  }
  return end === list.length ? names : [];
}

function unquoted(written: string): string | undefined {
  try {
    const name: unknown = JSON.parse(written);
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}
