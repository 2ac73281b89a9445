// The store's thread: the engine with its host, and a port to the broker's thread. It has no clock of its own, which is
// why the file that the thread begins with is server/store-thread.ts.
// A bug ends the thread, which worker-executor.ts notices.

import type { MessagePort } from 'node:worker_threads';

import { unreachable } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { OperationError } from '../../base/errors.ts';
import { EngineHost, TICK_MILLIS } from './engine-host.ts';
import type { ExecutorOptions, ExecutorOwner } from './executor.ts';
import type { Answer, PlainError, Request } from './worker-port.ts';

/** Opens the store and serves it until it is closed. */
export function runWorker(port: MessagePort, options: ExecutorOptions, clock: Clock): void {
  const host = new EngineHost(
    options,
    makeOwner(port, () => host.tick()),
    {
      clock,
      later: (task) => void setImmediate(task),
    },
  );
  port.on('message', (request: Request) => serve(host, request));
  host.open();
}

function serve(host: EngineHost, request: Request): void {
  switch (request.kind) {
    case 'apply':
      return host.apply(request.batch);
    case 'read':
      return host.read(request.recipient, request.after, request.size);
    case 'close':
      return host.close();
    default:
      return unreachable(request);
  }
}

function makeOwner(port: MessagePort, tick: () => void): ExecutorOwner {
  let ticking: NodeJS.Timeout | undefined;
  const post = (answer: Answer, ...buffers: readonly ArrayBuffer[]): void => port.postMessage(answer, buffers);
  return {
    found: (chunk) => post({ kind: 'found', chunk }, chunk.buffer),
    opening: (share) => post({ kind: 'opening', share }),
    opened: (numbers, statistics) => post({ kind: 'opened', numbers, statistics }),
    refused: (error) => post({ kind: 'refused', error: plain(error) }),
    committed: (spent, statistics) => post({ kind: 'committed', spent, statistics }, spent.buffer),
    page(page) {
      if (page === undefined) post({ kind: 'page', page });
      else post({ kind: 'page', page }, page.deliveries.buffer);
    },
    full(isFull) {
      clearInterval(ticking);
      if (isFull) ticking = setInterval(tick, TICK_MILLIS);
      post({ kind: 'full', isFull });
    },
    failed(error) {
      clearInterval(ticking);
      post({ kind: 'failed', error: plain(error) });
    },
    closed() {
      clearInterval(ticking);
      post({ kind: 'closed' });
      // Nothing else keeps the thread; what was posted still arrives.
      port.close();
    },
  };
}

function plain({ code, message }: OperationError): PlainError {
  return { code, message };
}
