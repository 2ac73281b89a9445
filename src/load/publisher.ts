// One client that publishes: as fast as the window, the credit and the timetable let it. Each message is a copy of one PUBLISH that was
// laid down once, with its own number, moment and Packet Identifier written over it. Messages that leave together are copied together: the first of them, then
// as many as there are already, again and again, which is a few long copies instead of many short ones.
//
// With a timetable a message carries the moment when it was due, not the one when it left: a generator or a broker that is behind is
// seen in the latencies (no coordinated omission). The timetable is kept to its end, however late; a broker that needs more than twice
// the time for it is not waited for, and what was due and never sent is told. How late a message left counts against the generator
// from when the broker had room for it.

import { ByteWriter } from '../base/byte-writer.ts';
import { encodePublish } from '../packet/encode.ts';
import type { Packet } from '../packet/packet.ts';
import { PacketType } from '../packet/packet-type.ts';
import { NO_MESSAGE_PROPERTIES } from '../packet/properties.ts';
import { reasonName } from '../packet/reason-codes.ts';
import { type Board, Count } from './board.ts';
import type { Credit } from './credit.ts';
import { type ConnectionRole, type LoadConnection, writeAcknowledgement } from './load-connection.ts';
import { isOpenLoop, type LoadPlan, topicOf } from './plan.ts';
import { Schedule } from './schedule.ts';
import { writeMoment, writeSequence, writeStamp } from './stamp.ts';
import type { Tally } from './tally.ts';

/** So much is laid down together, and then looked whether the broker still reads. */
const BATCH_BYTES = 16_384;

/** So many messages leave at one go, so that what comes is read in between. */
const BURST_MAX = 4096;

/** What the connections of one thread have in common. */
export interface LoadContext {
  readonly plan: LoadPlan;
  readonly thread: number;
  readonly board: Board;
  readonly tally: Tally;
  /** Microseconds, on a clock that all threads share. */
  readonly now: () => number;
}

/** Where a message is: not there, sent, or acknowledged half of the way. */
const Flight = { none: 0, sent: 1, half: 2 } as const;

/** A publisher. */
export class Publisher implements ConnectionRole {
  readonly index: number;
  private readonly context: LoadContext;
  private readonly credit: Credit;
  private connection: LoadConnection | undefined;
  private schedule: Schedule | undefined;
  private until: number;
  /** With a timetable: since when nothing of the broker's is in the way of the next message. */
  private freeSince: number;
  private isHeldUp: boolean;
  private state: 'waiting' | 'sending' | 'stopped';
  private sentCount: number;
  private isGoingOn: boolean;
  /** The PUBLISH that all are copies of, and where in it the identifier and the payload are. */
  private template: Uint8Array;
  private idAt: number;
  private payloadAt: number;
  /** Identifiers that are not in use, as a stack; the window is as many as there are. */
  private free: Uint16Array;
  private freeCount: number;
  private flights: Uint8Array;
  /** When each message in flight was due. */
  private dueMoments: Float64Array;

  constructor(index: number, context: LoadContext, credit: Credit) {
    this.index = index;
    this.context = context;
    this.credit = credit;
    this.connection = undefined;
    this.schedule = undefined;
    this.until = 0;
    this.freeSince = 0;
    this.isHeldUp = false;
    this.state = 'waiting';
    this.sentCount = 0;
    this.isGoingOn = false;
    this.template = new Uint8Array(0);
    this.idAt = 0;
    this.payloadAt = 0;
    this.free = new Uint16Array(0);
    this.freeCount = 0;
    this.flights = new Uint8Array(0);
    this.dueMoments = new Float64Array(0);
  }

  /** How many messages it has sent. */
  get sent(): number {
    return this.sentCount;
  }

  /** Whether it will send no more, and everything that it has sent is acknowledged and on its way. */
  get isDone(): boolean {
    if (this.state === 'stopped' && this.connection?.isOpen !== true) return true;
    return this.state === 'stopped' && this.inFlight === 0 && this.connection?.output.waitingBytes() === 0;
  }

  /** With a timetable: how many messages were due in its time and never sent. */
  get unsent(): number {
    return this.schedule === undefined ? 0 : Math.max(0, this.dueInAll(this.schedule) - this.sentCount);
  }

