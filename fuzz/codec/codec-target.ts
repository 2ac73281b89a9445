// The codec under any bytes. For each input: nothing but a ProtocolError is thrown, and one that the peer can be told;
// what is decoded keeps the rules of its kind; the same comes out however the bytes are split over chunks, and the decoder
// knows how many bytes wait; what is decoded can be encoded in no more bytes, and decodes to the same again; memory
// grows with the bytes that came, not with those that a header promises.

import { getHeapStatistics } from 'node:v8';

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { type DecoderOptions, PacketDecoder } from '../../src/packet/decoder.ts';
import { encodePacket, packetSize } from '../../src/packet/encode.ts';
import { CONNECT_FIRST_BYTE } from '../../src/packet/opening.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { ProtocolError } from '../../src/packet/protocol-error.ts';
import { createTopicTable } from '../../src/packet/topic-name.ts';
import { Escape, expect } from '../engine/escape.ts';
import { both, type Features, templateOf } from '../engine/features.ts';
import type { Target } from '../engine/target.ts';
import { Draft } from '../packets/draft.ts';
import { frameAt } from '../packets/frames.ts';
import { mutatePackets } from '../packets/mutate-packets.ts';
import { simplerPackets } from '../packets/simpler-packets.ts';
import { CODEC_SEEDS } from './codec-seeds.ts';
import { judgePacket, judgeRefusal } from './judge.ts';
import { nextSplit, optionsFor, type Reception, receptionOf, splitSize, STREAM_AT } from './reception.ts';
import { isSame } from './same-packet.ts';

const SPLIT = 'the same comes out however the bytes are split';
const AGAIN = 'what was decoded can be encoded, and decodes to the same';
const MEMORY = 'memory grows with what came, not with what was promised';

/** A header that promises more than this is looked at for memory; a carry may take a little more than what came. */
const PROMISE_BYTES = 100_000;
const CHUNK_BYTES_MAX = 256;
/** Longer streams are slower and show nothing that shorter ones do not. */
const STREAM_BYTES_MAX = 256;

/** What a decoder does, for a decoder with a bug in it as well. */
export type Decoder = Pick<PacketDecoder, 'version' | 'waitingBytes' | 'push' | 'next' | 'keep'>;

/** What came of bytes that came at once. */
interface Outcome {
  readonly packets: readonly Packet[];
  /** Where each packet ends. */
  readonly ends: readonly number[];
  readonly error: ProtocolError | undefined;
  readonly decoder: Decoder;
}

/** The codec as a target. @param createDecoder  Makes the decoder that is looked at; controls hand in others. */
export function codecTarget(
  createDecoder: (options: DecoderOptions) => Decoder = (options) => new PacketDecoder(options),
): Target {
  const draft = new Draft();
  const codec = new Codec(createDecoder);
  return {
    name: 'codec',
    seeds: CODEC_SEEDS,
    batch: 8_192,
    counted: 50_000,
    hangMillis: 10_000,
    execute: (input, features) => codec.execute(input, features),
    mutate: (input, other, chance) => {
      draft.load(input);
      if (chance.oneIn(16)) draft.bytes[0] = chance.bits() & 31;
      if (chance.oneIn(4)) draft.bytes[1] = chance.bits() & 255;
      const { version } = receptionOf(draft.bytes[0] as number);
      for (let changes = 1 + chance.below(3); changes > 0; changes--)
        mutatePackets(draft, STREAM_AT, version ?? 5, other.subarray(STREAM_AT), chance);
      draft.length = Math.min(draft.length, STREAM_AT + STREAM_BYTES_MAX);
      return draft.take();
    },
    simpler: (input) => simplerPackets(input, STREAM_AT, receptionOf(input[0] ?? 0).version ?? 5),
    describe: (input) => {
      const { version, receives, maximumPacketSize } = receptionOf(input[0] ?? 0);
      return `${receives}, version ${version ?? 'not said yet'}, at most ${maximumPacketSize} bytes a packet, in pieces by ${input[1] ?? 0}`;
    },
  };
}

