// `vouch pub --outbox`: what is read goes to the disk first, and from there to the broker, whenever there is one. So a network that
// comes and goes, a crash, a power cut cost nothing: the next start sends what is left, and then goes on.
// Nothing is kept here: how many lines wait, and where, is the outbox's business; reading stops while it has no room.

import { setTimeout as after } from 'node:timers/promises';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Client, Publishing } from '../client/client.ts';
import { endingError } from '../client/endings.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import { tellConnection } from './connection-news.ts';
import { payloadsOf, type Work } from './pub-source.ts';

/** After Ctrl-C the outbox has so long to become empty, as far as there is a broker. */
const LEAVE_MILLIS = 3_000;
/** An outbox that has no room for so long is worth a word. */
const FULL_MILLIS = 2_000;

/** Errors that end one message. With all others, it is still in the outbox. */
const FATAL_CODES: ReadonlySet<string> = new Set(['rejected', 'too-large', 'expired', 'ambiguous']);

/** What loses a race against everything that is there already. */
const NOT_YET = Promise.resolve('not yet' as const);

/** What has happened so far. */
interface Tally {
  /** Read from the input, and nowhere else. */
  unstored: number;
  /** Messages that the broker, or their own expiry, has put an end to. */
  failed: number;
  /** What was left when the client ended by itself. */
  left: number;
}

/**
 * Publishes through the outbox, and waits until that is empty or somebody says stop.
 * @param work  `undefined`: what is in the outbox is all.
 * @param client  Of this run alone; ended here.
 * @returns The exit code, where everything is settled or the disk failed.
 * @throws {OperationError} Something is left, and why.
 */
export async function publishThroughOutbox(
  client: Client,
  directory: string,
  work: Work | undefined,
  stop: AbortSignal,
  log: Log,
): Promise<number> {
  const tally: Tally = { unstored: 0, failed: 0, left: 0 };
  watch(client, log, tally);
  const over = new AbortController();
  // Nothing rejects `closed`.
  void client.closed.then(() => over.abort());
  try {
    const found = client.unsettledCount;
    if (found > 0) log.info(`${counted(found, 'message')} of an earlier run ${found === 1 ? 'goes' : 'go'} first.`);
    if (work !== undefined) await store(client, work, AbortSignal.any([stop, over.signal]), tally, log);
    tellWaiting(client, stop, log);
    await emptied(client, stop);
    if (client.state !== 'closed') tally.left = client.unsettledCount;
  } finally {
    await client.disconnect();
  }
  return await exitCodeOf(client, directory, tally, log);
}

/** Tells what becomes of the connection and of messages that are not delivered. */
function watch(client: Client, log: Log, tally: Tally): void {
  tellConnection(client, log, true);
  client.on('undelivered', (_, error) => {
    if (error instanceof OperationError && !FATAL_CODES.has(error.code)) return;
    tally.failed++;
    log.warn(error.message);
  });
  client.on('disconnected', (_, retryMillis) => {
    if (retryMillis === undefined) tally.left = client.unsettledCount;
  });
}

/** Puts into the outbox what there is to publish, no faster than it takes it. Fulfilled when all of it is on disk. */
async function store(client: Client, work: Work, until: AbortSignal, tally: Tally, log: Log): Promise<void> {
  const { topic, payload, options } = work;
  if (payload !== undefined && work.repetition.count === 1) {
    const publishing = client.publish(topic, payload, options);
    // A failure is told as an event, unless it is the caller's.
    await publishing.stored.catch((error: unknown) => {
      if (error instanceof UsageError) throw error;
    });
    return;
  }
  const room = new Room(client, until, log);
  const lines = new StoredLines(log);
  for await (const line of payloadsOf(work, until)) {
    if (await room.found()) lines.add(client.publish(topic, line, options));
    else tally.unstored++;
  }
  await lines.allStored();
}

/** Follows lines to the disk, and tells how many are there; however many are on their way, it holds on to two. */
class StoredLines {
  private readonly log: Log;
  private count: number;
  private last: Publishing | undefined;
  /** Fulfilled when those that it knew of are on disk. */
  private following: Promise<void> | undefined;

