import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { packetId } from '../../packet/packet-id.ts';
import { MESSAGE, Script, TO_ONE } from './scripted-executor.fixture.ts';

describe('batches of the durable store', () => {
  it('leave at the end of the turn, with all that changed in it', async () => {
    const script = await Script.opened();
    const { store } = script;
    const batches = [store.append(1, MESSAGE, TO_ONE, undefined), store.recordSending(1, 1, packetId(1))];
    assert.deepEqual(batches, [2, 2]);
    assert.deepEqual(script.takeAsked(), []);
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply append 1, recordSending 1']);
    assert.equal(store.deleteWill(7), 3);
  });

  it('collect while one is being committed, and leave together when it is', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.append(1, MESSAGE, TO_ONE, undefined);
    script.turn();
    for (const id of [2, 3]) {
      assert.equal(store.append(id, MESSAGE, TO_ONE, undefined), 3);
      script.turn();
    }
    assert.deepEqual(script.takeAsked(), ['apply append 1']);
    script.commit();
    assert.deepEqual(script.takeAsked(), ['apply append 2, append 3']);
    assert.deepEqual(script.takeTold(), ['durable 2']);
    script.commit();
    assert.deepEqual(script.takeTold(), ['durable 3']);
    assert.equal(store.durable, 3);
  });

  it('never divide a turn, though the commit is announced in the middle of it', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.append(1, MESSAGE, TO_ONE, undefined);
    script.turn();
    store.append(2, MESSAGE, TO_ONE, undefined);
    script.commit();
    store.append(3, MESSAGE, TO_ONE, undefined);
    assert.deepEqual(script.takeAsked(), ['apply append 1']);
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply append 2, append 3']);
  });

  it('leave ahead when they are large, one and no more', async () => {
    const script = await Script.opened();
    const { store } = script;
    const large = { ...MESSAGE, payload: new Uint8Array(300_000) };
    for (const id of [1, 2, 3, 4]) {
      store.append(id, large, TO_ONE, undefined);
      script.turn();
    }
    assert.deepEqual(script.takeAsked(), ['apply append 1', 'apply append 2']);
    script.commit();
    assert.deepEqual(script.takeAsked(), ['apply append 3, append 4']);
  });

  it('count as late bytes until they are durable', async () => {
    const script = await Script.opened();
    const { store } = script;
    assert.equal(store.lateBytes, 0);
    store.append(1, { ...MESSAGE, payload: new Uint8Array(1_000) }, TO_ONE, undefined);
    const late = store.lateBytes;
    assert.ok(late > 1_000 && late < 1_100);
    script.turn();
    assert.equal(store.lateBytes, late);
    store.deleteWill(1);
    assert.ok(store.lateBytes > late);
    script.commit();
    assert.ok(store.lateBytes < 10);
  });

  it('reuse the buffers that come back, but a burst leaves no large one behind', async () => {
    const script = await Script.opened();
    const { store, buffers } = script;
    const large = 1024 * 1024;
    const small = 64 * 1024;
    let id = 0;
    for (const size of [1_000_000, 1_000_000, 1_000_000, 100, 100, 100, 100]) {
      store.append(++id, { ...MESSAGE, payload: new Uint8Array(size).fill(id) }, TO_ONE, undefined);
      script.turn();
      script.commit();
    }
    // Two take turns: one is filled while the other is away.
    assert.deepEqual(buffers.slice(-7), [large, large, large, large, large, small, small]);
  });
});

describe('a message that everybody has before its batch leaves', () => {
  it('makes no batch, and its number is announced all the same', async () => {
    const script = await Script.opened();
    const { store } = script;
    assert.equal(store.append(1, MESSAGE, TO_ONE, undefined), 2);
    assert.equal(store.recordSending(1, 1, packetId(1)), 2);
    assert.equal(store.settle(1, 1), true);
    script.turn();
    assert.deepEqual(script.takeAsked(), []);
    assert.deepEqual(script.takeTold(), ['durable 2']);
    assert.equal(store.lateBytes, 0);
    assert.equal(store.statistics().messagesElided, 1);
  });

  it('is announced behind what is being committed, in one announcement', async () => {
    const script = await Script.opened();
    const { store } = script;
    store.deleteWill(1);
    script.turn();
    store.append(1, MESSAGE, TO_ONE, undefined);
    store.settle(1, 1);
    script.turn();
    assert.deepEqual(script.takeTold(), []);
    script.commit();
    assert.deepEqual(script.takeTold(), ['durable 3']);
    assert.deepEqual(script.takeAsked(), ['apply deleteWill 1']);
  });

  it('is written when the store elides nothing', async () => {
    const script = await Script.opened(false);
    script.store.append(1, MESSAGE, TO_ONE, undefined);
    assert.equal(script.store.settle(1, 1), false);
    script.turn();
    assert.deepEqual(script.takeAsked(), ['apply append 1, settle 1']);
  });
});