class Codec {
  private readonly createDecoder: (options: DecoderOptions) => Decoder;
  private readonly topics: DecoderOptions['topics'];
  private readonly writer: ByteWriter;
  /** Through which pieces go, as through a socket's buffer: overwritten by each. */
  private readonly chunk: Uint8Array;
  /** Packets of the present input that came in pieces. */
  private taken: number;

  constructor(createDecoder: (options: DecoderOptions) => Decoder) {
    this.createDecoder = createDecoder;
    this.topics = createTopicTable();
    this.writer = new ByteWriter();
    this.chunk = new Uint8Array(CHUNK_BYTES_MAX + 6);
    this.taken = 0;
  }

  execute(input: Uint8Array, features: Features): void {
    if (input.length < STREAM_AT) return;
    const reception = receptionOf(input[0] as number);
    const stream = input.subarray(STREAM_AT);
    const whole = this.decodeAtOnce(stream, reception);
    const { packets, error } = whole;
    const version = whole.decoder.version ?? 4;
    this.noteFeatures(reception, whole, features);
    for (const packet of packets) judgePacket(packet, version, reception.receives);
    this.decodeInPieces(stream, reception, whole, input[1] as number);
    if (packets.length > 0) this.encodeAgain(whole, reception);
    if (error === undefined) this.checkPromise(stream, reception, whole);
  }

  private decodeAtOnce(stream: Uint8Array, reception: Reception): Outcome {
    const decoder = this.createDecoder(optionsFor(reception, this.topics));
    const packets: Packet[] = [];
    const ends: number[] = [];
    decoder.push(stream, 0, stream.length);
    try {
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        packets.push(packet);
        ends.push(stream.length - decoder.waitingBytes);
      }
    } catch (error) {
      judgeRefusal(error, reception.receives);
      return { packets, ends, error, decoder };
    }
    return { packets, ends, error: undefined, decoder };
  }

  /** Once more in pieces, and the owner now and then leaves packets waiting. */
  private decodeInPieces(stream: Uint8Array, reception: Reception, whole: Outcome, seed: number): void {
    const decoder = this.createDecoder(optionsFor(reception, this.topics));
    const { chunk } = this;
    let state = nextSplit(seed);
    this.taken = 0;
    try {
      for (let at = 0; at < stream.length; ) {
        const size = Math.min(splitSize(state), stream.length - at);
        chunk.fill(0xee, 0, size + 6);
        chunk.set(stream.subarray(at, at + size), 3);
        decoder.push(chunk, 3, 3 + size);
        at += size;
        const isLast = at === stream.length;
        // Odd seeds: all is taken. Even ones: a packet at most, until the last chunk.
        const takes = isLast || (seed & 1) === 1 ? Number.POSITIVE_INFINITY : (state >>> 8) & 1;
        this.takePackets(decoder, whole, takes, at);
        decoder.keep();
        state = nextSplit(state);
      }
    } catch (error) {
      if (error instanceof Escape) throw error;
      judgeRefusal(error, reception.receives);
      checkSameError(error, whole, this.taken, stream);
      return;
    }
    expect(
      this.taken === whole.packets.length && whole.error === undefined,
      SPLIT,
      () =>
        `${whole.packets.length} packets and ${whole.error?.message ?? 'no error'} at once, ${this.taken} in pieces`,
    );
  }

  /** Takes so many packets at most, each compared with the one that came at once. */
  private takePackets(decoder: Decoder, whole: Outcome, atMost: number, pushed: number): void {
    for (let takes = atMost; takes > 0; takes--) {
      const packet = decoder.next();
      if (packet === undefined) break;
      const expected = whole.packets[this.taken];
      expect(isSame(packet, expected), SPLIT, () => `packet ${this.taken}: ${say(packet)}, at once ${say(expected)}`);
      this.taken++;
    }
    const waiting = pushed - (whole.ends[this.taken - 1] ?? 0);
    expect(decoder.waitingBytes === waiting, SPLIT, () => `${decoder.waitingBytes} bytes wait, not ${waiting}`);
  }

  private encodeAgain({ packets, ends, decoder }: Outcome, reception: Reception): void {
    const { writer } = this;
    const version = decoder.version ?? 4;
    writer.position = 0;
    for (let i = 0; i < packets.length; i++) {
      const packet = packets[i] as Packet;
      const start = writer.position;
      encodePacket(writer, packet, version);
      const size = writer.position - start;
      const came = (ends[i] as number) - (ends[i - 1] ?? 0);
      expect(size <= came, AGAIN, () => `${size} bytes for what came in ${came}: ${say(packet)}`);
      if (packet.kind === 'publish')
        expect(packetSize(packet, version) === size, AGAIN, () => `packetSize is wrong for ${say(packet)}`);
    }
    const again = this.createDecoder(optionsFor(reception, this.topics));
    again.push(writer.bytes, 0, writer.position);
    for (const packet of packets) {
      const next = nextOf(again);
      expect(isSame(next, packet), AGAIN, () => `${say(packet)} became ${say(next)}`);
    }
    expect(again.waitingBytes === 0, AGAIN, () => `${again.waitingBytes} bytes are left`);
  }

  /** Looks at memory only where a header promises much that has not come. */
  private checkPromise(stream: Uint8Array, reception: Reception, whole: Outcome): void {
    const at = whole.ends.at(-1) ?? 0;
    const frame = frameAt(stream, at, stream.length);
    if (frame === undefined || frame.end - frame.start < PROMISE_BYTES) return;
    const decoder = this.createDecoder(optionsFor(reception, this.topics));
    const before = getHeapStatistics().external_memory;
    for (let i = 0; i < stream.length; i++) {
      decoder.push(stream, i, i + 1);
      while (decoder.next() !== undefined);
      decoder.keep();
    }
    const grown = getHeapStatistics().external_memory - before;
    const allowed = 16 * stream.length + PROMISE_BYTES / 2;
    expect(grown < allowed, MEMORY, () => `${grown} bytes more for ${stream.length} that came`);
  }

  private noteFeatures({ receives }: Reception, { packets, error, decoder }: Outcome, features: Features): void {
    const side = (decoder.version ?? 0) * 2 + (receives === 'from-client' ? 0 : 1);
    let last = 0;
    for (const packet of packets) {
      const kind = both(side, templateOf(packet.kind));
      features.note(both(last, kind));
      last = kind;
      if ('properties' in packet) noteProperties(packet.properties, kind, features);
      if (packet.kind === 'publish') features.note(both(kind, packet.qos * 4 + (packet.topic === '' ? 1 : 0)));
      if (packet.kind === 'connect')
        features.note(both(kind, packet.version * 2 + (packet.will === undefined ? 0 : 1)));
      if ('reasonCode' in packet) features.note(both(kind, 0x100 + packet.reasonCode));
    }
    if (error !== undefined) features.note(both(side, templateOf(error.message)));
  }
}

