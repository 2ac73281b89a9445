// A store that can lose what was not durable: a MemoryStore and the list of all changes to it, one batch
// each. A crash plays the durable part of the list again on a new MemoryStore; the rest never happened.
// It crashes between any two changes, which is harsher than a disk that commits the changes of a turn together.

import type { Batch, Recovered, Store } from '../../src/store/contract.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';

/** One change, to be played again. */
type Change = (store: MemoryStore) => Batch;

/** A late store that survives its broker. */
export class JournalStore implements Store {
  private readonly memory: MemoryStore;
  private readonly changes: Change[];
  /** Calls everything durable at once, and loses it in a crash all the same. */
  private readonly lies: boolean;

  /** @param changes  What is durable from the start. */
  constructor(lies: boolean, changes: readonly Change[] = []) {
    this.memory = new MemoryStore({ announces: 'when-told' });
    this.changes = Array.from(changes);
    this.lies = lies;
    for (const change of changes) change(this.memory);
    this.memory.durable = changes.length;
  }

  get durable(): Batch {
    return this.lies ? Number.POSITIVE_INFINITY : this.memory.durable;
  }

  /** How many changes are not durable. */
  get late(): number {
    return this.changes.length - this.memory.durable;
  }

  /** Makes so many more changes durable. */
  commit(count: number): void {
    this.memory.announce(Math.min(this.changes.length, this.memory.durable + count));
  }

  /** What is found at the next start if the broker stops here and now. */
  crash(): JournalStore {
    return new JournalStore(this.lies, this.changes.slice(0, this.memory.durable));
  }

  open(onDurable: (durable: Batch) => void): Promise<Recovered> {
    return this.memory.open(onDurable);
  }

  close(): Promise<void> {
    return this.memory.close();
  }

  readonly saveSession: Store['saveSession'] = (record) => this.change((store) => store.saveSession(record));
  readonly deleteSession: Store['deleteSession'] = (session) => this.change((store) => store.deleteSession(session));
  readonly saveSubscription: Store['saveSubscription'] = (session, subscription) =>
    this.change((store) => store.saveSubscription(session, subscription));
  readonly deleteSubscription: Store['deleteSubscription'] = (session, filter) =>
    this.change((store) => store.deleteSubscription(session, filter));
  readonly append: Store['append'] = (id, message, recipients, origin) =>
    this.change((store) => store.append(id, message, recipients, origin));
  readonly settle: Store['settle'] = (session, message) => this.change((store) => store.settle(session, message));
  readonly recordSending: Store['recordSending'] = (session, message, id) =>
    this.change((store) => store.recordSending(session, message, id));
  readonly recordReceived: Store['recordReceived'] = (session, message) =>
    this.change((store) => store.recordReceived(session, message));
  readonly recordReleased: Store['recordReleased'] = (session, id) =>
    this.change((store) => store.recordReleased(session, id));
  readonly saveRetained: Store['saveRetained'] = (message) => this.change((store) => store.saveRetained(message));
  readonly deleteRetained: Store['deleteRetained'] = (topic) => this.change((store) => store.deleteRetained(topic));
  readonly saveWill: Store['saveWill'] = (session, will) => this.change((store) => store.saveWill(session, will));
  readonly deleteWill: Store['deleteWill'] = (session) => this.change((store) => store.deleteWill(session));

  private change(change: Change): Batch {
    this.changes.push(change);
    return change(this.memory);
  }
}
