import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { VECTORS } from '../../src/packet/vectors.arbitrary.ts';
import { decodeAll, hex } from '../../src/packet/wire.arbitrary.ts';
import { Chance } from '../engine/chance.ts';
import { Draft } from './draft.ts';
import { framesOf, propertiesAt, readVariableInteger, variableInteger } from './frames.ts';
import { mutatePackets } from './mutate-packets.ts';
import { anyVersion, bytesOf, ordinaryConnect, ordinaryPacket } from './ordinary.ts';
import { simplerPackets } from './simpler-packets.ts';

test('packets are found where their headers say that they are', () => {
  const bytes = hex('c0 00  30 05 00 01 "a" 00 "x"  e0 00');
  assert.deepEqual(
    framesOf(bytes, 0, bytes.length).map(({ start, bodyStart, end }) => [start, bodyStart, end]),
    [
      [0, 2, 2],
      [2, 4, 9],
      [9, 11, 11],
    ],
  );
  // A header that promises more than there is.
  assert.equal(framesOf(hex('30 ff 7f 00'), 0, 4)[0]?.end, 3 + 16_383);
});

test('the Property Length of every vector of MQTT 5.0 with properties stands where it is looked for', () => {
  const isSet = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);
  const withProperties = VECTORS.filter(
    ({ version, packet }) =>
      version === 5 && 'properties' in packet && Object.values({ ...packet.properties }).some((value) => isSet(value)),
  );
  assert.ok(withProperties.length > 5);
  for (const { bytes, name } of withProperties) {
    const [frame] = framesOf(bytes, 0, bytes.length);
    assert.ok(frame !== undefined);
    const at = propertiesAt(bytes, frame, 5);
    assert.ok(at !== undefined && at < frame.end, name);
    const { value, width } = readVariableInteger(bytes, at, bytes.length);
    assert.ok(value > 0 && at + width + value <= frame.end, name);
  }
});

test('a Variable Byte Integer is read as it was written', () => {
  for (const value of [0, 1, 127, 128, 16_383, 16_384, 268_435_455]) {
    const bytes = variableInteger(value);
    assert.deepEqual(readVariableInteger(bytes, 0, bytes.length), { value, width: bytes.length });
  }
});

test('ordinary packets break no rule', () => {
  const chance = new Chance(1);
  for (let i = 0; i < 500; i++) {
    const version: ProtocolVersion = anyVersion(chance);
    const packets = [ordinaryConnect(version, 'c', chance.oneIn(2), chance), ordinaryPacket(version, chance)];
    const came = decodeAll(bytesOf(packets, version), { version: undefined, receives: 'from-client' });
    assert.deepEqual(
      came.map(({ kind }) => kind),
      packets.map(({ kind }) => kind),
    );
  }
});

test('a mutation leaves the other packets of a draft, and the draft within its bounds', () => {
  const chance = new Chance(1);
  const draft = new Draft();
  for (let i = 0; i < 5_000; i++) {
    const [some, other] = [chance.pick(VECTORS), chance.pick(VECTORS)];
    draft.load(some.bytes);
    for (let changes = 0; changes < 20; changes++) mutatePackets(draft, 0, some.version, other.bytes, chance);
    assert.ok(draft.length >= 0 && draft.length <= draft.bytes.length);
  }
});

test('a simpler form of packets is smaller, or has more zeros', () => {
  const weight = (bytes: Uint8Array): number => bytes.length * 1_000 + bytes.filter((byte) => byte !== 0).length;
  for (const { bytes, version, name } of VECTORS) {
    for (const simpler of simplerPackets(bytes, 0, version)) assert.ok(weight(simpler) < weight(bytes), name);
  }
});