  /** How many messages are sent and not acknowledged. */
  get inFlight(): number {
    return this.free.length - this.freeCount;
  }

  /** Takes its connection. */
  opened(connection: LoadConnection, receiveMaximum: number): void {
    const { plan } = this.context;
    this.connection = connection;
    const window = plan.qos === 0 ? 0 : Math.min(plan.window, receiveMaximum);
    this.free = Uint16Array.from({ length: window }, (_, index) => window - index);
    this.freeCount = window;
    this.flights = new Uint8Array(window + 1);
    this.dueMoments = new Float64Array(window + 1);
    const writer = new ByteWriter();
    const payload = new Uint8Array(plan.payloadBytes);
    const content = { topic: topicOf(plan, this.index), payload, properties: NO_MESSAGE_PROPERTIES };
    this.idAt = encodePublish(writer, connection.version, content, {
      qos: plan.qos,
      retain: false,
      dup: false,
      id: 0,
      topicAlias: 0,
      omitTopic: false,
      subscriptionIdentifiers: [],
      expiryInterval: undefined,
    });
    this.payloadAt = writer.position - payload.length;
    writeStamp(writer.bytes, this.payloadAt, plan.run, this.index);
    this.template = writer.bytes.slice(0, writer.position);
  }

  /** Begins to send. */
  start(startAt: number): void {
    const { plan } = this.context;
    if (this.state !== 'waiting') return;
    this.state = 'sending';
    this.until = startAt + plan.seconds * 1e6;
    if (plan.rate !== undefined) this.schedule = new Schedule(startAt, plan.rate, plan.publishers, this.index);
  }

  /** Sends no more. What is due later is no longer meant. */
  stop(): void {
    if (this.state === 'sending') this.until = Math.min(this.until, this.context.now());
    this.state = 'stopped';
  }

  /** Sends what may be sent now. hot: */
  pump(now: number): void {
    if (this.state !== 'sending' || this.connection === undefined) return;
    const room = this.room(now);
    if (room > 0 && this.connection.output.waitingBytes() === 0) {
      if (this.isHeldUp) this.freeSince = now;
      this.sendMany(room, now);
      if (this.isUnasked()) this.goOn();
    }
    if (this.schedule !== undefined) this.isHeldUp = this.schedule.dueCount(Math.min(now, this.until)) > this.sentCount;
    if (this.sentCount >= (this.context.plan.count ?? Number.POSITIVE_INFINITY) || this.isOver(now)) {
      this.state = 'stopped';
    }
  }

  beginChunk(): void {}

  takePublish(): void {
    this.context.tally.unexpected++;
    this.context.tally.say('A publisher got a message.');
  }

  /** hot: */
  takeAcknowledgement(type: number, id: number, reasonCode: number): void {
    const flight = this.flights[id];
    const { plan } = this.context;
    const awaited =
      plan.qos === 1
        ? type === PacketType.puback && flight === Flight.sent
        : (type === PacketType.pubrec && flight === Flight.sent) ||
          (type === PacketType.pubcomp && flight === Flight.half);
    if (!awaited) return this.complain(type, id);
    if (reasonCode >= 0x80) this.refuse(reasonCode);
    if (type === PacketType.pubrec && reasonCode < 0x80) {
      this.flights[id] = Flight.half;
      if (this.connection !== undefined) writeAcknowledgement(this.connection.output, PacketType.pubrel, id);
      return;
    }
    this.flights[id] = Flight.none;
    this.free[this.freeCount++] = id;
    this.context.board.add(this.context.thread, Count.acknowledged, 1);
    if (plan.kind === 'pub') {
      const { tally, now } = this.context;
      tally.latencies.record(now() - (this.dueMoments[id] as number));
    }
  }

  takeOther(packet: Packet): void {
    if (packet.kind === 'pingresp') return;
    this.context.tally.unexpected++;
    this.context.tally.say(`A publisher got ${packet.kind.toUpperCase()}.`);
  }

  endChunk(): void {
    this.pump(this.context.now());
  }

  drained(): void {
    this.pump(this.context.now());
  }

  closed(cause: string): void {
    const { board, tally, thread } = this.context;
    board.add(thread, Count.open, -1);
    tally.disconnects++;
    // Nobody has promised these: with the connection, they may be lost.
    tally.unsure += this.inFlight;
    tally.say(cause);
    this.state = 'stopped';
  }

