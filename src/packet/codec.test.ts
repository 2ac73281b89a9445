import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteWriter } from '../base/byte-writer.ts';
import { encodePacket, packetSize } from './encode.ts';
import { ProtocolError } from './protocol-error.ts';
import { VECTORS } from './vectors.arbitrary.ts';
import { decodeAll, decodeInPieces, decoderFor } from './wire.arbitrary.ts';

describe('every packet, in every version and form', () => {
  for (const vector of VECTORS) {
    test(`${vector.name} is decoded`, () => {
      assert.deepEqual(decodeAll(vector.bytes, vector), [vector.packet]);
    });

    test(`${vector.name} is decoded byte by byte`, () => {
      assert.deepEqual(decodeInPieces(vector.bytes, [1], vector), [vector.packet]);
    });

    if (vector.decodeOnly) continue;
    test(`${vector.name} is encoded to the same bytes, and its size told beforehand`, () => {
      const writer = new ByteWriter();
      encodePacket(writer, vector.packet, vector.version);
      assert.deepEqual(writer.bytes.slice(0, writer.position), vector.bytes);
      assert.equal(packetSize(vector.packet, vector.version), vector.bytes.length);
    });
  }
});

test('a CONNECT is understood by a decoder that does not know the version yet, and tells it', () => {
  for (const { packet, bytes } of VECTORS) {
    if (packet.kind !== 'connect') continue;
    const decoder = decoderFor({ version: undefined, receives: 'from-client' });
    decoder.push(bytes, 0, bytes.length);
    assert.deepEqual(decoder.next(), packet);
    assert.equal(decoder.version, packet.version);
  }
});

test('a packet that is cut short gives no packet and no error', () => {
  for (const vector of VECTORS) {
    for (let length = 0; length < vector.bytes.length; length++) {
      const decoder = decoderFor(vector);
      decoder.push(vector.bytes, 0, length);
      assert.equal(decoder.next(), undefined, `${vector.name}, ${length} bytes`);
      assert.equal(decoder.waitingBytes, length);
    }
  }
});

test('a packet whose Remaining Length ends it early is a ProtocolError or another packet, and nothing else', () => {
  for (const vector of VECTORS) {
    for (let length = 0; length < vector.bytes.length - 2; length++) {
      const bytes = vector.bytes.slice(0, 2 + length);
      bytes[1] = length;
      try {
        assert.equal(decodeAll(bytes, vector).length, 1, vector.name);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, `${vector.name}, ${length} bytes: ${String(error)}`);
      }
    }
  }
});

test('one byte too many inside a packet is a malformed packet, but for those that end in a list or a payload', () => {
  const endsOpen = new Set(['publish', 'suback', 'unsuback', 'subscribe', 'unsubscribe']);
  for (const vector of VECTORS) {
    if (endsOpen.has(vector.packet.kind)) continue;
    const bytes = Uint8Array.from([...vector.bytes, 0x7f]);
    bytes[1] = (vector.bytes[1] as number) + 1;
    assert.throws(() => decodeAll(bytes, vector), { name: 'ProtocolError' }, vector.name);
  }
});
