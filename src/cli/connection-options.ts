// The options that every command with a client has: where the broker is, as whom, and for how long. The
// letters are those of mosquitto_pub and mosquitto_sub, and so are the long names where these have any.

import { isIP } from 'node:net';
import path from 'node:path';

import { OperationError, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { parseBrokerUrl } from '../client/broker-url.ts';
import type { Client, DisconnectOptions } from '../client/client.ts';
import type { ConnectOptions, WillOptions } from '../client/options.ts';
import type { QoS } from '../packet/packet.ts';
import type { ProtocolVersion } from '../packet/protocol-version.ts';
import { quote } from '../config/spelling.ts';
import { BadValue, integer, type Option, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';
import { problemLog } from './problem-log.ts';
import { Progress } from './progress.ts';
import {
  connectProperties,
  disconnectProperties,
  type GivenProperty,
  propertyOption,
  willProperties,
} from './property-option.ts';
import { TLS_OPTIONS, type TlsOptions, tlsOptions } from './tls-options.ts';

const CONNECTION = 'Connection';
const SESSION = 'Session';
const WILL = 'Will, published by the broker if the connection breaks';

const VERSIONS: ReadonlyMap<string, ProtocolVersion> = new Map([
  ['5', 5],
  ['311', 4],
  ['31', 3],
  ['mqttv5', 5],
  ['mqttv311', 4],
  ['mqttv31', 3],
]);

/** What `-x -1` means: for ever (section 3.1.2.11.2). */
const NEVER_EXPIRES = 4_294_967_295;

/** The rows. */
export type ConnectionOptions = TlsOptions & {
  readonly host: Option<string | undefined>;
  readonly port: Option<number | undefined>;
  readonly url: Option<string | undefined>;
  readonly unix: Option<string | undefined>;
  readonly bindAddress: Option<string | undefined>;
  readonly username: Option<string | undefined>;
  readonly pw: Option<string | undefined>;
  readonly protocolVersion: Option<ProtocolVersion | undefined>;
  readonly keepalive: Option<number | undefined>;
  readonly nodelay: Option<boolean>;
  readonly id: Option<string | undefined>;
  readonly idPrefix: Option<string | undefined>;
  readonly disableCleanSession: Option<boolean>;
  readonly sessionExpiryInterval: Option<number | undefined>;
  readonly willTopic: Option<string | undefined>;
  readonly willPayload: Option<string | undefined>;
  readonly willQos: Option<QoS | undefined>;
  readonly willRetain: Option<boolean>;
  readonly property: Option<readonly GivenProperty[]>;
  readonly debug: Option<boolean>;
  readonly quiet: Option<boolean>;
};

/** The rows, to be spread into a command's own. */
export const CONNECTION_OPTIONS: ConnectionOptions = {
  host: valueOption(
    {
      short: 'h',
      metavar: 'HOST',
      group: CONNECTION,
      sentence: 'The broker.',
      defaultText: 'localhost',
      replaces: () => ['url', 'unix'],
    },
    text,
  ),
  port: valueOption(
    {
      short: 'p',
      metavar: 'PORT',
      group: CONNECTION,
      sentence: 'Its port.',
      defaultText: '1883',
      replaces: () => ['unix'],
    },
    integer(1, 65_535),
  ),
  url: valueOption(
    {
      short: 'L',
      metavar: 'URL',
      group: CONNECTION,
      sentence:
        'All in one: mqtt://user:password@host:port/topic, with mqtts:// for TLS; ws://host:port/path, wss:// and ' +
        'unix:///path besides. Other options count more.',
      replaces: (url) => ['host', 'port', 'unix', ...(namesSomebody(url) ? ['username', 'pw'] : [])],
    },
    text,
  ),
  unix: valueOption(
    {
      metavar: 'PATH',
      group: CONNECTION,
      sentence: 'Through this Unix socket, in place of host and port.',
      replaces: () => ['host', 'port', 'url'],
    },
    text,
  ),
  bindAddress: valueOption(
    {
      short: 'A',
      metavar: 'ADDRESS',
      group: CONNECTION,
      sentence: 'Connect from this IP address of this machine; without it the operating system chooses.',
    },
    address,
  ),
  username: valueOption({ short: 'u', metavar: 'NAME', group: CONNECTION, sentence: 'The user name.' }, text),
  pw: valueOption({ short: 'P', metavar: 'PASSWORD', group: CONNECTION, sentence: 'The password.' }, text),
  protocolVersion: valueOption(
    {
      short: 'V',
      metavar: 'VERSION',
      group: CONNECTION,
      sentence: '5, 311 or 31; mqttv5, mqttv311 and mqttv31 mean the same.',
      defaultText: '5',
    },
    version,
  ),
  keepalive: valueOption(
    {
      short: 'k',
      metavar: 'SECONDS',
      group: CONNECTION,
      sentence: 'How long the connection may be silent before it is tested; 0: for ever.',
      defaultText: '60',
    },
    integer(0, 65_535),
  ),
  nodelay: switchOption({ group: CONNECTION, sentence: 'Send small packets at once: it is always so.' }),
  ...TLS_OPTIONS,
  id: valueOption(
    { short: 'i', metavar: 'ID', group: SESSION, sentence: 'The client identifier; without it the broker gives one.' },
    text,
  ),
  idPrefix: valueOption(
    {
      short: 'I',
      metavar: 'PREFIX',
      group: SESSION,
      sentence: 'The client identifier is this and the number of the process.',
    },
    text,
  ),
  disableCleanSession: switchOption({
    short: 'c',
    group: SESSION,
    sentence: 'Go on with the session of this client identifier, and have the broker keep it. Needs -i.',
  }),
  sessionExpiryInterval: valueOption(
    {
      short: 'x',
      metavar: 'SECONDS',
      group: SESSION,
      sentence: 'How long the broker keeps the session afterwards; -1: for ever, which -c means by itself. MQTT 5.0.',
    },
    sessionExpiry,
  ),
  willTopic: valueOption({ metavar: 'TOPIC', group: WILL, sentence: 'Where to.' }, text),
  willPayload: valueOption({ metavar: 'TEXT', group: WILL, sentence: 'What; by default nothing.' }, text),
  willQos: valueOption({ metavar: 'QOS', group: WILL, sentence: '0, 1 or 2.', defaultText: '0' }, qos),
  willRetain: switchOption({ group: WILL, sentence: 'Have the broker keep it for later subscribers.' }),
  property: propertyOption(['connect', 'disconnect', 'will']),
  debug: switchOption({ short: 'd', group: 'Other', sentence: 'Tell what happens, on standard error.' }),
  quiet: switchOption({ group: 'Other', sentence: 'Tell nothing on standard error but why the command failed.' }),
};

/** What the connection options yield. */
export type ConnectionValues = ValuesOf<ConnectionOptions>;

/** A QoS, for `valueOption`. */
export function qos(value: string): QoS {
  if (value === '0') return 0;
  if (value === '1') return 1;
  if (value === '2') return 2;
  throw new BadValue(`takes 0, 1 or 2; got ${quote(value)}`);
}

/** The path of a directory, for `valueOption`. */
export function directory(value: string): string {
  if (value === '') throw new BadValue('takes the path of a directory; got nothing');
  return value;
}

/** The topic that the URL names; '' when it names none. */
export function urlTopic(values: ConnectionValues): string {
  return values.url === undefined ? '' : parseBrokerUrl(values.url).path;
}

/**
 * Makes what the client is asked for.
 * @param store  The directory of the client's half of the session. With it the client goes on with its session without -c, takes its
 * identifier from there, and waits for a broker that is not there.
 * @throws {UsageError} `invalid-option` where options do not go together.
 */
export function clientOptions(values: ConnectionValues, store?: string): ConnectOptions {
  const protocol = values.protocolVersion ?? 5;
  const isStored = store !== undefined;
  const persists = values.disableCleanSession || isStored;
  if (persists && !isStored && values.id === undefined)
    throw wrong('-c needs -i: the broker knows a session by its client identifier');
  if (protocol !== 5 && values.sessionExpiryInterval !== undefined) throw wrong('-x needs MQTT 5.0: leave out -V');
  if (protocol !== 5 && values.property.length > 0) throw wrong('-D needs MQTT 5.0: leave out -V');
  if (protocol !== 5 && values.pw !== undefined && values.username === undefined)
    throw wrong('-P needs -u before MQTT 5.0');
  const properties = connectProperties(values.property);
  const sessionExpirySeconds = values.sessionExpiryInterval ?? properties.sessionExpirySeconds;
  return {
    ...properties,
    url: urlOf(values),
    host: values.host,
    port: values.port,
    localAddress: values.bindAddress,
    version: protocol,
    clientId: clientIdOf(values),
    clean: !persists,
    keepAliveSeconds: values.keepalive,
    userName: values.username,
    password: values.pw,
    tls: tlsOptions(values),
    will: will(values),
    sessionExpirySeconds: sessionExpirySeconds ?? (protocol === 5 && persists ? NEVER_EXPIRES : undefined),
    store,
    startOffline: isStored ? true : undefined,
  };
}

/** What the goodbye to the broker says. */
export function goodbye(values: ConnectionValues): DisconnectOptions {
  return disconnectProperties(values.property);
}

/** Where the broker is, without a password. */
export function placeOf({ url, unix, host, port }: ConnectionValues): string {
  if (unix !== undefined) return unix;
  const named = url === undefined ? undefined : parseBrokerUrl(url);
  const name = host ?? (named === undefined ? 'localhost' : named.host === '' ? named.transportPath : named.host);
  const number = port ?? named?.port ?? 1883;
  return number === 1883 || number === 0 ? name : `${name}:${number}`;
}

/**
 * Connects, or with `startOffline` begins to.
 * @param stop  Gives the attempt up. Once connected it does nothing here.
 * @param log  Who is told what happens; by default standard error, as the options say.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 * @throws {OperationError} `connection-refused`, `timed-out`, `connection-lost`, `protocol-error`, `closed`; of the store `store-in-use` and others.
 */
export async function connectClient(
  command: string,
  options: ConnectOptions,
  values: ConnectionValues,
  stop: AbortSignal,
  log: Log = commandLog(command, values),
): Promise<Client> {
  const [{ connect }, { nodeClientParts }] = await Promise.all([
    import('../client/connect.ts'),
    import('../server/client-parts.ts'),
  ]);
  const progress = new Progress(process.stderr, !values.quiet, () => `waiting for ${placeOf(values)} to answer`);
  const attempt = new AbortController();
  const giveUp = (): void => attempt.abort(new OperationError('closed', 'Stopped before the broker had answered.'));
  stop.addEventListener('abort', giveUp, { once: true });
  if (stop.aborted) giveUp();
  try {
    return await connect({ ...options, signal: attempt.signal }, nodeClientParts(progress.around(log)));
  } finally {
    progress.end();
    stop.removeEventListener('abort', giveUp);
  }
}

/** Where a command tells what its user may want to know. */
export function commandLog(command: string, values: ConnectionValues): Log {
  return problemLog(command, values.debug ? 'debug' : values.quiet ? 'error' : 'info');
}

function urlOf({ url, unix, host, port, bindAddress }: ConnectionValues): string | undefined {
  if (unix === undefined) return url;
  if (bindAddress !== undefined) throw wrong('-A and --unix do not go together: a Unix socket has no address');
  if (url !== undefined || host !== undefined || port !== undefined) {
    throw wrong('--unix goes with none of -h, -p and -L: the socket is where the broker is');
  }
  const parts = path.resolve(unix).split(path.sep);
  return `unix://${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}

function clientIdOf({ id, idPrefix }: ConnectionValues): string | undefined {
  if (idPrefix === undefined) return id;
  if (id !== undefined) throw wrong('-i and -I do not go together: choose one');
  return `${idPrefix}${process.pid}`;
}

function will(values: ConnectionValues): WillOptions | undefined {
  const { willTopic, willPayload, willQos, willRetain, property } = values;
  if (willTopic !== undefined) {
    const message = { topic: willTopic, payload: willPayload, qos: willQos, retain: willRetain };
    return { ...message, ...willProperties(property) };
  }
  const isMeant = willPayload !== undefined || willQos !== undefined || willRetain;
  if (isMeant || property.some(({ packet }) => packet === 'will')) throw wrong('A will needs --will-topic');
  return undefined;
}

/** Whether a URL says as whom. */
function namesSomebody(url: string): boolean {
  return /^[a-z]+:\/\/[^/]*@/i.test(url);
}

function version(value: string): ProtocolVersion {
  const found = VERSIONS.get(value);
  if (found !== undefined) return found;
  throw new BadValue(`takes 5, 311 or 31; got ${quote(value)}`);
}

function address(value: string): string {
  if (isIP(value) !== 0) return value;
  throw new BadValue(`takes an IP address of this machine; got ${quote(value)}`);
}

function sessionExpiry(value: string): number {
  return value === '-1' || value === '∞' ? NEVER_EXPIRES : integer(0, NEVER_EXPIRES)(value);
}

function wrong(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
