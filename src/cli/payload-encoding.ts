// Payloads as people write and read them: as text, in hexadecimal, in base64, as JSON. What is written is decoded before it is
// published, what has come is encoded before it is printed.

import { OperationError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import { type Option, oneOf, valueOption } from './option-table.ts';

/** The ways. `text` is the bytes as they are. */
export type PayloadEncoding = (typeof ENCODINGS)[number];

const ENCODINGS = ['text', 'hex', 'base64', 'json'] as const;

/** The option. */
export function encodingOption(group: string, sentence: string): Option<PayloadEncoding | undefined> {
  const description = { metavar: 'ENCODING', group, sentence, defaultText: 'text' };
  return valueOption(description, oneOf(ENCODINGS));
}

/**
 * The payload that is written this way. White space round hexadecimal and base64, and between the bytes, is no part of it.
 * @throws {OperationError} `invalid-argument`: it is not written this way.
 */
export function decodePayload(written: string | Uint8Array, encoding: PayloadEncoding): string | Uint8Array {
  if (encoding === 'text') return written;
  const text = Buffer.from(written).toString('utf8');
  if (encoding === 'json') {
    try {
      JSON.parse(text);
      return written;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new OperationError('invalid-argument', `The payload is not JSON: ${reason}.`, undefined, { cause: error });
    }
  }
  const dense = text.replaceAll(/\s/g, '');
  if (encoding === 'hex' && /^([\da-f]{2})*$/i.test(dense)) return Buffer.from(dense, 'hex');
  if (encoding === 'base64' && /^[\w+/-]*={0,2}$/.test(dense) && dense.replaceAll('=', '').length % 4 !== 1) {
    return Buffer.from(dense, 'base64');
  }
  const name = encoding === 'hex' ? 'hexadecimal, two digits a byte' : 'base64';
  throw new OperationError('invalid-argument', `The payload is not ${name}: ${quote(text)}.`);
}

/** The payload written this way; with `json`, on lines of its own, and as it is where it is no JSON. */
export function encodePayload(payload: Uint8Array, encoding: PayloadEncoding): string | Uint8Array {
  switch (encoding) {
    case 'text':
      return payload;
    case 'hex':
      return Buffer.from(payload).toString('hex');
    case 'base64':
      return Buffer.from(payload).toString('base64');
    case 'json':
      try {
        return JSON.stringify(JSON.parse(Buffer.from(payload).toString('utf8')), undefined, 2);
      } catch {
        return payload;
      }
    default:
      return encoding satisfies never;
  }
}
