// What `vouch pub` publishes: one payload from the command line, a file or standard input, once or again and again, or the lines of
// standard input as they come.

import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';

import { OperationError, UsageError } from '../base/errors.ts';
import type { PublishOptions } from '../client/client.ts';
import { quote } from '../config/spelling.ts';
import { linesOf } from './lines.ts';
import { decodePayload, type PayloadEncoding } from './payload-encoding.ts';

/** Messages to publish. */
export interface Work {
  readonly topic: string;
  /** `undefined`: the lines of standard input. */
  readonly payload: string | Uint8Array | undefined;
  /** How lines are written. */
  readonly encoding: PayloadEncoding;
  readonly repetition: Repetition;
  readonly options: PublishOptions;
}

/** How often the one payload is published. */
export interface Repetition {
  readonly count: number;
  readonly delayMillis: number;
}

/** Where the payloads come from. */
export type Source =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bytes'; readonly payload: string | Uint8Array }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'input' }
  | { readonly kind: 'lines' };

/**
 * The one payload that there is; `undefined` where lines are to follow.
 * @throws {UsageError} `invalid-option`: an empty standard input.
 * @throws {OperationError} `invalid-argument`: no such file, or it is not in the encoding; `closed`: stopped before the input ended.
 */
export async function payloadOf(
  source: Source,
  encoding: PayloadEncoding,
  stop: AbortSignal,
): Promise<string | Uint8Array | undefined> {
  switch (source.kind) {
    case 'nothing':
      return '';
    case 'bytes':
      return decodePayload(source.payload, encoding);
    case 'file':
      try {
        return decodePayload(await readFile(source.path), encoding);
      } catch (error) {
        if (error instanceof OperationError) throw error;
        throw new OperationError('invalid-argument', unreadable(source.path, error), undefined, { cause: error });
      }
    case 'input': {
      const payload = await inputOf(stop);
      if (payload.length > 0) return decodePayload(payload, encoding);
      throw new UsageError('invalid-option', 'Standard input is empty; -n publishes an empty message.');
    }
    case 'lines':
      return undefined;
    default:
      return source satisfies never;
  }
}

/**
 * All payloads, one after the other: the one that there is as often as it is to be published, or those of the lines. When `until` is
 * aborted there are no more, as with `inputLines`.
 * @throws {OperationError} `invalid-argument`: a line is not in the encoding; `closed`: standard input cannot be read.
 */
export async function* payloadsOf(work: Work, until: AbortSignal): AsyncGenerator<string | Uint8Array> {
  const { payload, encoding, repetition } = work;
  if (payload === undefined) {
    let number = 0;
    for await (const line of inputLines(until)) yield decodeLine(line, ++number, encoding);
    return;
  }
  for (let left = repetition.count; left > 0 && !until.aborted; left--) {
    yield payload;
    if (left === 1 || repetition.delayMillis === 0) continue;
    // Aborted: the loop ends.
    await after(repetition.delayMillis, undefined, { signal: until }).catch(() => undefined);
  }
}

function decodeLine(line: Uint8Array, number: number, encoding: PayloadEncoding): string | Uint8Array {
  try {
    return decodePayload(line, encoding);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new OperationError(error.code, `Line ${number}: ${error.message}`, undefined, { cause: error });
  }
}

/**
 * The lines of standard input. When `until` is aborted nothing more is read; what has been read still comes, but for the
 * beginning of a line whose end is not there.
 * @throws {OperationError} `closed`: standard input cannot be read.
 */
async function* inputLines(until: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* linesOf(inputChunks(until));
  } catch (error) {
    // The input ended in the midst of a line, for us.
    if (until.aborted) return;
    throw new OperationError('closed', 'Standard input cannot be read.', undefined, { cause: error });
  } finally {
    process.stdin.destroy();
  }
}

/** What comes, until it ends; throws when `until` is aborted and what had been read has gone out. */
async function* inputChunks(until: AbortSignal): AsyncGenerator<Uint8Array> {
  const input = process.stdin;
  const rest: Uint8Array[] = [];
  const end: { isReached: boolean; error: Error | undefined } = { isReached: false, error: undefined };
  let wake = (): void => undefined;
  const onReadable = (): void => wake();
  const onEnd = (): void => {
    end.isReached = true;
    wake();
  };
  const onError = (error: Error): void => {
    end.error = error;
    wake();
  };
  const onAbort = (): void => {
    // At once, since a fast writer goes on.
    for (let chunk = nextChunk(); chunk !== null; chunk = nextChunk()) rest.push(chunk);
    input.destroy();
    wake();
  };
  input.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
  until.addEventListener('abort', onAbort, { once: true });
  if (until.aborted) onAbort();
  try {
    for (;;) {
      const chunk = rest.shift() ?? nextChunk();
      if (chunk !== null) yield chunk;
      else if (until.aborted) throw until.reason;
      else if (end.error !== undefined) throw end.error;
      else if (end.isReached) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    until.removeEventListener('abort', onAbort);
    // Its errors are nobody's business any more, but are not to end the process.
    input.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
  }
}

function nextChunk(): Buffer | null {
  const chunk: unknown = process.stdin.read();
  return chunk instanceof Buffer ? chunk : null;
}

/** All of standard input. */
async function inputOf(stop: AbortSignal): Promise<Uint8Array> {
  const giveUp = (): unknown => process.stdin.destroy(new OperationError('closed', 'Stopped before the input ended.'));
  stop.addEventListener('abort', giveUp, { once: true });
  try {
    return await buffer(process.stdin);
  } finally {
    stop.removeEventListener('abort', giveUp);
  }
}

function unreadable(path: string, error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (code === 'ENOENT') return `There is no file ${quote(path)}.`;
  if (code === 'EISDIR') return `${quote(path)} is a folder, not a file.`;
  if (code === 'EACCES') return `${quote(path)} may not be read by this user.`;
  return `${quote(path)} cannot be read: ${error instanceof Error ? error.message : String(error)}.`;
}
