// What the broker says of itself, topic by topic. The first table has the names that users of Mosquitto know, with the same units; the
// second has ours: what waits, what was refused, what was dropped and why, and what the store does. Every topic begins with
// `$SYS/broker/`.
// Tables of data: when they are read and who gets them is system-topics.ts.

import type { StoreStatistics } from '../store/contract.ts';
import type { BrokerState } from './broker-state.ts';
import type { LimitName } from './counters.ts';
import type { DropReason } from './events.ts';

/** Where every topic begins. */
export const SYSTEM_ROOT = '$SYS/broker/';

/** What the values are made from. */
export interface SystemFacts {
  readonly broker: BrokerState;
  readonly store: StoreStatistics;
  /** What the version is called; '' if nobody said. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Clients that are connected, and the most there were. */
  readonly connected: number;
  readonly connectedMax: number;
  /** Of the process; 0 if nobody can say. */
  readonly heapBytes: number;
  readonly heapBytesMax: number;
}

/** How a value is read. */
export type SystemValue = (facts: SystemFacts) => number | string;

/** Topics below `$SYS/broker/`: a sentence for people, and how the value is read. */
type SystemTable = { readonly [name: string]: readonly [sentence: string, value: SystemValue] };

/** Counters whose averages per minute stand under `load/NAME/1min`, `5min` and `15min`. */
export const LOADS: { readonly [name: string]: (broker: BrokerState) => number } = {
  connections: ({ counters }) => counters.connectionsAccepted,
  sockets: ({ counters }) => counters.socketsOpened,
  'messages/received': ({ counters }) => counters.packetsReceived,
  'messages/sent': ({ counters }) => counters.packetsSent,
  'bytes/received': ({ counters }) => counters.bytesReceived,
  'bytes/sent': ({ counters }) => counters.bytesSent,
  'publish/received': ({ counters }) => counters.messagesReceived,
  'publish/sent': ({ counters }) => counters.messagesSent,
  'publish/dropped': droppedInAll,
};

/** Why a message did not reach a subscriber, as the end of a sentence. */
const DROP_SENTENCES: { readonly [Reason in DropReason]: string } = {
  'queue-full': 'its queue was at its limit.',
  'queues-full': 'all queues together were at their limit.',
  displaced: 'they gave way to newer ones in a full queue.',
  'slow-reader': 'QoS 0, and the client reads too slowly.',
  'rate-limit': 'QoS 0, and the client was sent as much as it may be.',
  expired: 'their Message Expiry Interval passed before their sending began.',
  'too-large': "they are larger than the client's Maximum Packet Size.",
  'not-authorized': 'the client may not receive them (any more).',
  'refused-by-client': 'the client refused them with a reason code of 0x80 or above.',
  'session-ended': 'the session ended before they were delivered.',
};

/** What was done so often for the sake of each limit. */
const LIMIT_SENTENCES: { readonly [Name in LimitName]: string } = {
  connectionsMax: 'Connections that were refused because there were as many as there may be.',
  connectionsPerAddressMax: 'Connections that were refused because their address had as many as it may have.',
  connectionsPerUserMax: 'Clients that were refused because their user had as many connections as it may have.',
  connectRatePerAddress: 'Connections that were refused because their address connects too often.',
  connectPendingBytesMax: 'Connections that were cut off before their CONNECT had come, to make room for others.',
  connectTimeout: 'Connections that were ended because their CONNECT, or its authentication, was not complete in time.',
  connectPacketBytesMax: 'Connections that were ended because their first packet was larger than it may be.',
  packetBytesMax: 'Clients that were disconnected because they sent a larger packet than they may.',
  sessionsMax: 'Clients that were refused because there were as many sessions as there may be.',
  subscriptionsMax: 'Subscriptions that were refused because their session had as many as it may have.',
  subscribeFiltersMax:
    'Clients that were disconnected because they sent more topic filters in one packet than they may.',
  topicLevelsMax: 'Topics, filters and Wills that were refused because they had more levels than they may have.',
  userPropertiesMax:
    'Messages and clients that were refused because there were more user properties than there may be.',
  clientIdBytesMax: 'Clients that were refused because their identifier was longer than it may be.',
  clientIdBytesMax31: 'The same of MQTT 3.1.',
  authFailuresMax: 'Clients that were not listened to because there had been too many wrong passwords.',
  passwordChecksWaitingMax: 'Clients that were refused because too many passwords waited to be checked.',
  httpAuthWaitingMax: 'Clients that were refused because too many waited for the HTTP server to be asked about.',
  handshakesMax: 'Connections that were cut off before they were open, to make room for others.',
  messageRateIn: 'How often a client was not read from because it had sent more messages than it may.',
  byteRateIn: 'How often a client was not read from because it had sent more bytes than it may.',
  messageRateOut: 'How often a client was sent nothing because it had been sent as many messages as it may.',
  byteRateOut: 'How often a client was sent nothing because it had been sent as many bytes as it may.',
  rateDebtMax: 'Clients that were disconnected because they had sent far more at once than they may.',
  retainedMessagesMax: 'Messages that were refused because there were as many retained ones as there may be.',
  retainedBytesMax: 'Messages that were refused because retained ones took as much as they may.',
  memoryMax: 'Clients that were refused, cut off or disconnected because there was hardly any memory left.',
  flappingConnectsMax: 'Connections that were refused because their client comes and goes without end.',
  openFiles: 'Connections that were cut off because the process might open hardly any more files and sockets.',
  bans: 'Connections that were refused because of a ban, before CONNECT or after.',
};

