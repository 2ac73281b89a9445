// The door of the client for programs: every extra is at hand. A page, which loads them, has a door of its own (browser/).

import { ALL_EXTRAS } from './all-extras.ts';
import type { Client } from './client.ts';
import type { ConnectOptions } from './options.ts';
import type { ClientParts } from './parts.ts';
import { startClient } from './start-client.ts';

/**
 * Connects to a broker. Messages of a session that the broker has kept, and of the inbox, may reach `onMessage` before the promise is fulfilled.
 * @throws What `startClient` throws.
 */
export function connect(options: ConnectOptions, parts: ClientParts): Promise<Client> {
  return startClient(options, parts, ALL_EXTRAS);
}