  constructor(log: Log) {
    this.log = log;
    this.count = 0;
    this.last = undefined;
    this.following = undefined;
  }

  /** One more is on its way. */
  add(publishing: Publishing): void {
    this.count++;
    this.last = publishing;
    this.following ??= this.follow();
  }

  /** Fulfilled when all are on disk, or have failed, which is told elsewhere. */
  async allStored(): Promise<void> {
    while (this.following !== undefined) await this.following;
  }

  private async follow(): Promise<void> {
    const { count, last } = this;
    // They become durable in order.
    const isStored = await last?.stored.then(
      () => true,
      () => false,
    );
    if (isStored === true) this.log.debug(`Lines in the outbox: ${count}.`);
    this.following = this.count > count ? this.follow() : undefined;
  }
}

/** Waits for room in the outbox, as long as nobody says stop. */
class Room {
  private readonly client: Client;
  private readonly until: AbortSignal;
  private readonly log: Log;
  private giveUp: () => void;

  constructor(client: Client, until: AbortSignal, log: Log) {
    this.client = client;
    this.until = until;
    this.log = log;
    this.giveUp = () => undefined;
    until.addEventListener('abort', () => this.giveUp(), { once: true });
  }

  /** Whether there is room for one more. */
  async found(): Promise<boolean> {
    const { client, until, log } = this;
    if (client.state === 'closed') return false;
    const ready = client.ready();
    if ((await Promise.race([ready, NOT_YET])) === undefined) return true;
    if (until.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.giveUp = () => resolve(false);
    // Nothing rejects it.
    void ready.then(() => resolve(true));
    const warning = setTimeout(() => log.warn('The outbox is full: the input waits.'), FULL_MILLIS);
    const isFound = await promise;
    clearTimeout(warning);
    return isFound;
  }
}

/** The input has ended: says once that the process goes on for the broker's sake, if it is not there. */
function tellWaiting(client: Client, stop: AbortSignal, log: Log): void {
  let isTold = false;
  const tell = (): void => {
    const { unsettledCount } = client;
    if (isTold || unsettledCount === 0 || stop.aborted) return;
    isTold = true;
    const them = unsettledCount === 1 ? 'it' : 'them';
    log.info(
      `${counted(unsettledCount, 'message waits', 'messages wait')} for the broker; Ctrl-C leaves ${them} in the outbox for the next start.`,
    );
  };
  if (client.state === 'waiting') tell();
  client.on('disconnected', (_, retryMillis) => {
    if (retryMillis !== undefined) tell();
  });
}

/** Fulfilled when everything is settled, the client has ended, or there was a call to stop and some time for it. */
async function emptied(client: Client, stop: AbortSignal): Promise<void> {
  const settled = client.settled();
  const stopped = Promise.withResolvers<void>();
  stop.addEventListener('abort', () => stopped.resolve(), { once: true });
  if (stop.aborted) stopped.resolve();
  await Promise.race([settled, client.closed, stopped.promise]);
  if (!stop.aborted || client.state !== 'connected') return;
  await Promise.race([settled, client.closed, after(LEAVE_MILLIS, undefined, { ref: false })]);
}

async function exitCodeOf(client: Client, directory: string, tally: Tally, log: Log): Promise<number> {
  const end = await client.closed;
  // Failures that nobody has asked about are told a turn of the timers later.
  await after(1);
  const { failed, left, unstored } = tally;
  const sentences: string[] = [];
  if (end.kind !== 'disconnected') sentences.push(endingError(end).message);
  if (failed > 0) sentences.push(`${counted(failed, 'message was', 'messages were')} not delivered.`);
  if (unstored > 0) sentences.push(`${counted(unstored, 'line was', 'lines were')} read and not stored.`);
  if (left > 0) {
    const stay = counted(left, 'message stays', 'messages stay');
    sentences.push(`${stay} in the outbox ${quote(directory)}; the next start sends ${left === 1 ? 'it' : 'them'}.`);
  }
  if (sentences.length === 0) return EXIT.ok;
  if (end.kind !== 'store-failed') throw new OperationError('closed', sentences.join(' '));
  log.error(sentences.join(' '));
  return EXIT.storeFailed;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
