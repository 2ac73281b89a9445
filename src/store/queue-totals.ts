// All queues that are in the store, together: how much waits in them, and how much of that is in memory as well.
// Plain numbers, kept by the queues themselves (delivery-queue.ts).

/** What the stored queues of one broker or client add up to. */
export interface QueueTotals {
  /** Messages, each counted in each queue, without those that are to give way. */
  messages: number;
  /** Bytes of their payload. */
  bytes: number;
  /** What their heads take in memory, with what has been asked for and not come yet. */
  headBytes: number;
}

/** All at zero. */
export function newQueueTotals(): QueueTotals {
  return { messages: 0, bytes: 0, headBytes: 0 };
}
