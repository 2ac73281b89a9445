// A store over the model of a disk, for one life of a process: a MemoryStore, and the list of what it was told (journal.ts). What it says is
// durable is what the model has synced.
//
// At the end of a turn its changes are sealed. If nothing is on its way, all that is sealed leaves, as one commit; else it leaves when that
// has arrived. A commit is first written and then synced, which takes its time, and only then announced. What nobody waits for
// leaves with the next commit that somebody waits for, or some milliseconds later.
// With 'tiny' tuning a commit takes a few turns only, and nothing waits for company.
//
// Around each step is a boundary, at which the process may be killed. Invariant: once `isOver`, nobody hears of anything, whatever is asked.

import { assert } from '../../src/base/assert.ts';
import { RingQueue } from '../../src/base/ring-queue.ts';
import type {
  Batch,
  MessageId,
  PageSize,
  QueuePage,
  RecipientKey,
  Recovered,
  Store,
  StoreOwner,
  StoreStatistics,
} from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { DiskParts } from './disk.ts';
import { type DiskState, SLOW_FACTOR, UNAWAITED_MILLIS } from './disk-state.ts';
import { type Change, Journal, type TurnEnd } from './journal.ts';

/** Some turns on their way to the disk. */
interface Commit {
  readonly turns: readonly TurnEnd[];
  /** 'leaving': some of it may have been written, 'written': all of it, and maybe some is synced. */
  stage: 'leaving' | 'written' | 'failed';
}

/** One life's store. */
export class ModelStore implements Store {
  private readonly parts: DiskParts;
  private readonly disk: DiskState;
  private readonly isTiny: boolean;
  private readonly memory: MemoryStore;
  private readonly journal: Journal;
  private readonly seal: () => void;
  private owner: StoreOwner | undefined;
  private state: 'new' | 'opening' | 'open' | 'closing' | 'failed' | 'over';
  private isFullTold: boolean;
  /** The last change that is synced, announced or not. */
  private synced: Batch;
  /** Turns that have not left, oldest first. */
  private readonly sealed: TurnEnd[];
  private commit: Commit | undefined;
  private isSealAsked: boolean;
  /** Somebody waits for something that has not left. */
  private isUrgent: boolean;
  private isSoonAsked: boolean;
  /** Pages that were read, and are on their way. */
  private readonly answers: RingQueue<() => void>;
  private ending: PromiseWithResolvers<void> | undefined;

  /** @param found  What is on the disk. */
  constructor(parts: DiskParts, disk: DiskState, found: readonly Change[]) {
    this.parts = parts;
    this.disk = disk;
    this.isTiny = parts.plan.tuning === 'tiny';
    this.memory = new MemoryStore({ announces: 'when-told', later: (task) => this.answer(task) });
    for (const { play } of found) play(this.memory);
    if (found.length > 0) this.memory.announce(found.length);
    this.journal = new Journal(found);
    this.seal = () => this.endTurn();
    this.owner = undefined;
    this.state = 'new';
    this.isFullTold = false;
    this.synced = found.length;
    this.sealed = [];
    this.commit = undefined;
    this.isSealAsked = false;
    this.isUrgent = false;
    this.isSoonAsked = false;
    this.answers = new RingQueue();
    this.ending = undefined;
  }

  get durable(): Batch {
    return this.memory.durable;
  }

  get lateBytes(): number {
    return this.memory.lateBytes;
  }

  /** Whether something is on its way to the disk, or from it. */
  get isBusy(): boolean {
    const { state, journal, sealed, commit, answers } = this;
    if (state === 'opening' || state === 'closing') return true;
    if (state !== 'open') return false;
    const isOnItsWay = journal.isTurnOpen || sealed.length > 0 || commit !== undefined || answers.length > 0;
    return isOnItsWay || this.isFullTold !== this.disk.isFull;
  }

