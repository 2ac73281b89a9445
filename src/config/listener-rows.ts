// The rows of one listener, and how a listener is made of what they say: which options a type has, which it needs, and the
// form of a URL, where the options stand behind a question mark.

import { unreachable } from '../base/assert.ts';
import type { ListenerAddress, ListenerType, TlsFiles, WebSocketRules } from './listener-address.ts';
import { readHost, SCHEMES, showListener } from './listener-address.ts';
import type { Row } from './row.ts';
import { numberRow, textRow, wordRow } from './row.ts';

const HOST = 'an IP address or a host name, without a port';
const FILE = 'the path of a file';
const FILES = 'paths of files with commas between';
const ORIGINS = 'origins such as https://app.example with commas between, or * for all';
const PROXIES = 'IP addresses or networks such as 10.0.0.0/8, with commas between';

/** The form of listeners as one text. */
export const LISTENER_URLS =
  'mqtt://HOST:PORT, mqtts://HOST:PORT?cert=FILE&key=FILE, ws://HOST:PORT/PATH, wss:// with both or unix:///PATH, several with commas between';

/** As many as anybody lists by hand. */
const LISTED_MAX = 100;
/** What Linux has room for in a socket's address, less a zero. */
const SOCKET_PATH_MAX = 107;

/** What the rows of a listener read. */
export interface ListenerValues {
  readonly type: ListenerType;
  readonly host: string;
  readonly port: number;
  readonly socket: string;
  readonly cert: string;
  readonly key: string;
  readonly otherCerts: readonly string[];
  readonly otherKeys: readonly string[];
  readonly ca: string;
  readonly crl: string;
  readonly clientCertificate: TlsFiles['clientCertificate'];
  readonly minVersion: TlsFiles['minVersion'];
  readonly path: string;
  readonly origins: readonly string[];
  readonly proxyFrom: readonly string[];
}

/** The name of an option of a listener. */
export type ListenerOption = keyof ListenerValues;

/** The rows of one listener in the file's list; also the keys behind a URL's question mark. */
export const LISTENER_ROWS: { readonly [Name in ListenerOption]: Row<ListenerValues[Name]> } = {
  type: wordRow(
    {
      ...described<ListenerType>(
        'What is spoken: plain TCP, TLS, WebSocket (ws), WebSocket over TLS (wss), or plain through a Unix socket.',
        'tcp',
      ),
      metavar: 'TYPE',
    },
    ['tcp', 'tls', 'ws', 'wss', 'unix'],
  ),
  host: textRow({ ...described('The address.', '127.0.0.1'), metavar: 'HOST', takes: HOST }, readHost, String),
  port: numberRow(
    {
      ...described('The port; 0 takes any free one. Left out, it is 8883 for tls, 8080 for ws and 8443 for wss.', 1883),
      metavar: 'PORT',
    },
    0,
    65_535,
  ),
  socket: textRow(
    {
      ...described('For unix: the path of the socket. Who may open it is said by the rights of its directory.', ''),
      metavar: 'PATH',
      takes: `a path of at most ${SOCKET_PATH_MAX} bytes`,
    },
    readSocketPath,
    String,
  ),
  cert: fileRow("For tls and wss: the broker's certificate in PEM, with those between it and its CA behind it."),
  key: fileRow('For tls and wss: its key in PEM, not encrypted.'),
  otherCerts: filesRow(
    'For tls and wss: certificates in PEM for other names, each with those between it and its CA behind it. A client gets the first that is ' +
      'good for the name that it asks for (SNI), wildcards included, and cert where none is.',
  ),
  otherKeys: filesRow('For tls and wss: the keys of otherCerts, in the same order.'),
  ca: fileRow('For tls and wss: the certificates in PEM of the CAs that sign those of clients.'),
  crl: fileRow('For tls and wss: the list in PEM of the certificates that these CAs have revoked.'),
  clientCertificate: wordRow(
    {
      ...described<TlsFiles['clientCertificate']>(
        'For tls and wss: whether clients show a certificate. One that is shown must be good, also where none is required.',
        'none',
      ),
      metavar: 'RULE',
    },
    ['none', 'optional', 'required'],
  ),
  minVersion: wordRow(
    {
      ...described<TlsFiles['minVersion']>('For tls and wss: the oldest version of TLS that is spoken.', 'TLSv1.2'),
      metavar: 'VERSION',
    },
    ['TLSv1.2', 'TLSv1.3'],
  ),
  path: textRow(
    {
      ...described('For ws and wss: where in a URL clients find MQTT.', '/mqtt'),
      metavar: 'PATH',
      takes: 'a path that begins with /, of letters, digits and . _ - /',
    },
    readUrlPath,
    String,
  ),
  origins: textRow<readonly string[]>(
    {
      ...described<readonly string[]>(
        'For ws and wss: whose pages in a browser may connect. Programs, which name no origin, may in any case.',
        [],
      ),
      metavar: 'ORIGINS',
      takes: ORIGINS,
    },
    readOrigins,
    (origins) => origins.join(','),
  ),
  proxyFrom: textRow<readonly string[]>(
    {
      ...described<readonly string[]>(
        'For all but unix: proxies that begin each connection with a PROXY header (version 1 or 2), which names the client. ' +
          'Where any are listed, nobody else is let in.',
        [],
      ),
      metavar: 'ADDRESSES',
      takes: PROXIES,
    },
    readProxies,
    (proxies) => proxies.join(','),
  ),
};