function noteProperties(properties: object, base: number, features: Features): void {
  for (const [name, value] of Object.entries(properties) as Iterable<[string, unknown]>) {
    if (value === undefined) continue;
    if (Array.isArray(value)) features.note(both(base, both(templateOf(name), Math.min(4, value.length))));
    else features.note(both(base, templateOf(name)));
  }
}

/**
 * In pieces the same rule is found broken, at the same packet. What a stranger's first bytes are taken for depends on how many of
 * them are there to tell.
 */
function checkSameError(error: ProtocolError, whole: Outcome, count: number, stream: Uint8Array): void {
  const { error: atOnce, packets, decoder } = whole;
  const isStranger = decoder.version === undefined && stream[0] !== CONNECT_FIRST_BYTE;
  const isSameRule = isStranger || (atOnce?.kind === error.kind && atOnce.statement === error.statement);
  expect(
    atOnce !== undefined && isSameRule && count === packets.length,
    SPLIT,
    () => `in pieces after ${count} packets: ${error.message}; at once after ${packets.length}: ${atOnce?.message}`,
  );
}

function nextOf(decoder: Decoder): Packet | undefined {
  try {
    return decoder.next();
  } catch (error) {
    throw new Escape(AGAIN, 'what was encoded cannot be decoded', { cause: error });
  }
}

function say(packet: Packet | undefined): string {
  return JSON.stringify(packet);
}
