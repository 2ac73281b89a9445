import assert from 'node:assert/strict';
import { test } from 'node:test';

import { millis } from '../base/millis.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../packet/packet.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import type { MessageId, PageSize, QueuedDelivery, QueuePage } from './contract.ts';
import { DeliveryQueue, type QueuePlace } from './delivery-queue.ts';
import { newQueueTotals } from './queue-totals.ts';

/** A read that the store has yet to answer. */
interface Read {
  readonly after: MessageId;
  readonly size: PageSize;
  readonly onRead: (page: QueuePage) => void;
}

const PLENTY = 64 * 1024 * 1024;

/** A broker with small heads, and what its queues have asked the store for. */
function makeBroker(queueHeadsBytesMax: number): { readonly broker: QueuePlace; readonly reads: Read[] } {
  const reads: Read[] = [];
  const broker: QueuePlace = {
    store: { read: (_key, after, size, onRead) => void reads.push({ after, size, onRead }) },
    limits: { queueHeadMessagesMax: 100, queueHeadBytesMax: 10_000, queueHeadsBytesMax },
    queueTotals: newQueueTotals(),
  };
  return { broker, reads };
}

function makeQueue(broker: QueuePlace, marks: number[] = []): DeliveryQueue<QueuedDelivery> {
  return new DeliveryQueue(
    broker,
    {
      key: 1,
      queueRead: () => undefined,
      queuePassed: (mark) => void marks.push(mark),
      dropQueued: () => undefined,
    },
    (stored) => stored,
  );
}

function delivery(messageId: MessageId, bytes = 10): QueuedDelivery {
  const message = {
    topic: 'a',
    payload: new Uint8Array(bytes),
    qos: 1,
    retain: false,
    properties: NO_MESSAGE_PROPERTIES,
    expiresAt: millis(1),
  } as const;
  const subscriptionIdentifiers = NO_SUBSCRIPTION_IDENTIFIERS;
  return { messageId, message, qos: 1, retain: false, subscriptionIdentifiers, sharedFilter: '' };
}

/** The answer to a read: messages from one number to another. */
function page(from: MessageId, to: MessageId, isLast: boolean): QueuePage {
  const deliveries = Array.from({ length: to - from + 1 }, (_, n) => delivery(from + n));
  return { deliveries, isLast };
}

/** Takes so many messages, and asks for more as an owner does. */
function take(queue: DeliveryQueue<QueuedDelivery>, count: number): void {
  for (let n = 0; n < count; n++) assert.ok(queue.shift() !== undefined);
  queue.readAhead();
}

test('the next page is asked for while half of the head is left, after what is in memory, and no further one until it has come', () => {
  const { broker, reads } = makeBroker(PLENTY);
  const queue = makeQueue(broker);
  queue.restore({ messages: 400, bytes: 4_000 });
  queue.readAhead();
  assert.deepEqual([reads[0]?.after, reads[0]?.size], [0, { messagesMax: 100, bytesMax: 10_000 }]);
  reads[0]?.onRead(page(1, 100, false));
  take(queue, 49);
  assert.equal(reads.length, 1);
  take(queue, 1);
  assert.deepEqual([reads[1]?.after, reads[1]?.size.messagesMax], [100, 50]);
  take(queue, 50);
  assert.equal(reads.length, 2);
  assert.equal(queue.peek(), undefined);
  reads[1]?.onRead(page(101, 150, false));
  assert.equal(queue.peek()?.messageId, 101);
  assert.deepEqual([queue.messages, queue.bytes], [300, 3_000]);
});

test('a queue that was read to its end keeps new messages in memory again, also those that came meanwhile', () => {
  const { broker, reads } = makeBroker(PLENTY);
  const queue = makeQueue(broker);
  queue.restore({ messages: 2, bytes: 20 });
  queue.readAhead();
  for (const id of [3, 4]) queue.add(delivery(id));
  reads[0]?.onRead(page(1, 2, true));
  queue.add(delivery(5));
  take(queue, 5);
  assert.equal(reads.length, 1);
  assert.deepEqual(broker.queueTotals, { messages: 0, bytes: 0, headBytes: 0 });
});

test('a page that comes when its client has gone is forgotten, and read again for the next connection', () => {
  const { broker, reads } = makeBroker(PLENTY);
  const queue = makeQueue(broker);
  queue.restore({ messages: 2, bytes: 20 });
  queue.readAhead();
  queue.letGo();
  queue.readAhead();
  assert.equal(reads.length, 1, 'one read at a time');
  reads[0]?.onRead(page(1, 2, true));
  assert.equal(queue.peek(), undefined);
  assert.equal(broker.queueTotals.headBytes, 0);
  queue.readAhead();
  assert.equal(reads[1]?.after, 0);
});

test('many queues that come at once share what memory there is; each has a small page at least', () => {
  const bytesMax = 256 * 1024;
  const { broker, reads } = makeBroker(bytesMax);
  const queues = Array.from({ length: 500 }, () => makeQueue(broker));
  for (const queue of queues) {
    queue.restore({ messages: 1_000, bytes: 10_000 });
    queue.readAhead();
  }
  assert.equal(reads.length, queues.length);
  assert.equal(reads[0]?.size.messagesMax, 100);
  const smallest = reads.at(-1)?.size;
  assert.deepEqual(smallest, { messagesMax: 16, bytesMax: 4_096 });
  assert.ok(broker.queueTotals.headBytes < bytesMax + queues.length * 8_192);
  for (const [index, read] of reads.slice().entries()) {
    read.onRead(page(1, read.size.messagesMax, false));
    queues[index]?.readAhead();
  }
  assert.equal(reads.length, queues.length, 'nobody has more than one page while memory is short');
  assert.ok(broker.queueTotals.headBytes < bytesMax + queues.length * 8_192);
  for (const queue of queues) queue.letGo();
  assert.equal(broker.queueTotals.headBytes, 0);
});

test('a message larger than the head may be is read by itself', () => {
  const { broker, reads } = makeBroker(PLENTY);
  const queue = makeQueue(broker);
  queue.add(delivery(1, 20_000));
  assert.equal(queue.peek(), undefined);
  queue.readAhead();
  reads[0]?.onRead({ deliveries: [{ ...delivery(1, 20_000), qos: 1 }], isLast: true });
  assert.equal(queue.shift()?.messageId, 1);
  assert.deepEqual(broker.queueTotals, { messages: 0, bytes: 0, headBytes: 0 });
});

test('growth is told at ten thousand messages, a hundred thousand, and so on, once each', () => {
  const { broker } = makeBroker(PLENTY);
  const marks: number[] = [];
  const queue = makeQueue(broker, marks);
  for (let n = 0; n < 100_500; n++) queue.count(1);
  assert.deepEqual(marks, [10_000, 100_000]);
  const restored = makeQueue(broker, marks);
  restored.restore({ messages: 20_000, bytes: 0 });
  for (let n = 0; n < 80_000; n++) restored.count(1);
  assert.deepEqual(marks, [10_000, 100_000, 100_000]);
});

test('a store that has less than was counted is found out; one that counts what came later in the turn is not', () => {
  for (const [answer, isSound] of [
    [page(1, 2, true), false],
    [page(1, 3, false), true],
    [page(1, 2, false), true],
  ] as const) {
    const { broker, reads } = makeBroker(PLENTY);
    const queue = makeQueue(broker);
    queue.restore({ messages: 3, bytes: 30 });
    queue.readAhead();
    const read = (): void => reads[0]?.onRead(answer);
    if (isSound) read();
    else assert.throws(read, { name: 'AssertionError' });
  }
});
