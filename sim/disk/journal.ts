// What a store was told in one life, change by change, so that it can be made again in the next: what the model of a disk is made of. Each
// change is a batch of its own; those of a turn are on the disk together, or not at all.
// A message that everybody had before it left for the disk leaves the list: it never was there.

import type { Batch, MessageId } from '../../src/store/contract.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';

/** One change. */
export interface Change {
  readonly play: (store: MemoryStore) => unknown;
  /** The message that it is about; 0: none. */
  readonly messageId: MessageId;
}

/** Where a turn ended. */
export interface TurnEnd {
  /** Its last change. */
  readonly last: Batch;
  /** The newest message up to there. */
  readonly messageIdMax: MessageId;
}

/** The changes of one life, after those that it found. */
export class Journal {
  /** Messages that never left. */
  elided: number;
  private readonly changes: Change[];
  private readonly elidedIds: Set<MessageId>;
  private messageIdMax: MessageId;
  /** The newest message that left for the disk. */
  private leftIdMax: MessageId;
  private sealed: Batch;

  /** @param found  What is on the disk. */
  constructor(found: readonly Change[]) {
    this.elided = 0;
    this.changes = Array.from(found);
    this.elidedIds = new Set();
    this.messageIdMax = 0;
    this.leftIdMax = 0;
    this.sealed = found.length;
  }

  /** Whether there are changes since the latest turn ended. */
  get isTurnOpen(): boolean {
    return this.changes.length > this.sealed;
  }

  /** A change was made. hot: */
  add(messageId: MessageId, play: Change['play']): void {
    this.changes.push({ play, messageId });
    if (messageId > this.messageIdMax) this.messageIdMax = messageId;
  }

  /** Everybody has the message. Says whether it leaves the list: it must not have left for the disk. */
  elide(messageId: MessageId): boolean {
    if (messageId <= this.leftIdMax) return false;
    this.elidedIds.add(messageId);
    this.elided++;
    return true;
  }

  /** The turn is over. */
  endTurn(): TurnEnd {
    this.sealed = this.changes.length;
    return { last: this.sealed, messageIdMax: this.messageIdMax };
  }

  /** Everything up to the end of that turn leaves for the disk. */
  leave(turn: TurnEnd): void {
    this.leftIdMax = turn.messageIdMax;
  }

  /** What is on a disk that has everything up to this change. */
  upTo(last: Batch): readonly Change[] {
    return this.changes.slice(0, last).filter(({ messageId }) => !this.elidedIds.has(messageId));
  }
}
