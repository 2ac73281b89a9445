// What lets a start pass over old messages: from time to time the tails of all queues are saved, a slice at a time, and
// then the number of the newest message at the beginning of that is stored as `indexed_to`. A start reads the saved
// pages, and looks at the recipients of newer messages alone.
// It may stop anywhere, and the process may: a tail that is saved is saved, whatever `indexed_to` says.

import type { Ledger } from './ledger.ts';
import { Meta, numberRecord } from './meta.ts';
import type { RecipientQueue } from './recipient-queue.ts';
import type { WriteSet } from './write-set.ts';

/** When to index: when a start would have to look at so much. */
export interface IndexTuning {
  readonly indexEveryMessages: number;
  /** Recipients of messages, each for itself. */
  readonly indexEveryEntries: number;
  /** Of the records of messages. */
  readonly indexEveryBytes: number;
}

/** The indexing of one store, again and again. */
export class IndexRun {
  private readonly ledger: Ledger;
  private readonly writes: WriteSet;
  private readonly tuning: IndexTuning;
  /** Whose tails are still to be saved in this run; `undefined`: none is under way. */
  private left: RecipientQueue[] | undefined;
  /** What `indexed_to` will be. */
  private target: number;

  constructor(ledger: Ledger, writes: WriteSet, tuning: IndexTuning) {
    this.ledger = ledger;
    this.writes = writes;
    this.tuning = tuning;
    this.left = undefined;
    this.target = 0;
  }

  /** Whether it is time, or a run is under way. */
  get isDue(): boolean {
    const { newMessages, newEntries, newBytes } = this.ledger;
    const { indexEveryMessages, indexEveryEntries, indexEveryBytes } = this.tuning;
    if (this.left !== undefined) return true;
    return newMessages >= indexEveryMessages || newEntries >= indexEveryEntries || newBytes >= indexEveryBytes;
  }

  /** Whether a start would have to look at messages. */
  get isNeeded(): boolean {
    return this.left !== undefined || this.ledger.newMessages > 0;
  }

  /** Saves the tails of about so many recipients. */
  step(rows: number): void {
    this.left ??= this.begin();
    for (let count = 0; count < rows; count++) {
      const queue = this.left.pop();
      if (queue === undefined) break;
      queue.isListed = false;
      if (!queue.isOver) queue.saveTail();
    }
    if (this.left.length > 0) return;
    this.left = undefined;
    this.writes.rows.push({ kind: 'save-meta', name: Meta.indexedTo, record: numberRecord(this.target) });
  }

  private begin(): RecipientQueue[] {
    const { ledger } = this;
    const left = ledger.unindexed;
    ledger.unindexed = [];
    ledger.newMessages = 0;
    ledger.newEntries = 0;
    ledger.newBytes = 0;
    this.target = ledger.messageIdMax;
    return left;
  }
}
