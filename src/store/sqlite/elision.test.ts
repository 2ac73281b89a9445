import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { Message } from '../../packet/message.ts';
import { packetId } from '../../packet/packet-id.ts';
import { NO_MESSAGE_PROPERTIES } from '../../packet/properties.ts';
import type { Recipient } from '../contract.ts';
import { Change } from './change.ts';
import { ChangeReader } from './change-reader.ts';
import { ChangeWriter } from './change-writer.ts';

const MESSAGE: Message = {
  topic: 'a',
  payload: Uint8Array.of(1),
  qos: 1,
  retain: false,
  properties: NO_MESSAGE_PROPERTIES,
  expiresAt: undefined,
};

function recipient(key: number): Recipient {
  return { key, qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: '' };
}

/** The changes of the batch that will be applied, which are about messages. */
function changesLeft(writer: ChangeWriter): readonly string[] {
  const reader = new ChangeReader();
  reader.reset(writer.seal(new Uint8Array(1)));
  const left: string[] = [];
  while (reader.next()) {
    const [name] = Object.entries(Change).find(([, opcode]) => opcode === reader.kind) ?? [];
    left.push(`${name} ${reader.messageId}`);
  }
  return left;
}

describe('a message that everybody has before its batch leaves', () => {
  it('is elided with all that was recorded about it, and nothing else is', () => {
    const writer = new ChangeWriter(true);
    for (const id of [5, 6, 7]) writer.append(id, MESSAGE, [recipient(1), recipient(2)], undefined);
    writer.recordSending(1, 5, packetId(1));
    writer.recordSending(1, 6, packetId(2));
    assert.deepEqual(
      [writer.settle(1, 5), writer.settle(1, 6), writer.settle(2, 7), writer.settle(2, 5), writer.settle(1, 7)],
      [false, false, false, true, true],
    );
    assert.equal(writer.elidedTotal, 2);
    assert.equal(writer.count, 3);
    assert.deepEqual(changesLeft(writer), ['append 6', 'recordSending 6', 'settle 6']);
  });

  it('is written when its batch has left', () => {
    const writer = new ChangeWriter(true);
    writer.append(1, MESSAGE, [recipient(1)], undefined);
    writer.seal(new Uint8Array(1));
    assert.equal(writer.settle(1, 1), false);
  });

  it('is written when it is of QoS 2 or 0, retained, of a remembered origin, or for nobody', () => {
    const writer = new ChangeWriter(true);
    const origin = { session: 3, id: packetId(9) };
    writer.append(1, { ...MESSAGE, qos: 2 }, [recipient(1)], undefined);
    writer.append(2, { ...MESSAGE, qos: 0 }, [recipient(1)], undefined);
    writer.append(3, { ...MESSAGE, retain: true }, [recipient(1)], undefined);
    writer.append(4, MESSAGE, [recipient(1)], origin);
    writer.append(5, MESSAGE, [], undefined);
    for (const id of [1, 2, 3, 4]) assert.equal(writer.settle(1, id), false);
    assert.equal(writer.count, 9);
  });

  it('is written when a group was among its recipients, of this run or an earlier one', () => {
    const writer = new ChangeWriter(true);
    writer.saveGroup({ key: 8, filter: '$share/g/a' });
    writer.knowGroup(9);
    const many = [1, 2, 3, 4, 5].map(recipient);
    const routes = [[8], [1, 9], [1]].map((keys) => keys.map(recipient)).concat([[...many, recipient(8)], many]);
    for (const [index, route] of routes.entries()) writer.append(index + 1, MESSAGE, route, undefined);
    const elided = routes.map((route, index) => route.map(({ key }) => writer.settle(key, index + 1)).includes(true));
    assert.deepEqual(elided, [false, false, true, false, true]);
  });

  it('is written when the writer elides nothing', () => {
    const writer = new ChangeWriter(false);
    writer.append(1, MESSAGE, [recipient(1)], undefined);
    assert.equal(writer.settle(1, 1), false);
  });

  it('may have any identifier, far from the others or near', () => {
    const anySteps = fc.array(
      fc.record({
        step: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 ** 20 })),
        settles: fc.boolean(),
      }),
      {
        maxLength: 600,
        size: 'max',
      },
    );
    fc.assert(
      fc.property(anySteps, (steps) => {
        const writer = new ChangeWriter(true);
        let id = 0;
        const left: string[] = [];
        for (const { step, settles } of steps) {
          id += step;
          writer.append(id, MESSAGE, [recipient(1)], undefined);
          const isElided = settles && writer.settle(1, id);
          if (!isElided) left.push(`append ${id}`);
          if (settles && !isElided) left.push(`settle ${id}`);
        }
        assert.deepEqual(changesLeft(writer), left);
      }),
      { numRuns: 30 },
    );
  });

  it('is never elided otherwise: a history of appends and settles gives what a list of who is owed what says', () => {
    const anyStep = fc.record({
      appends: fc.boolean(),
      recipients: fc.integer({ min: 1, max: 5 }),
      qos: fc.constantFrom<1 | 2>(1, 1, 1, 2),
      pick: fc.nat(20),
      seals: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), (steps) => {
        const writer = new ChangeWriter(true);
        const owed = new Map<number, { readonly keys: Set<number>; readonly isElidable: boolean }>();
        let early = new Set<number>();
        let id = 0;
        for (const { appends, recipients, qos, pick, seals } of steps) {
          if (appends || owed.size === 0) {
            const keys = Array.from({ length: recipients }, (_, index) => index + 1);
            writer.append(++id, { ...MESSAGE, qos }, keys.map(recipient), undefined);
            owed.set(id, { keys: new Set(keys), isElidable: qos === 1 });
            early.add(id);
          } else {
            const [message, { keys, isElidable }] = Array.from(owed)[pick % owed.size] ?? assert.fail();
            const [key] = keys;
            if (key === undefined) assert.fail();
            keys.delete(key);
            if (keys.size === 0) owed.delete(message);
            assert.equal(writer.settle(key, message), isElidable && keys.size === 0 && early.has(message));
          }
          if (!seals) continue;
          writer.seal(new Uint8Array(1));
          early = new Set();
        }
      }),
    );
  });
});
