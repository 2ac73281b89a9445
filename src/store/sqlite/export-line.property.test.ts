// Every line reads back as what was written, and what is no line is refused as that.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { packetId } from '../../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import { type ExportLine, readExportLine, writeExportLine } from './export-line.ts';
import { FormError } from './json-form.ts';
import {
  anyClockMark,
  anyMessage,
  anyNumber,
  anyRecipient,
  anySession,
  anySubscription,
  anyWill,
} from './store.arbitrary.ts';

const anyPacketId = fc.integer({ min: 1, max: 65_535 }).map(packetId);
const anyFilter = fc.constantFrom('t', '+/#', '$share/g/t/+', '$SYS/x', 'ä/\u{1f600}');
const topicOnly = anyMessage.filter(({ topic }) => !topic.includes('\0'));

const anyLine: fc.Arbitrary<ExportLine> = fc.oneof(
  anyClockMark.map((mark): ExportLine => ({ kind: 'clockMark', ...mark })),
  anySession.map((session): ExportLine => ({ kind: 'session', ...session })),
  fc
    .tuple(anySubscription, anyNumber, anyFilter)
    .map(([subscription, session, filter]): ExportLine => ({ kind: 'subscription', session, ...subscription, filter })),
  fc.tuple(anyNumber, anyFilter).map(([key, filter]): ExportLine => ({ kind: 'group', key, filter })),
  fc.tuple(anyNumber, anyWill).map(([key, will]): ExportLine => ({ kind: 'will', key, ...will })),
  topicOnly.map((message): ExportLine => ({ kind: 'retained', ...message })),
  topicOnly.map((message): ExportLine => ({ kind: 'retained', ...message, properties: NO_MESSAGE_PROPERTIES })),
  fc
    .tuple(anyNumber, fc.array(anyRecipient, { maxLength: 4 }), topicOnly)
    .map(([id, recipients, message]): ExportLine => ({ kind: 'message', id, recipients, ...message })),
  fc.tuple(anyNumber, fc.array(fc.tuple(anyNumber, anyPacketId), { maxLength: 4 })).map(
    ([session, deliveries]): ExportLine => ({
      kind: 'inFlight',
      session,
      deliveries: deliveries.map(([messageId, id]) => ({ messageId, id, state: 'awaiting-pubrec' })),
    }),
  ),
  fc
    .tuple(anyNumber, fc.array(anyPacketId))
    .map(([session, ids]): ExportLine => ({ kind: 'exactlyOnceIds', session, ids })),
);

test('a line reads back as what was written, in one line', () => {
  fc.assert(
    fc.property(anyLine, (line) => {
      const text = writeExportLine(line);
      assert(!text.includes('\n'));
      assert.deepEqual(plain(readExportLine(text)), plain(line));
    }),
  );
});

test('whatever JSON it is, it is a line or refused as none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), anyLine.chain(brokenLine)), (text) => {
      try {
        readExportLine(text);
      } catch (error) {
        assert(error instanceof FormError, String(error));
      }
    }),
  );
});

/** A line with one of its values replaced. */
function brokenLine(line: ExportLine): fc.Arbitrary<string> {
  const json = JSON.parse(writeExportLine(line)) as { [name: string]: unknown };
  return fc
    .tuple(fc.constantFrom(...Object.keys(json)), fc.jsonValue())
    .map(([name, value]) => JSON.stringify({ ...json, [name]: value }));
}

/** Bytes as plain arrays of numbers, so that a Buffer is equal to what it holds. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
