// What a caller may say about a connection, and what becomes of it: a CONNECT packet and a few numbers
// of our own, checked once, here, so that nothing after it meets a value that MQTT has no place for.
// All defaults stand here.

import { UsageError } from '../base/errors.ts';
import { type Millis, millis } from '../base/millis.ts';
import type { Random } from '../base/random.ts';
import { PACKET_SIZE_MAX } from '../packet/encode.ts';
import type { ConnectPacket, QoS, Will } from '../packet/packet.ts';
import {
  type MessageProperties,
  NO_CONNECT_PROPERTIES,
  NO_USER_PROPERTIES,
  type UserProperty,
} from '../packet/properties.ts';
import { type ProtocolVersion, versionName } from '../packet/protocol-version.ts';
import type { EnhancedAuthentication } from './authentication.ts';
import { type BrokerUrl, parseBrokerUrl, PORTS } from './broker-url.ts';
import {
  bytesOf,
  checkBinary,
  checkFunction,
  checkInteger,
  checkMessageProperties,
  checkText,
  checkUserProperties,
} from './checks.ts';
import { randomClientId } from './random-client-id.ts';
import type { Transport } from './parts.ts';
import type { MessageHandler } from './received-message.ts';
import type { RedirectPolicy } from './redirecting.ts';
import { type ReconnectOptions, readReconnect, type RetrySettings } from './retry.ts';
import { checkTopic } from './topics.ts';

/** Where to connect to, as whom, and on which terms. Every field may be left out. */
export interface ConnectOptions {
  /**
   * `mqtt://[user[:password]@]host[:port]`; with TLS `mqtts://`, over WebSocket `ws://` and `wss://`, through a Unix socket
   * `unix:///path`. What `host`, `port`, `userName` and `password` say counts more.
   */
  readonly url?: string | undefined;
  /** Default: `localhost`. */
  readonly host?: string | undefined;
  /** Default: 1883, with TLS 8883. */
  readonly port?: number | undefined;
  /** The address of this machine to connect from: one of a network card, where there are several. Default: the operating system chooses. Not for browsers. */
  readonly localAddress?: string | undefined;
  /** 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0, the default. */
  readonly version?: ProtocolVersion | undefined;
  /** Default: the broker names the client; for MQTT 3.1, a random one. */
  readonly clientId?: string | undefined;
  /**
   * Whether to begin with a new session and end an old one. Later connections of the same client go on with its session, as far as the
   * broker keeps it. Default: true, but false with a `store`.
   */
  readonly clean?: boolean | undefined;
  /** 0: off. Default: 60. */
  readonly keepAliveSeconds?: number | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | Uint8Array | undefined;
  /** Whom to trust over TLS, and who the client is. Without a `url` that says otherwise, it means `mqtts`. */
  readonly tls?: ClientTlsOptions | undefined;
  /** Asked before each attempt to connect, in place of `userName` and `password`: for those that do not last. */
  readonly credentials?: (() => Credentials | Promise<Credentials>) | undefined;
  /** Proves who the client is in an exchange with the broker, besides the above or in its place; MQTT 5.0. Default: none. */
  readonly authentication?: EnhancedAuthentication | undefined;
  /** What the broker publishes if the connection ends without DISCONNECT. */
  readonly will?: WillOptions | undefined;
  /**
   * How long the broker keeps the session after the connection; MQTT 5.0, on 3.x for ever unless `clean`.
   * Default: 0 with `clean`, else as long as the broker will.
   */
  readonly sessionExpirySeconds?: number | undefined;
  /** How many messages of QoS 1 and 2 the broker may send ahead of their acknowledgement; MQTT 5.0. Default: 1,000. */
  readonly receiveMaximum?: number | undefined;
  /** The largest packet taken from the broker, in bytes; MQTT 5.0. Default: as large as MQTT knows. */
  readonly maximumPacketSize?: number | undefined;
  /** How many topics the broker may abbreviate to a number; MQTT 5.0. Default: 32. */
  readonly topicAliasMaximum?: number | undefined;
  /**
   * Asks the broker where responses may be sent to: `connection.serverProperties.responseInformation`, if it says. Requests have their
   * responses sent there; MQTT 5.0. Default: false.
   */
  readonly requestResponseInformation?: boolean | undefined;
  /** MQTT 5.0. */
  readonly userProperties?: readonly UserProperty[] | undefined;
  /**
   * How many messages of QoS 1 and 2 to send ahead of their acknowledgement, where the broker allows as many.
   * Default: 1,000. On 3.x, where a broker cannot say how many it allows, 20: Mosquitto ends the connection at more.
   */
  readonly inFlightMax?: number | undefined;
  /** For the network connection and CONNACK together. Default: 30,000. */
  readonly connectTimeoutMillis?: number | undefined;
  /** How to connect again when the connection is lost, or false: not at all. What the broker says of it is obeyed. Default: see `ReconnectOptions`. */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /**
   * Whether to go to another server where the broker names one (0x9C, 0x9D): 'refuse', 'follow', or a function that is asked about each
   * server. That server gets the same credentials, and on a network that is not encrypted, anybody may have named it; MQTT 5.0. Default: 'refuse'.
   */
  readonly redirects?: RedirectPolicy | undefined;
  /**
   * false: `connect` is fulfilled with CONNACK, and rejected where the first attempt fails. true: it is fulfilled as soon as the store
   * is open, and the first attempt is repeated like any later one. Default: false.
   */
  readonly startOffline?: boolean | undefined;
  /** Gives up the attempt; once connected, ends the client with DISCONNECT. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Takes each message that no subscription of this process claims: what an earlier process has subscribed to. It is acknowledged
   * when the function has returned, or the promise that it returns is fulfilled. If it throws, the client ends (`handler-failed`).
   */
  readonly onMessage?: MessageHandler | undefined;
  /**
   * The directory of the client's half of the session: the outbox and the inbox are on disk there, and survive a crash of
   * this process. One client at a time can use it. Default: none, everything is in memory.
   */
  readonly store?: string | undefined;
  /** The outbox is full at so many messages. Default: 100,000 in memory; 1,000,000 with a `store`. */
  readonly outboxMessagesMax?: number | undefined;
  /** The outbox is full at so many bytes of payload. Default: 64 MiB in memory; 1 GiB with a `store`. */
  readonly outboxBytesMax?: number | undefined;
  /** With a `store`: at so many bytes of payload in the inbox nothing more is acknowledged to the broker. Default: 1 GiB. */
  readonly inboxBytesMax?: number | undefined;
  /**
   * What becomes of a QoS 2 message that was sent, and not acknowledged, when the broker has lost the session: it may have it or
   * not. 'resend': it is sent as a new one, and may arrive twice. 'reject': it is not, and its promise is rejected with `ambiguous`. Default: 'resend'.
   */
  readonly onAmbiguous?: 'resend' | 'reject' | undefined;
}

