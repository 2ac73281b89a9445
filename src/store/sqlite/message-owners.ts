// Which messages somebody is owed, and how many recipients each: a bit per message, and a count where there is
// more than one. It says when the last recipient is done, so that the row can go, and which ids have no row, so
// that rows around them go in one sweep. Nothing of it is stored: it follows from the queues.
// Ids are dense, so both lie in blocks of 1,024; a block without messages is dropped.

import { assert } from '../../base/assert.ts';

/** Messages per block. */
const BLOCK_IDS = 1_024;
const WORD_BITS = 32;
/** No more ids than these are looked at between two rows. */
const GAP_MAX = 65_536;

/** 1,024 messages. */
class Block {
  readonly live: Int32Array<ArrayBuffer>;
  /** Recipients beyond the first; `undefined`: no message of the block has more than one. */
  more: Uint32Array<ArrayBuffer> | undefined;
  /** Messages that are live. */
  count: number;

  constructor() {
    this.live = new Int32Array(BLOCK_IDS / WORD_BITS);
    this.more = undefined;
    this.count = 0;
  }
}

/** How many recipients each message has left. */
export class MessageOwners {
  /** Messages that somebody is owed. */
  messages: number;
  private readonly blocks: Map<number, Block>;
  /** The block of the latest call. */
  private recent: Block | undefined;
  private recentNumber: number;

  constructor() {
    this.messages = 0;
    this.blocks = new Map();
    this.recent = undefined;
    this.recentNumber = -1;
  }

  /** A new message has so many recipients, at least one. hot: */
  add(id: number, recipients: number): void {
    const block = this.block(id) ?? this.newBlock(id);
    const slot = id % BLOCK_IDS;
    setLive(block, slot);
    this.messages++;
    if (recipients > 1) moreOf(block)[slot] = recipients - 1;
  }

  /** A recipient of a message was found, of how many is not known. */
  addOne(id: number): void {
    const block = this.block(id);
    const slot = id % BLOCK_IDS;
    if (block === undefined || !isLive(block, slot)) this.add(id, 1);
    else (moreOf(block)[slot] as number)++;
  }

  /** One recipient is done; says whether it was the last. hot: */
  release(id: number): boolean {
    const block = this.block(id);
    const slot = id % BLOCK_IDS;
    assert(block !== undefined && isLive(block, slot), 'a settled message has recipients');
    const { more } = block;
    if (more !== undefined && more[slot] !== 0) {
      (more[slot] as number)--;
      return false;
    }
    block.live[slot >>> 5] = (block.live[slot >>> 5] as number) & ~(1 << (slot & 31));
    this.messages--;
    if (--block.count === 0) this.dropBlock(id);
    return true;
  }

  /** Whether somebody is owed the message. hot: */
  has(id: number): boolean {
    const block = this.block(id);
    return block !== undefined && isLive(block, id % BLOCK_IDS);
  }

  /** How many recipients the message has. */
  recipients(id: number): number {
    const block = this.block(id);
    const slot = id % BLOCK_IDS;
    return block === undefined || !isLive(block, slot) ? 0 : 1 + (block.more?.[slot] ?? 0);
  }

  /** Whether no message strictly between the two is owed to anybody. False also where it would take long to tell. */
  hasNoneBetween(low: number, high: number): boolean {
    if (high - low > GAP_MAX) return false;
    let id = low + 1;
    while (id < high) {
      const block = this.block(id);
      const slot = id % BLOCK_IDS;
      if (block === undefined) {
        id += BLOCK_IDS - slot;
      } else if ((slot & 31) === 0 && block.live[slot >>> 5] === 0) {
        id += WORD_BITS;
      } else {
        if (isLive(block, slot)) return false;
        id++;
      }
    }
    return true;
  }

  /** Every message that somebody is owed, in order. */
  *ids(): Generator<number> {
    for (const number of Array.from(this.blocks.keys()).sort((a, b) => a - b)) {
      const block = this.blocks.get(number);
      for (let slot = 0; block !== undefined && slot < BLOCK_IDS; slot++) {
        if (isLive(block, slot)) yield number * BLOCK_IDS + slot;
      }
    }
  }

  /** hot: */
  private block(id: number): Block | undefined {
    const number = Math.floor(id / BLOCK_IDS);
    if (number === this.recentNumber) return this.recent;
    this.recentNumber = number;
    this.recent = this.blocks.get(number);
    return this.recent;
  }

  private newBlock(id: number): Block {
    const block = new Block();
    this.recentNumber = Math.floor(id / BLOCK_IDS);
    this.recent = block;
    this.blocks.set(this.recentNumber, block);
    return block;
  }

  private dropBlock(id: number): void {
    this.blocks.delete(Math.floor(id / BLOCK_IDS));
    this.recentNumber = -1;
  }
}

/** hot: */
function isLive(block: Block, slot: number): boolean {
  return ((block.live[slot >>> 5] as number) & (1 << (slot & 31))) !== 0;
}

/** hot: */
function setLive(block: Block, slot: number): void {
  block.live[slot >>> 5] = (block.live[slot >>> 5] as number) | (1 << (slot & 31));
  block.count++;
}

/** hot: */
function moreOf(block: Block): Uint32Array<ArrayBuffer> {
  block.more ??= new Uint32Array(BLOCK_IDS);
  return block.more;
}