/** Every option of a listener. */
export const LISTENER_OPTIONS: readonly ListenerOption[] = Object.keys(LISTENER_ROWS).filter(isListenerOption);

const TLS_OPTIONS: readonly ListenerOption[] = [
  'cert',
  'key',
  'otherCerts',
  'otherKeys',
  'ca',
  'crl',
  'clientCertificate',
  'minVersion',
];
const WEB_SOCKET_OPTIONS: readonly ListenerOption[] = ['path', 'origins'];
const PLACE_OPTIONS: readonly ListenerOption[] = ['type', 'host', 'port', 'proxyFrom'];

const OPTIONS_OF: { readonly [Type in ListenerType]: readonly ListenerOption[] } = {
  tcp: PLACE_OPTIONS,
  tls: [...PLACE_OPTIONS, ...TLS_OPTIONS],
  ws: [...PLACE_OPTIONS, ...WEB_SOCKET_OPTIONS],
  wss: [...PLACE_OPTIONS, ...TLS_OPTIONS, ...WEB_SOCKET_OPTIONS],
  unix: ['type', 'socket'],
};

const PORTS: { readonly [Type in ListenerType]: number } = { tcp: 1883, tls: 8883, ws: 8080, wss: 8443, unix: 0 };

/** What does not fit together in a listener: which option, and what about it. */
export interface ListenerFault {
  readonly option: ListenerOption;
  readonly sentence: string;
}

/** Whether a listener has an option of that name. */
function isListenerOption(name: string): name is ListenerOption {
  return Object.hasOwn(LISTENER_ROWS, name);
}

/**
 * What does not fit together.
 * @param given  The options that were written down; the others are as by default.
 */
export function faultsOf(values: ListenerValues, given: ReadonlySet<string>): readonly ListenerFault[] {
  const { type } = values;
  const faults: ListenerFault[] = [];
  for (const option of LISTENER_OPTIONS) {
    if (!given.has(option) || OPTIONS_OF[type].includes(option)) continue;
    faults.push({
      option,
      sentence: `${option} is not for a listener of the type ${type}: remove it, or change the type`,
    });
  }
  const needed: readonly ListenerOption[] =
    type === 'unix' ? ['socket'] : type === 'tls' || type === 'wss' ? ['cert', 'key'] : [];
  for (const option of needed) {
    if (given.has(option)) continue;
    faults.push({
      option,
      sentence: `a listener of the type ${type} needs ${option}: it takes ${LISTENER_ROWS[option].takes}`,
    });
  }
  if (type !== 'tls' && type !== 'wss') return faults;
  if (values.otherCerts.length !== values.otherKeys.length) {
    faults.push({
      option: given.has('otherKeys') ? 'otherKeys' : 'otherCerts',
      sentence: `each of otherCerts needs its key in otherKeys, in the same order: there are ${values.otherCerts.length} and ${values.otherKeys.length}`,
    });
  }
  if (values.clientCertificate !== 'none' && !given.has('ca')) {
    faults.push({
      option: 'clientCertificate',
      sentence: 'clientCertificate needs ca: the CAs that sign the certificates',
    });
  }
  if (values.clientCertificate === 'none' && (given.has('ca') || given.has('crl'))) {
    const option = given.has('ca') ? 'ca' : 'crl';
    faults.push({
      option,
      sentence: `${option} is of no use here: clientCertificate says that clients are asked for none`,
    });
  }
  return faults;
}

