// `vouch start` but for one thing: every message that somebody is owed is written, also if everybody has it by then. For
// bench/durable.ts, to show what elision is worth. Takes --port and --data.

import { parseArgs } from 'node:util';

import { millis } from '../src/base/millis.ts';
import { SILENT_LOG } from '../src/base/log.ts';
import { createBroker } from '../src/exports/broker.ts';
import { NODE_CLOCK } from '../src/server/node-parts.ts';
import { ENGINE_TUNING } from '../src/store/sqlite/engine.ts';
import { SqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { WorkerExecutor } from '../src/store/sqlite/worker-executor.ts';

const THREAD = new URL('../src/server/store-thread.ts', import.meta.url);

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string', default: '' },
    quiet: { type: 'boolean', default: false },
  },
});
const store = new SqliteStore({
  executor: new WorkerExecutor(THREAD, {
    path: values.data,
    reserveBytes: 0,
    bytesMax: 0,
    synchronous: 'full',
    tuning: ENGINE_TUNING,
  }),
  clock: NODE_CLOCK,
  log: SILENT_LOG,
  downtimeMax: millis(0),
  elides: false,
});
const broker = createBroker({ store });
process.once('SIGTERM', () => {
  void broker.close().then(() => process.exit(0));
});
await broker.listen({ port: Number(values.port) });
