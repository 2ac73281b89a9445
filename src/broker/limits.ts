// Every bound that the broker sets to what a peer can make it keep or do. Each is a row of
// config/schema.ts, where its sentence for people stands.

import type { Millis } from '../base/millis.ts';
import { millis } from '../base/millis.ts';

/** The bounds of one broker. Sizes in bytes, intervals in milliseconds unless named otherwise. */
export interface BrokerLimits {
  /** Network connections at a time. */
  readonly connectionsMax: number;
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
  /** Topic aliases that an MQTT 5 client may give out per connection. */
  readonly topicAliasMaximum: number;
  /** Topic aliases that the broker gives out per connection, where the client allows as many. */
  readonly topicAliasesOutMax: number;
  /** The longest Keep Alive, in seconds; a client that asks for more, or for none, is given this one. 0: as the client likes. */
  readonly keepAliveSecondsMax: number;
  /** The longest time a session outlives its connection; also for 3.x sessions, which never expire by themselves. */
  readonly sessionExpiryMax: Millis;
  /** Levels in a topic name or filter. */
  readonly topicLevelsMax: number;
  /** Subscriptions of one session. */
  readonly subscriptionsMax: number;
  /** Messages that wait in one session's queue. */
  readonly sessionQueueMessagesMax: number;
  /** Payload bytes that wait in one session's queue. */
  readonly sessionQueueBytesMax: number;
  /** Retained messages in all. */
  readonly retainedMessagesMax: number;
  /** Bytes that may wait to be read by one client before its QoS 0 messages are dropped and its sending is paused. */
  readonly outboxBytesMax: number;
  /** Topics whose routes are remembered. */
  readonly routeCacheMax: number;
}

/** Bounds that suit a broker on its own small machine. */
export const DEFAULT_LIMITS: BrokerLimits = Object.freeze({
  connectionsMax: 100_000,
  connectTimeout: millis(10_000),
  connectPacketBytesMax: 65_536,
  packetBytesMax: 16 * 1024 * 1024,
  receiveMaximum: 1_000,
  inFlightMax: 1_000,
  topicAliasMaximum: 32,
  topicAliasesOutMax: 32,
  keepAliveSecondsMax: 0,
  sessionExpiryMax: millis(30 * 24 * 3600 * 1000),
  topicLevelsMax: 128,
  subscriptionsMax: 10_000,
  sessionQueueMessagesMax: 1_000_000,
  sessionQueueBytesMax: 256 * 1024 * 1024,
  retainedMessagesMax: 1_000_000,
  outboxBytesMax: 4 * 1024 * 1024,
  routeCacheMax: 10_000,
});
