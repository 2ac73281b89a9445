// The part of the suite for stores that is about reading queues page by page.

import assert from 'node:assert/strict';
import { it } from 'node:test';

import { packetId } from '../../src/packet/packet-id.ts';
import type { MessageId, Store } from '../../src/store/contract.ts';
import { onlySession, reopened } from './store-contents.ts';
import { EVERYTHING, nextTurn, open, type OpenNew, readIds, readPage } from './store-place.ts';
import { fullMessage, group, message, recipient, record } from './store-samples.ts';

/** Longer than what a store might keep of a queue in one piece. */
const LONG = 5_000;

/** What every store holds about queues. */
export function contractOfQueues(openNew: OpenNew): void {
  contractOfPages(openNew);
  contractOfReading(openNew);
  contractOfLongQueues(openNew);
}

function contractOfPages(openNew: OpenNew): void {
  it('an empty queue reads as nothing, and that was all', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    store.saveGroup(group(2));
    assert.deepEqual(await readPage(store, 1, 0, EVERYTHING), { deliveries: [], isLast: true });
    assert.deepEqual(await readPage(store, 2, 0, EVERYTHING), { deliveries: [], isLast: true });
    await store.close();
  });

  it('a page has so many messages at most, at least one, and says truly whether it was all', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    for (const id of [2, 3, 5]) store.append(id, message('a', 'x'), [recipient(1, 1)], undefined);
    const withMessages = (messagesMax: number) => readIds(store, 1, 0, { messagesMax });
    assert.deepEqual(await withMessages(0), [[2], false]);
    assert.deepEqual(await withMessages(1), [[2], false]);
    assert.deepEqual(await withMessages(2), [[2, 3], false]);
    assert.deepEqual(await withMessages(3), [[2, 3, 5], true]);
    assert.deepEqual(await withMessages(4), [[2, 3, 5], true]);
    await store.close();
  });

  it('a page has so many bytes of payload at most, but at least one message', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    for (const [index, length] of [10, 0, 20, 0].entries())
      store.append(index + 1, message('long/topic', 'x'.repeat(length)), [recipient(1, 1)], undefined);
    const withBytes = (bytesMax: number) => readIds(store, 1, 0, { bytesMax });
    assert.deepEqual(await withBytes(0), [[1], false]);
    assert.deepEqual(await withBytes(9), [[1], false]);
    assert.deepEqual(await withBytes(10), [[1, 2], false]);
    assert.deepEqual(await withBytes(29), [[1, 2], false]);
    assert.deepEqual(await withBytes(30), [[1, 2, 3, 4], true]);
    assert.deepEqual(await readIds(store, 1, 2, { bytesMax: 1 }), [[3], false]);
    await store.close();
  });

  it('a page begins after a number, whether or not a message has it', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    for (const id of [10, 20, 30]) store.append(id, message('a', 'x'), [recipient(1, 1)], undefined);
    for (const [after, expected] of [
      [0, [10, 20, 30]],
      [9, [10, 20, 30]],
      [10, [20, 30]],
      [15, [20, 30]],
      [29, [30]],
      [30, []],
      [1_000, []],
    ] as const)
      assert.deepEqual(await readIds(store, 1, after), [expected, true], `after ${after}`);
    await store.close();
  });

  it('what is in flight or settled is not in the queue, and what was passed over is', async () => {
    const { place, store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 8; id++) store.append(id, message('a', 'x'), [recipient(1, 2)], undefined);
    for (const id of [2, 5, 6]) store.recordSending(1, id, packetId(id));
    store.recordReceived(1, 5);
    for (const id of [2, 3]) store.settle(1, id);
    assert.deepEqual(await readIds(store, 1), [[1, 4, 7, 8], true]);
    assert.deepEqual(await readIds(store, 1, 1, { messagesMax: 2 }), [[4, 7], false]);
    const session = onlySession(await reopened(place, store));
    assert.deepEqual(
      session.queue.map(({ messageId }) => messageId),
      [1, 4, 7, 8],
    );
    const { store: next } = await open(place);
    next.settle(1, 4);
    next.recordSending(1, 1, packetId(1));
    assert.deepEqual(await readIds(next, 1), [[7, 8], true]);
    next.recordSending(1, 8, packetId(8));
    next.recordSending(1, 7, packetId(7));
    assert.deepEqual(await readIds(next, 1), [[], true]);
    await next.close();
  });

  it('each recipient has a queue of its own', async () => {
    const { store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    store.saveGroup(group(3));
    for (let id = 1; id <= 12; id++) {
      const recipients = [1, 2, 3].filter((key) => id % (key + 1) === 0).map((key) => recipient(key, 1));
      if (recipients.length > 0) store.append(id, message('a', 'x'), recipients, undefined);
    }
    store.settle(3, 8);
    store.settle(1, 12);
    assert.deepEqual(await readIds(store, 1), [[2, 4, 6, 8, 10], true]);
    assert.deepEqual(await readIds(store, 2), [[3, 6, 9, 12], true]);
    assert.deepEqual(await readIds(store, 3), [[4, 12], true]);
    await store.close();
  });
}

