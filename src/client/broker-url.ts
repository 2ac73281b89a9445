// Where a broker is, as people write it: `mqtt://user:password@host:1883`, `mqtts:` with TLS, `ws:` and `wss:` over WebSocket,
// `unix:` through a Unix socket. What follows the host, a topic for some tools, is handed back as it is.

import { UsageError } from '../base/errors.ts';
import type { Transport } from './parts.ts';

/** The ports of MQTT over each transport; those of WebSocket are HTTP's. A Unix socket has none. */
export const PORTS: { readonly [Kind in Transport['kind']]: number } = {
  tcp: 1883,
  tls: 8883,
  ws: 80,
  wss: 443,
  unix: 0,
};

/** What a URL says. */
export interface BrokerUrl {
  readonly kind: Transport['kind'];
  /** '' with a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly userName: string | undefined;
  readonly password: string | undefined;
  /** Of the Unix socket, or in the URL of WebSocket; '' where the URL is of another kind. */
  readonly transportPath: string;
  /** A topic: what follows the slash after the host, decoded; '' when nothing does, or the path means something else. */
  readonly path: string;
}

/** Where MQTT is, over WebSocket, unless the URL says. */
const WEB_SOCKET_PATH = '/mqtt';

const KINDS: ReadonlyMap<string, Transport['kind']> = new Map([
  ['mqtt:', 'tcp'],
  ['mqtts:', 'tls'],
  ['ws:', 'ws'],
  ['wss:', 'wss'],
  ['unix:', 'unix'],
]);

/**
 * Reads `mqtt://[user[:password]@]host[:port][/path]`, the same with `mqtts`, `ws` and `wss`, or `unix:///path`.
 * @throws {UsageError} `invalid-argument`.
 */
export function parseBrokerUrl(text: string): BrokerUrl {
  if (!URL.canParse(text)) throw wrong(text, 'Write it as mqtt://host:port.');
  const url = new URL(text);
  const kind = KINDS.get(url.protocol);
  if (kind === undefined) {
    const known = 'only mqtt://, mqtts://, ws://, wss:// and unix:// are spoken here';
    throw wrong(text, `It begins with ${url.protocol}//, and ${known}.`);
  }
  if (kind === 'unix') return unixUrl(url, text);
  if (url.hostname === '') throw wrong(text, 'It names no host; write it as mqtt://host:port.');
  const isWebSocket = kind === 'ws' || kind === 'wss';
  return {
    kind,
    // A URL has an IPv6 address in brackets, which are not part of it.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORTS[kind] : Number(url.port),
    userName: url.username === '' ? undefined : decoded(url.username, text),
    password: url.password === '' ? undefined : decoded(url.password, text),
    transportPath: isWebSocket ? (/^\/?$/.test(url.pathname) ? WEB_SOCKET_PATH : url.pathname) + url.search : '',
    path: isWebSocket ? '' : decoded(url.pathname.slice(1), text),
  };
}

function unixUrl(url: URL, text: string): BrokerUrl {
  const transportPath = decoded(url.pathname, text);
  if (url.host !== '' || transportPath === '' || transportPath === '/') {
    throw wrong(text, 'It names no socket; write it as unix:///path.');
  }
  return { kind: 'unix', host: '', port: 0, userName: undefined, password: undefined, transportPath, path: '' };
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw wrong(text, 'A percent sign in it does not stand for a character; write % as %25.', { cause: error });
  }
}

function wrong(text: string, advice: string, options?: ErrorOptions): UsageError {
  const shown = JSON.stringify(withoutPassword(text));
  return new UsageError('invalid-argument', `${shown} is not the URL of a broker. ${advice}`, options);
}

/** The same text for messages, which others read: what may be a password is not in it. It need not be a URL. */
function withoutPassword(text: string): string {
  const end = text.lastIndexOf('@');
  const scheme = text.indexOf('://');
  const colon = text.indexOf(':', scheme < 0 ? 0 : scheme + '://'.length);
  if (colon < 0) return text;
  if (end > colon) return `${text.slice(0, colon)}:***${text.slice(end)}`;
  // Without a host behind it, what should be a port may be the password: `mqtt://anna:secret`.
  const isPort = /^:\d*(?:\/.*)?$/s.test(text.slice(colon)) || text.includes('[');
  return isPort || end >= 0 ? text : `${text.slice(0, colon)}:***`;
}
