// Lays down the changes of a batch (change.ts has the layout) in one growing buffer, as the broker makes them. Nothing is
// allocated per change. A message that everybody has before the batch leaves is marked as elided in place (elision.ts).
// When the batch leaves and where it goes is not decided here.

import { assert } from '../../base/assert.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import type { Message } from '../../packet/message.ts';
import type {
  GroupKey,
  GroupRecord,
  Origin,
  Recipient,
  SessionRecord,
  SubscriptionRecord,
  WillRecord,
} from '../contract.ts';
import type { ClockMark } from '../timeline.ts';
import { Change } from './change.ts';
import { Elision } from './elision.ts';
import { writeBody } from './message-body.ts';
import { writeRecipients } from './message-record.ts';
import { VARINT_BYTES_MAX, writeVarint } from './number-writer.ts';
import {
  writeClockMarkRecord,
  writeGroupRecord,
  writeSessionRecord,
  writeSubscriptionRecord,
  writeWillRecord,
} from './records.ts';

/** An opcode, up to three numbers, and the length of a record. */
const HEAD_BYTES_MAX = 1 + 3 * VARINT_BYTES_MAX + 4;

/** Fewer recipients are written as quickly as they are copied. */
const CACHED_RECIPIENTS_MIN = 4;

/** What many recipients look like in a record. */
interface Section {
  readonly bytes: Uint8Array;
  readonly hasGroup: boolean;
}

/** Writes the changes of one batch after the other. */
export class ChangeWriter {
  /** Changes in the batch that count: what was elided does not. */
  count: number;
  /** Messages that were elided, in all batches. */
  elidedTotal: number;
  private readonly writer: ByteWriter;
  private readonly elides: boolean;
  private readonly elision: Elision;
  /** Which recipients are groups. */
  private readonly groups: Set<GroupKey>;
  /** By the array that the router passes for the same route again and again. */
  private readonly sections: WeakMap<readonly Recipient[], Section>;
  private readonly sectionWriter: ByteWriter;
  private latestId: number;
  private offset: number;

  /** @param elides  Whether what nobody needs any more is left out; false for tests and benches that measure writing. */
  constructor(elides: boolean) {
    this.count = 0;
    this.elidedTotal = 0;
    this.writer = new ByteWriter();
    this.elides = elides;
    this.elision = new Elision();
    this.groups = new Set();
    this.sections = new WeakMap();
    this.sectionWriter = new ByteWriter();
    this.latestId = 0;
    this.offset = 0;
  }

  /** How many bytes the batch has. hot: */
  get length(): number {
    return this.writer.position;
  }

  /** From now on, store time is so far ahead of the clock of this run. */
  setOffset(offset: number): void {
    this.offset = offset;
  }

  /** An earlier run saved this group. */
  knowGroup(group: GroupKey): void {
    this.groups.add(group);
  }

  /** Ends the batch and begins the next one in `buffer`, of which nothing is kept; returns the batch. */
  seal(buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const batch = this.writer.bytes.subarray(0, this.writer.position);
    this.writer.bytes = buffer;
    this.drop();
    return batch;
  }

  /** Forgets the batch. */
  drop(): void {
    this.writer.position = 0;
    this.count = 0;
    this.elision.clear();
  }

  /** @see Store.append */
  append(id: number, message: Message, recipients: readonly Recipient[], origin: Origin | undefined): void {
    // hot:
    assert(id > this.latestId, 'message ids grow');
    this.latestId = id;
    const { writer } = this;
    const place = writer.position;
    this.begin(Change.append);
    writeVarint(writer, id);
    if (origin === undefined) {
      writer.u8(0);
    } else {
      writeVarint(writer, origin.session);
      writeVarint(writer, origin.id);
    }
    const recordAt = this.openRecord();
    writer.reserve(VARINT_BYTES_MAX);
    writeVarint(writer, message.payload.length);
    const hasGroup = this.writeRecipients(recipients);
    const { expiresAt } = message;
    writeBody(writer, message, message.topic, expiresAt === undefined ? undefined : expiresAt + this.offset);
    this.closeRecord(recordAt);
    // A group has settled when a member takes the message over, long before anybody has it.
    if (this.elides && message.qos === 1 && !message.retain && origin === undefined && !hasGroup) {
      this.elision.add(id, recipients.length, place);
    }
  }

  /**
   * @see Store.settle
   * @returns Whether the message was elided by this.
   */
  settle(recipient: number, id: number): boolean {
    // hot:
    const slot = this.elision.slotOf(id);
    if (slot >= 0) {
      if (this.elision.settle(slot)) {
        this.writer.bytes[this.elision.placeOf(slot)] = Change.elided;
        this.count -= this.elision.changesOf(slot);
        this.elidedTotal++;
        return true;
      }
      this.elision.countChange(slot);
    }
    this.begin(Change.settle);
    writeVarint(this.writer, recipient);
    writeVarint(this.writer, id);
    return false;
  }

  /** @see Store.recordSending */
  recordSending(session: number, id: number, packetId: number): void {
    // hot:
    const slot = this.elision.slotOf(id);
    if (slot >= 0) this.elision.countChange(slot);
    this.begin(Change.recordSending);
    writeVarint(this.writer, session);
    writeVarint(this.writer, id);
    writeVarint(this.writer, packetId);
  }