  ping(): void {
    this.connection?.ping();
  }

  end(): void {
    this.connection?.end();
  }

  private isOver(now: number): boolean {
    if (this.schedule === undefined || now < this.until) return now >= this.until;
    return this.unsent === 0 || now >= this.until + this.context.plan.seconds * 1e6;
  }

  private dueInAll(schedule: Schedule): number {
    return Math.min(schedule.dueCount(this.until), this.context.plan.count ?? Number.POSITIVE_INFINITY);
  }

  /** Whether nothing that comes in will let it go on: QoS 0, and nobody who hears it is asked. */
  private isUnasked(): boolean {
    return this.context.plan.qos === 0 && this.context.plan.ahead === undefined && this.schedule === undefined;
  }

  /** Goes on in the next turn; if what was sent is still waiting then, when it has left. */
  private goOn(): void {
    if (this.isGoingOn) return;
    this.isGoingOn = true;
    setImmediate(() => {
      this.isGoingOn = false;
      this.pump(this.context.now());
    });
  }

  /** How many messages may leave now. hot: */
  private room(now: number): number {
    const { plan } = this.context;
    let room = (plan.count ?? Number.POSITIVE_INFINITY) - this.sentCount;
    if (plan.qos !== 0) room = Math.min(room, this.freeCount);
    if (this.schedule !== undefined) {
      room = Math.min(room, this.schedule.dueCount(Math.min(now, this.until)) - this.sentCount);
    } else if (now >= this.until) return 0;
    if (isOpenLoop(plan)) return room;
    const credit = this.credit.room();
    // Bulk stays bulk: a credit that comes back one by one is not spent one by one.
    if (this.schedule === undefined && plan.ahead !== undefined && credit < Math.min(room, plan.ahead / 4)) return 0;
    return Math.min(room, credit, BURST_MAX);
  }

  private sendMany(room: number, now: number): void {
    // hot:
    const { board, thread } = this.context;
    const output = this.connection?.output;
    if (output === undefined) return;
    const size = this.template.length;
    const batchMax = Math.max(1, Math.floor(BATCH_BYTES / size));
    writeMoment(this.template, this.payloadAt, now);
    let sent = 0;
    while (sent < room) {
      const count = Math.min(batchMax, room - sent);
      const writer = output.writer();
      const start = writer.position;
      this.layDown(writer, count);
      for (let at = start; at < writer.position; at += size) this.address(writer.bytes, at, now);
      output.wrote();
      sent += count;
      if (output.waitingBytes() > 0) break;
    }
    this.credit.sent(sent);
    board.add(thread, Count.sent, sent);
  }

  /** Copies the template so many times. */
  private layDown(writer: ByteWriter, count: number): void {
    const size = this.template.length;
    const all = size * count;
    writer.reserve(all);
    const start = writer.position;
    writer.raw(this.template);
    for (let done = size; done < all; done *= 2) {
      writer.bytes.copyWithin(start + done, start, start + Math.min(done, all - done));
    }
    writer.position = start + all;
  }

  /** Makes the copy at a place the next message. hot: */
  private address(bytes: Uint8Array, at: number, now: number): void {
    const { schedule } = this;
    const sequence = this.sentCount++;
    writeSequence(bytes, at + this.payloadAt, sequence);
    let due = now;
    if (schedule !== undefined) {
      due = schedule.dueAt(sequence);
      const { tally } = this.context;
      tally.lags.record(now - Math.max(due, this.freeSince));
      if (due < this.freeSince) tally.heldUp++;
      writeMoment(bytes, at + this.payloadAt, due);
    }
    if (this.context.plan.qos === 0) return;
    const id = this.free[--this.freeCount] as number;
    bytes[at + this.idAt] = id >>> 8;
    bytes[at + this.idAt + 1] = id;
    this.flights[id] = Flight.sent;
    this.dueMoments[id] = due;
  }

  private refuse(reasonCode: number): void {
    this.context.tally.refused++;
    this.context.tally.say(`The broker refused a message: ${reasonName(reasonCode)}.`);
  }

  private complain(type: number, id: number): void {
    this.context.tally.unexpected++;
    this.context.tally.say(`The broker acknowledged (packet type ${type}) what was not in flight, such as ${id}.`);
  }
}