  open(owner: StoreOwner): Promise<Recovered> {
    assert(this.state === 'new', 'a store is opened once');
    this.state = 'opening';
    const { promise, resolve } = Promise.withResolvers<Recovered>();
    this.parts.after(this.delay(), () => {
      if (!this.parts.boundary('reading back')) return;
      this.parts.after(this.delay(), () => {
        if (!this.parts.boundary('read back')) return;
        void this.memory.open(owner).then((recovered) => this.opened(owner, recovered, resolve));
      });
    });
    return promise;
  }

  statistics(): StoreStatistics {
    return { ...this.memory.statistics(), messagesElided: this.journal.elided };
  }

  close(): Promise<void> {
    if (this.ending !== undefined) return this.ending.promise;
    this.ending = Promise.withResolvers();
    if (this.state === 'open') {
      this.state = 'closing';
      this.isUrgent = true;
      this.endTurn();
    } else if (this.state === 'opening') {
      this.state = 'closing';
    } else if (this.state !== 'over') {
      this.finish();
    }
    return this.ending.promise;
  }

  /** The disk is full, or not any more. */
  tellFull(): void {
    this.parts.after(0, () => {
      const { isFull } = this.disk;
      if (this.state !== 'open' || isFull === this.isFullTold) return;
      this.isFullTold = isFull;
      this.owner?.full(isFull);
    });
  }

  /** This life is over. @returns What is found on the disk: all that was synced, and as much of the rest as chance will have. */
  end(machine: boolean): readonly Change[] {
    this.state = 'over';
    this.owner = undefined;
    const { commit } = this;
    if (commit === undefined) return this.journal.upTo(this.synced);
    const { turns, stage } = commit;
    // What the operating system has, a process cannot take along.
    const kept = stage === 'written' && !machine ? turns.length : this.parts.random.between(0, turns.length);
    return this.journal.upTo(turns[kept - 1]?.last ?? this.synced);
  }

  readonly saveSession: Store['saveSession'] = (record) => this.change(0, (store) => store.saveSession(record));
  readonly deleteSession: Store['deleteSession'] = (session) => this.change(0, (store) => store.deleteSession(session));
  readonly saveSubscription: Store['saveSubscription'] = (session, subscription) =>
    this.change(0, (store) => store.saveSubscription(session, subscription));
  readonly deleteSubscription: Store['deleteSubscription'] = (session, filter) =>
    this.change(0, (store) => store.deleteSubscription(session, filter));
  readonly saveGroup: Store['saveGroup'] = (record) => this.change(0, (store) => store.saveGroup(record));
  readonly deleteGroup: Store['deleteGroup'] = (group) => this.change(0, (store) => store.deleteGroup(group));
  readonly append: Store['append'] = (id, message, recipients, origin) =>
    this.change(id, (store) => store.append(id, message, recipients, origin));
  readonly settle: Store['settle'] = (recipient, message) => {
    const isUnwritten = this.changeUnawaited(message, (store) => store.settle(recipient, message));
    return isUnwritten && this.journal.elide(message);
  };
  readonly recordSending: Store['recordSending'] = (session, message, id, isAwaited = true) => {
    const play = (store: MemoryStore): Batch => store.recordSending(session, message, id);
    return isAwaited ? this.change(message, play) : this.changeUnawaited(message, play);
  };
  readonly recordReceived: Store['recordReceived'] = (session, message) =>
    this.change(message, (store) => store.recordReceived(session, message));
  readonly recordReleased: Store['recordReleased'] = (session, id) =>
    this.change(0, (store) => store.recordReleased(session, id));
  readonly saveRetained: Store['saveRetained'] = (message) => this.change(0, (store) => store.saveRetained(message));
  readonly deleteRetained: Store['deleteRetained'] = (topic) => this.change(0, (store) => store.deleteRetained(topic));
  readonly saveWill: Store['saveWill'] = (key, will) => this.change(0, (store) => store.saveWill(key, will));
  readonly deleteWill: Store['deleteWill'] = (key) => this.change(0, (store) => store.deleteWill(key));

  read(recipient: RecipientKey, after: MessageId, size: PageSize, onRead: (page: QueuePage) => void): void {
    this.memory.read(recipient, after, size, onRead);
  }

