// What the thread of a store's tool begins with: runs the one tool that it was asked for, and ends. An error that
// nobody expected ends it, too, and reaches whoever started it.

import { TextDecoder } from 'node:util';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

import { assert, unreachable } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { backupStore } from '../store/sqlite/backup.ts';
import { checkStore } from '../store/sqlite/check.ts';
import { compactStore } from '../store/sqlite/compact.ts';
import { ENGINE_TUNING, type EngineOptions } from '../store/sqlite/engine.ts';
import { exportStore } from '../store/sqlite/export.ts';
import { importStore } from '../store/sqlite/import.ts';
import { summarizeStore } from '../store/sqlite/statistics.ts';
import { NODE_CLOCK } from './node-parts.ts';
import type { ToolAnswer, ToolReply, ToolRequest, ToolResults } from './store-tools.ts';

/** What is written goes out in pieces of about this size. */
const CHUNK_BYTES = 64 * 1024;

/** Syncs at the end are enough: until then there is nothing that anybody relies on. */
const IMPORT_ENGINE: Omit<EngineOptions, 'file'> = {
  synchronous: 'normal',
  bytesMax: 0,
  monotonic: () => NODE_CLOCK.monotonic(),
  tuning: ENGINE_TUNING,
};
const CHECK_ENGINE: Omit<EngineOptions, 'file'> = { ...IMPORT_ENGINE, synchronous: 'full' };

assert(parentPort !== null, 'this file is the beginning of a thread');
// runTool hands it over.
await answer(parentPort, workerData as ToolRequest);

async function answer(port: MessagePort, request: ToolRequest): Promise<void> {
  const say = (message: ToolAnswer): void => port.postMessage(message);
  try {
    say({ kind: 'done', result: await run(port, request, (share) => say({ kind: 'progress', share })) });
  } catch (error) {
    if (!(error instanceof OperationError || error instanceof UsageError)) throw error;
    say({ kind: 'refused', isUsage: error instanceof UsageError, code: error.code, message: error.message });
  } finally {
    port.close();
  }
}

function run(
  port: MessagePort,
  request: ToolRequest,
  progress: (share: number) => void,
): ToolResults[keyof ToolResults] | Promise<ToolResults[keyof ToolResults]> {
  switch (request.kind) {
    case 'check':
      return checkStore(request.path, request.accept ? CHECK_ENGINE : undefined, progress);
    case 'stats':
      return summarizeStore(request.path, progress);
    case 'export':
      return exportTo(port, request.path, request.salvage, progress);
    case 'import':
      return importStore(request.path, linesFrom(port), IMPORT_ENGINE);
    case 'compact':
      return compactStore(request.path, progress);
    case 'backup':
      return backupStore(request.path, request.to, progress);
    default:
      return unreachable(request);
  }
}

/** Writes an export to whoever started the thread. */
async function exportTo(
  port: MessagePort,
  path: string,
  salvage: boolean,
  progress: (share: number) => void,
): Promise<ToolResults['export']> {
  const lines = exportStore(path, salvage, progress);
  let text = '';
  for (;;) {
    const next = lines.next();
    if (next.done !== true) text += next.value;
    if (text.length >= CHUNK_BYTES || (next.done === true && text !== '')) {
      await ask(port, { kind: 'output', chunk: Buffer.from(text) });
      text = '';
    }
    if (next.done === true) return next.value;
  }
}

/** The lines that whoever started the thread has read. */
async function* linesFrom(port: MessagePort): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let parts: string[] = [];
  for (;;) {
    const { chunk } = await ask(port, { kind: 'input-wanted' });
    const text = decode(decoder, chunk);
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      parts.push(text.slice(start, end));
      yield parts.join('');
      parts = [];
      start = end + 1;
    }
    if (start < text.length) parts.push(text.slice(start));
    if (chunk === undefined) break;
  }
  if (parts.length > 0) yield parts.join('');
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (error) {
    throw new UsageError('invalid-argument', 'What was read is no export: it is not UTF-8.', { cause: error });
  }
}

function ask(port: MessagePort, question: ToolAnswer): Promise<ToolReply> {
  return new Promise((resolve) => {
    port.once('message', resolve);
    port.postMessage(question);
  });
}
