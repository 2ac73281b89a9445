// What one recipient is owed: its progress (progress.ts), and its queue as pages of entries, oldest first. All pages but
// the last are rows and usually not in memory; the last one, the tail, is in memory alone until it is full or the index
// is written (index-run.ts). A message leaves the queue by being sent or settled: almost always the oldest one, then the
// mark and a position in the oldest page move on and nothing is searched.
// Invariants: every message of the queue newer than `mark` and in no range of `ahead` is owed and not in flight; every
// message in `sent` or `received` is not newer than `mark`, or in a range of `ahead`.
// What the messages are, and who else is owed them, is not known here.

import { assert } from '../../base/assert.ts';
import { RingQueue } from '../../base/ring-queue.ts';
import { EntryCursor, EntryPage } from './entry-page.ts';
import { IdRanges } from './id-ranges.ts';
import { isExactlyOnce, type Progress, sendingOf } from './progress.ts';
import { RecipientFlag } from './message-record.ts';

/** Where pages are while they are not in memory. */
export interface PageShelf {
  /** How many entries a page takes. */
  readonly entriesMax: number;
  /** Brings the entries of a page into memory. */
  load(page: EntryPage): Uint8Array;
  /** Gives a page a row; it is not appended to any more. */
  save(queue: RecipientQueue, page: EntryPage): void;
  /** A saved page has nothing left that is owed. */
  drop(page: EntryPage): void;
}

/** Some of a queue, as it is collected. Reused. */
export class QueueSlice {
  /** The messages, oldest first; those from `count` on mean nothing. */
  readonly ids: number[];
  /** How each is to be delivered, see `RecipientFlag`. */
  readonly flags: number[];
  count: number;
  /** Of payload. */
  bytes: number;

  constructor() {
    this.ids = [];
    this.flags = [];
    this.count = 0;
    this.bytes = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
  }

  /** hot: */
  push(id: number, flags: number, size: number): void {
    this.ids[this.count] = id;
    this.flags[this.count] = flags;
    this.count++;
    this.bytes += size;
  }
}

/** For one walk at a time, which none of the functions here is interrupted in. */
const CURSOR = new EntryCursor();

/** What one recipient is owed. */
export class RecipientQueue {
  readonly key: number;
  readonly kind: 'session' | 'group';
  readonly progress: Progress;
  /** Whether the progress is to be written with the next transaction. */
  isDirty: boolean;
  /** Whether it stands in the list of those whose tail the index does not know. */
  isListed: boolean;
  /** Whether the recipient is no more; its pages may still be there. */
  isOver: boolean;
  private readonly shelf: PageShelf;
  private readonly pages: RingQueue<EntryPage>;
  private tail: EntryPage;
  /** How far the oldest page is consumed: where the next entry begins, and what the entry before it says. */
  private headPosition: number;
  private headId: number;
  private headSize: number;

  constructor(key: number, kind: 'session' | 'group', shelf: PageShelf, progress: Progress) {
    this.key = key;
    this.kind = kind;
    this.progress = progress;
    this.isDirty = false;
    this.isListed = false;
    this.isOver = false;
    this.shelf = shelf;
    this.pages = new RingQueue();
    this.tail = new EntryPage();
    this.headPosition = 0;
    this.headId = 0;
    this.headSize = 0;
  }

  /** Whether a message of this recipient has not left the queue. */
  isQueued(id: number): boolean {
    const { mark, ahead } = this.progress;
    return id > mark && (ahead === undefined || !ahead.has(id));
  }

  /** The newest message in a saved page; 0: there is none. */
  get lastSavedId(): number {
    return this.pages.length === 0 ? 0 : this.pages.at(this.pages.length - 1).lastId;
  }

  /** Whether something is saved that was not dropped. */
  get hasPages(): boolean {
    return this.pages.length > 0;
  }

  /** Whether it is the page that is consumed next. */
  isHead(page: EntryPage): boolean {
    return this.pages.peek() === page;
  }