/** Keys and certificates of a connection with TLS: each is PEM, or the path of a file with it, which is read before each attempt. */
export interface ClientTlsOptions {
  /** The CAs that are trusted, in place of those that Node.js knows. */
  readonly ca?: string | undefined;
  /** The client's own certificate, where the broker wants one. */
  readonly cert?: string | undefined;
  /** The key of `cert`. */
  readonly key?: string | undefined;
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined;
  /** The name to ask for, and to find in the broker's certificate. Default: the host. */
  readonly servername?: string | undefined;
  /** false: any certificate is taken, so that anybody on the way can be the broker. For tests alone. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Default: 'TLSv1.2'. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** The ciphers to offer, as OpenSSL names them, with colons between. Default: those of Node.js. */
  readonly ciphers?: string | undefined;
  /** What is to be spoken, as ALPN calls it, such as `mqtt`; some servers have several things behind one port. Default: nothing is said. */
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** Who a client is. */
export interface Credentials {
  readonly userName?: string | undefined;
  readonly password?: string | Uint8Array | undefined;
}

/** The Will Message (section 3.1.2.5). */
export interface WillOptions {
  readonly topic: string;
  /** Default: empty. */
  readonly payload?: string | Uint8Array | undefined;
  /** Default: 0. */
  readonly qos?: QoS | undefined;
  /** Default: false. */
  readonly retain?: boolean | undefined;
  /** How long the broker waits for the client to come back; MQTT 5.0. Default: 0. */
  readonly delaySeconds?: number | undefined;
  /** MQTT 5.0. */
  readonly properties?: Partial<MessageProperties> | undefined;
}

/** The options, checked and complete. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  readonly connect: ConnectPacket;
  /** The largest packet taken, in bytes. */
  readonly receiveBytesMax: number;
  readonly inFlightMax: number;
  readonly connectTimeout: Millis;
  readonly credentials: ConnectOptions['credentials'];
  readonly authentication: EnhancedAuthentication | undefined;
  readonly redirects: RedirectPolicy;
  /** `undefined`: never. */
  readonly retry: RetrySettings | undefined;
  readonly startsOffline: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onMessage: MessageHandler | undefined;
  readonly store: string | undefined;
  readonly outboxMessagesMax: number;
  readonly outboxBytesMax: number;
  readonly inboxBytesMax: number;
  readonly resendsAmbiguous: boolean;
}

