import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../base/byte-writer.ts';
import { encodePacket, encodePublish, packetSize, publishSize } from './encode.ts';
import type { Packet } from './packet.ts';
import { anyTraffic } from './packet.arbitrary.ts';
import { packetId } from './packet-id.ts';
import type { Direction } from './packet-type.ts';
import { ProtocolError } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { VECTORS } from './vectors.arbitrary.ts';
import type { Reception } from './wire.arbitrary.ts';
import { decodeAll, decodeInPieces } from './wire.arbitrary.ts';

const anyReception: fc.Arbitrary<Reception> = fc.oneof(
  fc.record({
    version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
    receives: fc.constantFrom<Direction>('from-client', 'from-server'),
  }),
  fc.constant<Reception>({ version: undefined, receives: 'from-client' }),
);

/** The bytes of a good packet with a few of them changed, and the length in its header put right again or not. */
const anyDamage: fc.Arbitrary<{ readonly bytes: Uint8Array; readonly reception: Reception }> = fc
  .record({
    vector: fc.constantFrom(...VECTORS),
    changes: fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 4 }),
    cut: fc.nat({ max: 120 }),
    isLengthRight: fc.boolean(),
  })
  .map(({ vector, changes, cut, isLengthRight }) => {
    const bytes = vector.bytes.slice(0, Math.max(2, vector.bytes.length - cut));
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    if (isLengthRight) bytes[1] = bytes.length - 2;
    return { bytes, reception: { version: vector.version, receives: vector.receives } };
  });

function encodeAll(packets: readonly Packet[], version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(1));
  for (const packet of packets) {
    const start = writer.position;
    encodePacket(writer, packet, version);
    assert.equal(writer.position - start, packetSize(packet, version));
  }
  return writer.bytes.slice(0, writer.position);
}

/** What came of bytes: the packets, and the error that ended them. */
function outcome(decode: () => Packet[]): { readonly packets: readonly Packet[]; readonly error: string | undefined } {
  try {
    return { packets: decode(), error: undefined };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { packets: [], error: error.message };
  }
}

test('decoding what was encoded gives the packets back, and sizes are told right', () => {
  fc.assert(
    fc.property(anyTraffic, ({ packets, version, receives }) => {
      assert.deepEqual(decodeAll(encodeAll(packets, version), { version, receives }), packets);
    }),
    { numRuns: 1500 },
  );
});

test('any split of the chunks gives the same packets', () => {
  const anySizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3000 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(anyTraffic, anySizes, ({ packets, version, receives }, sizes) => {
      assert.deepEqual(decodeInPieces(encodeAll(packets, version), sizes, { version, receives }), packets);
    }),
    { numRuns: 500 },
  );
});

test('any bytes give packets or a ProtocolError, and the same in pieces', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      anyReception,
      fc.integer({ min: 1, max: 9 }),
      (bytes, reception, size) => {
        const whole = outcome(() => decodeAll(bytes, reception));
        const pieces = outcome(() => decodeInPieces(bytes, [size], reception));
        if (whole.error === undefined) assert.deepEqual(pieces, whole);
        else assert.notEqual(pieces.error, undefined);
      },
    ),
    { numRuns: 3000 },
  );
});

test('a good packet that is damaged gives packets or a ProtocolError', () => {
  fc.assert(
    fc.property(anyDamage, ({ bytes, reception }) => {
      outcome(() => decodeAll(bytes, reception));
    }),
    { numRuns: 5000 },
  );
});

test('what is decoded from damaged bytes can be encoded and decoded again', () => {
  fc.assert(
    fc.property(anyDamage, ({ bytes, reception }) => {
      const { packets } = outcome(() => decodeAll(bytes, reception));
      const version = reception.version ?? 4;
      assert.deepEqual(decodeAll(encodeAll(packets, version), { ...reception, version }), packets);
    }),
    { numRuns: 3000 },
  );
});

test('a PUBLISH that is laid down once and patched is the one that was laid down with that identifier', () => {
  fc.assert(
    fc.property(anyTraffic, fc.integer({ min: 1, max: 65_535 }), ({ packets, version }, id) => {
      for (const packet of packets) {
        if (packet.kind !== 'publish' || packet.qos === 0) continue;
        const form = { ...packet, id: 1, omitTopic: false, expiryInterval: packet.properties.messageExpiryInterval };
        const writer = new ByteWriter(new Uint8Array(1));
        const idAt = encodePublish(writer, version, packet, form);
        assert.equal(publishSize(version, packet, form), writer.position);
        const bytes = writer.bytes.slice(0, writer.position);
        bytes[idAt] = id >>> 8;
        bytes[idAt + 1] = id;
        assert.deepEqual(bytes, encodeAll([{ ...packet, id: packetId(id) }], version));
      }
    }),
    { numRuns: 500 },
  );
});
