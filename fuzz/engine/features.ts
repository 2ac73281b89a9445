// What an execution showed besides the code that it ran: cheap enough for every execution, while coverage is looked at
// once a batch. A target notes numbers for what it saw (this error in that version, this answer after that packet);
// an input that showed something new is worth keeping. Numbers are folded into a table of bits: two may
// share one, which loses an input now and then and nothing else.

const SLOTS = 1 << 18;

/** What was seen in all executions so far. */
export class Features {
  private readonly seen: Uint8Array;
  private fresh: number;
  private total: number;

  constructor() {
    this.seen = new Uint8Array(SLOTS);
    this.fresh = 0;
    this.total = 0;
  }

  /** How many different ones were seen. */
  get count(): number {
    return this.total;
  }

  /** Something was seen. hot: */
  note(feature: number): void {
    const slot = mix(feature) & (SLOTS - 1);
    if (this.seen[slot] !== 0) return;
    this.seen[slot] = 1;
    this.fresh++;
    this.total++;
  }

  /** How many were new since the last call. hot: */
  takeFresh(): number {
    const { fresh } = this;
    this.fresh = 0;
    return fresh;
  }
}

/** Two numbers as one; the order counts. hot: */
export function both(first: number, second: number): number {
  return (Math.imul(first, 0x9e3779b1) ^ second) | 0;
}

/** A sentence as a number, without the numbers and quoted names in it, so that it stands for all sentences of its kind. hot: */
export function templateOf(sentence: string): number {
  let hash = 0;
  for (let i = 0; i < sentence.length; i++) {
    let unit = sentence.charCodeAt(i);
    if (unit === QUOTE) {
      for (i++; i < sentence.length && sentence.charCodeAt(i) !== QUOTE; i++) if (sentence[i] === '\\') i++;
    } else if (isDigit(unit)) {
      while (isDigit(unit) || (unit >= 0x61 && unit <= 0x7a)) unit = sentence.charCodeAt(++i);
      i--;
    } else {
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
  }
  return hash;
}

const QUOTE = 0x22;

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function mix(value: number): number {
  const mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