const UINT32_MAX = 4_294_967_295;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/**
 * Checks the options and fills in the defaults.
 * @throws {UsageError} `invalid-option`, `invalid-argument`.
 */
export function readOptions(options: ConnectOptions, random: Random): Settings {
  const url = options.url === undefined ? undefined : parseBrokerUrl(options.url);
  const version = options.version ?? 5;
  if (![3, 4, 5].includes(version)) throw invalid(`version takes 3, 4 or 5; got ${version}`);
  if (version !== 5) refuseForVersion(options, version);
  return {
    ...place(options, url),
    connect: connectPacket(options, url, version, random),
    receiveBytesMax: checkInteger('maximumPacketSize', options.maximumPacketSize ?? PACKET_SIZE_MAX, 1, UINT32_MAX),
    inFlightMax: checkInteger('inFlightMax', options.inFlightMax ?? (version === 5 ? 1_000 : 20), 1, 65_535),
    connectTimeout: millis(checkInteger('connectTimeoutMillis', options.connectTimeoutMillis ?? 30_000, 1, 86_400_000)),
    credentials: options.credentials,
    authentication: checkAuthentication(options.authentication),
    redirects: checkRedirects(options.redirects),
    retry: readReconnect(options.reconnect),
    startsOffline: options.startOffline ?? false,
    signal: options.signal,
    onMessage: options.onMessage,
    ...storeSettings(options),
  };
}

function place(options: ConnectOptions, url: BrokerUrl | undefined): Pick<Settings, 'host' | 'port' | 'transport'> {
  const { tls } = options;
  const kind = url?.kind ?? (tls === undefined ? 'tcp' : 'tls');
  if (tls !== undefined && kind !== 'tls' && kind !== 'wss') {
    throw invalid('tls is for mqtts:// and wss://; the url says that nothing is encrypted');
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) throw invalid('tls.cert and tls.key need each other');
  const { localAddress } = options;
  if (localAddress !== undefined && kind === 'unix')
    throw invalid('localAddress is for networks; a Unix socket has none');
  const transport = { kind, path: url?.transportPath ?? '', tls: tls ?? {}, localAddress };
  // A Unix socket has neither; where it is, is its name.
  if (kind === 'unix') return { host: transport.path, port: 0, transport };
  return {
    host: options.host ?? url?.host ?? 'localhost',
    port: checkInteger('port', options.port ?? url?.port ?? PORTS[kind], 1, 65_535),
    transport,
  };
}

/** The option; also for callers without types. */
function checkAuthentication(given: EnhancedAuthentication | undefined): EnhancedAuthentication | undefined {
  if (given === undefined) return undefined;
  const { method } = given;
  checkText('authentication.method', method);
  checkFunction('authentication.begin', Reflect.get(given, 'begin') ?? null);
  if (method === '') throw invalid('authentication.method is the name of a method; got none');
  return given;
}

/** As above. */
function checkRedirects(given: RedirectPolicy | undefined): RedirectPolicy {
  const policy: unknown = given ?? 'refuse';
  if (policy === 'refuse' || policy === 'follow') return policy;
  if (typeof given === 'function') return given;
  throw invalid(`redirects takes 'refuse', 'follow' or a function; got ${JSON.stringify(given)}`);
}

function storeSettings(
  options: ConnectOptions,
): Pick<Settings, 'store' | 'outboxMessagesMax' | 'outboxBytesMax' | 'inboxBytesMax' | 'resendsAmbiguous'> {
  const { store, outboxMessagesMax, outboxBytesMax, inboxBytesMax, onAmbiguous = 'resend' } = options;
  const isStored = store !== undefined;
  if (store === '') throw invalid('store takes the path of a directory; got an empty text');
  if (onAmbiguous !== 'resend' && onAmbiguous !== 'reject') {
    throw invalid(`onAmbiguous takes 'resend' or 'reject'; got ${JSON.stringify(onAmbiguous)}`);
  }
  return {
    store,
    outboxMessagesMax: checkCount('outboxMessagesMax', outboxMessagesMax ?? (isStored ? 1_000_000 : 100_000)),
    outboxBytesMax: checkCount('outboxBytesMax', outboxBytesMax ?? (isStored ? GIB : 64 * MIB)),
    inboxBytesMax: checkCount('inboxBytesMax', inboxBytesMax ?? GIB),
    resendsAmbiguous: onAmbiguous === 'resend',
  };
}

