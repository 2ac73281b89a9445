// A store that can lose what was not durable: a MemoryStore and the list of all changes to it. A crash plays
// the durable part of the list again on a new MemoryStore; the rest never happened.
// The changes of one turn become durable together, as the contract has it, and a crash falls between any two turns. A
// message that everybody had before it was durable leaves the list: it is never written.

import type { Batch, MessageId, Recovered, Store, StoreOwner, StoreStatistics } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { endTurn, later } from './test-store.ts';

/** One change, to be played again. */
interface Change {
  readonly play: (store: MemoryStore) => unknown;
  /** The message that it is about; 0: none. */
  readonly messageId: MessageId;
}

/** A late store that survives its broker. */
export class JournalStore implements Store {
  private readonly memory: MemoryStore;
  /** Each is one batch of `memory`: the number of a batch is how many there are up to it. */
  private readonly changes: Change[];
  private readonly elided: Set<MessageId>;
  /** Calls everything durable at once, and loses it in a crash all the same. */
  private readonly lies: boolean;
  /** The last batch of each turn that is not durable, oldest first. */
  private readonly turnEnds: Batch[];
  private readonly later: (task: () => void) => unknown;

  /**
   * @param changes  What is durable from the start.
   * @param atTurnEnd  Runs a task at the end of the turn.
   */
  constructor(lies: boolean, changes: readonly Change[] = [], atTurnEnd: (task: () => void) => unknown = later) {
    this.later = atTurnEnd;
    const laterStill = (task: () => void): void => {
      atTurnEnd(() => {
        this.seal();
        task();
      });
    };
    this.memory = new MemoryStore({ announces: 'when-told', later: laterStill });
    this.changes = Array.from(changes);
    this.elided = new Set();
    this.lies = lies;
    this.turnEnds = [];
    for (const { play } of changes) play(this.memory);
    this.memory.announce(changes.length);
  }

  get durable(): Batch {
    return this.lies ? Number.POSITIVE_INFINITY : this.memory.durable;
  }

  get lateBytes(): number {
    return this.lies ? 0 : this.memory.lateBytes;
  }

  /** How many turns made changes that are not durable. */
  get late(): number {
    return this.turnEnds.length;
  }

  /** Makes the changes of so many more turns durable. */
  commit(turns: number): void {
    const last = this.turnEnds[Math.min(turns, this.turnEnds.length) - 1];
    if (last === undefined) return;
    this.turnEnds.splice(0, turns);
    this.memory.announce(last);
    endTurn();
  }

  /**
   * What is found at the next start if the broker stops here and now.
   * @param more  So many more changes than are durable, whether a turn ends with them or not.
   */
  crash(more = 0): JournalStore {
    const written = this.changes.slice(0, this.memory.durable + more);
    return new JournalStore(
      this.lies,
      written.filter(({ messageId }) => !this.elided.has(messageId)),
      this.later,
    );
  }

  open(owner: StoreOwner): Promise<Recovered> {
    return this.memory.open(owner);
  }

  statistics(): StoreStatistics {
    return this.memory.statistics();
  }

  close(): Promise<void> {
    this.turnEnds.length = 0;
    return this.memory.close();
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
    const wasElided = this.change(message, (store) => store.settle(recipient, message));
    if (wasElided) this.elided.add(message);
    return wasElided;
  };
  readonly recordSending: Store['recordSending'] = (session, message, id) =>
    this.change(message, (store) => store.recordSending(session, message, id));
  readonly recordReceived: Store['recordReceived'] = (session, message) =>
    this.change(message, (store) => store.recordReceived(session, message));
  readonly recordReleased: Store['recordReleased'] = (session, id) =>
    this.change(0, (store) => store.recordReleased(session, id));
  readonly read: Store['read'] = (recipient, after, size, onRead) => this.memory.read(recipient, after, size, onRead);
  readonly saveRetained: Store['saveRetained'] = (message) => this.change(0, (store) => store.saveRetained(message));
  readonly deleteRetained: Store['deleteRetained'] = (topic) => this.change(0, (store) => store.deleteRetained(topic));
  readonly saveWill: Store['saveWill'] = (key, will) => this.change(0, (store) => store.saveWill(key, will));
  readonly deleteWill: Store['deleteWill'] = (key) => this.change(0, (store) => store.deleteWill(key));

  private change<T>(messageId: MessageId, play: (store: MemoryStore) => T): T {
    const result = play(this.memory);
    // The first of its turn.
    if (this.changes.length === (this.turnEnds.at(-1) ?? this.memory.durable)) this.later(() => this.seal());
    this.changes.push({ messageId, play });
    return result;
  }

  /** The turn is over: its changes become durable together. */
  private seal(): void {
    const last = this.changes.length;
    if (last > (this.turnEnds.at(-1) ?? this.memory.durable)) this.turnEnds.push(last);
  }
}
