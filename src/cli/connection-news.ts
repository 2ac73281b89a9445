// What a command that connects again tells people about its connection: that it is gone and why, and that it is back. A broker that
// stays away for a night is a line or two, not one for each attempt.

import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import { endingError } from '../client/endings.ts';

/** So many reasons are told until there is a connection again. */
const REASONS_MAX = 5;

/**
 * Tells it from now on. The last end is left to the command, which fails with it.
 * @param hasSession  The broker is to keep the session: that it has lost it is news.
 */
export function tellConnection(client: Client, log: Log, hasSession: boolean): void {
  let wasConnected = client.state === 'connected';
  const told = new Set<string>();
  client.on('disconnected', (end, retryMillis) => {
    if (retryMillis === undefined) return;
    const { message } = endingError(end);
    if (told.has(message) || told.size >= REASONS_MAX) return;
    log.info(`${message} Trying again.`);
    told.add(message);
  });
  client.on('connected', ({ sessionPresent }) => {
    if (told.size > 0) log.info(wasConnected ? 'Connected again.' : 'Connected.');
    if (hasSession && wasConnected && !sessionPresent) {
      log.warn('The broker has lost the session, and with it what it had kept for this client.');
    }
    wasConnected = true;
    told.clear();
  });
  client.on('subscriptionRefused', (filter, reasonCode) => {
    log.warn(`The broker refused the subscription to ${JSON.stringify(filter)} this time.`, { reasonCode });
  });
}

/** Rejected with what ends the command when the client has ended for good. */
export async function untilOver(client: Client): Promise<never> {
  throw endingError(await client.closed);
}
