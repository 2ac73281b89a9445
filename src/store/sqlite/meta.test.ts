import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { NO_TOTALS, numberRecord, readNumberRecord, readTotalsRecord, type Totals, totalsRecord } from './meta.ts';
import { RecordError } from './record-cursor.ts';

const anyCount = fc.oneof(fc.nat(300), fc.maxSafeNat());

const anyTotals: fc.Arbitrary<Totals> = fc.record(
  {
    recipientKeyMax: anyCount,
    messages: anyCount,
    deliveries: anyCount,
    subscriptions: anyCount,
    retained: anyCount,
    wills: anyCount,
    clockMarks: anyCount,
  },
  { noNullPrototype: true },
);

describe('what there is once', () => {
  it('is read as it was written', () => {
    fc.assert(fc.property(anyTotals, (totals) => assert.deepEqual(readTotalsRecord(totalsRecord(totals)), totals)));
    fc.assert(fc.property(anyCount, (count) => assert.equal(readNumberRecord(numberRecord(count)), count)));
    assert.deepEqual(readTotalsRecord(totalsRecord(NO_TOTALS)), NO_TOTALS);
  });

  it('has nothing behind it', () => {
    assert.throws(() => readNumberRecord(Uint8Array.of(5, 0)), RecordError);
    assert.throws(() => readTotalsRecord(Uint8Array.of(0, 0, 0, 0, 0, 0)), RecordError);
  });
});
