// Packets that end too early: the bytes stop and the network with them, or the Remaining Length says less than
// the packet needs. Whatever it is, only its sender is concerned, and no exception leaves the connection.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { type Vector, VECTORS } from '../../src/packet/vectors.arbitrary.ts';
import { sceneWithBystander } from './bystander.ts';

const VERSIONS = [3, 4, 5] as const;

/** The packets that a client of this version may send. */
function packetsOf(version: ProtocolVersion): readonly Vector[] {
  const sent = VECTORS.filter((vector) => vector.receives === 'from-client');
  // But for CONNECT and for DUP in PUBREL, SUBSCRIBE and UNSUBSCRIBE the packets of 3.1 are those of 3.1.1 as well.
  const isShared = ({ packet, bytes }: Vector): boolean =>
    packet.kind !== 'connect' && (packet.kind === 'publish' || ((bytes[0] ?? 0) & 8) === 0);
  const older = version === 4 ? sent.filter((vector) => vector.version === 3 && isShared(vector)) : [];
  return [...sent.filter((vector) => vector.version === version), ...older];
}

describe('a packet that is cut short with its connection', () => {
  for (const version of VERSIONS) {
    test(`of version ${version}, after any of its bytes, is nobody's concern and no complaint`, async () => {
      const { broker, bystander, complaints, expectUnnoticed } = await sceneWithBystander();
      for (const { name, bytes, packet } of packetsOf(version)) {
        for (let length = 0; length < bytes.length; length++) {
          const isFirst = packet.kind === 'connect';
          const client = isFirst ? broker.dial(version) : broker.connect({ version, clientId: 'culprit' });
          client.sendBytes(bytes.subarray(0, length));
          assert.deepEqual(client.take(), [], `${name} after ${length} bytes`);
          assert.equal(client.ended, 'not yet');
          client.cut();
        }
      }
      assert.deepEqual(bystander.take(), []);
      assert.deepEqual(complaints(), []);
      assert.deepEqual(broker.broker.sizes, { connections: 1, sessions: 1, subscriptions: 1, retained: 0 });
      assert.equal(broker.broker.nextDeadline(), undefined);
      expectUnnoticed();
    });
  }
});

describe('a packet whose Remaining Length ends it early', () => {
  for (const version of VERSIONS) {
    test(`of version ${version}, after any of its bytes, is taken for what it is or ends its own connection`, async () => {
      for (const { name, bytes, packet } of packetsOf(version)) {
        const { broker, bystander, complaints, expectUnnoticed } = await sceneWithBystander();
        const headerLength = (bytes[1] ?? 0) < 128 ? 2 : 3;
        for (let length = 0; length < bytes.length - headerLength && length < 128; length++) {
          const body = bytes.subarray(headerLength, headerLength + length);
          const client =
            packet.kind === 'connect' ? broker.dial(version) : broker.connect({ version, clientId: 'culprit' });
          const before = complaints().length;
          client.sendBytes(Buffer.concat([Uint8Array.of(bytes[0] ?? 0, length), body]));
          const complained = complaints().length - before;
          assert.ok(complained <= 1, `${name} of ${length} bytes: said once`);
          if (complained === 1 && client.ended === 'end' && version === 5 && packet.kind !== 'connect') {
            assert.match(client.said().at(-1) ?? '', /^DISCONNECT 0x(81|82|9[0-9a-f])$/, `${name} of ${length} bytes`);
          }
          client.cut();
        }
        bystander.acknowledgeAll();
        expectUnnoticed();
      }
    });
  }
});

test('no bytes at all that a peer may send, before CONNECT or after, reach anybody else', async () => {
  const chunks = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.constantFrom(...VECTORS), fc.nat(), fc.nat(255))
        .map(([{ bytes }, at, byte]) => bytes.with(at % bytes.length, byte)),
    ),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VERSIONS), fc.boolean(), chunks, async (version, isConnected, pieces) => {
      const { broker, bystander, complaints, expectUnnoticed } = await sceneWithBystander();
      const peer = isConnected ? broker.connect({ version, clientId: 'culprit' }) : broker.dial(version);
      peer.readBytesOnly();
      for (const piece of pieces) peer.sendBytes(piece);
      const ended = peer.ended;
      peer.cut();
      assert.ok(complaints().filter((line) => line.sentence.includes(' was disconnected: ')).length <= 1);
      if (ended === 'end') peer.confirmEnd();
      broker.pass(10_000);
      bystander.acknowledgeAll();
      expectUnnoticed();
    }),
    { numRuns: 300 },
  );
});
