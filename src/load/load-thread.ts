// A thread of a load: what node:worker_threads starts. All it does is in load-run.ts.

import { parentPort, workerData } from 'node:worker_threads';

import { assert } from '../base/assert.ts';
import { OperationError, UsageError } from '../base/errors.ts';
import { nodeDial } from '../server/client-parts.ts';
import { LoadRun } from './load-run.ts';
import type { ThreadJob, ThreadNews, ThreadOrder } from './thread-port.ts';

assert(parentPort !== null, 'this file is the beginning of a thread');
const port = parentPort;
const say = (news: ThreadNews): void => port.postMessage(news, []);

// What the coordinator in run-load.ts has put there.
// Each connection stands for another client: none resumes the TLS session of one before.
const run = new LoadRun(workerData as ThreadJob, nodeDial(undefined), say);
port.on('message', (order: ThreadOrder) => {
  run.obey(order);
});

try {
  await run.open();
} catch (error) {
  if (!(error instanceof OperationError || error instanceof UsageError)) throw error;
  say({ kind: 'failed', isUsage: error instanceof UsageError, code: error.code, message: error.message });
}
