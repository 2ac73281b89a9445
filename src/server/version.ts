// The version of this installation, read from the package's own package.json.

import { readFileSync } from 'node:fs';

/** Vouch's version, such as `0.1.0`. */
export function readVersion(): string {
  // The same two steps up from src/ and from the built dist/.
  const page: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof page === 'object' && page !== null && 'version' in page) return String(page.version);
  return 'unknown';
}