function contractOfReading(openNew: OpenNew): void {
  it('a read is answered once, later, and every change before it counts', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    const answers: string[] = [];
    const ask = (): void =>
      store.read(1, 0, EVERYTHING, ({ deliveries }) => {
        answers.push(deliveries.map(({ messageId }) => messageId).join(' '));
      });
    store.append(1, message('a', 'x'), [recipient(1, 1)], undefined);
    ask();
    store.append(2, message('a', 'x'), [recipient(1, 1)], undefined);
    store.settle(1, 1);
    await Promise.resolve();
    assert.deepEqual(answers, [], 'not in this turn');
    await readPage(store, 1, 0, EVERYTHING);
    assert.equal(answers.length, 1);
    // What was changed after the call counts, or not.
    assert.match(answers[0] ?? '', /^(1|1 2|2|)$/);
    ask();
    await nextTurn();
    await readPage(store, 1, 0, EVERYTHING);
    await nextTurn();
    assert.deepEqual(answers.slice(1), ['2']);
    await store.close();
  });

  it('a read from inside an answer is answered, too', async () => {
    const { store } = await openNew();
    store.saveSession(record(1));
    for (let id = 1; id <= 5; id++) store.append(id, message('a', `${id}`), [recipient(1, 1)], undefined);
    const ids = await new Promise<readonly MessageId[]>((resolve) => {
      const all: MessageId[] = [];
      const ask = (after: MessageId): void =>
        store.read(1, after, { ...EVERYTHING, messagesMax: 2 }, ({ deliveries, isLast }) => {
          for (const { messageId } of deliveries) {
            all.push(messageId);
            store.recordSending(1, messageId, packetId(messageId));
          }
          if (isLast) resolve(all);
          else ask(all.at(-1) ?? 0);
        });
      ask(0);
    });
    assert.deepEqual(ids, [1, 2, 3, 4, 5]);
    await store.close();
  });

  it('a read is not answered if its recipient is deleted meanwhile', async () => {
    const { store, untilDurable } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    store.saveGroup(group(3));
    for (let id = 1; id <= 3; id++) store.append(id, message('a', ''), [recipient(1, 1), recipient(3, 1)], undefined);
    for (const key of [1, 3]) store.read(key, 0, EVERYTHING, () => assert.fail(`${key} is deleted`));
    store.deleteSession(1);
    await untilDurable(store.deleteGroup(3));
    assert.deepEqual(await readIds(store, 2), [[], true]);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    await store.close();
  });

  it('what was read is as it was appended', async () => {
    const { place, store } = await openNew();
    store.saveGroup(group(1));
    store.append(1, fullMessage('µ'), [recipient(1, 2)], undefined);
    const check = async (opened: Store): Promise<void> => {
      const [delivery] = (await readPage(opened, 1, 0, EVERYTHING)).deliveries;
      assert.deepEqual({ ...delivery?.message, payload: undefined }, { ...fullMessage('µ'), payload: undefined });
      assert.deepEqual(Array.from(delivery?.message.payload ?? []), Array.from(fullMessage('').payload));
    };
    await check(store);
    await store.close();
    const { store: next } = await open(place);
    await check(next);
    await next.close();
  });
}

