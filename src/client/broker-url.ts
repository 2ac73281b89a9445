// Where a broker is, as people write it: `mqtt://user:password@host:1883`. What follows the host, a topic
// for some tools, is handed back as it is. Only the plain transport is spoken so far.

import { UsageError } from '../base/errors.ts';

/** The port of MQTT over TCP. */
export const MQTT_PORT = 1883;

/** What a URL says. */
export interface BrokerUrl {
  readonly host: string;
  readonly port: number;
  readonly userName: string | undefined;
  readonly password: string | undefined;
  /** What follows the slash after the host, decoded; '' when nothing does. */
  readonly path: string;
}

/**
 * Reads `mqtt://[user[:password]@]host[:port][/path]`.
 * @throws {UsageError} `invalid-argument`.
 */
export function parseBrokerUrl(text: string): BrokerUrl {
  if (!URL.canParse(text)) throw wrong(text, 'Write it as mqtt://host:port.');
  const url = new URL(text);
  if (url.protocol !== 'mqtt:') {
    throw wrong(text, `It begins with ${url.protocol}//, and only mqtt:// is spoken here so far.`);
  }
  if (url.hostname === '') throw wrong(text, 'It names no host; write it as mqtt://host:port.');
  return {
    // A URL has an IPv6 address in brackets, which are not part of it.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? MQTT_PORT : Number(url.port),
    userName: url.username === '' ? undefined : decoded(url.username, text),
    password: url.password === '' ? undefined : decoded(url.password, text),
    path: decoded(url.pathname.slice(1), text),
  };
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw wrong(text, 'A percent sign in it does not stand for a character; write % as %25.', { cause: error });
  }
}

function wrong(text: string, advice: string, options?: ErrorOptions): UsageError {
  return new UsageError('invalid-argument', `${JSON.stringify(text)} is not the URL of a broker. ${advice}`, options);
}
