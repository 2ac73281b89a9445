// The tools that work on a store: what each is asked for and what it answers, and the thread that it runs in. A thread,
// because they wait for the disk as long as it takes, and meanwhile somebody must say that they are not done. What a
// tool writes comes in chunks, one at a time: the next one is made when the last one was taken. What it reads is handed
// to it in the same way.

import { Worker } from 'node:worker_threads';

import { unreachable } from '../base/assert.ts';
import { type ErrorCode, OperationError, UsageError } from '../base/errors.ts';
import type { BackupResult } from '../store/sqlite/backup.ts';
import type { CheckResult } from '../store/sqlite/check.ts';
import type { CompactResult } from '../store/sqlite/compact.ts';
import type { EngineStatistics } from '../store/sqlite/engine.ts';
import type { ExportResult } from '../store/sqlite/export.ts';
import type { StoreSummary } from '../store/sqlite/statistics.ts';

/** What a tool is asked for; `path` is the data directory. Plain data, since it is handed to a thread. */
export type ToolRequest =
  | { readonly kind: 'check'; readonly path: string; readonly accept: boolean }
  | { readonly kind: 'stats'; readonly path: string }
  | { readonly kind: 'export'; readonly path: string; readonly salvage: boolean }
  | { readonly kind: 'import'; readonly path: string }
  | { readonly kind: 'compact'; readonly path: string }
  | { readonly kind: 'backup'; readonly path: string; readonly to: string };

/** What each tool answers. */
export interface ToolResults {
  readonly check: CheckResult;
  readonly stats: StoreSummary;
  readonly export: ExportResult;
  readonly import: EngineStatistics;
  readonly compact: CompactResult;
  readonly backup: BackupResult;
}

/** What surrounds a tool. */
export interface ToolParts {
  /** So much of the work is done, between 0 and 1. */
  readonly progress: (share: number) => void;
  /** Takes what the tool writes; resolved when there may be more. */
  readonly output: (chunk: Uint8Array) => Promise<void>;
  /** What the tool reads; `undefined`: nothing more. */
  readonly input: () => Promise<Uint8Array | undefined>;
}

/** What the thread says. */
export type ToolAnswer =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'output'; readonly chunk: Uint8Array }
  | { readonly kind: 'input-wanted' }
  | { readonly kind: 'done'; readonly result: ToolResults[keyof ToolResults] }
  | { readonly kind: 'refused'; readonly isUsage: boolean; readonly code: ErrorCode; readonly message: string };

/** What the thread is told: the answer to `output` or `input-wanted`. */
export type ToolReply = { readonly chunk: Uint8Array | undefined };

const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './store-tool-thread.ts' : './store-tool-thread.js',
  import.meta.url,
);

/**
 * Runs a tool.
 * @throws {OperationError} what is wrong with the store or the disk.
 * @throws {UsageError} `invalid-argument`: what was read is not what it should be.
 */
export function runTool<Request extends ToolRequest>(
  request: Request,
  parts: ToolParts,
): Promise<ToolResults[Request['kind']]> {
  const { promise, resolve, reject } = Promise.withResolvers<ToolResults[Request['kind']]>();
  const worker = new Worker(THREAD, { workerData: request, name: 'vouch-store-tool' });
  const reply = (answer: ToolReply): void => worker.postMessage(answer, []);
  worker.on('error', reject);
  worker.on('message', (answer: ToolAnswer) => {
    switch (answer.kind) {
      case 'progress':
        return parts.progress(answer.share);
      case 'output':
        void parts.output(answer.chunk).then(() => reply({ chunk: undefined }), reject);
        return;
      case 'input-wanted':
        void parts.input().then((chunk) => reply({ chunk }), reject);
        return;
      case 'done':
        // The thread answers with what its own kind of request yields.
        return resolve(answer.result as ToolResults[Request['kind']]);
      case 'refused':
        return reject(errorOf(answer));
      default:
        return unreachable(answer);
    }
  });
  return promise;
}

function errorOf({ isUsage, code, message }: ToolAnswer & { readonly kind: 'refused' }): Error {
  return isUsage ? new UsageError(code, message) : new OperationError(code, message);
}