  private opened(owner: StoreOwner, recovered: Recovered, resolve: (recovered: Recovered) => void): void {
    if (this.state === 'opening') {
      this.state = 'open';
      this.owner = owner;
      if (this.disk.isFull) this.tellFull();
    } else if (this.state === 'closing') {
      this.finish();
    } else {
      return;
    }
    resolve(recovered);
  }

  /** hot: */
  private change<T>(messageId: MessageId, play: (store: MemoryStore) => T): T {
    this.isUrgent = true;
    return this.changeUnawaited(messageId, play);
  }

  /** hot: */
  private changeUnawaited<T>(messageId: MessageId, play: (store: MemoryStore) => T): T {
    const result = play(this.memory);
    this.journal.add(messageId, play);
    if (!this.isSealAsked) {
      this.isSealAsked = true;
      this.parts.atTurnEnd(this.seal);
    }
    return result;
  }

  /** The turn is over: its changes become durable together. */
  private endTurn(): void {
    this.isSealAsked = false;
    if (this.state !== 'open' && this.state !== 'closing') return;
    if (this.journal.isTurnOpen) this.sealed.push(this.journal.endTurn());
    if (this.isUrgent || this.isTiny) this.proceed();
    else if (!this.isSoonAsked) this.askSoon();
  }

  private askSoon(): void {
    this.isSoonAsked = true;
    this.parts.after(UNAWAITED_MILLIS, () => {
      this.isSoonAsked = false;
      this.isUrgent = true;
      this.proceed();
    });
  }

  /** Lets a commit leave, if one may. */
  private proceed(): void {
    const { sealed, parts } = this;
    if (this.commit !== undefined) return;
    if (sealed.length === 0) {
      if (this.state === 'closing') this.finish();
      return;
    }
    if (!parts.boundary('before commit')) return;
    const turns = sealed.splice(0, this.isTiny ? parts.random.between(1, sealed.length) : sealed.length);
    const last = turns.at(-1);
    assert(last !== undefined, 'a commit takes something');
    this.journal.leave(last);
    if (sealed.length === 0) this.isUrgent = false;
    const commit: Commit = { turns, stage: 'leaving' };
    this.commit = commit;
    const millis = this.delay() * (this.disk.isSlow ? SLOW_FACTOR : 1);
    const writeMillis = parts.random.between(0, millis);
    parts.after(writeMillis, () => this.write(commit, millis - writeMillis, last.last));
  }

  private write(commit: Commit, syncMillis: number, last: Batch): void {
    if (this.disk.takeFailure()) {
      this.fail(commit);
      return;
    }
    commit.stage = 'written';
    if (this.parts.boundary('after write')) this.parts.after(syncMillis, () => this.sync(commit, last));
  }

  private sync(commit: Commit, last: Batch): void {
    if (this.disk.takeFailure()) {
      this.fail(commit);
      return;
    }
    this.commit = undefined;
    this.synced = last;
    if (!this.parts.boundary('after sync')) return;
    this.memory.announce(last);
    if (!this.parts.boundary('announced')) return;
    if (this.state === 'closing' || this.isUrgent || this.isTiny) this.proceed();
  }

  /** The end: nothing is tried again, and how much of it is on the disk nobody knows. */
  private fail(commit: Commit): void {
    commit.stage = 'failed';
    this.state = 'failed';
    this.memory.announceFailed();
    this.finish();
  }

  /** Lets go of everything. */
  private finish(): void {
    if (this.state !== 'failed') {
      this.state = 'over';
      void this.memory.close();
    }
    this.ending?.resolve();
  }

  /** Hands a page over, in a turn of its own; the oldest one first, whichever was quicker. */
  private answer(task: () => void): void {
    this.answers.push(task);
    this.parts.after(this.delay(), () => {
      const oldest = this.answers.shift();
      if (this.state !== 'open') return;
      oldest?.();
      this.parts.boundary('read answered');
    });
  }

  private delay(): number {
    const { commitMillisMin, commitMillisMax } = this.parts.plan;
    return this.parts.random.between(commitMillisMin, commitMillisMax);
  }
}
