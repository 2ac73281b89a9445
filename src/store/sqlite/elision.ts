// Which messages of the batch that is being collected need not be written after all: those of QoS 1, not retained, without an
// origin, that all recipients have settled before the batch leaves. Nothing would remain of them but a row written
// and deleted again.
// One slot per message id, from the first of the batch on, in typed arrays: ids grow, mostly one by one. An id too far
// from the first is not tracked, which is always right, since a message that is not tracked is written.

/** So many ids from the first message of a batch are tracked. */
const SLOTS_MAX = 65_536;
/** The first size of the arrays; they double. */
const SLOTS_MIN = 256;

/** The messages of one batch that may yet be elided. */
export class Elision {
  /** The id of slot 0; 0: no message yet. */
  private firstId: number;
  /** Slots in use; those behind are undefined. */
  private length: number;
  /** How many recipients have not settled; 0: not to be elided. */
  private owed: Uint32Array<ArrayBuffer>;
  /** How many changes in the batch are about the message. */
  private changes: Uint32Array<ArrayBuffer>;
  /** Where the append lies in the batch. */
  private places: Uint32Array<ArrayBuffer>;

  constructor() {
    this.firstId = 0;
    this.length = 0;
    this.owed = new Uint32Array(SLOTS_MIN);
    this.changes = new Uint32Array(SLOTS_MIN);
    this.places = new Uint32Array(SLOTS_MIN);
  }

  /** Forgets everything: a new batch begins. hot: */
  clear(): void {
    this.firstId = 0;
    this.length = 0;
  }

  /** A message was appended that may be elided when so many recipients have settled it; ids grow. hot: */
  add(id: number, recipients: number, place: number): void {
    if (this.firstId === 0) this.firstId = id;
    const slot = id - this.firstId;
    if (slot >= SLOTS_MAX) return;
    if (slot >= this.owed.length) this.grow(slot);
    // The ids between belong to messages that nobody stores, or that must be written.
    for (let skipped = this.length; skipped < slot; skipped++) this.owed[skipped] = 0;
    this.owed[slot] = recipients;
    this.changes[slot] = 1;
    this.places[slot] = place;
    this.length = slot + 1;
  }

  /** The slot of a message that may be elided; -1: it must be written, or is not of this batch. hot: */
  slotOf(id: number): number {
    const slot = id - this.firstId;
    return slot >= 0 && slot < this.length && this.owed[slot] !== 0 ? slot : -1;
  }

  /** A change about the message was written. hot: */
  countChange(slot: number): void {
    (this.changes[slot] as number)++;
  }

  /** One more recipient has settled; says whether it was the last. hot: */
  settle(slot: number): boolean {
    const left = (this.owed[slot] as number) - 1;
    this.owed[slot] = left;
    return left === 0;
  }

  /** How many changes in the batch are about the message. hot: */
  changesOf(slot: number): number {
    return this.changes[slot] as number;
  }

  /** Where its append lies. hot: */
  placeOf(slot: number): number {
    return this.places[slot] as number;
  }

  private grow(slot: number): void {
    let length = this.owed.length * 2;
    while (length <= slot) length *= 2;
    this.owed = enlarged(this.owed, length);
    this.changes = enlarged(this.changes, length);
    this.places = enlarged(this.places, length);
  }
}

function enlarged(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  return larger;
}
