// The order of everything that happens in a run, and what of it belongs to nobody in particular. All clients of a run
// share one; whoever waits for something is woken by it.

import type { Greeting, Moment } from './history.ts';

/** Longer than a busy machine is silent: past it something hangs. */
const PATIENCE_MILLIS = 10_000;
/** One broken promise may break all that follow: the first ones tell enough. */
const COMPLAINTS_MAX = 20;

/** What the clients of a run tell. */
export class Chronicle {
  /** The broker was told to stop: it may send everybody away. */
  isBrokerStopping: boolean;
  /** The store may be full: what must be stored may be refused. */
  mayBeFull: boolean;
  private moment: Moment;
  private greetings: Greeting[];
  private complaints: string[];
  private readonly wakers: Set<() => void>;
  /** Whoever waits, waits for nothing. */
  private failure: Error | undefined;

  constructor() {
    this.isBrokerStopping = false;
    this.mayBeFull = false;
    this.moment = 0;
    this.greetings = [];
    this.complaints = [];
    this.wakers = new Set();
    this.failure = undefined;
  }

  /** A new moment: something happens now. */
  tick(): Moment {
    this.moment++;
    for (const wake of this.wakers) wake();
    return this.moment;
  }

  greet(greeting: Greeting): void {
    this.greetings.push(greeting);
  }

  /** Something happened that no broker may do. */
  complain(sentence: string): void {
    if (this.complaints.length < COMPLAINTS_MAX) this.complaints.push(sentence);
  }

  /** Nothing that anybody waits for can happen any more. */
  fail(failure: Error): void {
    this.failure = failure;
    this.tick();
  }

  /** Throws what `fail` was told, if it was. */
  throwFailure(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** What was told since the last time. */
  take(): { readonly greetings: readonly Greeting[]; readonly complaints: readonly string[] } {
    const { greetings, complaints } = this;
    this.greetings = [];
    this.complaints = [];
    return { greetings, complaints };
  }

  /**
   * Waits until the condition holds; it is looked at whenever something has happened.
   * @param what  Goes on after "waited in vain": `for the fence of reader`.
   * @param patienceMillis  How long nothing at all may happen.
   */
  async until(condition: () => boolean, what: () => string, patienceMillis: number = PATIENCE_MILLIS): Promise<void> {
    if (condition()) return;
    this.throwFailure();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let isDue = false;
    const look = (): void => {
      isDue = false;
      if (condition()) resolve();
      else if (this.failure !== undefined) reject(this.failure);
    };
    const impatience = setTimeout(
      () => reject(new Error(`Waited ${patienceMillis / 1000} s in vain ${what()}.`)),
      patienceMillis,
    );
    const wake = (): void => {
      impatience.refresh();
      // Once a turn is often enough.
      if (!isDue) setImmediate(look);
      isDue = true;
    };
    this.wakers.add(wake);
    try {
      await promise;
    } finally {
      clearTimeout(impatience);
      this.wakers.delete(wake);
    }
  }
}