function contractOfLongQueues(openNew: OpenNew): void {
  it('a long queue comes back in order, page by page, before and after a reopen', async () => {
    const { place, store } = await openNew();
    await fill(store);
    const expected = Array.from({ length: LONG }, (_, n) => n + 1);
    assert.deepEqual(await drain(store, 1, 700), expected);
    await store.close();
    const { store: next, recovered } = await open(place);
    assert.equal(recovered.sessions[0]?.queue.messages, LONG);
    assert.deepEqual(await drain(next, 1, 1_024), expected);
    assert.deepEqual(await readIds(next, 1, 4_990, { messagesMax: 100 }), [expected.slice(4_990), true]);
    await next.close();
  });

  it('a long queue is sent and settled from its front while it grows at its end', async () => {
    const { place, store, untilDurable } = await openNew();
    await fill(store);
    let newest = LONG;
    for (let id = 1; id <= LONG; id += 500) {
      const { deliveries } = await readPage(store, 1, id - 1, { ...EVERYTHING, messagesMax: 500 });
      for (const { messageId } of deliveries) {
        store.recordSending(1, messageId, packetId(messageId));
        if (messageId % 100 !== 0) store.settle(1, messageId);
        if (messageId % 10 === 0) store.append(++newest, message('more', ''), [recipient(1, 1)], undefined);
      }
      if (id === 2_001) await untilDurable(store.saveSession(record(9)));
    }
    const { sessions } = await reopened(place, store);
    assert.deepEqual(
      sessions[0]?.inFlight.map(({ messageId }) => messageId),
      Array.from({ length: LONG / 100 }, (_, n) => (n + 1) * 100),
    );
    assert.deepEqual(
      sessions[0]?.queue.map(({ messageId }) => messageId),
      Array.from({ length: LONG / 10 }, (_, n) => LONG + n + 1),
    );
  });

  it('messages in the middle of a long queue are settled, or sent, and the rest stays in order', async () => {
    const { place, store } = await openNew();
    await fill(store);
    const settled = new Set<MessageId>();
    for (let id = 1_000; id <= 3_100; id += 7) settled.add(id);
    for (const id of Array.from(settled).toReversed()) store.settle(1, id);
    const sent = [2_047, 2_048, 2_049, 4_999, LONG].filter((id) => !settled.has(id));
    for (const id of sent) store.recordSending(1, id, packetId(id));
    const expected = Array.from({ length: LONG }, (_, n) => n + 1).filter(
      (id) => !settled.has(id) && !sent.includes(id),
    );
    assert.deepEqual(await drain(store, 1, 600), expected);
    const session = onlySession(await reopened(place, store));
    assert.deepEqual(
      session.queue.map(({ messageId }) => messageId),
      expected,
    );
    assert.deepEqual(
      session.inFlight.map(({ messageId }) => messageId),
      sent,
    );
  });

  it('a recipient with a long queue is deleted, and those that share its messages keep theirs', async () => {
    const { place, store } = await openNew();
    for (const key of [1, 2]) store.saveSession(record(key));
    store.saveGroup(group(3));
    const all = [1, 2, 3].map((key) => recipient(key, 1));
    for (let id = 1; id <= LONG; id++)
      store.append(id, message('a', 'x'), id % 2 === 0 ? all : all.slice(0, 1), undefined);
    store.deleteSession(1);
    await nextTurn();
    store.deleteGroup(3);
    assert.equal((await drain(store, 2, 500)).length, LONG / 2);
    const { sessions, groups } = await reopened(place, store);
    assert.deepEqual(groups, []);
    assert.deepEqual(
      sessions.map(({ record: { key }, queue }) => [key, queue.length, queue[0]?.messageId]),
      [[2, LONG / 2, 2]],
    );
    const { store: next } = await open(place);
    next.deleteSession(2);
    assert.deepEqual(await reopened(place, next), { sessions: [], groups: [], wills: [], retained: [] });
  });
}

/** A session with a long queue, filled over some turns. */
async function fill(store: Store): Promise<void> {
  store.saveSession(record(1));
  const recipients = [recipient(1, 1)];
  for (let id = 1; id <= LONG; id++) {
    store.append(id, message('a', `${id}`), recipients, undefined);
    if (id % 900 === 0) await nextTurn();
  }
}

/** Reads a whole queue in pages. */
async function drain(store: Store, key: number, messagesMax: number): Promise<readonly MessageId[]> {
  const all: MessageId[] = [];
  for (let wasLast = false; !wasLast; ) {
    const [ids, isLast] = await readIds(store, key, all.at(-1) ?? 0, { messagesMax });
    all.push(...ids);
    wasLast = isLast;
  }
  return all;
}
