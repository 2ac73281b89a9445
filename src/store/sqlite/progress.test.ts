import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { ByteWriter } from '../../base/byte-writer.ts';
import { IdRanges } from './id-ranges.ts';
import { noProgress, type Progress, readProgress, sendingOf, writeProgress } from './progress.ts';
import { RecordCursor, RecordError } from './record-cursor.ts';

function recordOf(progress: Progress): Uint8Array {
  const writer = new ByteWriter();
  writeProgress(writer, progress);
  return writer.bytes.slice(0, writer.position);
}

function read(record: Uint8Array): Progress {
  const cursor = new RecordCursor();
  cursor.reset(record, 0, record.length);
  return readProgress(cursor);
}

const anyId = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 48 }));

/** Deliveries in flight: in runs, mostly, and in no order. */
const anySendings = fc
  .array(fc.tuple(anyId, fc.integer({ min: 1, max: 65_000 }), fc.boolean(), fc.nat(6), fc.nat(3)), { maxLength: 6 })
  .map((runs) => {
    const sendings = new Map<number, number>();
    for (const [id, packetId, exactlyOnce, length, step] of runs) {
      for (let i = 0; i <= length; i++) sendings.set(id + i * step, sendingOf(packetId + i, exactlyOnce));
    }
    return sendings.size === 0 ? undefined : sendings;
  });

const anyAhead = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.nat(500)), { maxLength: 5 });

const anyProgress: fc.Arbitrary<Progress> = fc
  .record({
    mark: fc.oneof(fc.constant(0), anyId),
    gaps: anyAhead,
    sent: anySendings,
    received: anySendings,
    ids: fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 65_535 }))),
  })
  .map(({ mark, gaps, sent, received, ids }) => {
    let ahead: IdRanges | undefined;
    let last = mark;
    for (const [gap, length] of gaps) {
      ahead ??= new IdRanges();
      ahead.push(last + gap, last + gap + length);
      last += gap + length;
    }
    return { mark, ahead, sent, received, exactlyOnceIds: ids.length === 0 ? undefined : new Set(ids) };
  });

describe('the record of a progress', () => {
  it('is read as it was written, order included', () => {
    fc.assert(
      fc.property(anyProgress, (progress) => {
        const found = read(recordOf(progress));
        assert.deepEqual(found, progress);
        assert.deepEqual(Array.from(found.sent ?? []), Array.from(progress.sent ?? []));
        assert.deepEqual(Array.from(found.received ?? []), Array.from(progress.received ?? []));
      }),
    );
  });

  it('is short for a window that was sent in one go', () => {
    const sent = new Map<number, number>();
    for (let i = 0; i < 1_000; i++) sent.set(5_000 + 3 * i, sendingOf(100 + i, false));
    assert.ok(recordOf({ ...noProgress(), mark: 8_000, sent }).length < 20);
  });

  it('is five bytes for who has got nothing', () => {
    assert.deepEqual(recordOf(noProgress()), Uint8Array.of(0, 0, 0, 0, 0));
  });

  it('of any bytes is one, or not a record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof RecordError);
        }
      }),
    );
  });

  it('fills no memory with a length that lies', () => {
    // mark 0, no ranges, one run of 2^27 deliveries
    assert.throws(() => read(Uint8Array.of(0, 0, 0x80, 0x80, 0x80, 0x80, 0x01, 2, 1, 1, 0, 0, 0)), RecordError);
  });
});
