// Every bound that the broker sets to what a peer can make it keep or do. Each is a row of
// config/schema.ts, where its sentence for people stands.

import type { Millis } from '../base/millis.ts';
import { millis } from '../base/millis.ts';

/**
 * What becomes of a message for which a queue has no room.
 * - `reject`: it is refused as a whole: no queue takes it, and its publisher is told (0x97).
 * - `drop-oldest`: the queue gives up its oldest messages for it. It is left out if that makes not enough room.
 * - `drop-newest`: the queue is left out; others get the message.
 * - `end-session`: the queue goes as a whole, this message included, and with it the session: its client finds session present 0.
 * If both limits of a queue are reached, the first of `reject`, `end-session`, `drop-newest`, `drop-oldest` among their policies holds;
 * likewise for the limits of all queues, which are looked at after those of each.
 * A retained message for a new subscription has no publisher that could be told: it is dropped where another one would be refused
 * or have a session end, which would only subscribe again.
 */
export type QueuePolicy = 'reject' | 'drop-oldest' | 'drop-newest' | 'end-session';

/** The bounds of one broker. Sizes in bytes, intervals in milliseconds unless named otherwise. */
export interface BrokerLimits {
  /** Network connections at a time. */
  readonly connectionsMax: number;
  /** Of one address; an IPv6 address stands for its /64. 0: no limit. */
  readonly connectionsPerAddressMax: number;
  /** Of one user, once it is known; several sessions may share a user. 0: no limit. */
  readonly connectionsPerUserMax: number;
  /** Connections a second from one address, with ten seconds' worth to spare. 0: no limit. */
  readonly connectRatePerAddress: number;
  /** Files and sockets of the process that no client gets, though half of all are clients' in any case. */
  readonly openFilesReserve: number;
  /** What connections take in all that have not sent their CONNECT, each with 4 KiB besides what it has sent. */
  readonly connectPendingBytesMax: number;
  /** Of one listener: TLS handshakes, HTTP upgrades and PROXY headers under way. */
  readonly handshakesMax: number;
  /** From accepting a connection to its complete CONNECT. */
  readonly connectTimeout: Millis;
  /** The largest packet before CONNECT is accepted. */
  readonly connectPacketBytesMax: number;
  /** The largest packet a client may send; announced to MQTT 5 clients. */
  readonly packetBytesMax: number;
  /** Our Receive Maximum towards MQTT 5 clients. */
  readonly receiveMaximum: number;
  /** Deliveries of QoS 1 and 2 in flight to one client, where the client sets no lower Receive Maximum. */
  readonly inFlightMax: number;
  /** Packets a second of one client that make work: messages, pings, filters of SUBSCRIBE and UNSUBSCRIBE. 0: no limit. */
  readonly messageRateIn: number;
  /** Bytes a second of one client. 0: no limit. */
  readonly byteRateIn: number;
  /** Messages a second to one client. 0: no limit. */
  readonly messageRateOut: number;
  /** Bytes a second of these. 0: no limit. */
  readonly byteRateOut: number;
  /** A client is not read from for longer than this because of its rates: it is ended. */
  readonly rateDebtMax: Millis;
  /** Topic aliases that an MQTT 5 client may give out per connection. */
  readonly topicAliasMaximum: number;
  /** Topic aliases that the broker gives out per connection, where the client allows as many. */
  readonly topicAliasesOutMax: number;
  /** The longest Keep Alive, in seconds; a client that asks for more, or for none, is given this one. 0: as the client likes. */
  readonly keepAliveSecondsMax: number;
  /** The longest time a session outlives its connection; also for 3.x sessions, which never expire by themselves. */
  readonly sessionExpiryMax: Millis;
  /** Sessions that outlive their connection, in all. */
  readonly sessionsMax: number;
  /** A client that was let in so often within `flappingWindow` is held off for `flappingHold`. 0: none is. */
  readonly flappingConnectsMax: number;
  readonly flappingWindow: Millis;
  readonly flappingHold: Millis;
  /** Levels in a topic name or filter. */
  readonly topicLevelsMax: number;
  /** Subscriptions of one session. */
  readonly subscriptionsMax: number;
  /** Topic Filters of one SUBSCRIBE or UNSUBSCRIBE. */
  readonly subscribeFiltersMax: number;
  /** User Properties of one message; they are kept and passed on with it. */
  readonly userPropertiesMax: number;
  /** Of a Client Identifier, in UTF-8; at least 23 [MQTT-3.1.3-5]. */
  readonly clientIdBytesMax: number;
  /** The same for clients of MQTT 3.1, which has 23 as its own bound. */
  readonly clientIdBytesMax31: number;
  /** Messages that wait for one persistent session, or for the members of one shared subscription. 0: no limit. */
  readonly sessionQueueMessagesMax: number;
  /** `end-session` for a shared subscription, which does not end: what waits is dropped. */
  readonly sessionQueueMessagesPolicy: QueuePolicy;
  /** Payload bytes of these. 0: no limit. */
  readonly sessionQueueBytesMax: number;
  readonly sessionQueueBytesPolicy: QueuePolicy;
  /** Messages that wait in all these queues together, each counted in each. 0: no limit but the disk's. */
  readonly queuesMessagesMax: number;
  /**
   * `reject`: a message that would have to wait in any queue is refused as a whole. `drop-newest`: each queue is left out in which it
   * would have to wait. `drop-oldest`: each of these gives up its own oldest for it, and is left out if it has not enough.
   * `end-session`: the sessions with the longest queues end, until there is room; a shared subscription's queue is emptied.
   */
  readonly queuesMessagesPolicy: QueuePolicy;
  /** Payload bytes of these. 0: no limit but the disk's. */
  readonly queuesBytesMax: number;
  /** As for messages; the longest queue is the one with the most bytes. */
  readonly queuesBytesPolicy: QueuePolicy;
  /** Messages that wait in memory for one session that ends with its connection; what does not fit is dropped. */
  readonly transientQueueMessagesMax: number;
  /** Payload bytes of these. */
  readonly transientQueueBytesMax: number;
  /** Messages of one stored queue that are also in memory, while its client is connected. */
  readonly queueHeadMessagesMax: number;
  /** Payload bytes of these. */
  readonly queueHeadBytesMax: number;
  /** What these take in memory for all queues together. Beyond that a queue that must be sent has a few messages in memory. */
  readonly queueHeadsBytesMax: number;
  /** Retained messages in all. */
  readonly retainedMessagesMax: number;
  /** Payload bytes of these, each with 512 besides for the rest of it. */
  readonly retainedBytesMax: number;
  /** Bytes that may wait to be read by one client before its QoS 0 messages are dropped and its sending is paused. */
  readonly outboxBytesMax: number;
  /** Memory that the process may take; by the time it does, clients are refused, not read from, and ended (overload.ts). 0: the owner knows. */
  readonly memoryMax: number;
  /** Topics whose routes are remembered. */
  readonly routeCacheMax: number;
  /** Bytes of changes that wait for the disk before those who cause them are not read from. */
  readonly storeLateBytesMax: number;
  /** How long a 3.x publisher whose message was refused for want of room keeps its connection. */
  readonly publisherHoldMillis: Millis;
  /** How often `$SYS/broker/...` is published; 0: never, and there is nothing there. */
  readonly systemTopicsInterval: Millis;
  /** How long after a restart a client has to come back before its Will is published. */
  readonly willRestartGrace: Millis;
}

