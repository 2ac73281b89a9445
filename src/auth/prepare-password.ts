// One password however it was typed: SASLprep (RFC 4013) as far as it changes text, so that both sides of SCRAM derive the same
// keys. Spaces of every kind become one, invisible characters go, and compatible forms are made equal (NFKC). What SASLprep would
// refuse, control characters and such, and bytes that are no text are taken as they are: both sides do the same.

/** RFC 3454 table C.1.2, but for U+200B, which the next one has, too. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;
/** RFC 3454 table B.1. */
const NOTHING = /[\u00ad\u1806\u200b-\u200d\u2060\ufeff]|[\u180b-\u180d]|[\ufe00-\ufe0f]|\u034f/gu;
/** RFC 3454 tables C.2 to C.9, after the above. */
const PROHIBITED =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
  /[\u0000-\u001f\u007f-\u009f\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\u200e\u200f\u202a-\u202e\u2ff0-\u2ffb\ufff9-\uffff]|\p{Co}|\p{Cs}|\p{Noncharacter_Code_Point}/u;

/** The bytes to derive keys from. */
export function preparePassword(password: Uint8Array): Uint8Array {
  const text = textOf(password);
  if (text === undefined) return password;
  const prepared = text.replaceAll(SPACES, ' ').replaceAll(NOTHING, '').normalize('NFKC');
  return PROHIBITED.test(prepared) ? password : new TextEncoder().encode(prepared);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // No UTF-8, which is a value here.
  }
}
