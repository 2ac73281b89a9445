// `vouch pub` without an outbox: what is read goes to the broker at once, on the one connection that there is. What that
// connection does not carry to its end has failed, and is told.

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client, DisconnectOptions } from '../client/client.ts';
import { endingError } from '../client/endings.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { EXIT } from '../server/exit-codes.ts';
import { Progress } from './progress.ts';
import { payloadsOf, type Work } from './pub-source.ts';

/** What it happens under. */
export interface Circumstances {
  readonly stop: AbortSignal;
  readonly log: Log;
  readonly goodbye: DisconnectOptions;
  /** Whether somebody at a terminal is to see how far it is. */
  readonly showsProgress: boolean;
  /** Told what became of each message. */
  readonly report: (fate: Fate) => void;
}

/** What became of one message. */
export interface Fate {
  /** 1 for the first. */
  readonly number: number;
  /** The broker's, where it has answered. */
  readonly reasonCode: number | undefined;
  readonly error: Error | undefined;
}

/**
 * Publishes, and waits for the acknowledgements. The first Ctrl-C ends the input.
 * @param client  Connected; ended here.
 * @returns The exit code, where everything was acknowledged.
 * @throws {OperationError} Something was not.
 * @throws {UsageError} The only message is none that can be sent.
 */
export async function publishDirectly(
  client: Client,
  work: Work,
  { stop, log, goodbye, showsProgress, report }: Circumstances,
): Promise<number> {
  const { topic, payload, options, repetition } = work;
  const progress = new Progress(process.stderr, showsProgress, () => tally.text());
  const tally: Tally = new Tally(progress.around(log), report);
  try {
    let isComplete = true;
    if (payload !== undefined && repetition.count === 1) tally.add(client.publish(topic, payload, options));
    else isComplete = await publishAll(client, tally, work, stop);
    await tally.settled();
    progress.end();
    return await leave(client, tally, isComplete);
  } finally {
    progress.end();
    await client.disconnect(goodbye);
  }
}

/**
 * Publishes each line of standard input, or the one payload again and again, no faster than the broker takes them.
 * @returns Whether it came to an end that somebody wanted: that of the input, or a signal's.
 */
async function publishAll(client: Client, tally: Tally, work: Work, stop: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  // Nothing rejects `closed`.
  void client.closed.then(() => over.abort());
  for await (const payload of payloadsOf(work, AbortSignal.any([stop, over.signal]))) {
    await client.ready();
    if (over.signal.aborted) break;
    tally.add(client.publish(work.topic, payload, work.options));
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
  private readonly report: (fate: Fate) => void;
  private readonly beganAt: number;
  private open: number;
  private allSettled: () => void;

  constructor(log: Log, report: (fate: Fate) => void) {
    this.total = 0;
    this.failed = 0;
    this.firstError = undefined;
    this.log = log;
    this.report = report;
    this.beganAt = performance.now();
    this.open = 0;
    this.allSettled = () => undefined;
  }

  /** How far it is. */
  text(): string {
    const done = this.total - this.open;
    const perSecond = Math.round(done / ((performance.now() - this.beganAt) / 1000));
    const refused = this.failed === 0 ? '' : `, ${this.failed.toLocaleString('en')} refused`;
    return `${done.toLocaleString('en')} of ${this.total.toLocaleString('en')} so far, ${perSecond.toLocaleString('en')}/s${refused}`;
  }

  /** One more is under way. */
  add(publishing: Promise<{ readonly reasonCode: number }>): void {
    this.total++;
    this.open++;
    const number = this.total;
    publishing.then(
      ({ reasonCode }) => {
        if (reasonCode !== 0) this.log.debug(`Message ${number}: ${reasonName(reasonCode)}.`);
        this.report({ number, reasonCode, error: undefined });
        this.settle();
      },
      (thrown: unknown) => {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.failed++;
        this.firstError ??= error;
        this.report({ number, reasonCode: error instanceof OperationError ? error.reasonCode : undefined, error });
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
