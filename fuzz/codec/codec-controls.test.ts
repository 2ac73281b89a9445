// Decoders with a bug planted in each, which the fuzzer must find, and say which claim it refutes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type DecoderOptions, PacketDecoder } from '../../src/packet/decoder.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { hunt } from '../engine/hunt.fixture.ts';
import { sayInput } from '../engine/input-file.ts';
import { codecTarget, type Decoder } from './codec-target.ts';

const EXECUTIONS_MAX = 150_000;
const SEED = 7;
/** A minimised input has no more than its two bytes and one small packet or two. */
const BYTES_MAX = 90;

/** A decoder in which packets are changed, or bytes are lost, on their way. */
function brokenDecoder(
  options: DecoderOptions,
  bug: {
    readonly onPacket?: (packet: Packet) => Packet;
    readonly onPush?: (bytes: Uint8Array, waiting: number) => number;
  },
): Decoder {
  const decoder = new PacketDecoder(options);
  return {
    get version() {
      return decoder.version;
    },
    get waitingBytes() {
      return decoder.waitingBytes;
    },
    push: (bytes, start, end) =>
      decoder.push(bytes, start, end - (bug.onPush?.(bytes.subarray(start, end), decoder.waitingBytes) ?? 0)),
    next: () => {
      const packet = decoder.next();
      return packet === undefined ? undefined : (bug.onPacket?.(packet) ?? packet);
    },
    keep: () => decoder.keep(),
  };
}

/** Claims that the fuzzer finds a bug, and what it says about it. */
function finds(bug: string, claim: RegExp, create: (options: DecoderOptions) => Decoder): void {
  test(`the fuzzer finds a decoder that ${bug}`, async () => {
    const caught = await hunt(codecTarget(create), SEED, EXECUTIONS_MAX);
    assert.ok(caught !== undefined, `nothing was found with seed ${SEED}`);
    assert.match(caught.claim, claim);
    assert.ok(caught.input.length <= BYTES_MAX, `not minimised: ${sayInput(caught.input)}`);
  });
}

finds('throws what is no ProtocolError', /^no TypeError comes out/, (options) =>
  brokenDecoder(options, {
    onPacket: (packet) => {
      if (packet.kind === 'publish' && packet.properties.userProperties.length > 2) throw new TypeError('planted');
      return packet;
    },
  }),
);

finds('loses a byte when a long packet is split behind its first byte', /^the same comes out/, (options) =>
  brokenDecoder(options, {
    onPush: (bytes, waiting) => (waiting === 1 && bytes.length > 4 && (bytes[0] ?? 0) > 127 ? 1 : 0),
  }),
);

finds('takes a reason code that its packet must not carry', /^a decoded packet keeps the rules/, (options) =>
  brokenDecoder(options, {
    onPacket: (packet) =>
      (packet.kind === 'puback' || packet.kind === 'pubrec') && packet.reasonCode > 0x80
        ? { ...packet, reasonCode: 0x81 }
        : packet,
  }),
);

finds('takes a wildcard in a Will Topic', /^a decoded packet keeps the rules/, (options) =>
  brokenDecoder(options, {
    onPacket: (packet) =>
      packet.kind === 'connect' && packet.will?.retain === true && packet.will.properties.contentType !== undefined
        ? { ...packet, will: { ...packet.will, topic: '#' } }
        : packet,
  }),
);

finds('reads a number other than the one that was written', /^what was decoded can be encoded/, (options) =>
  brokenDecoder(options, {
    onPacket: (packet) => {
      const { subscriptionIdentifier = 0 } = packet.kind === 'subscribe' ? packet.properties : {};
      if (packet.kind !== 'subscribe' || subscriptionIdentifier < 2_097_152) return packet;
      return {
        ...packet,
        properties: { ...packet.properties, subscriptionIdentifier: subscriptionIdentifier ^ 1 },
      };
    },
  }),
);

finds('allocates what a header promises', /^memory grows with what came/, (options) => {
  const hoard: Uint8Array[] = [];
  return brokenDecoder(options, {
    onPush: (bytes, waiting) => {
      if (waiting === 1 && (bytes[0] ?? 0) > 127) hoard.push(new Uint8Array(1_000_000));
      return 0;
    },
  });
});

test('the fuzzer finds nothing wrong with a decoder that is right', async () => {
  const caught = await hunt(codecTarget(), SEED, 20_000);
  assert.equal(caught?.error, undefined);
});
