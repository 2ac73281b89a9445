// What a caller hands to `connect` of `vouch/client`, on Node.js and in browsers. It is checked, since the caller may not be held to the
// types: an option that nobody knows is an error, never ignored; whoever comes from another library hears at once which names are
// different. The values' bounds are checked where the options are read (client/options.ts).

import { UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ClientTlsOptions, ConnectOptions, WillOptions } from '../client/options.ts';
import type { ReconnectOptions } from '../client/retry.ts';
import { nearest } from './nearest.ts';
import { quote, quoteOf } from './spelling.ts';

/** As whom to connect, on which terms, and what the client keeps. Every field may be left out. */
export interface ClientOptions extends Omit<ConnectOptions, 'url'> {
  /** Who is told what happens; `console` will do. Default: nobody. */
  readonly log?: Log | 'silent' | undefined;
}

/**
 * Checks what `connect` was called with, but for the values' bounds.
 * @throws {UsageError} `invalid-argument`, `invalid-option`.
 */
export function checkConnectArguments(url: unknown, options: unknown): void {
  checkUrl(url);
  checkFields('', options, OPTIONS);
}

/** What a field may hold, as a sentence says it and as a question. `undefined` is a field left out. */
interface Kind {
  readonly takes: string;
  readonly fits: (value: unknown) => boolean;
  /** Of an object, what may be in it. */
  readonly fields?: Readonly<Record<string, Kind>>;
}

/** A kind for each field. */
type Fields<Of> = { readonly [Name in keyof Required<Of>]: Kind };

const TEXT: Kind = { takes: 'a text', fits: (value) => typeof value === 'string' };
/** The bounds belong to who reads it. */
const NUMBER: Kind = { takes: 'a number', fits: (value) => typeof value === 'number' };
const SWITCH: Kind = { takes: 'true or false', fits: (value) => typeof value === 'boolean' };
const FUNCTION: Kind = { takes: 'a function', fits: (value) => typeof value === 'function' };
const BYTES: Kind = {
  takes: 'a text or a Uint8Array',
  fits: (value) => typeof value === 'string' || value instanceof Uint8Array,
};
const QOS: Kind = { takes: '0, 1 or 2', fits: (value) => value === 0 || value === 1 || value === 2 };
const SIGNAL: Kind = { takes: 'an AbortSignal', fits: (value) => value instanceof AbortSignal };
const PAIRS: Kind = {
  takes: 'a list of pairs of texts',
  fits: (value) => Array.isArray(value) && value.every(isPair),
};
const LOG: Kind = {
  takes: "'silent' or an object with debug, info, warn and error",
  fits: (value) => value === 'silent' || (isObject(value) && LOG_LEVELS.every((level) => hasFunction(value, level))),
};

const LOG_LEVELS: readonly (keyof Log)[] = ['debug', 'info', 'warn', 'error'];

const RECONNECT: Fields<ReconnectOptions> = { delayMinMillis: NUMBER, delayMaxMillis: NUMBER, attemptsMax: NUMBER };

const WILL: Fields<WillOptions> = {
  topic: TEXT,
  payload: BYTES,
  qos: QOS,
  retain: SWITCH,
  delaySeconds: NUMBER,
  properties: { takes: 'an object', fits: isObject },
};

const TLS: Fields<ClientTlsOptions> = {
  ca: TEXT,
  cert: TEXT,
  key: TEXT,
  passphrase: TEXT,
  servername: TEXT,
  rejectUnauthorized: SWITCH,
  minVersion: {
    takes: "'TLSv1.2' or 'TLSv1.3'",
    fits: (value) => value === 'TLSv1.2' || value === 'TLSv1.3',
  },
  ciphers: TEXT,
  alpnProtocols: {
    takes: 'a list of texts',
    fits: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
  },
};

const OPTIONS: Fields<ClientOptions> = {
  host: TEXT,
  port: NUMBER,
  localAddress: TEXT,
  version: NUMBER,
  clientId: TEXT,
  clean: SWITCH,
  keepAliveSeconds: NUMBER,
  userName: TEXT,
  password: BYTES,
  tls: { takes: 'an object', fits: isObject, fields: TLS },
  credentials: FUNCTION,
  authentication: {
    takes: 'an object with a method and begin',
    fits: (value) => isObject(value) && typeof Reflect.get(value, 'method') === 'string' && hasFunction(value, 'begin'),
  },
  will: {
    takes: 'an object with a topic',
    fits: (value) => isObject(value) && typeof Reflect.get(value, 'topic') === 'string',
    fields: WILL,
  },
  sessionExpirySeconds: NUMBER,
  receiveMaximum: NUMBER,
  maximumPacketSize: NUMBER,
  topicAliasMaximum: NUMBER,
  requestResponseInformation: SWITCH,
  userProperties: PAIRS,
  inFlightMax: NUMBER,
  connectTimeoutMillis: NUMBER,
  reconnect: {
    takes: 'true, false or an object',
    fits: (value) => typeof value === 'boolean' || isObject(value),
    fields: RECONNECT,
  },
  redirects: {
    takes: "'refuse', 'follow' or a function",
    fits: (value) => value === 'refuse' || value === 'follow' || typeof value === 'function',
  },
  startOffline: SWITCH,
  signal: SIGNAL,
  onMessage: FUNCTION,
  store: TEXT,
  outboxMessagesMax: NUMBER,
  outboxBytesMax: NUMBER,
  inboxBytesMax: NUMBER,
  onAmbiguous: TEXT,
  log: LOG,
};

function checkUrl(url: unknown): void {
  if (typeof url === 'string') return;
  throw new UsageError(
    'invalid-argument',
    `connect takes a URL as a text, such as mqtt://localhost; got ${isObject(url) ? 'an object' : quote(url)}.`,
  );
}

/** @param prefix  What stands before the names: '' for the options themselves. */
function checkFields(prefix: string, given: unknown, fields: Readonly<Record<string, Kind>>): void {
  if (!isObject(given)) throw new UsageError('invalid-option', `The options are an object; got ${quote(given)}.`);
  for (const [key, value] of Object.entries(given)) {
    const name = prefix + key;
    const kind = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (kind === undefined) throw new UsageError('invalid-option', unknownOption(name, key, Object.keys(fields)));
    if (value === undefined) continue;
    if (!kind.fits(value))
      throw new UsageError('invalid-option', `${name} takes ${kind.takes}; got ${quoteOf(key, value)}.`);
    if (kind.fields !== undefined && isObject(value)) checkFields(`${name}.`, value, kind.fields);
  }
}

function unknownOption(name: string, key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `${quote(name)} is not an option of connect${near === undefined ? '.' : `; did you mean ${near}?`}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

function hasFunction(value: object, name: string): boolean {
  return typeof Reflect.get(value, name) === 'function';
}
