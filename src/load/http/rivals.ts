// Who is compared: the ways in which a client can send messages, and in which it can receive them. Each has what its own world gives to
// everybody: browsers open six connections to a server, servers allow a hundred streams at once, MQTT has its window.

/** A way to send. */
export type SenderName = 'mqtt-0' | 'mqtt-1' | 'mqtt-2' | 'https-new' | 'https-kept' | 'http2';

/** A way to receive. */
export type ReceiverName = 'mqtt-0' | 'mqtt-1' | 'mqtt-2' | 'poll-kept' | 'poll-http2';

/** A rival. */
export interface Rival<Name> {
  readonly name: Name;
  /** What it is called in tables. */
  readonly title: string;
  readonly isMqtt: boolean;
  /** How many messages it has on their way at once, when it may. */
  readonly concurrency: number;
}

/** What browsers open to one server. */
const CONNECTIONS = 6;
/** What servers allow on one connection of HTTP/2 (RFC 9113 section 6.5.2 says: no fewer). */
const STREAMS = 100;
/** Whatever the broker allows: it says how many. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** The senders, in the order of tables. */
export const SENDERS: readonly Rival<SenderName>[] = [
  { name: 'mqtt-0', title: 'MQTT QoS 0', isMqtt: true, concurrency: UNBOUNDED },
  { name: 'mqtt-1', title: 'MQTT QoS 1', isMqtt: true, concurrency: UNBOUNDED },
  { name: 'mqtt-2', title: 'MQTT QoS 2', isMqtt: true, concurrency: UNBOUNDED },
  { name: 'https-new', title: 'HTTPS, a connection each', isMqtt: false, concurrency: CONNECTIONS },
  { name: 'https-kept', title: 'HTTPS, kept alive', isMqtt: false, concurrency: CONNECTIONS },
  { name: 'http2', title: 'HTTP/2', isMqtt: false, concurrency: STREAMS },
];

/** The receivers. */
export const RECEIVERS: readonly Rival<ReceiverName>[] = [
  { name: 'mqtt-0', title: 'MQTT QoS 0', isMqtt: true, concurrency: 1 },
  { name: 'mqtt-1', title: 'MQTT QoS 1', isMqtt: true, concurrency: 1 },
  { name: 'mqtt-2', title: 'MQTT QoS 2', isMqtt: true, concurrency: 1 },
  { name: 'poll-kept', title: 'Long polling, HTTPS kept alive', isMqtt: false, concurrency: 1 },
  { name: 'poll-http2', title: 'Long polling, HTTP/2', isMqtt: false, concurrency: 1 },
];

/** The rival whose promise is that of an HTTP answer: the message is there. */
export const MQTT_EQUAL = 'mqtt-1';
