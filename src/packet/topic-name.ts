// Topic Names as they come in PUBLISH: UTF-8, at least one character, no wildcard (section 4.7).
// Filters are read as text here and parsed in topic/, which is also where names become brands.

import { TextTable } from '../base/text-table.ts';
import { decodeUtf8 } from '../base/utf8.ts';
import { textError } from './packet-reader.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reason } from './reason-codes.ts';

const NUMBER_SIGN = 0x23;
const PLUS_SIGN = 0x2b;

/** Makes the table of Topic Names that all decoders of a process share. */
export function createTopicTable(): TextTable {
  return new TextTable(decodeTopicName);
}

/**
 * Decodes the Topic Name of a PUBLISH.
 * @throws {ProtocolError} `malformed-packet` (0x81), `topic-name-invalid` (0x90).
 */
export function decodeTopicName(bytes: Uint8Array, start: number, end: number): string {
  // [MQTT-3.3.2-1]
  const topic = decodeUtf8(bytes, start, end);
  if (topic === undefined) throw textError('PUBLISH', 'the Topic Name', bytes, start, end);
  // [MQTT-3.3.2-2] In UTF-8 no byte of a longer sequence looks like these two.
  for (let i = start; i < end; i++) {
    if (bytes[i] === NUMBER_SIGN || bytes[i] === PLUS_SIGN) {
      throw topicNameError('MQTT-3.3.2-2', 'PUBLISH: the Topic Name contains a wildcard');
    }
  }
  return topic;
}

/** Whether a text contains a character that only filters may contain. */
export function hasWildcard(text: string): boolean {
  return text.includes('#') || text.includes('+');
}

/** A Topic Name that cannot be one: `topic-name-invalid`, 0x90. */
export function topicNameError(statement: string, detail: string): ProtocolError {
  return new ProtocolError('topic-name-invalid', Reason.topicNameInvalid, statement, detail);
}
