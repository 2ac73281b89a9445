// What one transaction writes. The bookkeeping (ledger.ts) puts it together; transaction.ts writes it, and can write
// it again if there was no room, since nothing in here changes by being written. Messages lie in the batch that
// brought them and are not copied.

import type { EntryPage } from './entry-page.ts';
import type { RecipientQueue } from './recipient-queue.ts';

/** A change to a row that is not about queues. They are made in the order in which they came. */
export type RowChange =
  | { readonly kind: 'save-keyed'; readonly table: SavedTable; readonly key: number; readonly record: Uint8Array }
  | { readonly kind: 'delete-keyed'; readonly table: DeletedTable; readonly key: number }
  | {
      readonly kind: 'save-subscription';
      readonly session: number;
      readonly filter: string;
      readonly record: Uint8Array;
    }
  | { readonly kind: 'delete-subscription'; readonly session: number; readonly filter: string }
  | { readonly kind: 'delete-subscriptions'; readonly session: number }
  | { readonly kind: 'save-retained'; readonly topic: string; readonly record: Uint8Array }
  | { readonly kind: 'delete-retained'; readonly topic: string }
  | { readonly kind: 'save-ending'; readonly recipient: number }
  | { readonly kind: 'save-meta'; readonly name: string; readonly record: Uint8Array };

/** Tables whose rows are saved whole under a number. */
export type SavedTable = 'session' | 'group_queue' | 'will';

/** Tables whose rows are deleted by a number. */
export type DeletedTable = SavedTable | 'progress' | 'ending';

/** A page that becomes a row. */
export interface SavedPage {
  readonly queue: RecipientQueue;
  readonly page: EntryPage;
}

/** A message that becomes a row. */
interface NewMessages {
  readonly ids: number[];
  /** Where each record lies in the batch. */
  readonly starts: number[];
  readonly ends: number[];
}

const NO_BYTES = new Uint8Array(0);

/** What one transaction writes. */
export class WriteSet {
  /** Where new messages lie. */
  batch: Uint8Array;
  /** New messages, oldest first; those that nobody is owed any more are not written. */
  readonly messages: NewMessages;
  /** Messages with rows that go, in no order. */
  readonly deletedMessages: number[];
  readonly savedPages: SavedPage[];
  /** Rows of pages that go. */
  readonly deletedPages: number[];
  /** Whose progress changed. */
  readonly dirty: RecipientQueue[];
  readonly rows: RowChange[];

  constructor() {
    this.batch = NO_BYTES;
    this.messages = { ids: [], starts: [], ends: [] };
    this.deletedMessages = [];
    this.savedPages = [];
    this.deletedPages = [];
    this.dirty = [];
    this.rows = [];
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return (
      this.messages.ids.length === 0 &&
      this.deletedMessages.length === 0 &&
      this.savedPages.length === 0 &&
      this.deletedPages.length === 0 &&
      this.dirty.length === 0 &&
      this.rows.length === 0
    );
  }

  /** A new message: its record lies in the batch. hot: */
  addMessage(id: number, start: number, end: number): void {
    const { ids, starts, ends } = this.messages;
    ids.push(id);
    starts.push(start);
    ends.push(end);
  }

  /** Nobody is owed the message any more. If it came with this set, it has no row yet, and gets none. hot: */
  deleteMessage(id: number): void {
    const firstNew = this.messages.ids[0];
    if (firstNew === undefined || id < firstNew) this.deletedMessages.push(id);
  }

  /** The progress of the recipient changed. hot: */
  markDirty(queue: RecipientQueue): void {
    if (queue.isDirty) return;
    queue.isDirty = true;
    this.dirty.push(queue);
  }

  /** Forgets everything: it was written. */
  clear(): void {
    this.batch = NO_BYTES;
    this.messages.ids.length = 0;
    this.messages.starts.length = 0;
    this.messages.ends.length = 0;
    this.deletedMessages.length = 0;
    this.savedPages.length = 0;
    this.deletedPages.length = 0;
    for (const queue of this.dirty) queue.isDirty = false;
    this.dirty.length = 0;
    this.rows.length = 0;
  }
}
