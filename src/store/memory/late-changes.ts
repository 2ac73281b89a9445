// Changes that are not durable yet, for a memory store that announces when it is told to: how many bytes they are, and
// which messages nobody has to write any more because everybody had them before that.
// A message is elided only if each of its recipients settled it. A recipient that was deleted did not: its deletion
// may be lost where the acknowledgement is not. Nor does a group: it settles a message when a
// member takes it over, long before anybody has it.

import type { Message } from '../../packet/message.ts';
import type { Batch, MessageId } from '../contract.ts';

/** A message that might never have to be written. */
interface Unwritten {
  readonly batch: Batch;
  recipients: number;
}

/** The changes after the latest announcement. */
export class LateChanges {
  /** Of payload, and some for each change. */
  bytes: number;
  /** Messages that were never written. */
  elided: number;
  /** Oldest first. */
  private readonly unwritten: Map<MessageId, Unwritten>;
  /** The bytes of each change, oldest first. */
  private readonly sizes: { readonly batch: Batch; readonly bytes: number }[];

  constructor() {
    this.bytes = 0;
    this.elided = 0;
    this.unwritten = new Map();
    this.sizes = [];
  }

  /** A change was made, with so much payload. */
  add(batch: Batch, payloadBytes: number): void {
    const bytes = CHANGE_BYTES + payloadBytes;
    this.sizes.push({ batch, bytes });
    this.bytes += bytes;
  }

  /** A message was appended that nobody needs once these recipients have settled it. */
  addElidable(messageId: MessageId, batch: Batch, recipients: number): void {
    this.unwritten.set(messageId, { batch, recipients });
  }

  /** One recipient has settled the message; says whether it need not be written any more. */
  settle(messageId: MessageId): boolean {
    const message = this.unwritten.get(messageId);
    if (message === undefined || --message.recipients > 0) return false;
    this.unwritten.delete(messageId);
    this.elided++;
    return true;
  }

  /** Everything up to the batch is being written. */
  begin(written: Batch): void {
    for (const [messageId, { batch }] of this.unwritten) {
      if (batch > written) break;
      this.unwritten.delete(messageId);
    }
  }

  /** Everything up to the batch is written. */
  write(durable: Batch): void {
    this.begin(durable);
    let written = 0;
    for (const { batch, bytes } of this.sizes) {
      if (batch > durable) break;
      this.bytes -= bytes;
      written++;
    }
    this.sizes.splice(0, written);
  }
}

/** Whether a message may be left unwritten when all have it: only its own delivery depends on it. */
export function isElidable(message: Message): boolean {
  return message.qos === 1 && !message.retain;
}

/** What a change is said to take besides payload. */
const CHANGE_BYTES = 16;
