import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReceivedMessage } from './received-message.ts';
import { MessageBuffer } from './message-buffer.ts';
import { arrivals, textOf } from './subscribing.arbitrary.ts';

/** A buffer, what is done, and how much waits. */
class Script {
  readonly buffer: MessageBuffer;
  readonly done: string[];
  waitingCount: number;
  private readonly make: ReturnType<typeof arrivals>;

  constructor(acknowledges: 'automatic' | 'manual' = 'automatic') {
    this.done = [];
    this.waitingCount = 0;
    this.buffer = new MessageBuffer(acknowledges, (change) => void (this.waitingCount += change));
    this.make = arrivals(this.done);
  }

  push(...payloads: readonly string[]): this {
    for (const payload of payloads) this.buffer.push(this.make('a', payload));
    return this;
  }

  /** A loop over what is there, as a `for await` sees it. */
  loop(): AsyncIterable<ReceivedMessage> {
    return { [Symbol.asyncIterator]: () => this.buffer.iterate() };
  }

  /** Takes messages until `last` has come, and leaves the loop. */
  async takeUntil(last: string): Promise<readonly string[]> {
    const texts: string[] = [];
    for await (const message of this.loop()) {
      texts.push(textOf(message));
      if (textOf(message) === last) break;
    }
    return texts;
  }
}

test('a loop gets messages in order of arrival, those that come while it waits too', async () => {
  const script = new Script().push('1', '2');
  const taking = script.takeUntil('4');
  await new Promise(setImmediate);
  script.push('3', '4', '5');
  assert.deepEqual(await taking, ['1', '2', '3', '4']);
  assert.equal(script.waitingCount, 1);
});

test('a message is acknowledged when the loop asks for the next one', async () => {
  const { buffer, done } = new Script().push('1', '2');
  const loop = buffer.iterate();
  await loop.next();
  assert.deepEqual(done, []);
  await loop.next();
  assert.deepEqual(done, ['1']);
  void loop.next();
  assert.deepEqual(done, ['1', '2']);
});

test('a message in hand when the loop is left is the first of the next loop', async () => {
  const script = new Script().push('1', '2', '3');
  assert.deepEqual(await script.takeUntil('2'), ['1', '2']);
  assert.deepEqual(script.done, ['1']);
  assert.deepEqual(await script.takeUntil('3'), ['2', '3']);
  await assert.rejects(async () => {
    for await (const message of script.loop()) throw new Error(textOf(message));
  }, new Error('3'));
  assert.deepEqual(script.done, ['1', '2']);
});

test('a message that was acknowledged before the loop was left, or after, does not come again', async () => {
  const script = new Script('manual').push('1', '2', '3');
  for await (const message of script.loop()) {
    message.ack();
    break;
  }
  let second: ReceivedMessage | undefined;
  for await (const message of script.loop()) {
    second = message;
    break;
  }
  second?.ack();
  assert.deepEqual(await script.takeUntil('3'), ['3']);
  assert.deepEqual(script.done, ['1', '2']);
});

test('with manual acknowledgement the loop acknowledges nothing', async () => {
  const script = new Script('manual').push('1', '2');
  await script.takeUntil('2');
  assert.deepEqual(script.done, []);
});

test('there is one loop at a time, and one question at a time', async () => {
  const { buffer } = new Script();
  const loop = buffer.iterate();
  assert.throws(() => buffer.iterate(), { name: 'UsageError' });
  const asking = loop.next();
  await assert.rejects(loop.next(), { name: 'UsageError' });
  await loop.return?.();
  assert.deepEqual(await asking, { done: true, value: undefined });
  assert.deepEqual(await loop.next(), { done: true, value: undefined });
  buffer.iterate();
});

test('the end gives up what waits, and the loop ends when it asks for more', async () => {
  const script = new Script().push('1', '2', '3');
  const loop = script.buffer.iterate();
  await loop.next();
  script.buffer.end();
  assert.deepEqual(script.done, ['2', '3']);
  assert.equal(script.waitingCount, 0);
  assert.equal((await loop.next()).done, true);
  assert.deepEqual(script.done, ['2', '3', '1']);
  assert.deepEqual(await script.takeUntil('never'), []);
});

test('the end acknowledges what a loop had in hand when it was left, before or after', async () => {
  const before = new Script().push('1');
  await before.takeUntil('1');
  before.buffer.end();
  assert.deepEqual(before.done, ['1']);

  const after = new Script().push('1');
  for await (const _ of after.loop()) {
    after.buffer.end();
    break;
  }
  assert.deepEqual(after.done, ['1']);
});

test('with manual acknowledgement, the end leaves what was handed out once to the application', async () => {
  const script = new Script('manual').push('1', '2');
  await script.takeUntil('1');
  script.buffer.end();
  assert.deepEqual(script.done, ['2']);
});

test('the end and a close without error end a loop that waits', async () => {
  for (const how of ['end', 'close'] as const) {
    const script = new Script();
    const taking = script.takeUntil('never');
    if (how === 'end') script.buffer.end();
    else script.buffer.close(undefined);
    assert.deepEqual(await taking, []);
  }
});

test('a close leaves what waits unacknowledged, and its error is thrown by the loop that waits or the next one', async () => {
  const error = new Error('gone');
  const script = new Script().push('1');
  const taking = script.takeUntil('never');
  await new Promise(setImmediate);
  script.buffer.close(error);
  await assert.rejects(taking, error);
  await assert.rejects(script.takeUntil('never'), error);
  assert.deepEqual(script.done, ['1']);

  const other = new Script().push('1', '2');
  other.buffer.close(error);
  assert.equal(other.waitingCount, 0);
  await assert.rejects(other.takeUntil('never'), error);
  assert.deepEqual(other.done, []);
});
