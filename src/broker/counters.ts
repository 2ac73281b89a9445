// What a broker counts. Plain numbers that only grow, read by whoever shows them.

import type { AuthLimitName } from '../auth/contract.ts';
import type { RateName } from './client-rates.ts';
import type { DropReason } from './events.ts';

/** Limits and bans that are counted by name, as `$SYS` shows them. */
export type LimitName =
  | 'connectionsMax'
  | 'connectionsPerAddressMax'
  | 'connectionsPerUserMax'
  | 'connectRatePerAddress'
  | 'connectPendingBytesMax'
  | 'connectTimeout'
  | 'connectPacketBytesMax'
  | 'packetBytesMax'
  | 'sessionsMax'
  | 'subscriptionsMax'
  | 'subscribeFiltersMax'
  | 'handshakesMax'
  | 'topicLevelsMax'
  | 'userPropertiesMax'
  | 'clientIdBytesMax'
  | 'clientIdBytesMax31'
  | AuthLimitName
  | RateName
  | 'rateDebtMax'
  | 'retainedMessagesMax'
  | 'retainedBytesMax'
  | 'memoryMax'
  | 'flappingConnectsMax'
  | 'openFiles'
  | 'bans';

/** The counters of one broker since it started. */
export interface Counters {
  connectionsAccepted: number;
  connectionsRefused: number;
  /** Connections that were ended because the operator took back what they were let in with (`revokeOnReload`). */
  connectionsRevoked: number;
  /** Network connections that were opened, whatever came of them. */
  socketsOpened: number;
  /** Of sessions that nobody came back to. */
  sessionsExpired: number;
  packetsReceived: number;
  bytesReceived: number;
  packetsSent: number;
  /** Once a packet is laid down. */
  bytesSent: number;
  messagesReceived: number;
  messagesSent: number;
  /** Of these messages. */
  payloadBytesReceived: number;
  payloadBytesSent: number;
  /** PUBLISH packets that were refused, with a reason code of 0x80 or above or in silence (3.x), Wills, and messages of the embedder. */
  messagesRefused: number;
  /** Of these, the ones for which the store had no room. */
  messagesRefusedStoreFull: number;
  /** QoS 0 messages that were delivered but not kept as retained ones, since the store had no room. */
  messagesNotRetained: number;
  readonly messagesDropped: { [K in DropReason]: number };
  /** How often each has held. */
  readonly limitsReached: { [K in LimitName]: number };
}

/** All at zero. */
export function newCounters(): Counters {
  return {
    connectionsAccepted: 0,
    connectionsRefused: 0,
    connectionsRevoked: 0,
    socketsOpened: 0,
    sessionsExpired: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    packetsSent: 0,
    bytesSent: 0,
    messagesReceived: 0,
    messagesSent: 0,
    payloadBytesReceived: 0,
    payloadBytesSent: 0,
    messagesRefused: 0,
    messagesRefusedStoreFull: 0,
    messagesNotRetained: 0,
    messagesDropped: {
      'queue-full': 0,
      'queues-full': 0,
      displaced: 0,
      'slow-reader': 0,
      'rate-limit': 0,
      expired: 0,
      'too-large': 0,
      'not-authorized': 0,
      'refused-by-client': 0,
      'session-ended': 0,
    },
    limitsReached: {
      connectionsMax: 0,
      connectionsPerAddressMax: 0,
      connectionsPerUserMax: 0,
      connectRatePerAddress: 0,
      connectPendingBytesMax: 0,
      connectTimeout: 0,
      connectPacketBytesMax: 0,
      packetBytesMax: 0,
      sessionsMax: 0,
      subscriptionsMax: 0,
      subscribeFiltersMax: 0,
      topicLevelsMax: 0,
      userPropertiesMax: 0,
      clientIdBytesMax: 0,
      clientIdBytesMax31: 0,
      authFailuresMax: 0,
      passwordChecksWaitingMax: 0,
      httpAuthWaitingMax: 0,
      handshakesMax: 0,
      messageRateIn: 0,
      byteRateIn: 0,
      messageRateOut: 0,
      byteRateOut: 0,
      rateDebtMax: 0,
      retainedMessagesMax: 0,
      retainedBytesMax: 0,
      memoryMax: 0,
      flappingConnectsMax: 0,
      openFiles: 0,
      bans: 0,
    },
  };
}
