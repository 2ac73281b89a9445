// Where a broker listens and what is spoken there, as configuration knows it: in the file a listener has keys, in a flag it
// is a URL with the same keys behind a question mark. And whether only this machine can reach it.

import { unreachable } from '../base/assert.ts';

/** What is spoken at a door. */
export type ListenerType = 'tcp' | 'tls' | 'ws' | 'wss' | 'unix';

/** Where a listener is on the network. */
interface NetworkPlace {
  /** An IP address or a host name; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Addresses and networks of proxies, which say in a PROXY header whom they speak for; empty: there are none. */
  readonly proxyFrom: readonly string[];
}

/** The files of a listener with TLS, and its rules. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** For clients that ask for another name. */
  readonly others: readonly { readonly cert: string; readonly key: string }[];
  /** '': none. */
  readonly ca: string;
  /** '': none. */
  readonly crl: string;
  readonly clientCertificate: 'none' | 'optional' | 'required';
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** What is different with WebSocket. */
export interface WebSocketRules {
  /** Where in a URL, such as `/mqtt`. */
  readonly path: string;
  /** Whose pages may connect, such as `https://app.example`; `*`: everybody's. */
  readonly origins: readonly string[];
}

/** One door of the broker. */
export type ListenerAddress =
  | (NetworkPlace & { readonly type: 'tcp' })
  | (NetworkPlace & { readonly type: 'tls'; readonly tls: TlsFiles })
  | (NetworkPlace & { readonly type: 'ws'; readonly webSocket: WebSocketRules })
  | (NetworkPlace & { readonly type: 'wss'; readonly tls: TlsFiles; readonly webSocket: WebSocketRules })
  /** `socket` is the path of a socket in the file system. */
  | { readonly type: 'unix'; readonly socket: string };

/** The scheme of a listener's URL. */
export const SCHEMES: { readonly [Type in ListenerType]: string } = {
  tcp: 'mqtt',
  tls: 'mqtts',
  ws: 'ws',
  wss: 'wss',
  unix: 'unix',
};

/** Letters, digits and what IPv4, IPv6 (with a zone) and host names are made of. Never empty: Node takes that as "everywhere". */
const HOST = /^[A-Za-z0-9._:%-]{1,255}$/;

/** Takes a raw value as a host; `undefined` when it is none. */
export function readHost(raw: unknown): string | undefined {
  return typeof raw === 'string' && HOST.test(raw) && !/^[^:]*:\d*$/.test(raw) ? raw : undefined;
}

/** The listener as a URL for people, such as `mqtt://127.0.0.1:1883`, `wss://[::1]:8443/mqtt` or `unix:///run/vouch.sock`. */
export function showListener(listener: ListenerAddress): string {
  const scheme = SCHEMES[listener.type];
  if (listener.type === 'unix') return `${scheme}://${listener.socket}`;
  const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host;
  const path = listener.type === 'ws' || listener.type === 'wss' ? listener.webSocket.path : '';
  return `${scheme}://${host}:${listener.port}${path}`;
}

/** Whether somebody else than this machine can reach it; a proxy is there to let others in. */
export function isOpenToOthers(listener: ListenerAddress): boolean {
  return listener.type !== 'unix' && (!isLoopback(listener.host) || listener.proxyFrom.length > 0);
}

/** Whether nobody on the way can read what is said there. */
export function isEncrypted(listener: ListenerAddress): boolean {
  switch (listener.type) {
    case 'tls':
    case 'wss':
      return true;
    case 'tcp':
    case 'ws':
    case 'unix':
      return false;
    default:
      return unreachable(listener);
  }
}

/** Whether clients may show a certificate there. */
export function asksForCertificate(listener: ListenerAddress): boolean {
  return (listener.type === 'tls' || listener.type === 'wss') && listener.tls.clientCertificate !== 'none';
}

/** Whether nobody gets in without a certificate that the operator's CA has signed. */
export function requiresCertificate(listener: ListenerAddress): boolean {
  return (listener.type === 'tls' || listener.type === 'wss') && listener.tls.clientCertificate === 'required';
}

/**
 * Whether nobody but this machine can reach the host: 127.0.0.0/8, ::1 (also as ::ffff:127.x.y.z) and `localhost`.
 * Any other spelling counts as reachable, so that a doubt never opens a door.
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name === '::1' || name === '0:0:0:0:0:0:0:1') return true;
  const [, ...octets] = /^(?:::ffff:)?127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name) ?? [];
  return octets.length === 3 && octets.every((octet) => Number(octet) <= 255);
}
