// What a broker tells whoever embeds it. Each is called synchronously, after the fact, and must not
// throw; leave one out and it costs nothing.

import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Message } from '../packet/message.ts';

/** Why a message did not reach a subscriber. Each is counted and logged. */
export type DropReason =
  /** The session's queue was at its limit. */
  | 'queue-full'
  /** QoS 0, and the client reads too slowly. */
  | 'slow-reader'
  /** Its Message Expiry Interval passed before its sending began. */
  | 'expired'
  /** Larger than the client's Maximum Packet Size. */
  | 'too-large'
  /** The client may not receive it (any more). */
  | 'not-authorized'
  /** The client refused it with a reason code of 0x80 or above. */
  | 'refused-by-client'
  /** The session ended before the message was delivered. */
  | 'session-ended';

/** Callbacks for an embedder; all optional. */
export interface BrokerEvents {
  readonly clientConnected?: (clientId: string, remote: string) => void;
  readonly clientDisconnected?: (clientId: string, remote: string, reasonCode: ReasonCode | undefined) => void;
  /** A message was accepted, from a client (`clientId`), a Will or the embedder itself (`undefined`). Copy the payload to keep it. */
  readonly messagePublished?: (message: Message, clientId: string | undefined) => void;
  readonly messageDropped?: (clientId: string, topic: string, reason: DropReason) => void;
}

/** No callbacks. */
export const NO_EVENTS: BrokerEvents = Object.freeze({});