  /** Puts a page back that a start found; oldest first, before anything is appended. */
  restorePage(page: EntryPage): void {
    this.pages.push(page);
  }

  /** Adds a message at the end. hot: */
  append(id: number, size: number, flags: number): void {
    if (this.tail.count >= this.shelf.entriesMax) this.turnTail();
    this.tail.append(id, size, flags);
  }

  /** A message goes out under a packet identifier, or goes out again under another one. hot: */
  send(id: number, packetId: number): void {
    const { progress } = this;
    progress.sent ??= new Map();
    const earlier = progress.sent.get(id);
    const exactlyOnce =
      earlier === undefined ? (this.leave(id) & RecipientFlag.exactlyOnce) !== 0 : isExactlyOnce(earlier);
    progress.sent.set(id, sendingOf(packetId, exactlyOnce));
  }

  /** PUBREC came for a message in flight. hot: */
  receive(id: number): void {
    const { progress } = this;
    const sending = progress.sent?.get(id);
    assert(sending !== undefined, 'a message that was received was sent');
    progress.sent?.delete(id);
    progress.received ??= new Map();
    progress.received.set(id, sending);
  }

  /** A message is done with, be it in flight or not. hot: */
  settle(id: number): void {
    const { sent, received } = this.progress;
    if (sent?.delete(id) === true || received?.delete(id) === true) return;
    this.leave(id);
  }

  /** A QoS 2 message came from this session. hot: */
  remember(packetId: number): void {
    this.progress.exactlyOnceIds ??= new Set();
    this.progress.exactlyOnceIds.add(packetId);
  }

  /** PUBREL came for it. hot: */
  forget(packetId: number): void {
    this.progress.exactlyOnceIds?.delete(packetId);
  }

  /**
   * Collects what waits and is newer than `after`, at least one message if there is one.
   * @param bytesMax  Of payload.
   * @returns Whether there was nothing more.
   */
  collect(after: number, messagesMax: number, bytesMax: number, slice: QueueSlice): boolean {
    const { mark, ahead } = this.progress;
    const from = Math.max(after, mark);
    for (let index = this.indexOf(from + 1); index <= this.pages.length; index++) {
      this.open(index);
      while (CURSOR.next()) {
        if (CURSOR.id <= from || ahead?.has(CURSOR.id) === true) continue;
        const isEnough = slice.count >= messagesMax || slice.bytes + CURSOR.size > bytesMax;
        if (slice.count > 0 && isEnough) return false;
        slice.push(CURSOR.id, CURSOR.flags, CURSOR.size);
      }
    }
    return true;
  }

  /** Saves the tail, if something is in it, so that a start finds it without looking at the messages. */
  saveTail(): void {
    if (this.tail.count === 0) return;
    const page = this.tail;
    this.tail = new EntryPage();
    this.pages.push(page);
    this.shelf.save(this, page);
  }

  /** The recipient is no more: gives up what is in flight and in the tail. Pages stay until `giveUpPage`. */
  end(giveUp: (id: number) => void): void {
    const { progress, tail } = this;
    for (const sendings of [progress.sent, progress.received]) {
      if (sendings !== undefined) for (const id of sendings.keys()) giveUp(id);
    }
    this.giveUpEntries(tail, giveUp);
    tail.clear();
    progress.sent = undefined;
    progress.received = undefined;
    progress.exactlyOnceIds = undefined;
    this.isOver = true;
  }

  /** Gives up the oldest page; says how many entries it had, 0: there is none. */
  giveUpPage(giveUp: (id: number) => void): number {
    const page = this.pages.peek();
    if (page === undefined) return 0;
    this.giveUpEntries(page, giveUp);
    const { count } = page;
    this.turnHead();
    return count;
  }

  /** @returns How the message was to be delivered. hot: */
  private leave(id: number): number {
    const hasHead = this.peek();
    if (!hasHead || CURSOR.id !== id) return this.leaveAhead(id);
    const { flags } = CURSOR;
    this.consume();
    if (this.progress.ahead !== undefined) this.skipAhead(this.progress.ahead);
    return flags;
  }

