// The messages of SCRAM (RFC 5802 section 7) as text and back: attributes with commas between. Readers give `undefined` for
// whatever is not to the letter; which side says what then is its own business. Channel binding is not spoken.

import { SCRAM_ITERATIONS_MAX } from './scram-terms.ts';

/** The client's first message. */
export interface ClientFirst {
  /** What stands before the rest: whether the client would bind the channel, and as whom it wants to act. */
  readonly header: string;
  /** The rest, which is signed. */
  readonly bare: string;
  readonly userName: string;
  /** As whom it wants to act; '': as itself. */
  readonly actsAs: string;
  readonly nonce: string;
}

/** The server's challenge. */
export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** The client's answer. */
export interface ClientFinal {
  /** The header of the first message again, in Base64. */
  readonly binding: string;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** What is signed of it: all but the proof. */
  readonly withoutProof: string;
}

/** Printable ASCII without a comma. */
const NONCE = String.raw`[\x21-\x2b\x2d-\x7e]+`;
const BASE64 = '[A-Za-z0-9+/]+={0,2}';
const NAME = '(?:[^,=]|=2C|=3D)*';

/** More is no message of SCRAM. */
const MESSAGE_BYTES_MAX = 4096;

/** Reads the first message; one that binds the channel is none. */
export function parseClientFirst(data: Uint8Array): ClientFirst | undefined {
  const found = new RegExp(`^([ny],(?:a=(${NAME}))?,)(n=(${NAME}),r=(${NONCE})(?:,.*)?)$`, 'su').exec(textOf(data));
  if (found === null) return undefined;
  const [, header = '', actsAs = '', bare = '', userName = '', nonce = ''] = found;
  return { header, bare, userName: unescaped(userName), actsAs: unescaped(actsAs), nonce };
}

/** Reads the challenge. */
export function parseServerFirst(data: Uint8Array): ServerFirst | undefined {
  const found = new RegExp(`^r=(${NONCE}),s=(${BASE64}),i=([1-9]\\d{0,8})(?:,.*)?$`, 'su').exec(textOf(data));
  const salt = bytesOfBase64(found?.[2]);
  if (found === null || salt === undefined || Number(found[3]) > SCRAM_ITERATIONS_MAX) return undefined;
  return { nonce: found[1] ?? '', salt, iterations: Number(found[3]) };
}

/** Reads the answer to the challenge. */
export function parseClientFinal(data: Uint8Array): ClientFinal | undefined {
  const found = new RegExp(`^(c=(${BASE64}),r=(${NONCE})(?:,.*)?),p=(${BASE64})$`, 'su').exec(textOf(data));
  const proof = bytesOfBase64(found?.[4]);
  if (found === null || proof === undefined) return undefined;
  const [, withoutProof = '', binding = '', nonce = ''] = found;
  return { binding, nonce, proof, withoutProof };
}

/** Reads the server's last word: its signature. */
export function parseServerFinal(data: Uint8Array): Uint8Array | undefined {
  const found = new RegExp(`^v=(${BASE64})(?:,.*)?$`, 'su').exec(textOf(data));
  return bytesOfBase64(found?.[1]);
}

/** A name as it stands in a message. */
export function escaped(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

/** Bytes, or a text's UTF-8, in Base64. */
export function base64(bytes: Uint8Array | string): string {
  return btoa(String.fromCharCode(...(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)));
}

function bytesOfBase64(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined; // No Base64.
  }
}

/** What is signed: the three messages without the proof. */
export function exchangedText(clientFirstBare: string, serverFirst: string, withoutProof: string): string {
  return `${clientFirstBare},${serverFirst},${withoutProof}`;
}

function unescaped(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

/** '', which is no message, for what is no text or too long. */
function textOf(data: Uint8Array): string {
  if (data.length > MESSAGE_BYTES_MAX) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return ''; // No UTF-8.
  }
}
