import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Log, SILENT_LOG } from '../base/log.ts';
import { ClientEmitter } from './emitter.ts';

test('each listener gets the facts of its event, and of no other', () => {
  const emitter = new ClientEmitter(SILENT_LOG);
  const heard: unknown[] = [];
  emitter.on('unclaimed', (topic) => heard.push(topic));
  emitter.on('subscriptionRefused', (filter, reasonCode) => heard.push([filter, reasonCode]));
  emitter.emit('unclaimed', 'a');
  emitter.emit('subscriptionRefused', 'b/#', 0x87);
  emitter.emit('closed', { kind: 'disconnected' });
  assert.deepEqual(heard, ['a', ['b/#', 0x87]]);
});

test('an event that is none is a mistake of the caller, who is told the names', () => {
  const emitter = new ClientEmitter(SILENT_LOG);
  for (const name of ['message', 'toString']) {
    assert.throws(() => Reflect.apply(emitter.on.bind(emitter), undefined, [name, () => undefined]), {
      name: 'UsageError',
      code: 'invalid-argument',
      message: /connected, disconnected, redirected, closed, undelivered, subscriptionRefused, unclaimed/,
    });
  }
});

test('the same function added twice is called twice, and taken out once', () => {
  const emitter = new ClientEmitter(SILENT_LOG);
  let count = 0;
  const listener = (): void => void count++;
  const off = emitter.on('unclaimed', listener);
  emitter.on('unclaimed', listener);
  emitter.emit('unclaimed', 'a');
  assert.equal(count, 2);
  off();
  off();
  emitter.emit('unclaimed', 'a');
  assert.equal(count, 3);
});

test('listeners may come and go while an event is told', () => {
  const emitter = new ClientEmitter(SILENT_LOG);
  const heard: string[] = [];
  let off = emitter.on('unclaimed', function again() {
    heard.push('first');
    offSecond();
    off();
    off = emitter.on('unclaimed', again);
  });
  const offSecond = emitter.on('unclaimed', () => heard.push('second'));
  emitter.emit('unclaimed', 'a');
  assert.deepEqual(heard, ['first']);
  emitter.emit('unclaimed', 'a');
  assert.deepEqual(heard, ['first', 'first']);
});

test('what a listener throws is logged, also from its promise, and the others are told', async () => {
  const logged: unknown[] = [];
  const log: Log = { ...SILENT_LOG, error: (_, fields) => logged.push(fields) };
  const emitter = new ClientEmitter(log);
  let count = 0;
  emitter.on('unclaimed', () => {
    throw new Error('one');
  });
  Reflect.apply(emitter.on.bind(emitter), undefined, ['unclaimed', () => Promise.reject(new Error('two'))]);
  emitter.on('unclaimed', () => void count++);
  emitter.emit('unclaimed', 'a');
  await new Promise(setImmediate);
  assert.equal(count, 1);
  assert.deepEqual(logged, [
    { event: 'unclaimed', error: 'Error: one' },
    { event: 'unclaimed', error: 'Error: two' },
  ]);
});

test('it is known whether anybody listens', () => {
  const emitter = new ClientEmitter(SILENT_LOG);
  assert.equal(emitter.listens('closed'), false);
  const off = emitter.on('closed', () => undefined);
  assert.equal(emitter.listens('closed'), true);
  assert.equal(emitter.listens('unclaimed'), false);
  off();
  assert.equal(emitter.listens('closed'), false);
});
