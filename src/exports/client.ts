// The door `vouch/client`: a client of any MQTT broker, on Node.js. What comes in here is checked by config/connect-options.ts. In browsers
// the same door is client-browser.ts.

import { scramClient } from '../auth/scram-client.ts';
import { SILENT_LOG } from '../base/log.ts';
import type { EnhancedAuthentication } from '../client/authentication.ts';
import { bytesOf, checkBinary, checkText } from '../client/checks.ts';
import type { Client } from '../client/client.ts';
import { connect as connectWith } from '../client/connect.ts';
import { checkConnectArguments, type ClientOptions } from '../config/connect-options.ts';
import { nodeClientParts } from '../server/client-parts.ts';
import { NODE_RANDOM } from '../server/node-parts.ts';

export type * from './client-browser.ts';
export { ERROR_CODES, OperationError, UsageError } from '../base/errors.ts';
export { endingError } from '../client/endings.ts';
export { topicMatcher } from '../client/topics.ts';
export { ProtocolError } from '../packet/protocol-error.ts';
export { Reason, reasonName } from '../packet/reason-codes.ts';

/**
 * Connects to a broker. Messages of a session that the broker has kept may reach `onMessage` before the promise is fulfilled.
 * @param url  `mqtt://[user[:password]@]host[:port]`; with TLS `mqtts://`, over WebSocket `ws://host/path` and `wss://`, through a Unix
 * socket `unix:///path`. What the options say counts more.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 * @throws {OperationError} `connection-refused` (with the broker's Reason Code, if it was the broker), `tls-failed`, `timed-out`, `connection-lost`,
 * `protocol-error`; with a `store`: `store-in-use`, `store-damaged`, `store-not-accepted`, `store-newer`, `store-unavailable`, `store-full`.
 * @throws The signal's reason, where it gave up the attempt.
 */
export async function connect(url: string, options: ClientOptions = {}): Promise<Client> {
  checkConnectArguments(url, options);
  const { log, ...connectOptions } = options;
  const parts = nodeClientParts(log === undefined || log === 'silent' ? SILENT_LOG : log);
  return discreet(await connectWith({ ...connectOptions, url }, parts));
}

/**
 * SCRAM-SHA-256 (RFC 7677), for the option `authentication`: the client proves that it knows the password without sending it, and
 * takes only a broker that proves the same. The password is kept as long as the client.
 * @throws {UsageError} `invalid-argument`: what MQTT or SCRAM has no place for.
 */
export function scramSha256(userName: string, password: string | Uint8Array): EnhancedAuthentication {
  const name = checkText('userName', userName);
  const bytes = checkBinary('password', typeof password === 'string' ? bytesOf(password) : password);
  return scramClient(name, bytes, NODE_RANDOM);
}

/** What `console.log` asks for on Node.js. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Whoever logs a client, or makes JSON of it, finds what it is and not what it is made of: the password and the keys of its options. */
function discreet(client: Client): Client {
  const show = (): object => {
    const { clientId, state, connection, unsettledCount } = client;
    return { clientId, state, connection, unsettledCount };
  };
  return Object.defineProperties(client, { toJSON: { value: show }, [INSPECT]: { value: show } });
}
