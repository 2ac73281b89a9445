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
import { type BrokerUrl, MQTT_PORT, parseBrokerUrl } from './broker-url.ts';
import {
  bytesOf,
  checkBinary,
  checkInteger,
  checkMessageProperties,
  checkText,
  checkUserProperties,
} from './checks.ts';
import type { MessageHandler } from './inbox.ts';
import { checkTopic } from './topics.ts';

/** Where to connect to, as whom, and on which terms. Every field may be left out. */
export interface ConnectOptions {
  /** `mqtt://[user[:password]@]host[:port]`; what `host`, `port`, `userName` and `password` say counts more. */
  readonly url?: string | undefined;
  /** Default: `localhost`. */
  readonly host?: string | undefined;
  /** Default: 1883. */
  readonly port?: number | undefined;
  /** 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0, the default. */
  readonly version?: ProtocolVersion | undefined;
  /** Default: the broker names the client; for MQTT 3.1, a random one. */
  readonly clientId?: string | undefined;
  /** Whether to begin a new session and end an old one. Default: true. */
  readonly clean?: boolean | undefined;
  /** 0: off. Default: 60. */
  readonly keepAliveSeconds?: number | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | Uint8Array | undefined;
  /** What the broker publishes if the connection ends without DISCONNECT. */
  readonly will?: WillOptions | undefined;
  /** How long the broker keeps the session after the connection; MQTT 5.0. Default: 0. 3.x keeps it for ever unless `clean`. */
  readonly sessionExpirySeconds?: number | undefined;
  /** How many messages of QoS 1 and 2 the broker may send ahead of their acknowledgement; MQTT 5.0. Default: 1,000. */
  readonly receiveMaximum?: number | undefined;
  /** The largest packet taken from the broker, in bytes; MQTT 5.0. Default: as large as MQTT knows. */
  readonly maximumPacketSize?: number | undefined;
  /** How many topics the broker may abbreviate to a number; MQTT 5.0. Default: 32. */
  readonly topicAliasMaximum?: number | undefined;
  /** MQTT 5.0. */
  readonly userProperties?: readonly UserProperty[] | undefined;
  /**
   * How many messages of QoS 1 and 2 to send ahead of their acknowledgement, where the broker allows as many.
   * Default: 1,000. On 3.x, where a broker cannot say how many it allows, 20: Mosquitto ends the connection at more.
   */
  readonly inFlightMax?: number | undefined;
  /** For the network connection and CONNACK together. Default: 30,000. */
  readonly connectTimeoutMillis?: number | undefined;
  /** Gives up the attempt; once connected, ends the connection with DISCONNECT. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Takes each message. It is acknowledged when the function has returned, or the promise that it returns is fulfilled;
   * while many of these are not, reading stops. If it throws, the message stays unacknowledged and the connection ends.
   */
  readonly onMessage?: MessageHandler | undefined;
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
  readonly connect: ConnectPacket;
  /** The largest packet taken, in bytes. */
  readonly receiveBytesMax: number;
  readonly inFlightMax: number;
  readonly connectTimeout: Millis;
  readonly signal: AbortSignal | undefined;
  readonly onMessage: MessageHandler | undefined;
}

const UINT32_MAX = 4_294_967_295;

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
    host: options.host ?? url?.host ?? 'localhost',
    port: checkInteger('port', options.port ?? url?.port ?? MQTT_PORT, 1, 65_535),
    connect: connectPacket(options, url, version, random),
    receiveBytesMax: checkInteger('maximumPacketSize', options.maximumPacketSize ?? PACKET_SIZE_MAX, 1, UINT32_MAX),
    inFlightMax: checkInteger('inFlightMax', options.inFlightMax ?? (version === 5 ? 1_000 : 20), 1, 65_535),
    connectTimeout: millis(checkInteger('connectTimeoutMillis', options.connectTimeoutMillis ?? 30_000, 1, 86_400_000)),
    signal: options.signal,
    onMessage: options.onMessage,
  };
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
  const clean = options.clean ?? true;
  return {
    kind: 'connect',
    version,
    bridge: false,
    clientId: clientId(options.clientId ?? '', clean, version, random),
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
            sessionExpiryInterval: checkOptional('sessionExpirySeconds', options.sessionExpirySeconds, 0, UINT32_MAX),
            receiveMaximum: checkInteger('receiveMaximum', options.receiveMaximum ?? 1_000, 1, 65_535),
            maximumPacketSize: options.maximumPacketSize,
            topicAliasMaximum: checkInteger('topicAliasMaximum', options.topicAliasMaximum ?? 32, 0, 65_535),
            userProperties: checkUserProperties(options.userProperties ?? NO_USER_PROPERTIES),
          },
  };
}

function clientId(given: string, clean: boolean, version: ProtocolVersion, random: Random): string {
  checkText('clientId', given);
  // [MQTT-3.1.3-7]
  if (given === '' && version !== 5 && !clean) {
    throw invalid(`${versionName(version)} needs a clientId where clean is false`);
  }
  if (given !== '' || version !== 3) return given;
  // MQTT 3.1 asks for 1 to 23 characters.
  return `vouch-${Array.from(random.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
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
    ['userProperties', options.userProperties],
    ['will.delaySeconds', options.will?.delaySeconds],
  ] as const;
  for (const [name, value] of given) {
    if (value !== undefined) throw invalid(`${name} is of MQTT 5.0; ${versionName(version)} has no place for it`);
  }
}

function checkOptional(name: string, value: number | undefined, minimum: number, maximum: number): number | undefined {
  return value === undefined ? undefined : checkInteger(name, value, minimum, maximum);
}

function invalid(sentence: string): UsageError {
  return new UsageError('invalid-option', `${sentence}.`);
}
