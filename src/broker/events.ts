// What a broker tells whoever embeds it. Each is called synchronously, after the fact, and must not
// throw; leave one out and it costs nothing.

import type { OperationError } from '../base/errors.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Message } from '../packet/message.ts';

/** Why a message did not reach a subscriber. Each is counted and logged. */
export type DropReason =
  /** The session's queue, or its shared subscription's, was at its limit. */
  | 'queue-full'
  /** All queues together were at their limit. */
  | 'queues-full'
  /** It gave way to newer ones in a full queue (the policy `drop-oldest`; `end-session` for a shared subscription). */
  | 'displaced'
  /** QoS 0, and the client reads too slowly. */
  | 'slow-reader'
  /** QoS 0, and the client was sent as much as it may be. */
  | 'rate-limit'
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
  /** `clientId` is the whole filter, `$share/...`, if the message waited for a shared subscription and not yet for a client. */
  readonly messageDropped?: (clientId: string, topic: string, reason: DropReason) => void;
  /** So many messages were dropped at once that were in the store alone, which knows their topics. */
  readonly messagesDropped?: (clientId: string, count: number, reason: DropReason) => void;
  /** While the broker opens: so much of what the store holds is read, between 0 and 1. */
  readonly storeOpening?: (share: number) => void;
  /** The store has no room any more (new messages that it would have to keep are refused), or has room again. */
  readonly storeFull?: (isFull: boolean) => void;
  /** The store failed: nothing is acknowledged any more, and every connection ends. Told once. What can be done is to end the process. */
  readonly storeFailed?: (error: OperationError) => void;
}
