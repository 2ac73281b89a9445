import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { ByteWriter } from '../../base/byte-writer.ts';
import type { Message } from '../../packet/message.ts';
import { readDelivery } from './answer-reader.ts';
import { writeDelivery } from './answers.ts';
import { BodyReader, writeBody } from './message-body.ts';
import { RecipientReader, writeRecipients } from './message-record.ts';
import { VARINT_BYTES_MAX, writeSignedVarint, writeVarint } from './number-writer.ts';
import { RecordCursor, RecordError } from './record-cursor.ts';
import {
  readClockMarkRecord,
  readGroupRecord,
  readSessionRecord,
  readSubscriptionRecord,
  readWillRecord,
  writeClockMarkRecord,
  writeGroupRecord,
  writeSessionRecord,
  writeSubscriptionRecord,
  writeWillRecord,
} from './records.ts';
import {
  anyClockMark,
  anyGroup,
  anyMessage,
  anyMoment,
  anyNumber,
  anyRecipient,
  anySession,
  anySubscription,
  anyWill,
} from './store.arbitrary.ts';

/** Writes, and hands a cursor over just that, with other bytes round it. */
function written(write: (writer: ByteWriter) => void): RecordCursor {
  const writer = new ByteWriter(new Uint8Array(4));
  writer.reserve(3);
  for (let i = 0; i < 3; i++) writer.u8(0xff);
  write(writer);
  const end = writer.position;
  writer.reserve(1);
  writer.u8(0xff);
  const cursor = new RecordCursor();
  cursor.reset(writer.bytes, 3, end);
  return cursor;
}

