// Checks of what a caller hands in against what fits on the wire. The encoder trusts its packets; the
// caller of a client cannot know all of MQTT's bounds, and is told in a sentence which one it met. Nor is every caller held to
// the types: a number in place of a text is an error of his, not one of ours somewhere behind.

import { UsageError } from '../base/errors.ts';
import { utf8Length } from '../base/utf8.ts';
import { type MessageProperties, NO_MESSAGE_PROPERTIES, type UserProperty } from '../packet/properties.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import { checkTopic } from './topics.ts';

/** The length of a string or of binary data is two bytes on the wire. */
const FIELD_BYTES_MAX = 65_535;
const ENCODER = new TextEncoder();

/**
 * A text as bytes; bytes as they are, without a copy. hot:
 * @throws {UsageError} `invalid-argument`.
 */
export function bytesOf(payload: string | Uint8Array): Uint8Array {
  if (typeof payload === 'string') return ENCODER.encode(payload);
  if (isBytes(payload)) return payload;
  throw new UsageError('invalid-argument', 'A payload is text or a Uint8Array.');
}

/**
 * A function of the caller's, or none; also for callers without types.
 * @throws {UsageError} `invalid-argument`.
 */
export function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new UsageError('invalid-argument', `${name} takes a function; got ${typeof value}.`);
}

/**
 * A whole number within bounds.
 * @throws {UsageError} `invalid-option`.
 */
export function checkInteger(name: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new UsageError('invalid-option', `${name} takes a whole number from ${minimum} to ${maximum}; got ${value}.`);
}

/**
 * A UTF-8 Encoded String (section 1.5.4).
 * @throws {UsageError} `invalid-argument`.
 */
export function checkText(name: string, value: string): string {
  if (typeof value !== 'string') throw wrongKind(name, 'a text', value);
  // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
  if (!value.isWellFormed() || value.includes('\0')) {
    throw new UsageError('invalid-argument', `${name} has a character that MQTT forbids: U+0000, or half of a pair.`);
  }
  checkLength(name, utf8Length(value));
  return value;
}

/**
 * Binary Data (section 1.5.6).
 * @throws {UsageError} `invalid-argument`.
 */
export function checkBinary(name: string, value: Uint8Array): Uint8Array {
  if (!isBytes(value)) throw wrongKind(name, 'a Uint8Array', value);
  checkLength(name, value.length);
  return value;
}

/**
 * User Properties, in order.
 * @throws {UsageError} `invalid-argument`.
 */
export function checkUserProperties(properties: readonly UserProperty[]): readonly UserProperty[] {
  const given: unknown = properties;
  if (!Array.isArray(given) || !given.every((pair) => Array.isArray(pair))) {
    throw wrongKind('userProperties', 'a list of pairs of texts', given);
  }
  for (const [name, value] of properties) {
    checkText('the name of a user property', name);
    checkText('the value of a user property', value);
  }
  return properties;
}

/**
 * Completes the properties of a message or Will.
 * @throws {UsageError} `invalid-option`, `invalid-argument`: out of bounds, or any at all on 3.x, which would lose them silently.
 */
export function checkMessageProperties(
  given: Partial<MessageProperties> | undefined,
  version: ProtocolVersion,
): MessageProperties {
  if (given === undefined) return NO_MESSAGE_PROPERTIES;
  if (version !== 5) {
    throw new UsageError('invalid-option', `${versionName(version)} has no properties; MQTT 5.0 does.`);
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(NO_MESSAGE_PROPERTIES, name)) continue;
    throw new UsageError('invalid-option', `${JSON.stringify(name)} is not a property of a message.`);
  }
  const properties: MessageProperties = { ...NO_MESSAGE_PROPERTIES, ...given };
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData } = properties;
  if (payloadFormatIndicator !== undefined) checkInteger('payloadFormatIndicator', payloadFormatIndicator, 0, 1);
  if (messageExpiryInterval !== undefined)
    checkInteger('messageExpiryInterval', messageExpiryInterval, 0, 4_294_967_295);
  if (contentType !== undefined) checkText('contentType', contentType); // [MQTT-3.3.2-19]
  if (responseTopic !== undefined) checkTopic(responseTopic); // [MQTT-3.3.2-13] [MQTT-3.3.2-14]
  if (correlationData !== undefined) checkBinary('correlationData', correlationData);
  checkUserProperties(properties.userProperties);
  return properties;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function wrongKind(name: string, takes: string, value: unknown): UsageError {
  return new UsageError('invalid-argument', `${name} takes ${takes}; got ${value === null ? 'null' : typeof value}.`);
}

function checkLength(name: string, length: number): void {
  if (length <= FIELD_BYTES_MAX) return;
  throw new UsageError('invalid-argument', `${name} has ${length} bytes; MQTT has room for ${FIELD_BYTES_MAX}.`);
}
