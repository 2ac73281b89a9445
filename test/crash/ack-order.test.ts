// What is read from a trace of system calls, on traces written by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type AckOrder, checkAckOrder } from './ack-order.ts';
import { traced } from './sample-trace.ts';
import { parseTrace } from './system-calls.ts';

const { connect, publish, answer, write, sync, split } = traced;

function check(...lines: readonly string[]): AckOrder {
  return checkAckOrder(parseTrace(`${lines.join('\n')}\n`), '-wal');
}

test('an acknowledgement after the write and the sync of its message is in time', () => {
  for (const [qos, kind] of [
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const) {
    const order = check(connect(), publish(0, qos), write(0), sync(), answer(0, kind));
    assert.deepEqual(order, { late: 1, early: [], syncs: 1 });
  }
});

test('an acknowledgement is early before the write, before the sync, and while the sync runs', () => {
  const [begin, end] = split(sync());
  for (const lines of [
    [answer(0, 'puback'), write(0), sync()],
    [write(0), answer(0, 'puback'), sync()],
    [write(0), begin, answer(0, 'puback'), end],
    [sync(), answer(0, 'puback')],
  ]) {
    assert.equal(check(connect(), publish(0, 1), ...lines).early.length, 1, lines.join('\n'));
  }
});

test('a sync counts only if it began after the write was over', () => {
  const [begin, end] = split(write(0));
  assert.equal(check(connect(), publish(0, 1), begin, sync(), end, answer(0, 'puback')).early.length, 1);
  assert.equal(check(connect(), publish(0, 1), begin, end, sync(), answer(0, 'puback')).early.length, 0);
});

test('a sync that failed does not count, nor does any that returned without error after it', () => {
  const failed = sync('= -1 EIO (Input/output error) (INJECTED)');
  assert.equal(check(connect(), publish(0, 1), write(0), failed, answer(0, 'puback')).early.length, 1);
  assert.equal(check(connect(), publish(0, 1), write(0), failed, sync(), answer(0, 'puback')).early.length, 1);
});

test('an acknowledgement that a good sync allowed may leave after another sync has failed', () => {
  const failed = sync('= -1 EIO (Input/output error) (INJECTED)');
  const order = check(connect(), publish(0, 1), write(0), sync(), failed, answer(0, 'puback'));
  assert.deepEqual([order.late, order.early.length], [1, 0]);
});

test('an identifier that is used again stands for the later message', () => {
  const first = [connect(), publish(0, 1), write(0), sync(), answer(0, 'puback')];
  const order = check(...first, publish(5, 1, 1), answer(0, 'puback'));
  assert.deepEqual([order.late, order.early.length], [1, 1]);
});

test('what the broker reads in a call that another thread interrupted is put together', () => {
  const [begin, end] = split(publish(0, 1));
  const bytes = /, ("[^"]*", 65536)/.exec(begin)?.[1] ?? '';
  // strace shows what was read when the call is over.
  const lines = [begin.replace(bytes, ''), sync(), end.replace('resumed>', `resumed>${bytes}`)];
  assert.equal(check(connect(), ...lines, write(0), sync(), answer(0, 'puback')).late, 1);
});

test('lines that are cut off or of other calls are passed over', () => {
  assert.deepEqual(parseTrace('100 read(5<\\x61>, "\\x6\n100 +++ exited with 0 +++\n\n'), []);
});
