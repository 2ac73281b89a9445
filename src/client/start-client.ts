// From options to a client that has its CONNACK, or with `startOffline` its store. Promises go round the same session machine that the
// broker uses; network, store, time and chance are handed in (parts.ts), and so is what only some clients need (extras.ts).

import type { Client } from './client.ts';
import type { ClientExtras } from './extras.ts';
import { LiveClient } from './live-client.ts';
import { type ConnectOptions, readOptions } from './options.ts';
import type { ClientParts } from './parts.ts';

/**
 * Makes a client and starts it.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 * @throws {OperationError} `connection-refused` (with the broker's Reason Code, if it was the broker), `timed-out`, `connection-lost`, `protocol-error`.
 * @throws {OperationError} What opening the store throws; `store-in-use` among others.
 * @throws The signal's reason, where it gave up the attempt.
 */
export async function startClient(options: ConnectOptions, parts: ClientParts, extras: ClientExtras): Promise<Client> {
  const client = new LiveClient(readOptions(options, parts.random), parts, extras);
  await client.start();
  return client;
}