/** Makes the listener. What does not fit together has been complained of before. */
export function makeListener(values: ListenerValues, given: ReadonlySet<string>): ListenerAddress {
  const { type, host, proxyFrom } = values;
  if (type === 'unix') return { type, socket: values.socket };
  const port = given.has('port') ? values.port : PORTS[type];
  switch (type) {
    case 'tcp':
      return { type, host, port, proxyFrom };
    case 'tls':
      return { type, host, port, proxyFrom, tls: tlsFiles(values) };
    case 'ws':
      return { type, host, port, proxyFrom, webSocket: webSocketRules(values) };
    case 'wss':
      return { type, host, port, proxyFrom, tls: tlsFiles(values), webSocket: webSocketRules(values) };
    default:
      return unreachable(type);
  }
}

/** Reads listeners in the form of `LISTENER_URLS`; `undefined` when one is not of that form. */
export function readListeners(raw: unknown): readonly ListenerAddress[] | undefined {
  if (typeof raw !== 'string') return undefined;
  const listeners: ListenerAddress[] = [];
  for (const url of raw.split(',')) {
    const listener = readListener(url.trim());
    if (listener === undefined) return undefined;
    listeners.push(listener);
  }
  return listeners;
}

/** Listeners in the form in which they are read again. */
export function showListeners(listeners: readonly ListenerAddress[]): string {
  return listeners.map((listener) => showListener(listener) + showOptions(listener)).join(',');
}

const TYPES = new Map(Object.entries(SCHEMES).map(([type, scheme]) => [scheme, type]));
const NETWORK_URL = /^([a-z]+):\/\/(\[[^\]]+\]|[^:[\]/?]+):(\d{1,5})(\/[^?]*)?(?:\?(.*))?$/;
const UNIX_URL = /^unix:\/\/(\/[^?]+)$/;

function readListener(url: string): ListenerAddress | undefined {
  const [, socket] = UNIX_URL.exec(url) ?? [];
  if (socket !== undefined)
    return fromTexts(
      new Map([
        ['type', 'unix'],
        ['socket', socket],
      ]),
    );
  const [, scheme = '', address, port = '', path, query = ''] = NETWORK_URL.exec(url) ?? [];
  const type = TYPES.get(scheme);
  if (type === undefined || address === undefined || type === 'unix') return undefined;
  const texts = new Map([
    ['type', type],
    ['host', address.replaceAll(/^\[|\]$/g, '')],
    ['port', port],
  ]);
  // A slash alone says nothing.
  if (path !== undefined && path !== '/') texts.set('path', path);
  for (const [name, text] of new URLSearchParams(query)) {
    if (texts.has(name)) return undefined;
    texts.set(name, text);
  }
  return fromTexts(texts);
}

function fromTexts(texts: ReadonlyMap<string, string>): ListenerAddress | undefined {
  const values: { [name: string]: unknown } = {};
  for (const option of LISTENER_OPTIONS) values[option] = LISTENER_ROWS[option].default;
  for (const [name, text] of texts) {
    const value = isListenerOption(name) ? LISTENER_ROWS[name].read(text) : undefined;
    if (value === undefined) return undefined;
    values[name] = value;
  }
  // Every name has been set, to what its own row reads.
  const read = values as unknown as ListenerValues;
  const given = new Set(texts.keys());
  return faultsOf(read, given).length > 0 ? undefined : makeListener(read, given);
}

