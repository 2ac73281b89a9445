// The rows of the broker's limits: one per field of BrokerLimits, under the same name. A field without
// a row, or a row without a field, does not compile.

import { millis } from '../base/millis.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import { DEFAULT_LIMITS } from '../broker/limits.ts';
import type { Row } from './row.ts';
import { durationRow, numberRow, sizeRow } from './row.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MIB = 1024 * 1024;
/** More of anything than this does not fit one process. */
const COUNT_MAX = 100_000_000;

/** Every limit. */
export const LIMIT_ROWS: { readonly [Name in keyof BrokerLimits]: Row<BrokerLimits[Name]> } = {
  connectionsMax: numberRow(limit('connectionsMax', 'Network connections at a time.'), 1, 10_000_000),
  connectTimeout: durationRow(
    limit('connectTimeout', 'The time that a new connection has to send its complete CONNECT packet.'),
    10,
    60 * MINUTE,
    1,
    millis,
  ),
  connectPacketBytesMax: sizeRow(
    limit('connectPacketBytesMax', 'The largest packet that is read before CONNECT is accepted.'),
    128,
    MIB,
  ),
  packetBytesMax: sizeRow(
    limit('packetBytesMax', 'The largest packet that a client may send; MQTT 5 clients are told.'),
    128,
    256 * MIB,
  ),
  receiveMaximum: numberRow(
    limit(
      'receiveMaximum',
      'Unacknowledged QoS 1 and 2 messages that an MQTT 5 client may send at a time; it is told.',
    ),
    1,
    65_535,
  ),
  inFlightMax: numberRow(
    limit(
      'inFlightMax',
      'Unacknowledged QoS 1 and 2 messages to one client at a time, if the client sets no lower bound.',
    ),
    1,
    65_535,
  ),
  topicAliasMaximum: numberRow(
    limit('topicAliasMaximum', 'Topic aliases that an MQTT 5 client may use per connection.'),
    0,
    65_535,
  ),
  topicAliasesOutMax: numberRow(
    limit('topicAliasesOutMax', 'Topic aliases that the broker uses per connection, if the client allows as many.'),
    0,
    65_535,
  ),
  keepAliveSecondsMax: durationRow(
    limit(
      'keepAliveSecondsMax',
      'The longest Keep Alive. A client that asks for a longer one, or for none, gets this one. 0: as the client likes.',
    ),
    0,
    65_535,
    1000,
    Number,
  ),
  sessionExpiryMax: durationRow(
    limit(
      'sessionExpiryMax',
      'The longest time that a session outlives its connection; also holds for the sessions of MQTT 3.1.1, which name no time.',
    ),
    0,
    36_500 * DAY,
    1,
    millis,
  ),
  topicLevelsMax: numberRow(limit('topicLevelsMax', 'Levels in a topic name or filter.'), 1, 65_535),
  subscriptionsMax: numberRow(limit('subscriptionsMax', 'Subscriptions of one session.'), 1, COUNT_MAX),
  sessionQueueMessagesMax: numberRow(
    limit('sessionQueueMessagesMax', 'Messages that wait for one session.'),
    1,
    COUNT_MAX,
  ),
  sessionQueueBytesMax: sizeRow(
    limit('sessionQueueBytesMax', 'Payload bytes that wait for one session.'),
    1024,
    1024 * 1024 * MIB,
  ),
  retainedMessagesMax: numberRow(limit('retainedMessagesMax', 'Retained messages in all.'), 0, COUNT_MAX),
  outboxBytesMax: sizeRow(
    limit(
      'outboxBytesMax',
      'Bytes that wait for a client that reads too slowly, before its QoS 0 messages are dropped.',
    ),
    64 * 1024, // Less than that a transport keeps until the end of the turn anyway.
    1024 * MIB,
  ),
  routeCacheMax: numberRow(limit('routeCacheMax', 'Topics whose subscribers are remembered.'), 0, COUNT_MAX),
};

function limit<Name extends keyof BrokerLimits>(name: Name, sentence: string) {
  return { group: 'Limits', sentence, default: DEFAULT_LIMITS[name], since: '0.1' } as const;
}
