// Makes objects of what the engine hands back (answers.ts has the layout): pages of queues, and what is found at a start.
// Chunks are read as they come, while the engine reads on. The clock mark comes first, since every moment behind it
// needs the timeline that goes on from it.
// Nothing refers to a chunk afterwards.

import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS } from '../../packet/packet.ts';
import { type PacketId, packetId } from '../../packet/packet-id.ts';
import type {
  GroupRecord,
  QueuedDelivery,
  QueueSize,
  Recovered,
  RecoveredDelivery,
  RecoveredWill,
  SessionRecord,
  SubscriptionRecord,
} from '../contract.ts';
import { continueTimeline, type Timeline } from '../timeline.ts';
import { IN_FLIGHT_STATES, Item } from './answers.ts';
import type { HighestNumbers } from './engine.ts';
import type { BodyReader } from './message-body.ts';
import { RecipientFlag } from './message-record.ts';
import { RecordCursor, RecordError } from './record-cursor.ts';
import {
  readClockMarkRecord,
  readGroupRecord,
  readSessionRecord,
  readSubscriptionRecord,
  readWillRecord,
} from './records.ts';

const NOTHING_QUEUED: QueueSize = Object.freeze({ messages: 0, bytes: 0 });

/**
 * Reads the deliveries of a page.
 * @param offset  How far store time is ahead of the clock of this run.
 * @throws {RecordError}
 */
export function readPage(deliveries: Uint8Array, bodies: BodyReader, offset: number): QueuedDelivery[] {
  const cursor = new RecordCursor();
  cursor.reset(deliveries, 0, deliveries.length);
  const page: QueuedDelivery[] = [];
  while (!cursor.isAtEnd) page.push(readDelivery(cursor, bodies, offset));
  return page;
}

/** Reads one delivery. */
export function readDelivery(cursor: RecordCursor, bodies: BodyReader, offset: number): QueuedDelivery {
  // hot:
  const messageId = cursor.varint();
  const flags = cursor.u8();
  let subscriptionIdentifiers = NO_SUBSCRIPTION_IDENTIFIERS;
  let sharedFilter = '';
  if ((flags & RecipientFlag.addressed) !== 0) {
    subscriptionIdentifiers = readNumbers(cursor);
    sharedFilter = cursor.text();
  }
  const end = openRecord(cursor);
  const message = bodies.read(cursor, undefined, offset);
  cursor.end = end;
  return {
    messageId,
    message,
    qos: (flags & RecipientFlag.exactlyOnce) === 0 ? 1 : 2,
    retain: (flags & RecipientFlag.retain) !== 0,
    subscriptionIdentifiers,
    sharedFilter,
  };
}

/** What is known of a session so far. */
interface FoundSession {
  readonly record: SessionRecord;
  readonly subscriptions: SubscriptionRecord[];
  readonly inFlight: RecoveredDelivery[];
  queue: QueueSize;
  exactlyOnceIds: readonly PacketId[];
}

/** What is known of a group so far. */
interface FoundGroup {
  readonly record: GroupRecord;
  queue: QueueSize;
}

/** Collects what is found at a start. */
export class RecoveryReader {
  /** Where store time stands; known with the first chunk. */
  timeline: Timeline;
  private readonly clock: Clock;
  private readonly downtimeMax: Millis;
  private readonly bodies: BodyReader;
  private readonly cursor: RecordCursor;
  private readonly sessions: Map<number, FoundSession>;
  private readonly groups: Map<number, FoundGroup>;
  private readonly wills: RecoveredWill[];
  private retained: Message[];

  /** @param downtimeMax  See `continueTimeline`. */
  constructor(clock: Clock, downtimeMax: Millis, bodies: BodyReader) {
    this.clock = clock;
    this.downtimeMax = downtimeMax;
    this.bodies = bodies;
    this.timeline = continueTimeline(undefined, clock, downtimeMax);
    this.cursor = new RecordCursor();
    this.sessions = new Map();
    this.groups = new Map();
    this.wills = [];
    this.retained = [];
  }

  /**
   * Takes what was found next.
   * @returns The retained messages in it.
   * @throws {RecordError}
   */
  take(chunk: Uint8Array): readonly Message[] {
    const { cursor } = this;
    cursor.reset(chunk, 0, chunk.length);
    this.retained = [];
    while (!cursor.isAtEnd) this.takeItem(cursor.u8());
    return this.retained;
  }