/** What a URL says behind its question mark; what is as by default is left out. */
function showOptions(listener: ListenerAddress): string {
  if (listener.type === 'unix') return '';
  const { proxyFrom } = listener;
  const texts: { readonly [Name in ListenerOption]?: string } = {
    ...('tls' in listener ? textsOfTls(listener.tls) : {}),
    ...('webSocket' in listener ? { origins: listener.webSocket.origins.join(',') } : {}),
    proxyFrom: proxyFrom.join(','),
  };
  const query: string[] = [];
  for (const option of LISTENER_OPTIONS) {
    const text = texts[option] ?? '';
    if (text !== '' && text !== LISTENER_ROWS[option].default) query.push(`${option}=${encodeURIComponent(text)}`);
  }
  return query.length === 0 ? '' : `?${query.join('&')}`;
}

function textsOfTls({ others, ...texts }: TlsFiles): { readonly [Name in ListenerOption]?: string } {
  const [certs, keys] = [others.map(({ cert }) => cert), others.map(({ key }) => key)];
  return { ...texts, otherCerts: certs.join(','), otherKeys: keys.join(',') };
}

function tlsFiles(values: ListenerValues): TlsFiles {
  const { cert, key, otherCerts, otherKeys, ca, crl, clientCertificate, minVersion } = values;
  const others = otherCerts.map((other, index) => ({ cert: other, key: otherKeys[index] ?? '' }));
  return { cert, key, others, ca, crl, clientCertificate, minVersion };
}

function webSocketRules({ path, origins }: ListenerValues): WebSocketRules {
  return { path, origins };
}

function described<Value>(sentence: string, usual: Value) {
  return { group: 'Listening', sentence, default: usual, since: '0.1' } as const;
}

function fileRow(sentence: string): Row<string> {
  return textRow({ ...described(sentence, ''), metavar: 'FILE', takes: FILE }, readPath, String);
}

function filesRow(sentence: string): Row<readonly string[]> {
  const files = described<readonly string[]>(sentence, []);
  return textRow<readonly string[]>({ ...files, metavar: 'FILES', takes: FILES }, readPaths, (paths) =>
    paths.join(','),
  );
}

/** A program may hand over a list, in which there may be commas. */
function readPaths(raw: unknown): readonly string[] | undefined {
  if (!Array.isArray(raw)) return readList(raw, readPath);
  const paths = raw.map(readPath).filter((path) => path !== undefined);
  return paths.length === raw.length && paths.length <= LISTED_MAX ? paths : undefined;
}

function readPath(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' && !raw.includes('\0') ? raw : undefined;
}

function readSocketPath(raw: unknown): string | undefined {
  const path = readPath(raw);
  return path !== undefined && new TextEncoder().encode(path).length <= SOCKET_PATH_MAX ? path : undefined;
}

function readUrlPath(raw: unknown): string | undefined {
  return typeof raw === 'string' && /^\/[A-Za-z0-9._/-]{0,200}$/.test(raw) ? raw : undefined;
}

function readOrigins(raw: unknown): readonly string[] | undefined {
  return readList(raw, (text) => (text === '*' ? text : originOf(text)));
}

/** The origin as browsers write it, if it is one. */
function originOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  return isOrigin ? url.origin : undefined;
}

const NETWORK = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/;

function readProxies(raw: unknown): readonly string[] | undefined {
  return readList(raw, (text) => {
    const [, address = '', bits] = NETWORK.exec(text) ?? [];
    const bitsMax = address.includes(':') ? 128 : /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address) ? 32 : -1;
    const isAddress = URL.canParse(address.includes(':') ? `http://[${address}]` : `http://${address}`);
    return isAddress && Number(bits ?? 0) <= bitsMax ? text : undefined;
  });
}

/** A list as one text with commas between; an empty text is an empty list. */
function readList(raw: unknown, read: (text: string) => string | undefined): readonly string[] | undefined {
  if (typeof raw !== 'string') return undefined;
  const texts = raw.trim() === '' ? [] : raw.split(',').map((text) => read(text.trim()));
  const known = texts.filter((text) => text !== undefined);
  return known.length === texts.length && texts.length <= LISTED_MAX ? known : undefined;
}
