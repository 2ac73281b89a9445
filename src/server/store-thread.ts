// What the store's thread begins with: the store's code, this machine's clock and the port to the broker's thread meet here.

import { parentPort, workerData } from 'node:worker_threads';

import { assert } from '../base/assert.ts';
import type { ExecutorOptions } from '../store/sqlite/executor.ts';
import { runWorker } from '../store/sqlite/worker.ts';
import { NODE_CLOCK } from './node-parts.ts';

assert(parentPort !== null, 'this file is the beginning of a thread');
// What worker-executor.ts hands over.
const options = workerData as ExecutorOptions;
runWorker(parentPort, options, NODE_CLOCK);
