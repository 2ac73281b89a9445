import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { EntryPage } from './entry-page.ts';
import { IdRanges } from './id-ranges.ts';
import { noProgress, type Progress, packetIdOf } from './progress.ts';
import { type PageShelf, QueueSlice, RecipientQueue } from './recipient-queue.ts';

/** Pages in an array, with a record of what was asked. */
class Shelf implements PageShelf {
  readonly entriesMax = 4;
  readonly asked: string[] = [];
  private readonly rows: Uint8Array[] = [];

  load(page: EntryPage): Uint8Array {
    this.asked.push(`load ${page.rowId}`);
    return this.rows[page.rowId - 1] ?? assert.fail('a page that is loaded was saved');
  }

  save(_queue: RecipientQueue, page: EntryPage): void {
    page.rowId = this.rows.push(page.entries().slice());
    this.asked.push(`save ${page.rowId}`);
    page.bytes = undefined;
  }

  drop(page: EntryPage): void {
    this.asked.push(`drop ${page.rowId}`);
  }
}

function queueOf(ids: readonly number[], progress: Progress = noProgress()): { queue: RecipientQueue; shelf: Shelf } {
  const shelf = new Shelf();
  const queue = new RecipientQueue(1, 'session', shelf, progress);
  for (const id of ids) queue.append(id, 10, 0);
  return { queue, shelf };
}

function waiting(queue: RecipientQueue, after = 0, messagesMax = 100, bytesMax = 1_000): number[] {
  const slice = new QueueSlice();
  queue.collect(after, messagesMax, bytesMax, slice);
  return slice.ids.slice(0, slice.count);
}

function rangesOf({ ahead }: Progress): number[][] {
  return Array.from({ length: ahead?.length ?? 0 }, (_, index) => [ahead?.from(index) ?? 0, ahead?.to(index) ?? 0]);
}

