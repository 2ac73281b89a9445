// What the suite for stores finds in Node.js without importing it, in a page. To be imported before the suite.

const TASKS: (() => void)[] = [];
const { port1, port2 } = new MessageChannel();
port1.addEventListener('message', () => TASKS.shift()?.());
port1.start();

/** Bytes that can say what they are, and whether others are the same. */
class PageBytes extends Uint8Array {
  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, at) => byte === other[at]);
  }

  override toString(encoding?: 'hex'): string {
    if (encoding === undefined) return new TextDecoder().decode(this);
    return Array.from(this, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

Object.assign(globalThis, {
  setImmediate: (task: () => void) => {
    TASKS.push(task);
    port2.postMessage(undefined);
  },
  Buffer: {
    alloc: (length: number) => new PageBytes(length),
    from: (source: string | Uint8Array) =>
      PageBytes.from(typeof source === 'string' ? new TextEncoder().encode(source) : source),
  },
});
