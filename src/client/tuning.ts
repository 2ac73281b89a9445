// What a client does when, in numbers that are no options. The simulator has them small, so that what takes a large queue or a slow
// disk elsewhere happens there within seconds.

import { PACKET_ID_MAX } from '../packet/packet-id.ts';
import type { QueueHeadLimits } from '../store/delivery-queue.ts';

/** The numbers. */
export interface ClientTuning {
  /** The highest packet identifier that it gives out, the same for all clients on one store. */
  readonly packetIdMax: number;
  /** How much of the outbox, and of the inbox, is in memory where there is a store. */
  readonly head: QueueHeadLimits;
  /** While so many bytes wait for the disk, nothing more is accepted. */
  readonly outboxLateBytesMax: number;
  /** From here on nothing is sent until the network has taken what it was given. */
  readonly sendBytesMark: number;
  /** So many messages an application is trusted with, however few it wants the broker to send ahead. */
  readonly handlingMin: number;
}

/** What every client runs with but a simulated one. */
export const CLIENT_TUNING: ClientTuning = Object.freeze({
  packetIdMax: PACKET_ID_MAX,
  head: Object.freeze({
    queueHeadMessagesMax: 2_000,
    queueHeadBytesMax: 8 * 1024 * 1024,
    queueHeadsBytesMax: 32 * 1024 * 1024,
  }),
  outboxLateBytesMax: 16 * 1024 * 1024,
  sendBytesMark: 1024 * 1024,
  handlingMin: 1_000,
});
