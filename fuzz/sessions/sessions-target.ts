// Sessions of two senders with the real broker, both made of bytes that are mutated together, beside a client that keeps the
// rules. What must hold is said where it is looked at: in play.ts, model-client.ts, watch.ts and wire.ts.

import { PacketType } from '../../src/packet/packet-type.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import type { Chance } from '../engine/chance.ts';
import type { Target } from '../engine/target.ts';
import { Draft } from '../packets/draft.ts';
import { mutatePackets } from '../packets/mutate-packets.ts';
import { anyVersion } from '../packets/ordinary.ts';
import { simplerPackets } from '../packets/simpler-packets.ts';
import { play } from './play.ts';
import {
  hasBytes,
  parseProgram,
  type Program,
  sayProgram,
  STEP_KINDS,
  type Step,
  SWITCHES,
  writeProgram,
} from './program.ts';
import { ordinaryProgram, ordinarySteps, SESSIONS_SEEDS } from './sessions-seeds.ts';
import { type MakeBroker, makeBroker } from './stage.ts';

/** Longer programs take longer and show nothing that shorter ones do not. */
const PROGRAM_BYTES_MAX = 1_500;

/** Two-sender sessions as a target. @param make  Makes the broker that is looked at; controls hand in others. */
export function sessionsTarget(make: MakeBroker = makeBroker): Target {
  const draft = new Draft();
  return {
    name: 'sessions',
    seeds: SESSIONS_SEEDS,
    batch: 512,
    counted: 2_000,
    hangMillis: 20_000,
    execute: (input, features) => play(input, make, features),
    mutate: (input, other, chance) => {
      if (chance.oneIn(12)) return ordinaryProgram(chance.below(SWITCHES), chance);
      const program = parseProgram(input);
      const steps = Array.from(program.steps);
      for (let changes = 1 + chance.below(3); changes > 0; changes--) change(steps, parseProgram(other), draft, chance);
      const changed = writeProgram({ ...program, steps });
      if (chance.oneIn(16)) changed[0] = chance.below(SWITCHES);
      return changed.length > PROGRAM_BYTES_MAX ? changed.slice(0, PROGRAM_BYTES_MAX) : changed;
    },
    simpler,
    describe: (input) => sayProgram(parseProgram(input)),
  };
}

/** Changes one step, or the order of them. */
function change(steps: Step[], other: Program, draft: Draft, chance: Chance): void {
  const at = chance.below(steps.length);
  const step = steps[at];
  if (step === undefined) {
    steps.push(...other.steps);
    return;
  }
  switch (chance.below(12)) {
    case 0:
      steps.splice(at, 1 + chance.below(2));
      return;
    case 1:
      steps.splice(chance.below(steps.length + 1), 0, step);
      return;
    case 2: {
      const from = chance.below(other.steps.length);
      steps.splice(at, 0, ...other.steps.slice(from, from + 1 + chance.below(4)));
      return;
    }
    case 3: {
      const sender = chance.below(2) as 0 | 1;
      steps.splice(
        at + 1,
        0,
        ...ordinarySteps(sender, versionOf(steps, sender) ?? anyVersion(chance), !chance.oneIn(3), chance),
      );
      return;
    }
    case 4:
      steps[at] = { ...step, sender: step.sender === 0 ? 1 : 0 };
      return;
    case 5:
      steps[at] = { ...step, argument: chance.below(16) };
      return;
    case 6:
      if (hasBytes(step.kind)) splitStep(steps, at, step, chance);
      else steps[at] = { ...step, kind: chance.pick(STEP_KINDS) };
      return;
    default:
      changeBytes(steps, at, other, draft, chance);
  }
}

/** What is sent at once is sent at twice, and something else may come between. */
function splitStep(steps: Step[], at: number, step: Step, chance: Chance): void {
  const cut = chance.below(step.bytes.length + 1);
  steps.splice(at, 1, { ...step, bytes: step.bytes.subarray(0, cut) }, { ...step, bytes: step.bytes.subarray(cut) });
}

/** Changes the packets of a step that sends some. */
function changeBytes(steps: Step[], from: number, other: Program, draft: Draft, chance: Chance): void {
  const at = steps.findIndex(({ bytes }, index) => index >= from && bytes.length > 0);
  const step = steps[at];
  if (step === undefined) return;
  const strangers = other.steps.filter(({ bytes }) => bytes.length > 0);
  const stranger = strangers.length === 0 ? step.bytes : chance.pick(strangers).bytes;
  draft.load(step.bytes);
  mutatePackets(draft, 0, versionOf(steps.slice(0, at + 1), step.sender) ?? 5, stranger, chance);
  steps[at] = { ...step, bytes: draft.take() };
}

/** What the sender speaks after these steps, by the level of its last CONNECT. */
function versionOf(steps: readonly Step[], sender: 0 | 1): ProtocolVersion | undefined {
  const connect = steps.findLast(
    (step) => step.sender === sender && (step.bytes[0] ?? 0) >>> 4 === PacketType.connect && step.bytes.length > 8,
  );
  if (connect === undefined) return undefined;
  const level = connect.bytes[connect.bytes[3] === 6 ? 10 : 8];
  return level === 5 ? 5 : level === 4 ? 4 : 3;
}

/** Without steps, with fewer switches, with shorter or plainer bytes. */
function* simpler(input: Uint8Array): Generator<Uint8Array> {
  const program = parseProgram(input);
  const { steps } = program;
  for (let size = steps.length; size > 0; size >>>= 1) {
    for (let at = 0; at + size <= steps.length; at += size)
      yield writeProgram({ ...program, steps: [...steps.slice(0, at), ...steps.slice(at + size)] });
  }
  for (let bit = 1; bit < SWITCHES; bit <<= 1) {
    if (((input[0] ?? 0) & bit) === 0) continue;
    const without = input.slice();
    without[0] = (input[0] ?? 0) & ~bit;
    yield without;
  }
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'send-in-pieces')
      yield writeProgram({ ...program, steps: steps.with(at, { ...step, kind: 'send' }) });
    for (const bytes of simplerPackets(step.bytes, 0, versionOf(steps.slice(0, at + 1), step.sender) ?? 5))
      yield writeProgram({ ...program, steps: steps.with(at, { ...step, bytes }) });
  }
}
