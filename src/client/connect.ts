// The door of the client: from options to a client that has its CONNACK, or with `startOffline` its store. Promises go round the same
// session machine that the broker uses; network, store, time and chance are handed in (parts.ts).

import type { Client } from './client.ts';
import { LiveClient } from './live-client.ts';
import { type ConnectOptions, readOptions } from './options.ts';
import type { ClientParts } from './parts.ts';

/**
 * Connects to a broker. Messages of a session that the broker has kept, and of the inbox, may reach `onMessage` before the promise is fulfilled.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 * @throws {OperationError} `connection-refused` (with the broker's Reason Code, if it was the broker), `timed-out`, `connection-lost`, `protocol-error`.
 * @throws {OperationError} What opening the store throws; `store-in-use` among others.
 * @throws The signal's reason, where it gave up the attempt.
 */
export async function connect(options: ConnectOptions, parts: ClientParts): Promise<Client> {
  const client = new LiveClient(readOptions(options, parts.random), parts);
  await client.start();
  return client;
}
