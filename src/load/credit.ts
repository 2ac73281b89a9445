// How far publishers may be ahead of those who hear them. Without it a run of QoS 0 would measure how fast a broker drops messages, and
// one of QoS 1 how long its queues get.

import { type Board, Count } from './board.ts';

/** Asked before messages leave, told what left and what came. */
export interface Credit {
  /** How many messages one publisher may send now. */
  room(): number;
  sent(count: number): void;
  received(count: number): void;
  /** What is outstanding is written off: nothing has come for a while. Says how many copies that are. */
  forgive(): number;
}

/** Nobody looks. */
export const UNLIMITED: Credit = {
  room: () => Number.POSITIVE_INFINITY,
  sent() {},
  received() {},
  forgive: () => 0,
};

/** A publisher and its own subscriber, in one thread. */
export class PairCredit implements Credit {
  private readonly ahead: number;
  private outstanding: number;

  constructor(ahead: number) {
    this.ahead = ahead;
    this.outstanding = 0;
  }

  room(): number {
    return this.ahead - this.outstanding;
  }

  sent(count: number): void {
    this.outstanding += count;
  }

  received(count: number): void {
    this.outstanding = Math.max(0, this.outstanding - count);
  }

  forgive(): number {
    const forgiven = this.outstanding;
    this.outstanding = 0;
    return forgiven;
  }
}

/** All publishers and all subscribers, in all threads: what is outstanding stands on the board. */
export class SharedCredit implements Credit {
  private readonly board: Board;
  private readonly copies: number;
  private readonly outstandingMax: number;

  /**
   * @param copies  To how many subscribers each message goes.
   * @param ahead   How many messages all publishers together may be ahead.
   */
  constructor(board: Board, copies: number, ahead: number) {
    this.board = board;
    this.copies = copies;
    this.outstandingMax = copies * ahead;
  }

  room(): number {
    return Math.floor((this.outstandingMax - this.outstanding()) / this.copies);
  }

  sent(): void {}

  received(): void {}

  forgive(): number {
    return Math.max(0, this.outstanding());
  }

  private outstanding(): number {
    const { board } = this;
    return board.total(Count.sent) * this.copies - board.total(Count.received) - board.total(Count.forgiven);
  }
}
