// The rows of the broker's limits: one per field of BrokerLimits, under the same name. A field without
// a row, or a row without a field, does not compile.
// Longer than 400 lines because it is a table: a row per limit, in the order in which the documentation shows them.

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
  connectionsPerAddressMax: numberRow(
    {
      ...limit(
        'connectionsPerAddressMax',
        'Network connections at a time from one IP address; one of IPv6 stands for its /64, and behind a proxy of proxyFrom it ' +
          "is the client's. What is behind one NAT has one address: leave room for all of it.",
      ),
      zero: 'no limit',
    },
    1,
    10_000_000,
  ),
  connectionsPerUserMax: numberRow(
    {
      ...limit('connectionsPerUserMax', 'Network connections at a time of one user that has said who it is.'),
      zero: 'no limit',
    },
    1,
    10_000_000,
  ),
  connectRatePerAddress: numberRow(
    {
      ...limit(
        'connectRatePerAddress',
        'Connections a second from one IP address, as for connectionsPerAddressMax; ten seconds of it can be saved up. Beyond it ' +
          'CONNECT is refused (0x9F), and at twice the rate nothing is read.',
      ),
      zero: 'no limit',
    },
    1,
    1_000_000,
  ),
  openFilesReserve: numberRow(
    limit(
      'openFilesReserve',
      'Files and sockets of the process that no client gets, so that the store, the log, reloads and vouch ctl find theirs: a connection ' +
        "that would get one of the last so many that the system allows (ulimit -n) is cut off. Half of all are clients' in any case.",
    ),
    16,
    1_000_000,
  ),
  connectPendingBytesMax: sizeRow(
    limit(
      'connectPendingBytesMax',
      'What connections may take in all that have not sent their CONNECT, each counted with 4 KiB and what has come of it. Beyond that ' +
        'those are cut off that came first from the address that has most of it.',
    ),
    64 * 1024,
    1024 * 1024 * MIB,
  ),
  handshakesMax: numberRow(
    limit(
      'handshakesMax',
      'Connections of one listener that are not open yet: a TLS handshake, an HTTP upgrade or a PROXY header is under way. Beyond that those ' +
        'are cut off that came first from the address that has most of them.',
    ),
    1,
    10_000_000,
  ),
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
  messageRateIn: rateRow(
    numberRow,
    limit(
      'messageRateIn',
      'Packets a second that one client may send of those that make work: messages, pings, each filter of SUBSCRIBE and ' +
        'UNSUBSCRIBE, AUTH. A client that sends more is read from no faster than this.',
    ),
  ),
  byteRateIn: rateRow(
    sizeRow,
    limit('byteRateIn', 'Bytes a second that one client may send. A client that sends more is read from no faster.'),
  ),
  messageRateOut: rateRow(
    numberRow,
    limit(
      'messageRateOut',
      'Messages a second that are sent to one client. More of QoS 1 and 2 wait in its queue; of QoS 0 they are dropped, counted and logged.',
    ),
  ),
  byteRateOut: rateRow(sizeRow, limit('byteRateOut', 'Bytes a second of the messages that are sent to one client.')),
  rateDebtMax: durationRow(
    limit(
      'rateDebtMax',
      'The longest time that a client is not read from because of messageRateIn or byteRateIn. One that has sent so much at once that ' +
        'it would be longer is disconnected (0x96, 0x97).',
    ),
    1000,
    60 * MINUTE,
    1,
    millis,
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
  sessionsMax: numberRow(
    limit(
      'sessionsMax',
      'Sessions that outlive their connection, in all. A client that would have one more is refused (0x97, return code 3).',
    ),
    1,
    COUNT_MAX,
  ),
  flappingConnectsMax: numberRow(
    {
      ...limit(
        'flappingConnectsMax',
        'How often a client may connect within flappingWindow; one that does so more often is held off (0x9F) for flappingHold. Two ' +
          'devices with one client identifier do, without end.',
      ),
      zero: 'as often as it likes',
    },
    2,
    COUNT_MAX,
  ),
  flappingWindow: durationRow(
    limit('flappingWindow', 'The time within which the connections of a client are counted for flappingConnectsMax.'),
    1000,
    DAY,
    1,
    millis,
  ),
  flappingHold: durationRow(
    limit('flappingHold', 'The time for which a client is held off that connects more often than flappingConnectsMax.'),
    1000,
    DAY,
    1,
    millis,
  ),
  topicLevelsMax: numberRow(limit('topicLevelsMax', 'Levels in a topic name or filter.'), 1, 65_535),
  subscriptionsMax: numberRow(limit('subscriptionsMax', 'Subscriptions of one session.'), 1, COUNT_MAX),
  subscribeFiltersMax: numberRow(
    limit(
      'subscribeFiltersMax',
      'Topic filters of one SUBSCRIBE or UNSUBSCRIBE. A client that sends a packet with more is disconnected (0x97). Some clients ask for all their ' +
        'subscriptions in one packet when they come back: it is as many as subscriptionsMax.',
    ),
    1,
    COUNT_MAX,
  ),
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
  retainedBytesMax: sizeRow(
    limit(
      'retainedBytesMax',
      'What retained messages may take in all: their payloads, and 512 bytes for each. They are in memory. What is there at the start ' +
        'stays; a message that would be too much is refused (0x97).',
    ),
    64 * 1024,
    1024 * 1024 * MIB,
  ),
  outboxBytesMax: sizeRow(
    limit(
      'outboxBytesMax',
      'Bytes that wait for a client that reads too slowly, before its QoS 0 messages are dropped.',
    ),
    64 * 1024, // Less than that a transport keeps until the end of the turn anyway.
    1024 * MIB,
  ),
  memoryMax: sizeRow(
    {
      ...limit(
        'memoryMax',
        'Memory that the broker may take. At nine tenths of it new clients are refused (0x89), then new retained messages are (0x97), and clients are not read from whose ' +
          'messages wait for the disk, at last the connections are ended for which most is kept (0x97).',
      ),
      zero: 'half of the memory of the machine or the container; for a broker in another program, no limit',
    },
    64 * MIB,
    1024 * 1024 * MIB,
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

/** A limit of something a second, which may be none. */
function rateRow<Name extends keyof BrokerLimits>(
  row: typeof numberRow,
  description: ReturnType<typeof described<Name>>,
): Row<number> {
  return row({ ...description, default: 0, zero: 'no limit' }, 1, 10_000 * MIB);
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
