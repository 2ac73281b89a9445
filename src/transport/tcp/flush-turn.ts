// One flush per event-loop turn for everything that has something to send. Outboxes put themselves on
// a list; one `setImmediate` empties it after all sockets of the turn have been read, so that many
// publishers writing to one subscriber cost one system call, not one each.
// The list is per thread, as the event loop is. It is as long as there are open connections, no longer:
// the owner of an outbox sees to it that it is on the list once.

/** Something that can be flushed. */
export interface Flushable {
  /** Sends what is there. Called once per `flushAtEndOfTurn`. */
  flush(): void;
}

let waiting: (Flushable | undefined)[] = [];
let waitingCount = 0;
/** The list of the turn before, kept for its memory. */
let spare: (Flushable | undefined)[] = [];

/** Has `outbox.flush()` called when the present turn of the event loop ends. hot: */
export function flushAtEndOfTurn(outbox: Flushable): void {
  if (waitingCount === 0) setImmediate(flushWaiting);
  waiting[waitingCount++] = outbox;
}

/** hot: */
function flushWaiting(): void {
  const flushing = waiting;
  const count = waitingCount;
  waiting = spare;
  waitingCount = 0;
  spare = flushing;
  for (let i = 0; i < count; i++) {
    const outbox = flushing[i];
    flushing[i] = undefined;
    outbox?.flush();
  }
}
