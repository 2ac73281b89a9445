// The certificates of the tests, checked in and good for a hundred years; certificates/make.sh makes them anew.

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A certificate with its key. */
export type CertificateName =
  | 'server'
  | 'elsewhere'
  | 'client'
  | 'revoked'
  | 'stranger'
  | 'expired'
  | 'self-signed'
  | 'wildcard';

const FOLDER = path.join(import.meta.dirname, 'certificates');

/** The path of a file among them. */
export function certificateFile(name: string): string {
  return path.join(FOLDER, name);
}

/** The contents of a file among them. */
export function certificateText(name: string): string {
  return readFileSync(certificateFile(name), 'utf8');
}

/** A certificate and its key, in PEM. */
export function certificate(name: CertificateName): { readonly cert: string; readonly key: string } {
  return { cert: certificateText(`${name}.pem`), key: certificateText(`${name}.key`) };
}
