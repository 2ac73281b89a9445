// What the client processes of the crash harness have in common: the client, made as `vouch/client` makes it, that tells what
// becomes of it, and how a process ends: by SIGTERM in order, with the harness if that is gone, and otherwise only if it is killed.
// `--manner` puts a life under strain, or makes it break its promises, for the tests of the tests.

import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import type { Log } from '../../../src/base/log.ts';
import { millis } from '../../../src/base/millis.ts';
import type { Client } from '../../../src/client/client.ts';
import { connect } from '../../../src/client/connect.ts';
import type { ConnectOptions } from '../../../src/client/options.ts';
import type { ClientParts } from '../../../src/client/parts.ts';
import { nodeClientParts } from '../../../src/server/client-parts.ts';
import { NODE_CLOCK } from '../../../src/server/node-parts.ts';
import type { Store } from '../../../src/store/contract.ts';
import { ENGINE_TUNING } from '../../../src/store/sqlite/engine.ts';
import type { Executor } from '../../../src/store/sqlite/executor.ts';
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { WorkerExecutor } from '../../../src/store/sqlite/worker-executor.ts';
import { LIE_MILLIS, lying, putOff, SLOW_MILLIS } from '../lying-store.ts';
import { type SeededRandom, seededRandom } from '../seeded-random.ts';
import { tell } from './report.ts';

const STDERR = 2;
const THREAD = new URL('../../../src/server/store-thread.ts', import.meta.url);
const STORE = { reserveBytes: 1024 * 1024, bytesMax: 0, synchronous: 'full', tuning: ENGINE_TUNING } as const;

/** What the harness says at the start. '' where it does not. */
export interface LifeOptions {
  readonly name: string;
  readonly port: string;
  readonly version: string;
  readonly store: string;
  readonly seed: string;
  /** `tight`: there is little room for anything; `late`, `lies`: of its store (lying-store.ts); `plain`. */
  readonly manner: string;
  /** Publishers: the number of the first message. */
  readonly first: string;
  readonly 'on-ambiguous': string;
  /** Subscribers: `filter=qos`, with commas between them. */
  readonly subscriptions: string;
  readonly taking: string;
  /** Whether messages are taken before this life has subscribed: `yes` or `no`. */
  readonly early: string;
}

/** A process of its own. */
export interface Life {
  readonly client: Client;
  readonly random: SeededRandom;
  /** Hears each line that the harness says. */
  readonly obey: (command: (line: string) => void) => void;
}

/** Less than the load brings: messages wait for their places. */
const TIGHT = { outboxMessagesMax: 50, inboxBytesMax: 20_000 };

/** Warnings and errors are read only if something is wrong. */
const LOG: Log = {
  debug() {},
  info() {},
  warn: (sentence, fields) => void writeSync(STDERR, `${sentence} ${JSON.stringify(fields)}\n`),
  error: (sentence, fields) => void writeSync(STDERR, `${sentence} ${JSON.stringify(fields)}\n`),
};

/** Reads the command line. */
export function readLifeOptions(): LifeOptions {
  const text = { type: 'string', default: '' } as const;
  const { values } = parseArgs({
    options: {
      name: text,
      port: text,
      version: text,
      store: text,
      seed: text,
      manner: text,
      first: text,
      'on-ambiguous': text,
      subscriptions: text,
      taking: text,
      early: text,
    },
  });
  return values;
}

/** Begins it: with the options of the command line, and with those that only the caller can give. */
export async function beginLife(options: LifeOptions, more: Pick<ConnectOptions, 'onMessage'>): Promise<Life> {
  const version = options.version === '4' ? 4 : 5;
  const client = await connect(
    {
      host: '127.0.0.1',
      port: Number(options.port),
      version,
      clientId: options.name,
      store: options.store,
      startOffline: true,
      // Nobody is to wait long for a client that has just failed a few times in a row.
      reconnect: { delayMinMillis: 20, delayMaxMillis: 100 },
      onAmbiguous: options['on-ambiguous'] === 'reject' ? 'reject' : 'resend',
      ...(options.manner === 'tight' ? TIGHT : {}),
      ...(options.manner === 'tight' && version === 5 ? { receiveMaximum: 10 } : {}),
      ...more,
    },
    partsOf(options.manner),
  );
  tell({ kind: 'open' });
  // What is killed later would not leave anything to the next one.
  flushCompileCache();
  watch(client);
  const lines = createInterface({ input: process.stdin });
  // The harness is gone.
  lines.once('close', () => process.exit());
  return {
    client,
    random: seededRandom(Number(options.seed)),
    obey: (command) => void lines.on('line', command),
  };
}

function partsOf(manner: string): ClientParts {
  const parts = nodeClientParts(LOG);
  if (manner !== 'late' && manner !== 'lies') return parts;
  return {
    ...parts,
    makeStore: (directory) => {
      const lateMillis = manner === 'lies' ? LIE_MILLIS : SLOW_MILLIS;
      const late = storeOn(putOff(new WorkerExecutor(THREAD, { ...STORE, path: directory }), lateMillis));
      return manner === 'lies' ? lying(late) : late;
    },
  };
}

function storeOn(executor: Executor): Store {
  return new SqliteStore({ executor, clock: NODE_CLOCK, log: LOG, downtimeMax: millis(0) });
}

function watch(client: Client): void {
  let isEnding = false;
  client.on('connected', ({ sessionPresent }) => tell({ kind: 'connected', isResumed: sessionPresent }));
  client.on('undelivered', (_topic, error) => tell({ kind: 'undelivered', code: codeOf(error) }));
  void client.closed.then((end) => {
    if (!isEnding) tell({ kind: 'over', how: JSON.stringify(end) });
  });
  process.once('SIGTERM', () => {
    isEnding = true;
    void client.disconnect().then(() => process.exit());
  });
}

/** The code of an error, if it is one of ours. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
