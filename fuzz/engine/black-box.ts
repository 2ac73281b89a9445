// What a thread is doing, in memory that another thread can read: the input at hand, so that one that hangs or exhausts
// the memory is known although its thread cannot tell any more, and how many inputs came before. The other way it
// carries one word: that the thread is to end.

const EXECUTIONS = 0;
const LENGTH = 1;
const ENDING = 2;
const HEADER_BYTES = 12;
const INPUT_BYTES_MAX = 65_536;

/** Made by one thread, handed to another. */
export class BlackBox {
  readonly memory: SharedArrayBuffer;
  private readonly counters: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + INPUT_BYTES_MAX)) {
    this.memory = memory;
    this.counters = new Int32Array(memory, 0, 3);
    this.bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  /** How many inputs have been taken up; wraps. */
  get executions(): number {
    return Atomics.load(this.counters, EXECUTIONS);
  }

  /** The input that was taken up last. */
  get input(): Uint8Array {
    return this.bytes.slice(0, Atomics.load(this.counters, LENGTH));
  }

  /** Whether the thread is to end. */
  get isEnding(): boolean {
    return Atomics.load(this.counters, ENDING) === 1;
  }

  /** The thread is to end after the batch at hand. */
  end(): void {
    Atomics.store(this.counters, ENDING, 1);
  }

  /** This input is executed now. hot: */
  record(input: Uint8Array): void {
    const length = Math.min(input.length, INPUT_BYTES_MAX);
    for (let i = 0; i < length; i++) this.bytes[i] = input[i] as number;
    this.counters[LENGTH] = length;
    Atomics.add(this.counters, EXECUTIONS, 1);
  }
}