/** Bounds that suit a broker on its own small machine. */
export const DEFAULT_LIMITS: BrokerLimits = Object.freeze({
  connectionsMax: 100_000,
  // A factory, a school or a mobile network may be one address, and a service one user.
  connectionsPerAddressMax: 0,
  connectionsPerUserMax: 0,
  connectRatePerAddress: 0,
  openFilesReserve: 64,
  connectPendingBytesMax: 64 * 1024 * 1024,
  // With 54 KB a TLS handshake, some 100 MB.
  handshakesMax: 2_000,
  connectTimeout: millis(10_000),
  connectPacketBytesMax: 65_536,
  packetBytesMax: 16 * 1024 * 1024,
  receiveMaximum: 1_000,
  inFlightMax: 1_000,
  // What one client may do at all is what the machine can.
  messageRateIn: 0,
  byteRateIn: 0,
  messageRateOut: 0,
  byteRateOut: 0,
  rateDebtMax: millis(60_000),
  topicAliasMaximum: 32,
  topicAliasesOutMax: 32,
  keepAliveSecondsMax: 0,
  sessionExpiryMax: millis(30 * 24 * 3600 * 1000),
  sessionsMax: 1_000_000,
  // Scripts that publish one message at a time connect as often as they run.
  flappingConnectsMax: 0,
  flappingWindow: millis(60_000),
  flappingHold: millis(5 * 60_000),
  topicLevelsMax: 128,
  subscriptionsMax: 10_000,
  // Clients that come back may ask for all their subscriptions in one packet.
  subscribeFiltersMax: 10_000,
  // Trace contexts and headers of other protocols take ten or twenty.
  userPropertiesMax: 100,
  clientIdBytesMax: 1_024,
  clientIdBytesMax31: 23,
  sessionQueueMessagesMax: 0,
  sessionQueueMessagesPolicy: 'reject',
  sessionQueueBytesMax: 0,
  sessionQueueBytesPolicy: 'reject',
  queuesMessagesMax: 0,
  queuesMessagesPolicy: 'reject',
  queuesBytesMax: 0,
  queuesBytesPolicy: 'reject',
  transientQueueMessagesMax: 1_000_000,
  transientQueueBytesMax: 256 * 1024 * 1024,
  queueHeadMessagesMax: 1_024,
  queueHeadBytesMax: 256 * 1024,
  queueHeadsBytesMax: 64 * 1024 * 1024,
  retainedMessagesMax: 1_000_000,
  retainedBytesMax: 1024 * 1024 * 1024,
  outboxBytesMax: 4 * 1024 * 1024,
  memoryMax: 0,
  routeCacheMax: 10_000,
  storeLateBytesMax: 64 * 1024 * 1024,
  publisherHoldMillis: millis(1_000),
  systemTopicsInterval: millis(10_000),
  // As long as ten thousand clients may take to come back.
  willRestartGrace: millis(15_000),
});