const KNOWN: SystemTable = {
  version: ['The version of the broker.', ({ version }) => (version === '' ? 'vouch' : `vouch version ${version}`)],
  uptime: [
    'How long it has been running, in seconds, with the word behind.',
    ({ uptimeSeconds }) => `${uptimeSeconds} seconds`,
  ],
  'clients/total': [
    'Clients that are connected, and sessions that wait for theirs.',
    (facts) => facts.connected + disconnected(facts),
  ],
  'clients/connected': ['Clients that are connected.', ({ connected }) => connected],
  'clients/active': ['The same, under its older name.', ({ connected }) => connected],
  'clients/disconnected': ['Sessions that outlive their connection and wait for their client.', disconnected],
  'clients/inactive': ['The same, under its older name.', disconnected],
  'clients/maximum': [
    'The most clients that were connected, as seen at these intervals.',
    ({ connectedMax }) => connectedMax,
  ],
  'clients/expired': [
    'Sessions that ended because nobody came back in time.',
    ({ broker }) => broker.counters.sessionsExpired,
  ],
  // All packets, as there.
  'messages/received': ['Packets of any kind that came.', ({ broker }) => broker.counters.packetsReceived],
  'messages/sent': ['Packets of any kind that were sent.', ({ broker }) => broker.counters.packetsSent],
  'bytes/received': ['Bytes that came.', ({ broker }) => broker.counters.bytesReceived],
  'bytes/sent': ['Bytes that were sent.', ({ broker }) => broker.counters.bytesSent],
  'publish/messages/received': ['Messages (PUBLISH) that came.', ({ broker }) => broker.counters.messagesReceived],
  'publish/messages/sent': ['Messages (PUBLISH) that were sent.', ({ broker }) => broker.counters.messagesSent],
  'publish/messages/dropped': [
    'Messages that did not reach a subscriber, for whatever reason (`drops/...`).',
    ({ broker }) => droppedInAll(broker),
  ],
  'publish/bytes/received': [
    'Payload bytes of the messages that came.',
    ({ broker }) => broker.counters.payloadBytesReceived,
  ],
  'publish/bytes/sent': [
    'Payload bytes of the messages that were sent.',
    ({ broker }) => broker.counters.payloadBytesSent,
  ],
  'messages/stored': ['Messages that somebody is owed, each once.', ({ store }) => store.messages],
  'store/messages/count': ['The same.', ({ store }) => store.messages],
  'store/messages/bytes': [
    'Payload bytes that wait, each message counted for each that waits for it.',
    ({ broker }) => broker.queueTotals.bytes,
  ],
  'retained messages/count': ['Retained messages, these topics not counted.', ({ broker }) => broker.retained.size],
  'subscriptions/count': [
    'Subscriptions; those of a shared one count once.',
    ({ broker }) => broker.router.subscriptionCount,
  ],
  'shared_subscriptions/count': ['Shared subscriptions.', ({ broker }) => broker.router.groupCount],
  'heap/current': ['Memory that the objects of the process take, in bytes.', ({ heapBytes }) => heapBytes],
  'heap/maximum': ['The most of that, as seen at these intervals.', ({ heapBytesMax }) => heapBytesMax],
};

