// Secrets that are easy to find, and how they are looked for: in every form in which they could leave.

import assert from 'node:assert/strict';

/** What nobody but its owner may ever see: different for each place where it is planted. */
export function canary(place: string): string {
  return `canary-${place}-7b1f`;
}

/** Every form in which a secret could leave. */
export function formsOf(secret: string): readonly string[] {
  const raw = Buffer.from(secret);
  const base64 = raw.toString('base64').replaceAll('=', '');
  return [secret, encodeURIComponent(secret), base64.slice(0, -1), raw.toString('hex')];
}

/** The lines of a key, and the salts and hashes of a password file. */
export function piecesOf(text: string): readonly string[] {
  return text.split(/[\s$:,]+/).filter((part) => part.length > 20 && !part.includes('PRIVATE'));
}

/** Claims that no secret is in a text, in any form; `more` are looked for as they are. */
export function expectNone(
  where: string,
  text: string,
  secrets: readonly string[],
  more: readonly string[] = [],
): void {
  for (const form of [...secrets.flatMap(formsOf), ...more]) {
    const at = text.indexOf(form);
    assert.ok(at < 0, `${where} has ${form}: ...${text.slice(Math.max(0, at - 80), at + 80)}...`);
  }
}

/** Claims that a secret is in a text, in some form: it was where it was to be planted, and would have been found. */
export function expectPlanted(where: string, text: string, secret: string): void {
  assert.ok(
    formsOf(secret).some((form) => text.includes(form)),
    `${where} never had ${secret}: ${text.slice(0, 300)}`,
  );
}
