// Brokers that are put together otherwise than `vouch start` does it, with the few options that the tests give them; they end as it
// does, with its words. Some break the promise on purpose, to show that the tests notice: `--manner lies` acknowledges before
// the commit (lying-store.ts); `--manner lax` writes with `synchronous=NORMAL`, which a killed process survives and a power cut
// does not; `--manner hushes` goes on when its disk has failed. One keeps it under strain: with `--manner restless` everything that happens now and then happens all the time.

import { parseArgs } from 'node:util';

import { OperationError } from '../../src/base/errors.ts';
import { SILENT_LOG } from '../../src/base/log.ts';
import { millis } from '../../src/base/millis.ts';
import { createBroker } from '../../src/exports/broker.ts';
import { endOnBug } from '../../src/server/bug.ts';
import { EXIT } from '../../src/server/exit-codes.ts';
import { NODE_CLOCK } from '../../src/server/node-parts.ts';
import { endOnStoreFailure } from '../../src/server/store-failure.ts';
import { ENGINE_TUNING, type EngineTuning } from '../../src/store/sqlite/engine.ts';
import type { Executor, ExecutorOptions } from '../../src/store/sqlite/executor.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { WorkerExecutor } from '../../src/store/sqlite/worker-executor.ts';
import { hushingUp, LIE_MILLIS, lying, putOff } from './lying-store.ts';

const KIB = 1024;
const THREAD = new URL('../../src/server/store-thread.ts', import.meta.url);

/** Small pages, short slices, and a log that is written back after a few commits. */
const RESTLESS_TUNING: EngineTuning = {
  pageEntriesMax: 16,
  pageBytesMax: KIB,
  indexEveryMessages: 100,
  indexEveryEntries: 500,
  indexEveryBytes: 64 * KIB,
  checkpointLogBytes: 128 * KIB,
  truncateLogBytes: 512 * KIB,
  sliceRows: 4,
  chunkBytes: KIB,
};
/** Next to nothing of a queue is in memory. */
const RESTLESS_LIMITS = { queueHeadMessagesMax: 4, queueHeadBytesMax: 16 * KIB };

const { values } = parseArgs({
  options: {
    port: { type: 'string', short: 'p', default: '0' },
    data: { type: 'string', default: '' },
    manner: { type: 'string', default: '' },
  },
});
const { manner } = values;
const isRestless = manner === 'restless';

const options: ExecutorOptions = {
  path: values.data,
  reserveBytes: KIB * KIB,
  bytesMax: 0,
  synchronous: manner === 'lax' ? 'normal' : 'full',
  tuning: isRestless ? RESTLESS_TUNING : ENGINE_TUNING,
};
endOnBug(() => {});
const store = new SqliteStore({
  executor: executorOf(new WorkerExecutor(THREAD, options)),
  clock: NODE_CLOCK,
  log: SILENT_LOG,
  downtimeMax: millis(0),
});
const broker = createBroker({
  store: manner === 'lies' ? lying(store) : store,
  limits: { willRestartGrace: millis(0), ...(isRestless ? RESTLESS_LIMITS : {}) },
});
broker.on('storeFailed', (error) => {
  endOnStoreFailure('vouch start', error, values.data, () => {});
});
process.once('SIGTERM', () => {
  void broker.close().then(() => process.exit(EXIT.ok));
});
try {
  const { url } = await broker.listen({ port: Number(values.port) });
  process.stdout.write(`Vouch is listening: ${url}\n`);
} catch (error) {
  if (!(error instanceof OperationError)) throw error;
  for (const line of error.message.split('\n')) process.stderr.write(`vouch start: ${line}\n`);
  process.exit(EXIT.failure);
}

function executorOf(worker: Executor): Executor {
  switch (manner) {
    case 'lies':
      return putOff(worker, LIE_MILLIS);
    case 'hushes':
      return hushingUp(worker);
    default:
      return worker;
  }
}