const OURS: SystemTable = {
  'queues/messages': [
    'Messages that wait for sessions that outlive their connection and for shared subscriptions, each counted for each.',
    ({ broker }) => broker.queueTotals.messages,
  ],
  'queues/bytes': ['Payload bytes of these.', ({ broker }) => broker.queueTotals.bytes],
  'connections/refused': ['CONNECTs that were refused.', ({ broker }) => broker.counters.connectionsRefused],
  'connections/revoked': [
    'Connections that were ended because what they were let in with was taken back (`revokeOnReload`).',
    ({ broker }) => broker.counters.connectionsRevoked,
  ],
  'publish/messages/refused': [
    'Messages that were refused, so that nobody got them and their publisher was told.',
    ({ broker }) => broker.counters.messagesRefused,
  ],
  'publish/messages/refused/store-full': [
    'Of these, those for which the store had no room.',
    ({ broker }) => broker.counters.messagesRefusedStoreFull,
  ],
  'retained messages/bytes': [
    'What retained messages take, 512 bytes for each included.',
    ({ broker }) => broker.retained.bytes,
  ],
  'memory/step': [
    'What is done for want of memory (memoryMax). 0: nothing; 1: new clients are refused; 2: some are not read from; 3: connections are ended.',
    ({ broker }) => broker.overload.step,
  ],
  'memory/percent': [
    'How much of the memory that the broker may take is taken; 0 if there is no limit.',
    ({ broker }) => Math.round(broker.overload.share * 100),
  ],
  'files/short': [
    '1 while connections are cut off because the process may open hardly any more files and sockets (openFilesReserve), else 0.',
    ({ broker }) => (broker.fileShortage.isShort ? 1 : 0),
  ],
  'sessions/persistent': [
    'Sessions that outlive their connection, connected or not.',
    ({ broker }) => broker.sessions.persistentCount,
  ],
  'retained messages/not-kept': [
    'QoS 0 messages that were delivered but not kept, since the store had no room.',
    ({ broker }) => broker.counters.messagesNotRetained,
  ],
  'store/deliveries': [
    'What recipients are owed, each for itself: waiting and in flight.',
    ({ store }) => store.deliveries,
  ],
  'store/wills': ['Wills in the store.', ({ store }) => store.wills],
  'store/full': [
    '1 while the store has no room for new messages, else 0.',
    ({ broker }) => (broker.isStoreFull ? 1 : 0),
  ],
  'store/bytes': ['Size of the files of the store.', ({ store }) => store.fileBytes],
  'store/log/bytes': ['Of these, the write-ahead log.', ({ store }) => store.logBytes],
  'store/commits': ['Commits since the start.', ({ store }) => store.commits],
  'store/commit-millis/last': [
    'How long the latest commit took, in milliseconds.',
    ({ store }) => rounded(store.commitMillisLast),
  ],
  'store/commit-millis/maximum': ['The longest of them.', ({ store }) => rounded(store.commitMillisMax)],
  'store/messages/elided': [
    'Messages that everybody had before they were written, so that they were not.',
    ({ store }) => store.messagesElided,
  ],
};

/** The values that users of Mosquitto know, ours, and the drops by reason; the load averages come besides. */
export const SYSTEM_VALUES: { readonly known: SystemTable; readonly ours: SystemTable } = {
  known: KNOWN,
  ours: { ...OURS, ...drops(), ...limits() },
};

function drops(): SystemTable {
  const reasons = Object.keys(DROP_SENTENCES) as DropReason[]; // The keys of a literal.
  return Object.fromEntries(
    reasons.map((reason) => [
      `drops/${reason}`,
      [
        `Messages that did not reach a subscriber: ${DROP_SENTENCES[reason]}`,
        ({ broker }) => broker.counters.messagesDropped[reason],
      ],
    ]),
  );
}

function limits(): SystemTable {
  const names = Object.keys(LIMIT_SENTENCES) as LimitName[]; // The keys of a literal.
  return Object.fromEntries(
    names.map((name) => [
      `limits/${name}`,
      [LIMIT_SENTENCES[name], ({ broker }) => broker.counters.limitsReached[name]],
    ]),
  );
}

function disconnected({ broker, connected }: SystemFacts): number {
  return Math.max(0, broker.sessions.count - connected);
}

function droppedInAll({ counters }: BrokerState): number {
  let sum = 0;
  for (const count of Object.values(counters.messagesDropped)) sum += count;
  return sum;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
