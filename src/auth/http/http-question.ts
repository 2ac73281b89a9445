// What an HTTP server is asked about a client: everything that the broker knows of it, as JSON. Each field is always there: what
// a client does not say is null, so that nobody takes a missing name for an empty one (threat 28).

import type { Credentials } from '../contract.ts';
import { addressOf } from '../rules/address-range.ts';

/** A question as text. It has a password in it: it is sent, and nothing else. */
export function questionText({ clientId, userName, password, remote, certificate }: Credentials): string {
  const address = addressOf(remote);
  return JSON.stringify({
    clientId,
    userName: userName ?? null,
    password: password === undefined ? null : textOf(password),
    passwordBase64: password === undefined ? null : Buffer.from(password).toString('base64'),
    address: address === '' ? null : address,
    certificate:
      certificate === undefined
        ? null
        : {
            commonName: certificate.commonName ?? null,
            alternativeNames: certificate.alternativeNames,
            fingerprint: certificate.fingerprint,
          },
  });
}

/** Null where the bytes are no text. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
