// What a broker counts. Plain numbers that only grow, read by whoever shows them.

import type { DropReason } from './events.ts';

/** The counters of one broker since it started. */
export interface Counters {
  connectionsAccepted: number;
  connectionsRefused: number;
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
}

/** All at zero. */
export function newCounters(): Counters {
  return {
    connectionsAccepted: 0,
    connectionsRefused: 0,
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
      expired: 0,
      'too-large': 0,
      'not-authorized': 0,
      'refused-by-client': 0,
      'session-ended': 0,
    },
  };
}
