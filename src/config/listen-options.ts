// Where an embedder's broker is to listen: the options of a listener as a program says them, by the same rows as those of the file.

import { UsageError } from '../base/errors.ts';
import type { ListenerAddress, ListenerType } from './listener-address.ts';
import type { ListenerOption, ListenerValues } from './listener-rows.ts';
import { faultsOf, LISTENER_OPTIONS, LISTENER_ROWS, makeListener } from './listener-rows.ts';
import { nearest } from './nearest.ts';
import { asSentence } from './problem.ts';
import { quote, quoteOf } from './spelling.ts';

/** Where to listen, and what is spoken there: plain TCP, unless the options say otherwise. */
export interface ListenOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 1883, with TLS 8883, with WebSocket 8080 and with both 8443; 0 takes any free port, which the listener tells. */
  readonly port?: number | undefined;
  /** Listens with TLS. */
  readonly tls?: ListenTlsOptions | undefined;
  /** Listens for WebSocket; `true`: at `/mqtt`, for programs and no pages. */
  readonly webSocket?: true | ListenWebSocketOptions | undefined;
  /** The path of a Unix socket to listen at, in place of host and port. */
  readonly unix?: string | undefined;
  /**
   * Addresses and networks (`10.0.0.0/8`) of proxies that begin each connection with a PROXY header. Where any are listed, nobody
   * else is let in. Default: none.
   */
  readonly proxyFrom?: readonly string[] | undefined;
}

/** Keys and certificates: each is PEM, or the path of a file with it. */
export interface ListenTlsOptions {
  /** The certificate, and behind it those between it and its CA. */
  readonly cert: string;
  /** Its key, not encrypted. */
  readonly key: string;
  /**
   * Certificates for other names, with their keys. A client gets the first that is good for the name that it asks for (SNI), and `cert`
   * where none is. Default: none.
   */
  readonly others?: readonly ListenCertificate[] | undefined;
  /** The CAs that sign the certificates of clients. */
  readonly ca?: string | undefined;
  /** What these CAs have revoked. */
  readonly crl?: string | undefined;
  /** Whether clients show a certificate. One that is shown must be good, also where none is required. Default: 'none'. */
  readonly clientCertificate?: 'none' | 'optional' | 'required' | undefined;
  /** Default: 'TLSv1.2'. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
}

/** A certificate for another name: each is PEM, or the path of a file with it. */
export interface ListenCertificate {
  /** The certificate, and behind it those between it and its CA. */
  readonly cert: string;
  /** Its key, not encrypted. */
  readonly key: string;
}

/** What is different with WebSocket. */
export interface ListenWebSocketOptions {
  /** Default `/mqtt`. */
  readonly path?: string | undefined;
  /** Whose pages in a browser may connect, such as `https://app.example`; `*`: everybody's. Default: nobody's. */
  readonly origins?: readonly string[] | undefined;
}

const TLS_OPTIONS = ['cert', 'key', 'ca', 'crl', 'clientCertificate', 'minVersion'] as const;
const CERTIFICATE_OPTIONS = ['cert', 'key'] as const;
const WEB_SOCKET_OPTIONS = ['path', 'origins'] as const;
const OPTIONS = ['host', 'port', 'tls', 'webSocket', 'unix', 'proxyFrom'] as const;

/**
 * Checks the options, and makes a listener's address of them.
 * @throws {UsageError} `invalid-option`.
 */
export function listenerOf(options: ListenOptions): ListenerAddress {
  const { host, port, tls, webSocket, unix, proxyFrom } = options;
  refuseUnknown('', options, OPTIONS);
  if (tls !== undefined) refuseUnknown('tls.', tls, [...TLS_OPTIONS, 'others']);
  const others = othersOf(tls?.others);
  const pages = webSocket === true ? {} : webSocket;
  if (pages !== undefined) refuseUnknown('webSocket.', pages, WEB_SOCKET_OPTIONS);
  const given: readonly (readonly [ListenerOption, unknown])[] = [
    ['type', typeOf(options)],
    ['host', host],
    ['port', port],
    ['socket', unix],
    ['proxyFrom', proxyFrom],
    ['otherCerts', others?.map(({ cert }) => cert)],
    ['otherKeys', others?.map(({ key }) => key)],
    ...TLS_OPTIONS.map((name) => [name, tls?.[name]] as const),
    ...WEB_SOCKET_OPTIONS.map((name) => [name, pages?.[name]] as const),
  ];
  const values: { [name: string]: unknown } = {};
  for (const option of LISTENER_OPTIONS) values[option] = LISTENER_ROWS[option].default;
  const names = new Set<ListenerOption>();
  for (const [option, raw] of given) {
    if (raw === undefined) continue;
    const value = LISTENER_ROWS[option].read(isList(option) && Array.isArray(raw) ? raw.join(',') : raw);
    const name = option === 'socket' ? 'unix' : option;
    if (value === undefined) throw invalid(`${name} takes ${LISTENER_ROWS[option].takes}; got ${quoteOf(name, raw)}`);
    values[option] = value;
    names.add(option);
  }
  // Every name has been set, to what its own row reads.
  const read = values as unknown as ListenerValues;
  const [fault] = faultsOf(read, names);
  if (fault !== undefined) throw invalid(fault.sentence);
  return makeListener(read, names);
}

/** The certificates for other names; for callers that are not held to the type. */
function othersOf(others: readonly ListenCertificate[] | undefined): readonly ListenCertificate[] | undefined {
  const given: unknown = others;
  if (given !== undefined && !Array.isArray(given)) {
    throw invalid('tls.others takes a list of objects with cert and key');
  }
  for (const pair of others ?? []) refuseUnknown('tls.others.', pair, CERTIFICATE_OPTIONS);
  return others;
}

/** Whether it is one text in the file, with commas between what cannot have any. */
function isList(option: ListenerOption): boolean {
  return option === 'origins' || option === 'proxyFrom';
}

function typeOf({ unix, tls, webSocket }: ListenOptions): ListenerType {
  if (unix !== undefined) return 'unix';
  if (webSocket !== undefined) return tls === undefined ? 'ws' : 'wss';
  return tls === undefined ? 'tcp' : 'tls';
}

function refuseUnknown(prefix: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) {
    throw invalid(`${prefix === '' ? 'listen' : prefix.slice(0, -1)} takes an object; got ${quote(given)}`);
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    throw invalid(
      `${quote(prefix + key)} is not an option of listen${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
}

function invalid(sentence: string): UsageError {
  return new UsageError('invalid-option', asSentence(sentence));
}
