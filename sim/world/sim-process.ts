// A process of the simulated world, over all its lives. What it does, it does in turns: something comes from outside, promises settle, and
// what was put off until the end of the turn is done, in order: batches are sealed, buffers flushed. It may be killed at any
// boundary of store or network; from then on nothing of that life happens any more, and what it still says is not heard.

import { assert } from '../../src/base/assert.ts';
import { SimClock } from './sim-clock.ts';
import type { Appointment } from './virtual-time.ts';
import type { World } from './world.ts';

/** When to be killed. */
interface Doom {
  boundariesLeft: number;
  readonly kill: (boundary: string) => void;
}

/** One process. */
export class SimProcess {
  readonly name: string;
  /** Counts lives from 1; 0: it has not been started. */
  life: number;
  isAlive: boolean;
  /** Of its machine. */
  readonly clock: SimClock;
  /** Whether anything ran here since somebody said that nothing did. */
  protected hasRun: boolean;
  /** Whether what runs here may leave promises to be settled. */
  protected usesPromises: boolean;
  private readonly world: World;
  private turnEnd: (() => void)[];
  private doom: Doom | undefined;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.life = 0;
    this.isAlive = false;
    this.hasRun = false;
    this.usesPromises = true;
    this.clock = new SimClock(world.time);
    this.turnEnd = [];
    this.doom = undefined;
  }

  /** A new life. */
  begin(): number {
    assert(!this.isAlive, 'a process is started when it is down');
    this.isAlive = true;
    this.life++;
    return this.life;
  }

  /** It is gone. */
  end(): void {
    this.isAlive = false;
    this.turnEnd = [];
  }

  /** Kills it at the `count`-th boundary from here on, this life's or a later one's. */
  killAt(count: number, kill: (boundary: string) => void): void {
    this.doom = { boundariesLeft: count, kill };
  }

  /** Nothing is to kill it any more. */
  spare(): void {
    this.doom = undefined;
  }

  /** A boundary: says whether the process is still there. */
  boundary(what: string): boolean {
    const { doom } = this;
    if (!this.isAlive) return false;
    if (doom === undefined || --doom.boundariesLeft > 0) return true;
    this.doom = undefined;
    doom.kill(what);
    return false;
  }

  /** Runs a task of this life, now; what it throws is a bug, and the end of the process. */
  run(life: number, task: () => void): void {
    if (!this.isAlive || this.life !== life) return;
    this.hasRun = true;
    if (this.usesPromises) this.world.maySettle = true;
    try {
      task();
    } catch (error) {
      this.world.failed(this, error);
    }
  }

  /** Has a task of this life run after so much time, in a turn of its own. */
  after(millis: number, task: () => void): Appointment {
    const { life } = this;
    return this.world.time.after(millis, () => this.run(life, task));
  }

  /** Has a task run at the end of the turn. */
  readonly atTurnEnd = (task: () => void): void => {
    if (!this.isAlive) return;
    if (this.turnEnd.length === 0) this.world.turnsToEnd.push(this);
    this.turnEnd.push(task);
  };

  /** Ends the turn. What is put off meanwhile is for the end of the next one. */
  endTurn(): void {
    const { life, turnEnd } = this;
    this.turnEnd = [];
    for (const task of turnEnd) this.run(life, task);
  }
}