function checkCount(name: string, value: number): number {
  return checkInteger(name, value, 1, Number.MAX_SAFE_INTEGER);
}

function connectPacket(
  options: ConnectOptions,
  url: BrokerUrl | undefined,
  version: ProtocolVersion,
  random: Random,
): ConnectPacket {
  const userName = options.userName ?? url?.userName;
  const password = options.password ?? url?.password;
  if (version !== 5 && password !== undefined && userName === undefined) {
    throw invalid(`${versionName(version)} takes a password only with a user name`);
  }
  const clean = options.clean ?? options.store === undefined;
  return {
    kind: 'connect',
    version,
    bridge: false,
    clientId: clientId(options, clean, version, random),
    clean,
    keepAlive: checkInteger('keepAliveSeconds', options.keepAliveSeconds ?? 60, 0, 65_535),
    userName: userName === undefined ? undefined : checkText('userName', userName),
    password: password === undefined ? undefined : checkBinary('password', bytesOf(password)),
    will: options.will === undefined ? undefined : will(options.will, version),
    properties:
      version !== 5
        ? NO_CONNECT_PROPERTIES
        : {
            ...NO_CONNECT_PROPERTIES,
            sessionExpiryInterval: sessionExpiry(options.sessionExpirySeconds, clean),
            receiveMaximum: checkInteger('receiveMaximum', options.receiveMaximum ?? 1_000, 1, 65_535),
            maximumPacketSize: options.maximumPacketSize,
            topicAliasMaximum: checkInteger('topicAliasMaximum', options.topicAliasMaximum ?? 32, 0, 65_535),
            requestResponseInformation: options.requestResponseInformation === true ? true : undefined,
            userProperties: checkUserProperties(options.userProperties ?? NO_USER_PROPERTIES),
          },
  };
}

function clientId(options: ConnectOptions, clean: boolean, version: ProtocolVersion, random: Random): string {
  const given = checkText('clientId', options.clientId ?? '');
  // A store knows whose it is.
  if (options.store !== undefined) return given;
  // [MQTT-3.1.3-7]
  if (given === '' && version !== 5 && !clean) {
    throw invalid(`${versionName(version)} needs a clientId where clean is false`);
  }
  if (given !== '' || version !== 3) return given;
  // MQTT 3.1 asks for 1 to 23 characters.
  return randomClientId(random);
}

function will(options: WillOptions, version: ProtocolVersion): Will {
  return {
    topic: checkTopic(options.topic),
    payload: checkBinary('will.payload', bytesOf(options.payload ?? '')),
    qos: options.qos ?? 0,
    retain: options.retain ?? false,
    delayInterval: checkInteger('will.delaySeconds', options.delaySeconds ?? 0, 0, UINT32_MAX),
    properties: checkMessageProperties(options.properties, version),
  };
}

function refuseForVersion(options: ConnectOptions, version: ProtocolVersion): void {
  const given = [
    ['sessionExpirySeconds', options.sessionExpirySeconds],
    ['receiveMaximum', options.receiveMaximum],
    ['maximumPacketSize', options.maximumPacketSize],
    ['topicAliasMaximum', options.topicAliasMaximum],
    ['authentication', options.authentication],
    ['redirects', options.redirects],
    ['requestResponseInformation', options.requestResponseInformation],
    ['userProperties', options.userProperties],
    ['will.delaySeconds', options.will?.delaySeconds],
  ] as const;
  for (const [name, value] of given) {
    if (value !== undefined) throw invalid(`${name} is of MQTT 5.0; ${versionName(version)} has no place for it`);
  }
}

/** A session that is not to end with its connection is kept, unless the caller says how long. */
function sessionExpiry(given: number | undefined, clean: boolean): number | undefined {
  const interval = given ?? (clean ? undefined : UINT32_MAX);
  return interval === undefined ? undefined : checkInteger('sessionExpirySeconds', interval, 0, UINT32_MAX);
}

function invalid(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
