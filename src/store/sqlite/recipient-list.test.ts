import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ByteWriter } from '../../base/byte-writer.ts';
import type { Recipient } from '../contract.ts';
import { writeRecipients } from './message-record.ts';
import { writeVarint } from './number-writer.ts';
import { noProgress } from './progress.ts';
import { RecipientLists } from './recipient-list.ts';
import { RecipientQueue } from './recipient-queue.ts';

const NO_SHELF = {
  entriesMax: 10,
  load: () => assert.fail('nothing is stored'),
  save: () => assert.fail('nothing is stored'),
  drop: () => assert.fail('nothing is stored'),
};

function queuesOf(keys: readonly number[]): Map<number, RecipientQueue> {
  return new Map(keys.map((key) => [key, new RecipientQueue(key, 'session', NO_SHELF, noProgress())]));
}

function recordOf(keys: readonly number[], payloadBytes: number): Uint8Array {
  const writer = new ByteWriter();
  writeVarint(writer, payloadBytes);
  const form = { qos: 2, retain: false, subscriptionIdentifiers: [], sharedFilter: '' } as const;
  writeRecipients(
    writer,
    keys.map((key): Recipient => ({ key, ...form })),
  );
  writer.reserve(payloadBytes);
  writer.position += payloadBytes;
  return writer.bytes.slice(0, writer.position);
}

function keysOf(lists: RecipientLists, record: Uint8Array): number[] {
  return lists.read(record, 0, record.length).queues.map((queue) => queue.key);
}

describe('lists of recipients', () => {
  const many = Array.from({ length: 50 }, (_, index) => index * 3 + 1);

  it('are read off records, short ones and long ones', () => {
    const lists = new RecipientLists(queuesOf(many), 'none');
    for (const keys of [[], [4], [1, 4, 7], many, [...many].reverse(), many]) {
      assert.deepEqual(keysOf(lists, recordOf(keys, 20)), keys);
      assert.equal(lists.payloadBytes, 20);
    }
  });

  it('are the same object as long as the same long list comes again', () => {
    const lists = new RecipientLists(queuesOf(many), 'none');
    const first = recordOf(many, 5);
    const list = lists.read(first, 0, first.length);
    const second = recordOf(many, 999);
    assert.equal(lists.read(second, 0, second.length), list);
    assert.equal(lists.payloadBytes, 999);
    lists.forget();
    assert.notEqual(lists.read(second, 0, second.length), list);
  });

  it('differ where only one byte in the middle does', () => {
    const lists = new RecipientLists(queuesOf([...many, 75]), 'none');
    const other = many.map((key) => (key === 76 ? 75 : key));
    assert.deepEqual(keysOf(lists, recordOf(many, 5)), many);
    assert.deepEqual(keysOf(lists, recordOf(other, 5)), other);
  });

  it('of old messages may name recipients that are no more', () => {
    const record = recordOf([1, 2, 4], 5);
    assert.deepEqual(keysOf(new RecipientLists(queuesOf(many), 'passed-over'), record), [1, 4]);
    assert.throws(() => keysOf(new RecipientLists(queuesOf(many), 'none'), record), /are stored/);
  });
});
