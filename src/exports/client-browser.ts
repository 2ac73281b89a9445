// The door `vouch/client` in browsers: the same client, over WebSocket, its outbox and inbox in IndexedDB. A bundler takes this file for
// `vouch/client` where it builds for browsers (the condition `browser` in package.json). What no browser has is an error when it is asked for.

import { UsageError } from '../base/errors.ts';
import { SILENT_LOG } from '../base/log.ts';
import { connectInPage } from '../browser/page-client.ts';
import { pageScram } from '../browser/page-scram.ts';
import type { EnhancedAuthentication } from '../client/authentication.ts';
import type { Client } from '../client/client.ts';
import { checkConnectArguments, type ClientOptions } from '../config/connect-options.ts';

export { ERROR_CODES, OperationError, UsageError } from '../base/errors.ts';
export { endingError } from '../client/endings.ts';
export { topicMatcher } from '../client/topics.ts';
export { ProtocolError } from '../packet/protocol-error.ts';
export { Reason, reasonName } from '../packet/reason-codes.ts';
export type { ErrorCode } from '../base/errors.ts';
export type { Log, LogFields, LogLevel } from '../base/log.ts';
export type {
  Abortable,
  Client,
  ConnectionFacts,
  DisconnectOptions,
  Published,
  Publishing,
  PublishOptions,
  RequestOptions,
  Responder,
  Response,
  SubscribeOptions,
  SubscribeRequest,
  Subscription,
} from '../client/client.ts';
export type { AuthenticationExchange, EnhancedAuthentication } from '../client/authentication.ts';
export type { ClientEnd } from '../client/endings.ts';
export type { ClientEventName, ClientEvents, ClientListener } from '../client/events.ts';
export type { ClientTlsOptions, Credentials, WillOptions } from '../client/options.ts';
export type { MessageHandler, ReceivedMessage } from '../client/received-message.ts';
export type { Redirect, RedirectPolicy, ServerAddress } from '../client/redirecting.ts';
export type { ReconnectOptions } from '../client/retry.ts';
export type { ClientOptions } from '../config/connect-options.ts';
export type { QoS } from '../packet/packet.ts';
export type { ConnackProperties, MessageProperties, UserProperty } from '../packet/properties.ts';
export type { ProtocolErrorKind } from '../packet/protocol-error.ts';
export type { ProtocolVersion } from '../packet/protocol-version.ts';
export type { ReasonCode } from '../packet/reason-codes.ts';

/** The whole store of a page is in memory, too. */
const OUTBOX_MESSAGES_MAX = 100_000;
const BYTES_MAX = 64 * 1024 * 1024;

/**
 * Connects to a broker. Messages of a session that the broker has kept may reach `onMessage` before the promise is fulfilled.
 * @param url  `ws://[user[:password]@]host[:port]/path`, or `wss://` with TLS. What the options say counts more.
 * @throws {UsageError} `invalid-option`, `invalid-argument`: also where no browser can do what is asked for.
 * @throws {OperationError} `connection-refused` (with the broker's Reason Code, if it was the broker), `timed-out`, `connection-lost`, `file-unavailable`,
 * `protocol-error`; with a `store`: `store-in-use`, `store-damaged`, `store-newer`, `store-unavailable`, `store-full`.
 * @throws The signal's reason, where it gave up the attempt.
 */
export async function connect(url: string, options: ClientOptions = {}): Promise<Client> {
  checkConnectArguments(url, options);
  refuseWhatNoBrowserHas(url, options);
  const { log, ...given } = options;
  const bounded = given.store === undefined ? given : inPage(given);
  return await connectInPage({ ...bounded, url }, log === undefined || log === 'silent' ? SILENT_LOG : log);
}

/**
 * SCRAM-SHA-256 (RFC 7677), for the option `authentication`: the client proves that it knows the password without sending it, and
 * takes only a broker that proves the same. The password is kept as long as the client.
 * @throws {UsageError} `invalid-argument`: what MQTT or SCRAM has no place for; `invalid-option`: the page came neither over https nor from localhost.
 */
export function scramSha256(userName: string, password: string | Uint8Array): EnhancedAuthentication {
  return pageScram(userName, password);
}

function refuseWhatNoBrowserHas(url: string, { tls, localAddress }: ClientOptions): void {
  if (/^(?:mqtts?|unix):/i.test(url)) {
    const sentence = `A browser reaches a broker over WebSocket only: write ${JSON.stringify(url)} as ws://host:port/path, or wss://.`;
    throw new UsageError('invalid-argument', sentence);
  }
  if (tls !== undefined && Object.values(tls).some((value) => value !== undefined)) {
    throw new UsageError(
      'invalid-option',
      'tls is not for browsers: the browser decides whom it trusts, and who it is.',
    );
  }
  if (localAddress !== undefined) throw new UsageError('invalid-option', 'localAddress is not for browsers.');
}

/** The bounds of a store that is in a page. */
function inPage(given: Omit<ClientOptions, 'log'>): Omit<ClientOptions, 'log'> {
  return {
    ...given,
    outboxMessagesMax: given.outboxMessagesMax ?? OUTBOX_MESSAGES_MAX,
    outboxBytesMax: given.outboxBytesMax ?? BYTES_MAX,
    inboxBytesMax: given.inboxBytesMax ?? BYTES_MAX,
  };
}