  /** @see Store.recordReceived */
  recordReceived(session: number, id: number): void {
    // hot:
    const slot = this.elision.slotOf(id);
    if (slot >= 0) this.elision.countChange(slot);
    this.begin(Change.recordReceived);
    writeVarint(this.writer, session);
    writeVarint(this.writer, id);
  }

  /** @see Store.recordReleased */
  recordReleased(session: number, packetId: number): void {
    // hot:
    this.begin(Change.recordReleased);
    writeVarint(this.writer, session);
    writeVarint(this.writer, packetId);
  }

  /** @see Store.saveSession */
  saveSession(record: SessionRecord): void {
    const recordAt = this.beginRecord(Change.saveSession, record.key);
    writeSessionRecord(this.writer, record, this.offset);
    this.closeRecord(recordAt);
  }

  /** @see Store.deleteSession */
  deleteSession(session: number): void {
    this.begin(Change.deleteSession);
    writeVarint(this.writer, session);
  }

  /** @see Store.saveSubscription */
  saveSubscription(session: number, subscription: SubscriptionRecord): void {
    this.begin(Change.saveSubscription);
    writeVarint(this.writer, session);
    this.writer.text(subscription.filter);
    const recordAt = this.openRecord();
    writeSubscriptionRecord(this.writer, subscription);
    this.closeRecord(recordAt);
  }

  /** @see Store.deleteSubscription */
  deleteSubscription(session: number, filter: string): void {
    this.begin(Change.deleteSubscription);
    writeVarint(this.writer, session);
    this.writer.text(filter);
  }

  /** @see Store.saveGroup */
  saveGroup(record: GroupRecord): void {
    this.groups.add(record.key);
    const recordAt = this.beginRecord(Change.saveGroup, record.key);
    writeGroupRecord(this.writer, record);
    this.closeRecord(recordAt);
  }

  /** @see Store.deleteGroup */
  deleteGroup(group: number): void {
    this.groups.delete(group);
    this.begin(Change.deleteGroup);
    writeVarint(this.writer, group);
  }

  /** @see Store.saveRetained */
  saveRetained(message: Message): void {
    const { expiresAt } = message;
    this.begin(Change.saveRetained);
    this.writer.text(message.topic);
    const recordAt = this.openRecord();
    writeBody(this.writer, message, '', expiresAt === undefined ? undefined : expiresAt + this.offset);
    this.closeRecord(recordAt);
  }

  /** @see Store.deleteRetained */
  deleteRetained(topic: string): void {
    this.begin(Change.deleteRetained);
    this.writer.text(topic);
  }

  /** @see Store.saveWill */
  saveWill(key: number, record: WillRecord): void {
    const recordAt = this.beginRecord(Change.saveWill, key);
    writeWillRecord(this.writer, record);
    this.closeRecord(recordAt);
  }

  /** @see Store.deleteWill */
  deleteWill(key: number): void {
    this.begin(Change.deleteWill);
    writeVarint(this.writer, key);
  }

  /** Stores where store time stands. */
  clockMark(mark: ClockMark): void {
    this.begin(Change.clockMark);
    const recordAt = this.openRecord();
    writeClockMarkRecord(this.writer, mark);
    this.closeRecord(recordAt);
  }

  /** hot: */
  private begin(change: Change): void {
    this.count++;
    this.writer.reserve(HEAD_BYTES_MAX);
    this.writer.u8(change);
  }

  private beginRecord(change: Change, key: number): number {
    this.begin(change);
    writeVarint(this.writer, key);
    return this.openRecord();
  }

  /** Leaves room for the length of a record; returns where. hot: */
  private openRecord(): number {
    this.writer.reserve(4);
    const lengthAt = this.writer.position;
    this.writer.position = lengthAt + 4;
    return lengthAt;
  }

  /** hot: */
  private closeRecord(lengthAt: number): void {
    const { writer } = this;
    const end = writer.position;
    writer.position = lengthAt;
    writer.u32(end - lengthAt - 4);
    writer.position = end;
  }

  /** Says whether there is a group among them. hot: */
  private writeRecipients(recipients: readonly Recipient[]): boolean {
    const { writer } = this;
    if (recipients.length < CACHED_RECIPIENTS_MIN) {
      writeRecipients(writer, recipients);
      return this.hasGroup(recipients);
    }
    let section = this.sections.get(recipients);
    if (section === undefined) {
      const { sectionWriter } = this;
      sectionWriter.position = 0;
      writeRecipients(sectionWriter, recipients);
      const bytes = sectionWriter.bytes.slice(0, sectionWriter.position);
      section = { bytes, hasGroup: this.hasGroup(recipients) };
      this.sections.set(recipients, section);
    }
    writer.reserve(section.bytes.length);
    writer.raw(section.bytes);
    return section.hasGroup;
  }

  /** hot: */
  private hasGroup(recipients: readonly Recipient[]): boolean {
    if (this.groups.size === 0) return false;
    for (let i = 0; i < recipients.length; i++) if (this.groups.has((recipients[i] as Recipient).key)) return true;
    return false;
  }
}
