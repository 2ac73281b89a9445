// What the measured client talks to through the broker: a publisher that costs next to nothing, and a subscriber that
// looks at every message. Both speak MQTT 3.1.1 over plain sockets, as bytes that are made once.
//
// The first four bytes of every payload are its number, from 0 up: who gets it knows what is missing, doubled or out of order.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PacketDecoder } from '../src/packet/decoder.ts';
import { PACKET_SIZE_MAX } from '../src/packet/encode.ts';
import type { Packet, QoS } from '../src/packet/packet.ts';
import { packetId } from '../src/packet/packet-id.ts';
import { NO_REASON_PROPERTIES } from '../src/packet/properties.ts';
import { Reason } from '../src/packet/reason-codes.ts';
import { createTopicTable } from '../src/packet/topic-name.ts';
import { bytesOf, openClient, publishBytes, subscribeClient } from './wire.ts';

/** The one topic of the bench: as long as topics are. */
export const TOPIC = 'bench/devices/17/temperature';

/** The number of the message that a payload belongs to. */
export function numberIn(payload: Uint8Array): number {
  return (
    (((payload[0] as number) << 24) |
      ((payload[1] as number) << 16) |
      ((payload[2] as number) << 8) |
      (payload[3] as number)) >>>
    0
  );
}

/** Writes the number of the message at `start`. */
export function writeNumber(bytes: Uint8Array, start: number, number: number): void {
  bytes[start] = number >>> 24;
  bytes[start + 1] = number >>> 16;
  bytes[start + 2] = number >>> 8;
  bytes[start + 3] = number;
}

/** Messages in one write; at QoS 1 and 2 the next batch follows when this one is acknowledged. */
const BATCH = 500;
/** How many messages may be on their way to the measured client. */
const AHEAD_MAX = 8 * BATCH;
const ACK_BYTES = 4;

/** Publishes as fast as the measured client receives, a few thousand messages ahead of it. */
export class Feeder {
  private readonly socket: Socket;
  private readonly qos: QoS;
  private readonly batch: Buffer;
  private readonly packetBytes: number;
  private readonly payloadBytes: number;
  private readonly releases: Buffer;
  private sent: number;
  private received: number;
  private isStopped: boolean;
  private wake: () => void;

  private constructor(socket: Socket, qos: QoS, payloadBytes: number) {
    const payload = new Uint8Array(payloadBytes);
    const packets = Array.from({ length: BATCH }, (_, i) => publishBytes(TOPIC, i + 1, false, payload, qos));
    const releases = Array.from({ length: BATCH }, (_, i) => answer('pubrel', i + 1));
    this.socket = socket;
    this.qos = qos;
    this.batch = Buffer.concat(packets);
    this.packetBytes = this.batch.length / BATCH;
    this.payloadBytes = payloadBytes;
    this.releases = Buffer.concat(releases);
    this.sent = 0;
    this.received = 0;
    this.isStopped = false;
    this.wake = () => undefined;
    // Of use to whoever waits for an answer just then; the bench ends brokers under it.
    socket.on('error', () => undefined);
  }

  /** Connects to the broker. */
  static async open(port: number, qos: QoS, payloadBytes: number): Promise<Feeder> {
    const { socket } = await openClient(port, 'feeder', true);
    return new Feeder(socket, qos, payloadBytes);
  }

  /** Publishes until `stop`; fulfilled with the count of all messages when the broker has them. */
  async run(): Promise<number> {
    while (!this.isStopped) {
      if (this.sent - this.received > AHEAD_MAX - BATCH) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        continue;
      }
      await this.publishBatch();
    }
    this.socket.end();
    return this.sent;
  }

  /** The measured client has received so many by now. */
  credit(received: number): void {
    this.received = received;
    this.wake();
  }

  /** No further batch. */
  stop(): void {
    this.isStopped = true;
    this.wake();
  }

  private async publishBatch(): Promise<void> {
    // The socket may still hold the batch before.
    const bytes = Buffer.from(this.batch);
    for (let i = 0; i < BATCH; i++) {
      writeNumber(bytes, (i + 1) * this.packetBytes - this.payloadBytes, this.sent + i);
    }
    this.sent += BATCH;
    if (this.qos === 0) {
      await new Promise<void>((resolve) => {
        this.socket.write(bytes, () => resolve());
      });
      return;
    }
    await this.exchange(bytes);
    if (this.qos === 2) await this.exchange(this.releases);
  }

  /** Writes the packets of a batch, and waits for an answer to each. */
  private async exchange(bytes: Buffer): Promise<void> {
    this.socket.write(bytes);
    for (let answered = 0; answered < BATCH * ACK_BYTES; ) {
      const [chunk] = (await once(this.socket, 'data')) as [Buffer];
      answered += chunk.length;
    }
  }
}

/** Subscribes, acknowledges by the book, and finds whatever is missing, doubled or out of order. */
export class Checker {
  private readonly socket: Socket;
  private readonly decoder: PacketDecoder;
  private readonly all: PromiseWithResolvers<void>;
  private readonly expected: number;
  private next: number;

  private constructor(socket: Socket, expected: number) {
    this.socket = socket;
    this.decoder = new PacketDecoder({
      receives: 'from-server',
      maximumPacketSize: PACKET_SIZE_MAX,
      version: 4,
      topics: createTopicTable(),
    });
    this.all = Promise.withResolvers();
    this.expected = expected;
    this.next = 0;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.once('close', () =>
      this.all.reject(new Error(`The checker got ${this.next} of ${this.expected} messages.`)),
    );
  }

  /** Subscribes, to take the messages from 0 up to and without `expected`. */
  static async open(port: number, qos: QoS, expected: number): Promise<Checker> {
    const { socket } = await openClient(port, 'checker', true);
    await subscribeClient(socket, TOPIC, qos);
    return new Checker(socket, expected);
  }

  /**
   * Waits for the last message, and leaves.
   * @throws {Error} when one was missing, doubled or out of order.
   */
  async finish(): Promise<void> {
    const impatience = setTimeout(() => this.socket.destroy(), 10_000);
    try {
      await this.all.promise;
    } finally {
      clearTimeout(impatience);
      this.socket.destroy();
    }
  }

  private receive(chunk: Buffer): void {
    this.decoder.push(chunk, 0, chunk.length);
    for (let packet = this.decoder.next(); packet !== undefined; packet = this.decoder.next()) this.handle(packet);
    this.decoder.keep();
  }

  private handle(packet: Packet): void {
    if (packet.kind === 'pubrel') this.socket.write(answer('pubcomp', packet.id));
    if (packet.kind !== 'publish') return;
    if (packet.qos === 1) this.socket.write(answer('puback', packet.id ?? 0));
    if (packet.qos === 2) this.socket.write(answer('pubrec', packet.id ?? 0));
    const number = numberIn(packet.payload);
    if (number !== this.next) {
      this.all.reject(new Error(`Message ${number} came where ${this.next} was due.`));
      return;
    }
    this.next++;
    if (this.next === this.expected) this.all.resolve();
  }
}

function answer(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: number): Buffer {
  return bytesOf({ kind, id: packetId(id), reasonCode: Reason.success, properties: NO_REASON_PROPERTIES });
}
