// The rows of the broker's limits: one per field of BrokerLimits, under the same name. A field without
// a row, or a row without a field, does not compile.

import { millis } from '../base/millis.ts';
import type { BrokerLimits, QueuePolicy } from '../broker/limits.ts';
import { DEFAULT_LIMITS } from '../broker/limits.ts';
import type { Group, Row } from './row.ts';
import { durationRow, numberRow, sizeRow, wordRow } from './row.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MIB = 1024 * 1024;
/** More of anything than this does not fit one process. */
const COUNT_MAX = 100_000_000;

/** How the words of `sessionQueueMessagesPolicy` are meant for a limit of all queues together. */
const ALL_QUEUES =
  'The words are those of sessionQueueMessagesPolicy, for every queue in which the message would have to wait; ' +
  'end-session ends the sessions with the longest queues until there is room.';

type PolicyName = Extract<keyof BrokerLimits, `${string}Policy`>;

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
  userPropertiesMax: numberRow(
    limit(
      'userPropertiesMax',
      'User properties of one message. One with more is refused, and so is a CONNECT with a Will or properties of its own that has more.',
    ),
    0,
    1_000, // The decoder takes no more.
  ),
  clientIdBytesMax: numberRow(
    limit('clientIdBytesMax', 'Bytes of a client identifier. A client with a longer one is refused.'),
    23,
    65_535,
  ),
  clientIdBytesMax31: numberRow(
    limit(
      'clientIdBytesMax31',
      'The same for clients of MQTT 3.1, which allows 23; many of its clients have longer ones all the same.',
    ),
    23,
    65_535,
  ),
  sessionQueueMessagesMax: numberRow(
    queue(
      'sessionQueueMessagesMax',
      'Messages that wait for one session that outlives its connection, or for one shared subscription.',
      'no limit',
    ),
    1,
    COUNT_MAX,
  ),
  sessionQueueMessagesPolicy: policyRow(
    'sessionQueueMessagesPolicy',
    'What happens at sessionQueueMessagesMax. reject: the message is refused for everybody, and its publisher hears so. ' +
      'drop-oldest: the oldest messages of that queue make room. drop-newest: that queue goes without the message. ' +
      'end-session: the session ends with all that waits for it, and its client finds none; a shared subscription does ' +
      'not end, but what waits for it is dropped. What is dropped is counted and logged.',
  ),
  sessionQueueBytesMax: sizeRow(
    queue(
      'sessionQueueBytesMax',
      'Payload bytes that wait for one session that outlives its connection, or for one shared subscription.',
      'no limit',
    ),
    1024,
    1024 * 1024 * MIB,
  ),
  sessionQueueBytesPolicy: policyRow(
    'sessionQueueBytesPolicy',
    'What happens at sessionQueueBytesMax, in the words of sessionQueueMessagesPolicy.',
  ),
  queuesMessagesMax: numberRow(
    queue(
      'queuesMessagesMax',
      'Messages that wait for all these sessions and shared subscriptions together, each counted for each.',
      'no limit but that of the store',
    ),
    1,
    100 * COUNT_MAX,
  ),
  queuesMessagesPolicy: policyRow('queuesMessagesPolicy', `What happens at queuesMessagesMax. ${ALL_QUEUES}`),
  queuesBytesMax: sizeRow(
    queue(
      'queuesBytesMax',
      'Payload bytes that wait for all these sessions and shared subscriptions together, each counted for each.',
      'no limit but the disk; with the store in memory, a quarter of the memory of the machine',
    ),
    1024,
    1024 * 1024 * MIB,
  ),
  queuesBytesPolicy: policyRow('queuesBytesPolicy', `What happens at queuesBytesMax. ${ALL_QUEUES}`),
  transientQueueMessagesMax: numberRow(
    queue(
      'transientQueueMessagesMax',
      'Messages that wait in memory for one session that ends with its connection; what does not fit is dropped.',
    ),
    1,
    COUNT_MAX,
  ),
  transientQueueBytesMax: sizeRow(
    queue(
      'transientQueueBytesMax',
      'Payload bytes that wait in memory for one session that ends with its connection; what does not fit is dropped.',
    ),
    1024,
    1024 * 1024 * MIB,
  ),
  queueHeadMessagesMax: numberRow(
    queue(
      'queueHeadMessagesMax',
      'Messages of one stored queue that are in memory, too, to be sent next while the client is there.',
    ),
    1,
    1_000_000,
  ),
  queueHeadBytesMax: sizeRow(queue('queueHeadBytesMax', 'Payload bytes of these.'), 1024, 1024 * MIB),
  queueHeadsBytesMax: sizeRow(
    queue(
      'queueHeadsBytesMax',
      'What these take of the memory for all queues together; beyond it a queue has only a few messages in memory.',
    ),
    64 * 1024,
    1024 * 1024 * MIB,
  ),
  publisherHoldMillis: durationRow(
    queue(
      'publisherHoldMillis',
      'The time that a publisher of MQTT 3, which cannot be told why, stays connected after a message was refused for ' +
        'want of room. It gets no acknowledgement, and none for what it sends after. Longer than an application takes ' +
        "for a message: two such clients that fill each other's queues would never get on otherwise.",
    ),
    0,
    60 * MINUTE,
    1,
    millis,
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
  storeLateBytesMax: sizeRow(
    limit(
      'storeLateBytesMax',
      'Bytes that wait for the disk before the broker stops reading from the clients whose messages they are.',
    ),
    64 * 1024,
    1024 * 1024 * MIB,
  ),
  systemTopicsInterval: durationRow(
    limit(
      'systemTopicsInterval',
      'How often the broker publishes what it counts to $SYS/broker/..., where it has changed. 0: there are no such topics.',
    ),
    0,
    DAY,
    1,
    millis,
  ),
  willRestartGrace: durationRow(
    limit(
      'willRestartGrace',
      'The time that clients have after a restart of the broker to come back before their Wills are published, if their ' +
        'Will delay is not longer.',
    ),
    0,
    DAY,
    1,
    millis,
  ),
};

function limit<Name extends keyof BrokerLimits>(name: Name, sentence: string) {
  return described(name, 'Limits', sentence);
}

/** @param zero  What 0 stands for; left out where 0 is nothing special. */
function queue<Name extends keyof BrokerLimits>(name: Name, sentence: string, zero?: string) {
  return { ...described(name, 'Queues', sentence), ...(zero === undefined ? {} : { zero }) };
}

function policyRow(name: PolicyName, sentence: string): Row<QueuePolicy> {
  return wordRow({ ...queue(name, sentence), metavar: 'POLICY' }, [
    'reject',
    'drop-oldest',
    'drop-newest',
    'end-session',
  ]);
}

function described<Name extends keyof BrokerLimits>(name: Name, group: Group, sentence: string) {
  return { group, sentence, default: DEFAULT_LIMITS[name], since: '0.1' } as const;
}
