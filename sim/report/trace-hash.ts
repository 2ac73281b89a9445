// A history as one number: two runs of the same plan must have the same, event for event and byte for byte. Everything in it
// counts: kinds, names, numbers, texts, bytes, and the order of all these.

import type { History } from '../history.ts';

/** Two 32-bit lanes that are fed the same words and mix them differently. */
class Hash {
  private first = 0x811c_9dc5 | 0;
  private second = 0x9e37_79b9 | 0;

  word(value: number): void {
    this.first = Math.imul(this.first ^ value, 0x0100_0193);
    this.first ^= this.first >>> 15;
    this.second = Math.imul(this.second + value, 0x85eb_ca6b);
    this.second ^= this.second >>> 13;
  }

  text(value: string): void {
    this.word(value.length);
    for (let i = 0; i < value.length; i++) this.word(value.charCodeAt(i));
  }

  toString(): string {
    return [this.first, this.second].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/** The hash of all events of a history and of its end, as 16 hexadecimal digits. */
export function traceHash({ events, end }: Pick<History, 'events' | 'end'>): string {
  const hash = new Hash();
  add(hash, events);
  add(hash, end);
  return hash.toString();
}

/** The type goes in before the value, so that no two values of different types look the same. */
function add(hash: Hash, value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    addObject(hash, value);
    return;
  }
  hash.text(typeof value);
  hash.text(String(value));
}

function addObject(hash: Hash, value: object): void {
  if (value instanceof Uint8Array) {
    hash.word(value.length);
    for (const byte of value) hash.word(byte);
    return;
  }
  const entries = Object.entries(value);
  hash.word(entries.length);
  for (const [key, member] of entries) {
    hash.text(key);
    add(hash, member);
  }
}
