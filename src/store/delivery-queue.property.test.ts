// A queue with a head of a few messages against a plain list: whatever is added, taken, let go, given up and read back in
// whatever order, what is taken is what waits longest, and what is counted is what there is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { millis } from '../base/millis.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../packet/packet.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import type { MessageId, PageSize, QueuedDelivery, QueuePage } from './contract.ts';
import { DeliveryQueue, type QueuePlace } from './delivery-queue.ts';
import { newQueueTotals } from './queue-totals.ts';

const KEY = 7;

const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      bytes: fc.nat(20),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'come' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('put back' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('give way' as const), messages: fc.nat(2), bytes: fc.nat(25) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const anyRun = fc.record({
  queueHeadMessagesMax: fc.integer({ min: 1, max: 5 }),
  queueHeadBytesMax: fc.integer({ min: 1, max: 50 }),
  /** Little enough that queues share it, or plenty. */
  queueHeadsBytesMax: fc.constantFrom(0, 2_000, 1_000_000),
  steps: fc.array(anyStep, { maxLength: 120, size: 'max' }),
});

test('a queue gives back what was added, in order, however much of it is only in the store', () => {
  fc.assert(
    fc.property(anyRun, ({ steps, ...limits }) => new Run(limits).follow(steps)),
    { numRuns: 1_000 },
  );
});

test('a queue that mistakes what came beside a page for all that came is found out', () => {
  const descriptor = Object.getOwnPropertyDescriptor(DeliveryQueue.prototype, 'isTailComplete');
  assert.ok(descriptor !== undefined);
  Object.defineProperty(DeliveryQueue.prototype, 'isTailComplete', { ...descriptor, get: () => true });
  try {
    const outcome = fc.check(
      fc.property(anyRun, ({ steps, ...limits }) => new Run(limits).follow(steps)),
      { numRuns: 1_000, seed: 1, endOnFailure: true },
    );
    assert.equal(outcome.failed, true);
  } finally {
    Object.defineProperty(DeliveryQueue.prototype, 'isTailComplete', descriptor);
  }
});

/** A page on its way. */
interface Answer {
  readonly page: QueuePage;
  readonly onRead: (page: QueuePage) => void;
}

/** The queue, its store, and the plain list. */
class Run {
  private readonly broker: QueuePlace;
  private readonly queue: DeliveryQueue<QueuedDelivery>;
  /** What waits, oldest first. */
  private readonly waiting: QueuedDelivery[];
  private readonly taken: QueuedDelivery[];
  private putBacks: number;
  private answer: Answer | undefined;
  private isPresent: boolean;
  private idLast: MessageId;

  constructor(limits: QueuePlace['limits']) {
    const read = (_key: number, after: MessageId, size: PageSize, onRead: Answer['onRead']): void => {
      assert.equal(this.answer, undefined, 'one read at a time');
      this.answer = { page: this.page(after, size), onRead };
    };
    this.broker = { store: { read }, limits, queueTotals: newQueueTotals() };
    this.queue = new DeliveryQueue(
      this.broker,
      {
        key: KEY,
        queueRead: () => undefined,
        queuePassed: () => undefined,
        dropQueued: ({ messageId }) => assert.equal(messageId, this.waiting.shift()?.messageId),
      },
      (stored) => stored,
    );
    this.waiting = [];
    this.taken = [];
    this.putBacks = 0;
    this.answer = undefined;
    this.isPresent = true;
    this.idLast = 0;
  }

  follow(steps: readonly Step[]): void {
    for (const step of steps) {
      this.make(step);
      this.check();
    }
    this.make({ kind: 'come' });
    for (let left = this.waiting.length + 2; left > 0 || this.answer !== undefined; left--) {
      this.make({ kind: 'answer' });
      this.make({ kind: 'take', count: Number.POSITIVE_INFINITY });
      this.check();
    }
    assert.deepEqual(this.waiting, [], 'everything was taken');
    assert.deepEqual(this.broker.queueTotals, { messages: 0, bytes: 0, headBytes: 0 });
  }

  private make(step: Step): void {
    const { queue } = this;
    switch (step.kind) {
      case 'add':
        for (let n = 0; n < step.count; n++) this.add(step.bytes);
        return;
      case 'take':
        if (!this.isPresent) return;
        for (let n = 0; n < step.count && queue.peek() !== undefined; n++) this.take();
        queue.readAhead();
        return;
      case 'answer': {
        const { answer } = this;
        this.answer = undefined;
        answer?.onRead(answer.page);
        if (this.isPresent) queue.readAhead();
        return;
      }
      case 'leave':
        this.isPresent = false;
        this.taken.length = 0;
        queue.letGo();
        return;
      case 'come':
        this.isPresent = true;
        queue.readAhead();
        return;
      case 'put back': {
        // As a group does with what it has lent; it lets nothing go before it has all of that back.
        const last = this.taken.pop();
        if (last === undefined || !this.isPresent || last.messageId > (this.waiting[0]?.messageId ?? 0)) return;
        this.putBacks++;
        this.waiting.unshift(last);
        queue.putBack(last);
        return;
      }
      case 'give way':
        queue.giveWay(Math.min(step.messages, queue.messagesKept), Math.min(step.bytes, queue.bytesKept));
        return;
      case 'expire':
        queue.dropExpired(millis(1_000));
        return;
      default:
        step satisfies never;
    }
  }

  private add(bytes: number): void {
    const messageId = ++this.idLast;
    const delivery: QueuedDelivery = {
      messageId,
      message: {
        topic: 'a',
        payload: new Uint8Array(bytes),
        qos: 1,
        retain: false,
        properties: NO_MESSAGE_PROPERTIES,
        expiresAt: bytes % 3 === 0 ? millis(1_000) : undefined,
      },
      qos: 1,
      retain: false,
      subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
      sharedFilter: '',
    };
    this.waiting.push(delivery);
    if (this.isPresent) this.queue.add(delivery);
    else this.queue.count(bytes);
  }

  private take(): void {
    const expected = this.waiting.shift();
    assert.ok(expected !== undefined);
    assert.deepEqual(this.queue.shift(), expected);
    this.taken.push(expected);
  }

  private page(after: MessageId, { messagesMax, bytesMax }: PageSize): QueuePage {
    const deliveries: QueuedDelivery[] = [];
    let bytes = 0;
    for (const each of this.waiting.filter(({ messageId }) => messageId > after)) {
      bytes += each.message.payload.length;
      if (deliveries.length > 0 && (deliveries.length === messagesMax || bytes > bytesMax))
        return { deliveries, isLast: false };
      deliveries.push(each);
    }
    return { deliveries, isLast: true };
  }

  private check(): void {
    const { queue } = this;
    const bytes = this.waiting.reduce((sum, { message }) => sum + message.payload.length, 0);
    assert.deepEqual([queue.messages, queue.bytes], [this.waiting.length, bytes]);
    const { queueTotals, limits } = this.broker;
    assert.deepEqual([queueTotals.messages, queueTotals.bytes], [queue.messagesKept, queue.bytesKept]);
    const first = queue.peek();
    if (first !== undefined) assert.equal(first.messageId, this.waiting[0]?.messageId);
    // The head, and as much beside a page on its way. One message is let in however large it is; what is put back was in memory before.
    const most = 2 * limits.queueHeadMessagesMax + this.putBacks + 1;
    assert.ok(queueTotals.headBytes <= most * (256 + 20), `${queueTotals.headBytes} bytes in memory`);
    assert.ok(queueTotals.headBytes >= 0);
  }
}
