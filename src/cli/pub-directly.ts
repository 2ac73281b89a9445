// `vouch pub` without an outbox: what is read goes to the broker at once, on the one connection that there is. What that
// connection does not carry to its end has failed, and is told.

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import { endingError } from '../client/endings.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { EXIT } from '../server/exit-codes.ts';
import { inputLines, type Work } from './pub-source.ts';

/**
 * Publishes, and waits for the acknowledgements. The first Ctrl-C ends the input.
 * @param client  Connected; ended here.
 * @returns The exit code, where everything was acknowledged.
 * @throws {OperationError} Something was not.
 * @throws {UsageError} The only message is none that can be sent.
 */
export async function publishDirectly(client: Client, work: Work, stop: AbortSignal, log: Log): Promise<number> {
  const { topic, payload, options } = work;
  const tally = new Tally(log);
  try {
    let isComplete = true;
    if (payload !== undefined) tally.add(client.publish(topic, payload, options));
    else isComplete = await publishLines(client, tally, work, stop);
    await tally.settled();
    return await leave(client, tally, isComplete);
  } finally {
    await client.disconnect();
  }
}

/**
 * Publishes each line of standard input, no faster than the broker takes them.
 * @returns Whether it came to an end that somebody wanted: that of the input, or a signal's.
 */
async function publishLines(
  client: Client,
  tally: Tally,
  { topic, options }: Work,
  stop: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  // Nothing rejects `closed`.
  void client.closed.then(() => over.abort());
  for await (const line of inputLines(AbortSignal.any([stop, over.signal]))) {
    await client.ready();
    if (over.signal.aborted) break;
    tally.add(client.publish(topic, line, options));
  }
  return stop.aborted || !over.signal.aborted;
}

/** What became of all messages, and the exit code for it. */
async function leave(client: Client, tally: Tally, isComplete: boolean): Promise<number> {
  const { failed, total, firstError } = tally;
  if (firstError === undefined && isComplete) return EXIT.ok;
  if (firstError !== undefined && (total === 1 || firstError instanceof UsageError)) throw firstError;
  await client.disconnect();
  const end = await client.closed;
  const why = end.kind === 'disconnected' ? '' : ` ${endingError(end).message}`;
  throw new OperationError('rejected', `${total - failed} of ${total} messages were acknowledged.${why}`);
}

/** Counts messages until the broker has said something about each. */
class Tally {
  total: number;
  failed: number;
  firstError: Error | undefined;
  private readonly log: Log;
  private open: number;
  private allSettled: () => void;

  constructor(log: Log) {
    this.total = 0;
    this.failed = 0;
    this.firstError = undefined;
    this.log = log;
    this.open = 0;
    this.allSettled = () => undefined;
  }

  /** One more is under way. */
  add(publishing: Promise<{ readonly reasonCode: number }>): void {
    this.total++;
    this.open++;
    const number = this.total;
    publishing.then(
      ({ reasonCode }) => {
        if (reasonCode !== 0) this.log.debug(`Message ${number}: ${reasonName(reasonCode)}.`);
        this.settle();
      },
      (error: unknown) => {
        this.failed++;
        this.firstError ??= error instanceof Error ? error : new Error(String(error));
        // What the broker refuses is told one by one; what ends the connection once, at the end.
        if (error instanceof OperationError && error.code === 'rejected')
          this.log.warn(`Message ${number}: ${error.message}`);
        this.settle();
      },
    );
  }

  /** Fulfilled when nothing is under way. */
  async settled(): Promise<void> {
    if (this.open === 0) return;
    await new Promise<void>((resolve) => {
      this.allSettled = resolve;
    });
  }

  private settle(): void {
    this.open--;
    if (this.open === 0) this.allSettled();
  }
}