  /** Moves the cursor to the oldest entry that is queued; false if there is none. hot: */
  private peek(): boolean {
    for (;;) {
      const page = this.pages.peek() ?? this.tail;
      if (page.count === 0) return false;
      const bytes = page.bytes ?? this.shelf.load(page);
      CURSOR.resume(bytes, page.length, this.headPosition, this.headId, this.headSize);
      while (CURSOR.next()) if (CURSOR.id > this.progress.mark) return true;
      // A page that a start found, whose entries had left before it.
      this.turnHead();
    }
  }

  /** Moves the mark to the entry that `peek` found. hot: */
  private consume(): void {
    this.progress.mark = CURSOR.id;
    if (CURSOR.isAtEnd) {
      this.turnHead();
      return;
    }
    this.headPosition = CURSOR.position;
    this.headId = CURSOR.id;
    this.headSize = CURSOR.size;
  }

  /** Lets the mark pass what left the queue out of turn. */
  private skipAhead(ahead: IdRanges): void {
    const { progress } = this;
    while (ahead.length > 0) {
      const hasHead = this.peek();
      if (hasHead && CURSOR.id < ahead.from(0)) return;
      if (!hasHead || CURSOR.id > ahead.to(0)) {
        progress.mark = ahead.shift();
        continue;
      }
      this.consume();
      if (progress.mark === ahead.to(0)) ahead.shift();
    }
    progress.ahead = undefined;
  }

  /** Lets a message leave the queue that is not the oldest. */
  private leaveAhead(id: number): number {
    const { progress, pages } = this;
    const index = this.indexOf(id);
    this.open(index);
    let before = index === 0 ? 0 : pages.at(index - 1).lastId;
    while (CURSOR.next() && CURSOR.id < id) before = CURSOR.id;
    assert(CURSOR.id === id && this.isQueued(id), 'a message that leaves a queue is in it');
    const { flags } = CURSOR;
    const isLastOfPage = !CURSOR.next();
    const after = !isLastOfPage ? CURSOR.id : index < pages.length ? this.page(index + 1).firstId : 0;
    progress.ahead ??= new IdRanges();
    progress.ahead.add(id, before, after);
    return flags;
  }

  private giveUpEntries(page: EntryPage, giveUp: (id: number) => void): void {
    CURSOR.reset(page.bytes ?? this.shelf.load(page), page.length);
    while (CURSOR.next()) if (this.isQueued(CURSOR.id)) giveUp(CURSOR.id);
  }

  /** The oldest page has nothing left that is owed. */
  private turnHead(): void {
    this.headPosition = 0;
    this.headId = 0;
    this.headSize = 0;
    const page = this.pages.shift();
    if (page === undefined) {
      this.tail.clear();
      return;
    }
    page.isDrained = true;
    this.shelf.drop(page);
  }

  /** The tail is full: it becomes a row, or sheds what has left it if that is much. */
  private turnTail(): void {
    if (this.pages.length > 0 || this.headPosition * 2 < this.tail.length) {
      this.saveTail();
      return;
    }
    const rest = new EntryPage();
    CURSOR.resume(this.tail.entries(), this.tail.length, this.headPosition, this.headId, this.headSize);
    while (CURSOR.next()) rest.append(CURSOR.id, CURSOR.size, CURSOR.flags);
    this.tail = rest;
    this.headPosition = 0;
    this.headId = 0;
    this.headSize = 0;
  }

  /** Moves the cursor before the first entry of a page. */
  private open(index: number): void {
    const page = this.page(index);
    CURSOR.reset(page.bytes ?? this.shelf.load(page), page.length);
  }

  /** A page, oldest first; the tail is the last one. */
  private page(index: number): EntryPage {
    return index < this.pages.length ? this.pages.at(index) : this.tail;
  }

  /** The first page that does not end before the message; the tail if there is none. */
  private indexOf(id: number): number {
    let low = 0;
    let high = this.pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pages.at(middle).lastId < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
