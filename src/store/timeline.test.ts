import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { Clock } from '../base/clock.ts';
import { millis } from '../base/millis.ts';
import { type ClockMark, continueTimeline, markOf } from './timeline.ts';

const DAY = 86_400_000;
const MAX = millis(30 * DAY);

/** A machine whose clocks a test sets. */
class Machine implements Clock {
  started = 0;
  now = 0;
  wallAhead = 1_700_000_000_000;
  bootId = 'one';
  booted = 0;

  monotonic() {
    return millis(this.now - this.started);
  }

  wall() {
    return millis(this.now + this.wallAhead);
  }

  boot() {
    return { id: this.bootId, time: millis(this.now - this.booted) };
  }

  /** A new process, which counts from its own beginning. */
  restart(after: number): void {
    this.now += after;
    this.started = this.now - 17;
  }

  /** A new process on a machine that was off. */
  reboot(after: number): void {
    this.restart(after);
    this.booted = this.now;
    this.bootId += "'";
  }
}

/** How far store time moves while nobody runs. */
function downtimeOver(machine: Machine, down: () => void): { readonly moved: number; readonly doubt: string } {
  const mark = markOf(continueTimeline(undefined, machine, MAX).offset, machine);
  down();
  const { offset, downtime, doubt } = continueTimeline(mark, machine, MAX);
  const moved = machine.monotonic() + offset - mark.storeTime;
  assert.equal(moved, downtime);
  return { moved, doubt };
}

describe('store time', () => {
  it('begins at 0 in a new store', () => {
    const machine = new Machine();
    machine.restart(5_000);
    assert.equal(markOf(continueTimeline(undefined, machine, MAX).offset, machine).storeTime, 0);
  });

  it('goes on by boot time in the same boot, whatever the wall clock does', () => {
    const machine = new Machine();
    const result = downtimeOver(machine, () => {
      machine.restart(60 * DAY);
      machine.wallAhead -= 500 * DAY;
    });
    assert.deepEqual(result, { moved: 60 * DAY, doubt: 'none' });
  });

  it('goes on by the wall clock in another boot', () => {
    const machine = new Machine();
    assert.deepEqual(
      downtimeOver(machine, () => machine.reboot(DAY)),
      { moved: DAY, doubt: 'none' },
    );
  });

  it('goes on by the wall clock where no boot has a name', () => {
    const machine = new Machine();
    machine.bootId = '';
    const result = downtimeOver(machine, () => {
      machine.restart(DAY);
      machine.booted = machine.now - DAY * 9;
    });
    assert.deepEqual(result, { moved: DAY, doubt: 'none' });
  });

  it('goes on by the wall clock where the boot time of the same boot went back', () => {
    const machine = new Machine();
    machine.now = 1_000;
    const result = downtimeOver(machine, () => {
      machine.restart(DAY);
      machine.booted = machine.now;
    });
    assert.deepEqual(result, { moved: DAY, doubt: 'none' });
  });

  it('stands still over a wall clock that went back, and says so', () => {
    const machine = new Machine();
    const result = downtimeOver(machine, () => {
      machine.reboot(DAY);
      machine.wallAhead -= 2 * DAY;
    });
    assert.deepEqual(result, { moved: 0, doubt: 'went-back' });
  });

  it('believes a wall clock no more than the limit, and says so', () => {
    const machine = new Machine();
    assert.deepEqual(
      downtimeOver(machine, () => machine.reboot(MAX + 1)),
      { moved: MAX, doubt: 'too-far' },
    );
  });

  it('never goes back, over any runs, and is right to the millisecond while the clocks are', () => {
    const anyStep = fc.record({
      up: fc.nat(DAY),
      down: fc.nat(DAY),
      kind: fc.constantFrom('restart', 'reboot'),
      wallMoves: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -60 * DAY, max: 60 * DAY })),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const machine = new Machine();
        let mark: ClockMark | undefined;
        let right = 0;
        let isTrusted = true;
        for (const { up, down, kind, wallMoves } of steps) {
          const { offset } = continueTimeline(mark, machine, MAX);
          const opened = markOf(offset, machine);
          assert.ok(mark === undefined || opened.storeTime >= mark.storeTime);
          if (isTrusted) assert.equal(opened.storeTime, right);
          machine.now += up;
          mark = markOf(offset, machine);
          assert.equal(mark.storeTime, opened.storeTime + up);
          machine.wallAhead += wallMoves;
          if (kind === 'restart') machine.restart(down);
          else machine.reboot(down);
          right += up + down;
          // From here on the wall clock was asked when it was wrong.
          if (kind === 'reboot' && wallMoves !== 0) isTrusted = false;
        }
      }),
    );
  });
});
