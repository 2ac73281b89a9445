// What the codec is fed first: every vector of src/packet/, alone and twice, as a Server and a Client would receive it, and
// conversations of ordinary packets behind a CONNECT.

import { VECTORS } from '../../src/packet/vectors.arbitrary.ts';
import { Chance } from '../engine/chance.ts';
import { anyVersion, bytesOf, ordinaryConnect, ordinaryPacket } from '../packets/ordinary.ts';
import { receptionByte } from './reception.ts';

const CONVERSATIONS = 60;

/** Inputs of the codec that are good packets. */
export const CODEC_SEEDS: readonly Uint8Array[] = [...vectors(), ...conversations()];

function vectors(): readonly Uint8Array[] {
  return VECTORS.flatMap(({ version, receives, bytes, packet }) => {
    const first = receptionByte(version, receives);
    const opening = receptionByte(undefined, 'from-client');
    const alone = Uint8Array.of(first, 1, ...bytes);
    return packet.kind === 'connect'
      ? [alone, Uint8Array.of(opening, 1, ...bytes)]
      : [alone, Uint8Array.of(first, 2, ...bytes, ...bytes)];
  });
}

function conversations(): readonly Uint8Array[] {
  const chance = new Chance(1);
  return Array.from({ length: CONVERSATIONS }, (_, at) => {
    const version = anyVersion(chance);
    const packets = Array.from({ length: 1 + chance.below(4) }, () => ordinaryPacket(version, chance));
    const bytes = bytesOf([ordinaryConnect(version, 'c', chance.oneIn(2), chance), ...packets], version);
    return Uint8Array.of(receptionByte(undefined, 'from-client'), at, ...bytes);
  });
}
