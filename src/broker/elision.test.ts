// Gates and the elision behind them against the plain thing: each connection's answers in a list, and an answer leaves when
// all before it have, and its batch is durable or its message elided.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { millis } from '../base/millis.ts';
import type { Packet } from '../packet/packet.ts';
import { packetId } from '../packet/packet-id.ts';
import { NO_REASON_PROPERTIES } from '../packet/properties.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { CommitGate } from './commit.ts';
import { Elision } from './elision.ts';

const GATES = 3;

type Step =
  /** A message is stored, and its PUBACK sent. */
  | { readonly kind: 'publish'; readonly gate: number; readonly isElidable: boolean }
  /** An answer that needs nothing. */
  | { readonly kind: 'answer' | 'close'; readonly gate: number }
  /** One of the latest messages is elided. */
  | { readonly kind: 'elide'; readonly back: number }
  | { readonly kind: 'release' }
  | { readonly kind: 'commit'; readonly back: number };

const gate = fc.nat(GATES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('publish' as const), gate, isElidable: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const), gate }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('elide' as const), back: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('commit' as const), back: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), gate }) },
);

/** An answer of the model. */
interface Expected {
  readonly id: number;
  readonly messageId: number;
  after: number;
}

function puback(id: number): Packet {
  return { kind: 'puback', id: packetId(id), reasonCode: 0, properties: NO_REASON_PROPERTIES };
}

/** The gates of some connections, and their model. */
class World {
  private readonly store: MemoryStore;
  private readonly elision: Elision;
  private readonly holding: Set<CommitGate>;
  private readonly gates: readonly CommitGate[];
  private readonly left: readonly number[][];
  private readonly expected: readonly Expected[][];
  private readonly expectedLeft: readonly number[][];
  private idLast: number;

  constructor() {
    this.store = new MemoryStore({ announces: 'when-told' });
    this.elision = new Elision();
    this.holding = new Set();
    this.left = Array.from({ length: GATES }, () => []);
    this.expected = Array.from({ length: GATES }, () => []);
    this.expectedLeft = Array.from({ length: GATES }, () => []);
    this.idLast = 0;
    this.gates = this.left.map((left) => {
      const writePacket = (packet: Packet): void => {
        assert.ok(packet.kind === 'puback');
        left.push(packet.id);
      };
      const nothing = (): void => {};
      const outlet = { writePacket, writePublish: nothing, heldPacketLeft: nothing, gateMoved: nothing };
      return new CommitGate(this.store, outlet, this.holding, this.elision);
    });
  }

  take(taken: Step): void {
    switch (taken.kind) {
      case 'publish':
        return this.answer(taken.gate, ++this.idLast, this.store.deleteRetained(''), taken.isElidable);
      case 'answer':
        return this.answer(taken.gate, ++this.idLast, 0, false);
      case 'elide':
        return this.elide(this.idLast - taken.back);
      case 'release':
        this.elision.releaseMoved();
        return this.expectLeaving();
      case 'commit':
        return this.commit(Math.max(this.store.durable, this.store.written - taken.back));
      case 'close':
        this.gates[taken.gate]?.close();
        this.expected[taken.gate]?.splice(0);
        return;
      default:
        return taken satisfies never;
    }
  }

  check(): void {
    assert.deepEqual(this.left, this.expectedLeft);
    for (const [index, each] of this.gates.entries()) {
      assert.equal(each.heldAnswers, this.expected[index]?.length);
      assert.equal(this.holding.has(each), each.heldAnswers > 0);
    }
  }

  private answer(index: number, id: number, after: number, isElidable: boolean): void {
    const each = this.gates[index] ?? assert.fail('no such gate');
    each.holdAnswers(after, isElidable ? id : 0);
    const isHeld = (this.expected[index]?.length ?? 0) > 0 || after > this.store.durable;
    assert.equal(each.send(puback(id)), !isHeld);
    if (isHeld) this.expected[index]?.push({ id, after, messageId: isElidable ? id : 0 });
    else this.expectedLeft[index]?.push(id);
  }

  /** What is elided leaves with the next `release`, or commit. */
  private elide(messageId: number): void {
    if (messageId <= 0) return;
    this.elision.elide(messageId);
    for (const answers of this.expected)
      for (const each of answers) if (each.messageId === messageId && each.after > this.store.durable) each.after = 0;
  }

  private commit(durable: number): void {
    this.elision.releaseMoved();
    this.store.announce(durable);
    this.elision.forget(durable);
    for (const each of Array.from(this.holding)) each.release(millis(0));
    this.expectLeaving();
  }

  private expectLeaving(): void {
    for (const [index, answers] of this.expected.entries()) {
      for (let next = answers[0]; next !== undefined && next.after <= this.store.durable; next = answers[0]) {
        answers.shift();
        this.expectedLeft[index]?.push(next.id);
      }
    }
  }
}

test('answers leave in order, each when its batch is durable or its message elided, as in a list', () => {
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 200 }), (steps) => {
      const world = new World();
      for (const each of steps) {
        world.take(each);
        world.check();
      }
    }),
  );
});