describe('records of the store', () => {
  it('numbers come back, in at most eight bytes', () => {
    fc.assert(
      fc.property(fc.oneof(anyNumber, fc.constantFrom(0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1)), (number) => {
        const cursor = written((writer) => {
          writer.reserve(VARINT_BYTES_MAX);
          writeVarint(writer, number);
        });
        assert.ok(cursor.end - cursor.position <= VARINT_BYTES_MAX);
        assert.equal(cursor.varint(), number);
        assert.ok(cursor.isAtEnd);
      }),
    );
  });

  it('numbers of either sign come back', () => {
    fc.assert(
      fc.property(anyNumber, fc.boolean(), (magnitude, isNegative) => {
        const number = isNegative ? -magnitude : magnitude;
        const cursor = written((writer) => {
          writer.reserve(VARINT_BYTES_MAX);
          writeSignedVarint(writer, number);
        });
        assert.equal(cursor.signedVarint(), number);
      }),
    );
  });

  it('a number above 2^53 is refused', () => {
    const cursor = new RecordCursor();
    for (const last of [0x10, 0x80]) {
      cursor.reset(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, last, 0), 0, 9);
      assert.throws(() => cursor.varint(), RecordError);
    }
  });

  it('a session comes back, its moments on the clock of the run that reads it', () => {
    fc.assert(
      fc.property(anySession, anyMoment, anyMoment, (session, offset, later) => {
        const cursor = written((writer) => writeSessionRecord(writer, session, offset));
        const { disconnectedAt } = session;
        assert.deepEqual(readSessionRecord(cursor, session.key, later), {
          ...session,
          disconnectedAt: disconnectedAt === undefined ? undefined : disconnectedAt + offset - later,
        });
      }),
    );
  });

  it('subscriptions, groups, Wills and clock marks come back', () => {
    fc.assert(
      fc.property(anySubscription, anyGroup, anyWill, anyClockMark, (subscription, group, will, mark) => {
        const stored = written((writer) => writeSubscriptionRecord(writer, subscription));
        assert.deepEqual(readSubscriptionRecord(stored, subscription.filter), subscription);
        assert.deepEqual(
          readGroupRecord(
            written((writer) => writeGroupRecord(writer, group)),
            group.key,
          ),
          group,
        );
        assert.deepEqual(
          readWillRecord(
            written((writer) => writeWillRecord(writer, will)),
            new BodyReader(),
          ),
          will,
        );
        assert.deepEqual(readClockMarkRecord(written((writer) => writeClockMarkRecord(writer, mark))), mark);
      }),
    );
  });

  it('a message comes back with all its properties, whatever was read before it', () => {
    const bodies = new BodyReader();
    fc.assert(
      fc.property(anyMessage, anyMoment, fc.boolean(), (message, offset, isRetained) => {
        const cursor = written((writer) => writeMessageBody(writer, message, isRetained ? '' : message.topic, offset));
        assert.deepEqual(bodies.read(cursor, isRetained ? message.topic : undefined, offset), message);
      }),
    );
  });

  it('the payload of a message that was read is nobody else’s', () => {
    const message = { ...SAMPLE, payload: Uint8Array.of(1, 2, 3) };
    const cursor = written((writer) => writeMessageBody(writer, message, 't', 0));
    const read = new BodyReader().read(cursor, undefined, 0);
    cursor.bytes.fill(0);
    assert.deepEqual(read.payload, Uint8Array.of(1, 2, 3));
  });

  it('recipients come back one by one, and the body is found without them', () => {
    const reader = new RecipientReader();
    fc.assert(
      fc.property(anyMessage, fc.array(anyRecipient, { maxLength: 200 }), (message, recipients) => {
        const record = written((writer) => {
          writer.reserve(VARINT_BYTES_MAX);
          writeVarint(writer, message.payload.length);
          writeRecipients(writer, recipients);
          writeMessageBody(writer, message, message.topic, 0);
        });
        const { bytes, end } = record;
        reader.reset(bytes, record.position, end);
        assert.equal(reader.payloadBytes, message.payload.length);
        assert.equal(reader.count, recipients.length);
        const cursor = new RecordCursor();
        for (const { key, ...recipient } of recipients) {
          assert.ok(reader.next());
          assert.equal(reader.key, key);
          const detail = { bytes, start: reader.detailStart, end: reader.detailEnd };
          const page = new ByteWriter();
          writeDelivery(page, 7, reader.flags, detail, { bytes, start: reader.bodyStart, end });
          cursor.reset(page.bytes, 0, page.position);
          assert.deepEqual(readDelivery(cursor, new BodyReader(), 0), { messageId: 7, message, ...recipient });
          assert.ok(cursor.isAtEnd);
        }
        assert.equal(reader.next(), false);
      }),
    );
  });

  it('bytes that are no record are refused, never read past their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const around = new Uint8Array(bytes.length + 8).fill(1);
        around.set(bytes, 4);
        for (const read of READERS) {
          const cursor = new RecordCursor();
          cursor.reset(around, 4, 4 + bytes.length);
          try {
            read(cursor);
          } catch (error) {
            assert.ok(error instanceof RecordError, String(error));
          }
          assert.ok(cursor.position <= cursor.end);
        }
      }),
    );
  });
});

const SAMPLE: Message = {
  topic: 't',
  payload: new Uint8Array(0),
  qos: 1,
  retain: false,
  properties: {
    payloadFormatIndicator: undefined,
    messageExpiryInterval: undefined,
    contentType: undefined,
    responseTopic: undefined,
    correlationData: undefined,
    userProperties: [],
  },
  expiresAt: undefined,
};

const READERS: readonly ((cursor: RecordCursor) => unknown)[] = [
  (cursor) => readSessionRecord(cursor, 1, 0),
  (cursor) => readSubscriptionRecord(cursor, 'a'),
  (cursor) => readGroupRecord(cursor, 1),
  (cursor) => readWillRecord(cursor, new BodyReader()),
  (cursor) => readClockMarkRecord(cursor),
  (cursor) => new BodyReader().read(cursor, undefined, 0),
  (cursor) => readDelivery(cursor, new BodyReader(), 0),
  (cursor) => {
    const recipients = new RecipientReader();
    recipients.reset(cursor.bytes, cursor.position, cursor.end);
    while (recipients.next());
  },
];

function writeMessageBody(writer: ByteWriter, message: Message, topic: string, offset: number): void {
  writeBody(writer, message, topic, message.expiresAt === undefined ? undefined : message.expiresAt + offset);
}
