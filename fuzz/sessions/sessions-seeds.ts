// Programs to begin with: two clients that connect, subscribe and publish as clients do, answer what they get, leave and
// come back; every pair of switches is among them.

import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import { Chance } from '../engine/chance.ts';
import { anyVersion, bytesOf, ordinaryConnect, ordinaryPacket, ordinarySubscribe } from '../packets/ordinary.ts';
import { parseProgram, type Step, type StepKind, SWITCHES, writeProgram } from './program.ts';

const SEEDS = 192;
const CLIENT_IDS = ['p', 's'] as const;
const NO_BYTES = new Uint8Array(0);

/** Programs without anything wrong in them. */
export const SESSIONS_SEEDS: readonly Uint8Array[] = Array.from({ length: SEEDS }, (_, at) =>
  ordinaryProgram(at % SWITCHES, new Chance(at)),
);

/** Two clients and a few steps of theirs. @param switches  As in the first byte of a program. */
export function ordinaryProgram(switches: number, chance: Chance): Uint8Array {
  const versions = [anyVersion(chance), anyVersion(chance)] as const;
  const isLasting = !chance.oneIn(3);
  const steps: Step[] = [
    connectStep(0, versions[0], isLasting, chance),
    connectStep(1, versions[1], isLasting, chance),
  ];
  steps.push(send(1, bytesOf([ordinarySubscribe(versions[1], chance)], versions[1])));
  for (let count = 3 + chance.below(9); count > 0; count--) {
    const sender = chance.below(2) as 0 | 1;
    steps.push(...ordinarySteps(sender, versions[sender], isLasting, chance));
  }
  const program = writeProgram({ ...parseProgram(new Uint8Array(0)), steps });
  program[0] = switches;
  return program;
}

/** What a client does next. @param isLasting  Whether it mostly comes back to the session that it had. */
export function ordinarySteps(
  sender: 0 | 1,
  version: ProtocolVersion,
  isLasting: boolean,
  chance: Chance,
): readonly Step[] {
  switch (chance.below(12)) {
    case 0:
    case 1:
      return [plain('answer', sender, chance.pick([0, 1, 15]))];
    case 2:
      return [plain('pass-time', sender, chance.below(16))];
    case 3:
    case 4:
      return [
        ...(chance.oneIn(2) ? [plain('leave', sender, chance.below(16))] : []),
        plain('dial', sender, 0),
        connectStep(sender, chance.oneIn(6) ? anyVersion(chance) : version, isLasting, chance),
      ];
    case 5:
      return [plain(chance.pick(['stop-reading', 'commit', 'leave']), sender, chance.below(16))];
    default: {
      const packets = Array.from({ length: 1 + chance.below(3) }, () => ordinaryPacket(version, chance));
      return [send(sender, bytesOf(packets, version))];
    }
  }
}

function connectStep(sender: 0 | 1, version: ProtocolVersion, isLasting: boolean, chance: Chance): Step {
  return send(sender, bytesOf([ordinaryConnect(version, CLIENT_IDS[sender], isLasting, chance)], version));
}

function send(sender: 0 | 1, bytes: Uint8Array): Step {
  return { kind: 'send', sender, argument: 0, bytes };
}

function plain(kind: StepKind, sender: 0 | 1, argument: number): Step {
  return { kind, sender, argument, bytes: NO_BYTES };
}