  /** Everything was taken. */
  finish(numbers: HighestNumbers): Recovered {
    return {
      sessions: Array.from(this.sessions.values()),
      groups: Array.from(this.groups.values()),
      wills: this.wills,
      recipientKeyMax: numbers.recipientKeyMax,
      messageIdMax: numbers.messageIdMax,
    };
  }

  private takeItem(item: number): void {
    switch (item) {
      case Item.clockMark:
        return this.takeClockMark();
      case Item.session:
        return this.takeSession();
      case Item.subscription:
        return this.takeSubscription();
      case Item.exactlyOnce:
        return this.takeExactlyOnce();
      case Item.inFlight:
        return this.takeInFlight();
      case Item.queue:
        return this.takeQueue();
      case Item.group:
        return this.takeGroup();
      case Item.will:
        return this.takeWill();
      case Item.retained:
        return this.takeRetained();
      default:
        throw new RecordError(`there is no item ${item}`);
    }
  }

  private takeClockMark(): void {
    const end = openRecord(this.cursor);
    const mark = readClockMarkRecord(this.cursor);
    this.cursor.end = end;
    this.timeline = continueTimeline(mark, this.clock, this.downtimeMax);
  }

  private takeSession(): void {
    const key = this.cursor.varint();
    const end = openRecord(this.cursor);
    const record = readSessionRecord(this.cursor, key, this.timeline.offset);
    this.cursor.end = end;
    this.sessions.set(key, { record, subscriptions: [], inFlight: [], queue: NOTHING_QUEUED, exactlyOnceIds: [] });
  }

  private takeSubscription(): void {
    const session = this.session();
    const filter = this.cursor.text();
    const end = openRecord(this.cursor);
    session.subscriptions.push(readSubscriptionRecord(this.cursor, filter));
    this.cursor.end = end;
  }

  private takeExactlyOnce(): void {
    const session = this.session();
    session.exactlyOnceIds = readNumbers(this.cursor).map(packetId);
  }

  private takeInFlight(): void {
    const session = this.session();
    const state = IN_FLIGHT_STATES[this.cursor.u8()];
    if (state === undefined) throw new RecordError('a delivery in flight has a state that there is not');
    const id = packetId(this.cursor.varint());
    const delivery = readDelivery(this.cursor, this.bodies, this.timeline.offset);
    session.inFlight.push({ ...delivery, state, id });
  }

  private takeQueue(): void {
    const key = this.cursor.varint();
    const recipient = this.sessions.get(key) ?? this.groups.get(key);
    assert(recipient !== undefined, 'a queue comes after its recipient');
    recipient.queue = { messages: this.cursor.varint(), bytes: this.cursor.varint() };
  }

  private takeGroup(): void {
    const key = this.cursor.varint();
    const end = openRecord(this.cursor);
    this.groups.set(key, { record: readGroupRecord(this.cursor, key), queue: NOTHING_QUEUED });
    this.cursor.end = end;
  }

  private takeWill(): void {
    const key = this.cursor.varint();
    const end = openRecord(this.cursor);
    const { clientId, principal, will } = readWillRecord(this.cursor, this.bodies);
    this.cursor.end = end;
    this.wills.push({ key, clientId, principal, will });
  }

  private takeRetained(): void {
    const topic = this.cursor.text();
    const end = openRecord(this.cursor);
    this.retained.push(this.bodies.read(this.cursor, topic, this.timeline.offset));
    this.cursor.end = end;
  }

  /** The session that the item names. */
  private session(): FoundSession {
    const session = this.sessions.get(this.cursor.varint());
    assert(session !== undefined, 'a session comes before what belongs to it');
    return session;
  }
}

/** Lets the cursor end where the record ends that begins with its length; returns where it ended before. hot: */
function openRecord(cursor: RecordCursor): number {
  const { end } = cursor;
  const length = cursor.u32();
  if (cursor.position + length > end) throw new RecordError('a record runs past its end');
  cursor.end = cursor.position + length;
  return end;
}

function readNumbers(cursor: RecordCursor): readonly number[] {
  const numbers: number[] = [];
  for (let left = cursor.varint(); left > 0; left--) numbers.push(cursor.varint());
  return numbers;
}
