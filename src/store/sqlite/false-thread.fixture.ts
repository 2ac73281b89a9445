// A store's thread without a store: answers what it is asked, and breaks down where the path of the data directory says so.

import { parentPort, workerData } from 'node:worker_threads';

import type { ExecutorOptions } from './executor.ts';
import { STATISTICS } from './scripted-executor.fixture.ts';
import type { Answer, Request } from './worker-port.ts';

const { path } = workerData as ExecutorOptions; // Nobody else begins this file.

if (path === 'throws at once') throw new Error('no reason');
if (path === 'is refused') post({ kind: 'refused', error: { code: 'store-in-use', message: 'because' } });
else post({ kind: 'opened', numbers: { recipientKeyMax: 1, messageIdMax: 2 }, statistics: STATISTICS });

parentPort?.on('message', (request: Request) => {
  if (path === `throws at ${request.kind}`) throw new Error('no reason');
  if (path === `exits at ${request.kind}`) process.exit();
  if (request.kind === 'apply') {
    post({ kind: 'committed', spent: request.batch, statistics: STATISTICS });
  } else if (request.kind === 'read') {
    post({ kind: 'page', page: undefined });
  } else {
    post({ kind: 'closed' });
    parentPort?.close();
  }
});

function post(answer: Answer): void {
  parentPort?.postMessage(answer, []);
}
