// The store contract on SQLite, as the broker's thread sees it: changes are laid down in a buffer (change-writer.ts), which
// leaves as a batch (batch-line.ts) for the engine, which is elsewhere (executor.ts); what the engine hands back becomes objects
// (answer-reader.ts).
// A batch is sealed at the end of a turn, so all changes of a turn are in one, and return its number.
// Changes that nobody waits for (settled, sent with QoS 1) may leave some milliseconds later, with others; and a read of a queue
// need not wait for those among them that are about messages which have left the queue before.
// Invariant: after a failure nothing is announced any more, and changes go nowhere.
// Longer than 400 lines because the contract is wide: it has a method for every change, and most are two lines here.

import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { OperationError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import type { PacketId } from '../../packet/packet-id.ts';
import type {
  Batch,
  GroupKey,
  GroupRecord,
  MessageId,
  Origin,
  PageSize,
  QueuedDelivery,
  QueuePage,
  Recipient,
  RecipientKey,
  Recovered,
  SessionKey,
  SessionRecord,
  Store,
  StoreOwner,
  StoreStatistics,
  SubscriptionRecord,
  WillRecord,
} from '../contract.ts';
import { markOf, type Timeline } from '../timeline.ts';
import { RecoveryReader, readPage } from './answer-reader.ts';
import { BatchLine } from './batch-line.ts';
import { ChangeWriter } from './change-writer.ts';
import type { EngineStatistics, HighestNumbers } from './engine.ts';
import type { Executor } from './executor.ts';
import { BodyReader } from './message-body.ts';
import { PendingReads } from './pending-reads.ts';
import type { EncodedPage } from './queue-reader.ts';
import { RecordError } from './record-cursor.ts';

/** How often store time is noted while anything changes. */
const MARK_MILLIS = 60_000;

/** How long changes that nobody waits for may wait for others to leave with. */
const UNAWAITED_MILLIS = 5;

/** So much of them does not wait. */
const UNAWAITED_BYTES_MAX = 64 * 1024;

/** What a store is made of. */
export interface SqliteStoreParts {
  /** Not opened yet. */
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Log;
  /** No more is believed of a wall clock, where it must be asked how long nobody ran. */
  readonly downtimeMax: Millis;
  /** Whether a message that everybody has before it is written is not written: yes, unless told otherwise to measure writing. */
  readonly elides?: boolean;
  /** Changes of so many bytes leave while others are being committed; 256 KiB unless told otherwise. */
  readonly aheadBytes?: number;
  /** Runs a task when the turn has ended, in order; `setImmediate` unless told otherwise. */
  readonly later?: (task: () => void) => void;
  /** Runs a task some milliseconds later, for changes that nobody waits for; a timer, or `later` if that is given. */
  readonly soon?: (task: () => void) => void;
}

/** A store that outlives the process. */
export class SqliteStore implements Store {
  private readonly executor: Executor;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly downtimeMax: Millis;
  private readonly later: (task: () => void) => void;
  private readonly soon: (task: () => void) => void;
  private readonly writer: ChangeWriter;
  private readonly line: BatchLine;
  private readonly reads: PendingReads;
  private readonly bodies: BodyReader;
  private readonly turnEnd: () => void;
  private readonly soonEnd: () => void;
  private isTurnEndAsked: boolean;
  private isSoonAsked: boolean;
  /** Somebody waits for a change that has not left, or it has waited long enough. */
  private isUrgent: boolean;
  /** A change that has not left counts for reads. */
  private holdsReads: boolean;
  /** The newest message that a change is about which has not left, and which nobody waits for; 0: there is none. */
  private unawaitedIdMax: MessageId;
  private owner: StoreOwner | undefined;
  private state: 'new' | 'opening' | 'open' | 'closing' | 'over';
  /** The latest batch that the owner was told of. */
  private announced: Batch;
  private timeline: Timeline | undefined;
  private markedAt: number;
  private engineStatistics: EngineStatistics | undefined;
  private ending: PromiseWithResolvers<void> | undefined;

  constructor(parts: SqliteStoreParts) {
    this.executor = parts.executor;
    this.clock = parts.clock;
    this.log = parts.log;
    this.downtimeMax = parts.downtimeMax;
    this.later = parts.later ?? ((task) => void setImmediate(task));
    this.soon = parts.soon ?? parts.later ?? ((task) => void setTimeout(task, UNAWAITED_MILLIS).unref());
    this.writer = new ChangeWriter(parts.elides ?? true);
    this.line = new BatchLine(this.writer, (batch) => this.executor.apply(batch), parts.aheadBytes);
    this.reads = new PendingReads();
    this.bodies = new BodyReader();
    this.turnEnd = () => this.endTurn();
    this.soonEnd = () => this.endSoon();
    this.isTurnEndAsked = false;
    this.isSoonAsked = false;
    this.isUrgent = false;
    this.holdsReads = false;
    this.unawaitedIdMax = 0;
    this.owner = undefined;
    this.state = 'new';
    this.announced = 0;
    this.timeline = undefined;
    // The first change of a run notes it; until then an older mark is as good.
    this.markedAt = Number.NEGATIVE_INFINITY;
    this.engineStatistics = undefined;
    this.ending = undefined;
  }

  get durable(): Batch {
    return this.line.durable;
  }

  get lateBytes(): number {
    return this.line.lateBytes;
  }

  open(owner: StoreOwner): Promise<Recovered> {
    assert(this.state === 'new', 'a store is opened once');
    this.state = 'opening';
    this.owner = owner;
    const { promise, resolve, reject } = Promise.withResolvers<Recovered>();
    const recovery = new RecoveryReader(this.clock, this.downtimeMax, this.bodies);
    this.executor.open({
      found: (chunk) => this.receiveFound(recovery, chunk, reject),
      opening: (share) => owner.opening(share),
      opened: (numbers, statistics) => resolve(this.receiveOpened(recovery, numbers, statistics)),
      refused: (error) => this.refuse(error, reject),
      committed: (spent, statistics) => this.receiveCommitted(spent, statistics),
      page: (page) => this.receivePage(page),
      full: (isFull) => owner.full(isFull),
      failed: (error) => this.fail(error),
      closed: () => this.ending?.resolve(),
    });
    return promise;
  }

  saveSession(record: SessionRecord): Batch {
    this.writer.saveSession(record);
    return this.changed();
  }

  deleteSession(session: SessionKey): Batch {
    this.reads.forget(session);
    this.writer.deleteSession(session);
    return this.changed();
  }

  saveSubscription(session: SessionKey, subscription: SubscriptionRecord): Batch {
    this.writer.saveSubscription(session, subscription);
    return this.changed();
  }

  deleteSubscription(session: SessionKey, filter: string): Batch {
    this.writer.deleteSubscription(session, filter);
    return this.changed();
  }

  saveGroup(record: GroupRecord): Batch {
    this.writer.saveGroup(record);
    return this.changed();
  }

  deleteGroup(group: GroupKey): Batch {
    this.reads.forget(group);
    this.writer.deleteGroup(group);
    return this.changed();
  }

  append(id: MessageId, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): Batch {
    // hot:
    this.writer.append(id, message, recipients, origin);
    return this.changed();
  }

  settle(recipient: RecipientKey, message: MessageId): boolean {
    // hot:
    const isElided = this.writer.settle(recipient, message);
    this.changedUnawaited(message);
    return isElided;
  }

  recordSending(session: SessionKey, message: MessageId, id: PacketId, isAwaited = true): Batch {
    // hot:
    this.writer.recordSending(session, message, id);
    return isAwaited ? this.changed() : this.changedUnawaited(message);
  }

  recordReceived(session: SessionKey, message: MessageId): Batch {
    // hot:
    this.writer.recordReceived(session, message);
    return this.changed();
  }

  recordReleased(session: SessionKey, id: PacketId): Batch {
    // hot:
    this.writer.recordReleased(session, id);
    return this.changed();
  }

  read(recipient: RecipientKey, after: MessageId, size: PageSize, onRead: (page: QueuePage) => void): void {
    this.reads.add({ recipient, after, size, onRead });
    // No change, but it goes where changes go, and behind those that it counts.
    if (after < this.unawaitedIdMax) this.changed();
    else this.askTurnEnd();
  }

  saveRetained(message: Message): Batch {
    this.writer.saveRetained(message);
    return this.changed();
  }

  deleteRetained(topic: string): Batch {
    this.writer.deleteRetained(topic);
    return this.changed();
  }

  saveWill(key: RecipientKey, record: WillRecord): Batch {
    this.writer.saveWill(key, record);
    return this.changed();
  }

  deleteWill(key: RecipientKey): Batch {
    this.writer.deleteWill(key);
    return this.changed();
  }

  statistics(): StoreStatistics {
    assert(this.engineStatistics !== undefined, 'a store has statistics when it is open');
    return { ...this.engineStatistics, messagesElided: this.writer.elidedTotal };
  }

  close(): Promise<void> {
    if (this.state === 'open') {
      this.mark();
      this.line.sendNow();
    }
    if (this.state !== 'over') this.state = 'closing';
    return this.end();
  }

  /** Something is to be done when the turn has ended. hot: */
  private changed(): Batch {
    this.isUrgent = true;
    this.holdsReads = true;
    this.askTurnEnd();
    return this.line.number;
  }

  /** hot: */
  private askTurnEnd(): void {
    if (this.isTurnEndAsked) return;
    this.isTurnEndAsked = true;
    this.later(this.turnEnd);
  }

  /** The same for a change that nobody waits for: it leaves with what somebody does wait for, or soon. hot: */
  private changedUnawaited(message: MessageId): Batch {
    if (message > this.unawaitedIdMax) this.unawaitedIdMax = message;
    if (this.isTurnEndAsked || this.isSoonAsked) return this.line.number;
    this.isSoonAsked = true;
    this.soon(this.soonEnd);
    return this.line.number;
  }

  private endSoon(): void {
    this.isSoonAsked = false;
    this.isUrgent = true;
    if (!this.isTurnEndAsked) this.endTurn();
  }

  private endTurn(): void {
    this.isTurnEndAsked = false;
    if (this.state === 'open') this.proceed();
    else if (this.state === 'over') this.writer.drop();
    this.announce();
  }

  /** Between turns: what can be done is done. */
  private proceed(): void {
    const { writer, line } = this;
    if (writer.count > 0 && this.clock.monotonic() - this.markedAt >= MARK_MILLIS) this.mark();
    if (this.isUrgent || writer.length > UNAWAITED_BYTES_MAX) line.proceed();
    if (writer.length === 0) {
      this.isUrgent = false;
      this.holdsReads = false;
      this.unawaitedIdMax = 0;
    }
    // A read counts all changes before it, and those that have not left go with the next batch.
    if (this.holdsReads && writer.count > 0) return;
    for (let read = this.reads.ask(); read !== undefined; read = this.reads.ask()) {
      this.executor.read(read.recipient, read.after, read.size);
    }
  }

  private announce(): void {
    const { durable } = this.line;
    if (durable === this.announced) return;
    this.announced = durable;
    this.owner?.durable(durable);
  }

  /** Notes where store time stands. */
  private mark(): void {
    if (this.timeline === undefined) return;
    this.markedAt = this.clock.monotonic();
    this.writer.clockMark(markOf(this.timeline.offset, this.clock));
  }

  private receiveFound(recovery: RecoveryReader, chunk: Uint8Array, reject: (error: OperationError) => void): void {
    if (this.state !== 'opening') return;
    let retained: readonly Message[];
    try {
      retained = recovery.take(chunk);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.refuse(unreadable('store-damaged', error), reject);
      return;
    }
    if (retained.length > 0) this.owner?.restoreRetained(retained);
  }

  private receiveOpened(recovery: RecoveryReader, numbers: HighestNumbers, statistics: EngineStatistics): Recovered {
    this.engineStatistics = statistics;
    if (this.state === 'opening') {
      this.state = 'open';
      this.timeline = recovery.timeline;
      this.writer.setOffset(recovery.timeline.offset);
      this.tellDoubt(recovery.timeline);
    }
    const recovered = recovery.finish(numbers);
    for (const { record } of recovered.groups) this.writer.knowGroup(record.key);
    return recovered;
  }

  private tellDoubt({ doubt, downtime }: Timeline): void {
    if (doubt === 'none') return;
    const what = doubt === 'went-back' ? 'went back' : 'went further ahead than can be';
    this.log.warn(`The clock ${what} while nobody had it open; what expires is given the time that is believed`, {
      believedMillis: downtime,
    });
  }

  private receiveCommitted(spent: Uint8Array<ArrayBuffer>, statistics: EngineStatistics): void {
    if (this.state === 'over') return;
    this.engineStatistics = statistics;
    this.line.commit(spent);
    // The next batch leaves first: the disk is idle. What belongs to a turn that has not ended leaves when it has.
    if (this.state === 'open' && !this.isTurnEndAsked) this.proceed();
    this.announce();
  }

  private receivePage(page: EncodedPage | undefined): void {
    if (this.state !== 'open') return;
    const { onRead } = this.reads.answer();
    if (onRead === undefined) return;
    let deliveries: readonly QueuedDelivery[] = [];
    if (page !== undefined) {
      try {
        deliveries = readPage(page.deliveries, this.bodies, this.timeline?.offset ?? 0);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        this.fail(unreadable('store-failed', error));
        return;
      }
    }
    onRead({ deliveries, isLast: page === undefined || page.isLast });
  }

  private refuse(error: OperationError, reject: (error: OperationError) => void): void {
    this.stop();
    reject(error);
  }

  private fail(error: OperationError): void {
    if (this.state === 'over') return;
    this.stop();
    this.owner?.failed(error);
  }

  /** Nothing is announced any more. */
  private stop(): void {
    this.state = 'over';
    this.line.drop();
    this.reads.clear();
    // Nobody may come to close it; a failure to let go is no news.
    void this.end();
  }

  /** Lets go of the engine, once. */
  private end(): Promise<void> {
    if (this.ending === undefined) {
      this.ending = Promise.withResolvers();
      if (this.owner === undefined) this.ending.resolve();
      else this.executor.close();
    }
    return this.ending.promise;
  }
}

/** What was stored whole and cannot be read: its checksum held, so this version does not know what another one wrote. */
function unreadable(code: 'store-damaged' | 'store-failed', cause: RecordError): OperationError {
  return new OperationError(code, `Something in the store cannot be read: ${cause.message}.`, undefined, { cause });
}