describe('the queue of a recipient', () => {
  it('moves its mark with every message that leaves in turn', () => {
    const { queue } = queueOf([3, 5, 9]);
    queue.settle(3);
    queue.send(5, 77);
    assert.equal(queue.progress.mark, 5);
    assert.deepEqual(waiting(queue), [9]);
    assert.equal(packetIdOf(queue.progress.sent?.get(5) ?? 0), 77);
  });

  it('remembers what leaves out of turn until the mark has come there', () => {
    const { queue } = queueOf([3, 5, 9, 11, 12, 20]);
    queue.settle(9);
    queue.send(11, 1);
    queue.settle(20);
    assert.deepEqual(rangesOf(queue.progress), [
      [9, 11],
      [20, 20],
    ]);
    assert.deepEqual(waiting(queue), [3, 5, 12]);
    queue.settle(3);
    queue.settle(5);
    assert.equal(queue.progress.mark, 11);
    queue.settle(12);
    assert.equal(queue.progress.mark, 20);
    assert.equal(queue.progress.ahead, undefined);
    assert.deepEqual(waiting(queue), []);
  });

  it('lets the mark pass what left out of turn and was not found again at a start', () => {
    // 5 is still there for somebody else; this recipient is past it and must stay so.
    const progress = { ...noProgress(), mark: 2, ahead: new IdRanges() };
    progress.ahead.push(5, 6);
    const { queue } = queueOf([3, 9], progress);
    queue.settle(3);
    assert.equal(queue.progress.mark, 6);
    assert.equal(queue.isQueued(5), false);
  });

  it('saves its tail when it is full, and drops a page when all of it has left', () => {
    const { queue, shelf } = queueOf([1, 2, 3, 4, 5]);
    assert.deepEqual(shelf.asked, ['save 1']);
    for (const id of [1, 2, 3]) queue.settle(id);
    assert.ok(!shelf.asked.includes('drop 1'));
    queue.settle(4);
    assert.equal(shelf.asked.at(-1), 'drop 1');
    assert.deepEqual(waiting(queue), [5]);
  });

  it('that is always nearly empty saves nothing', () => {
    const { queue, shelf } = queueOf([1]);
    for (let id = 2; id < 500; id++) {
      queue.append(id, 10, 0);
      queue.settle(id - 1);
    }
    assert.deepEqual(shelf.asked, []);
    assert.deepEqual(waiting(queue), [499]);
  });

  it('takes a message out of a page in the middle', () => {
    const { queue } = queueOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    queue.settle(8);
    queue.settle(5);
    assert.deepEqual(waiting(queue), [1, 2, 3, 4, 6, 7, 9, 10]);
    for (const id of [1, 2, 3, 4, 6, 7]) queue.settle(id);
    assert.equal(queue.progress.mark, 8);
  });

  it('is read from any message on, up to either bound, and at least one', () => {
    const { queue } = queueOf([1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(waiting(queue, 3), [4, 5, 6, 7]);
    assert.deepEqual(waiting(queue, 0, 5), [1, 2, 3, 4, 5]);
    assert.deepEqual(waiting(queue, 4, 100, 20), [5, 6]);
    assert.deepEqual(waiting(queue, 4, 100, 1), [5]);
    assert.deepEqual(waiting(queue, 7), []);
  });

  it('says whether that was all', () => {
    const { queue } = queueOf([1, 2, 3]);
    assert.equal(queue.collect(0, 3, 1_000, new QueueSlice()), true);
    assert.equal(queue.collect(0, 2, 1_000, new QueueSlice()), false);
  });

  it('keeps the order of PUBRECs apart from that of sending', () => {
    const { queue } = queueOf([]);
    for (const id of [1, 2, 3]) queue.append(id, 10, 1);
    for (const id of [1, 2, 3]) queue.send(id, id);
    queue.receive(3);
    queue.receive(1);
    assert.deepEqual(Array.from(queue.progress.received?.keys() ?? []), [3, 1]);
    assert.deepEqual(Array.from(queue.progress.sent?.keys() ?? []), [2]);
    queue.settle(3);
    assert.deepEqual(Array.from(queue.progress.received?.keys() ?? []), [1]);
  });

  it('takes another packet identifier for what is sent again', () => {
    const { queue } = queueOf([1]);
    queue.send(1, 5);
    queue.send(1, 6);
    assert.equal(packetIdOf(queue.progress.sent?.get(1) ?? 0), 6);
    assert.equal(queue.progress.sent?.size, 1);
  });

  it('settles no message twice, and none that it does not have', () => {
    const { queue } = queueOf([1, 3]);
    queue.settle(1);
    assert.throws(() => queue.settle(1), /is in it/);
    assert.throws(() => queue.settle(2), /is in it/);
    assert.throws(() => queue.settle(4), /is in it/);
  });

  it('gives up everything, what is in pages later', () => {
    const { queue } = queueOf([1, 2, 3, 4, 5, 6]);
    queue.send(1, 1);
    queue.settle(3);
    const givenUp: number[] = [];
    queue.end((id) => givenUp.push(id));
    assert.deepEqual(givenUp, [1, 5, 6]);
    assert.equal(
      queue.giveUpPage((id) => givenUp.push(id)),
      4,
    );
    assert.deepEqual(givenUp, [1, 5, 6, 2, 4]);
    assert.equal(
      queue.giveUpPage(() => assert.fail('there is no other page')),
      0,
    );
  });

  it('goes on where a start found it', () => {
    const shelf = new Shelf();
    const queue = new RecipientQueue(1, 'session', shelf, { ...noProgress(), mark: 2 });
    const page = new EntryPage();
    for (const id of [1, 2, 3, 4]) page.append(id, 10, 0);
    shelf.save(queue, page);
    queue.restorePage(EntryPage.found(1, page.length, 4, 1, 4));
    queue.append(9, 10, 0);
    assert.deepEqual(waiting(queue), [3, 4, 9]);
    queue.settle(3);
    queue.settle(4);
    assert.equal(shelf.asked.at(-1), 'drop 1');
    queue.settle(9);
    assert.equal(queue.progress.mark, 9);
  });
});
