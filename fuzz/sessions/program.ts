// An input of the session fuzzer: a program for two senders. One byte of switches, then steps: a byte that says what is
// done and who does it, and for bytes that are sent, two bytes of length and the bytes. Every run of bytes is a program;
// what is cut short ends where it is cut.

/** What a step does. */
export const STEP_KINDS = [
  'send',
  'send-in-pieces',
  'answer',
  'pass-time',
  'leave',
  'dial',
  'stop-reading',
  'commit',
] as const;

/** What a step does. */
export type StepKind = (typeof STEP_KINDS)[number];

/** One step. */
export interface Step {
  readonly kind: StepKind;
  /** 0: the publisher; 1: the subscriber. Either may send anything. */
  readonly sender: 0 | 1;
  /** From 0 to 15; what it means depends on the kind. */
  readonly argument: number;
  /** Empty unless something is sent. */
  readonly bytes: Uint8Array;
}

/** How the broker and its company are set up. */
export interface Switches {
  /** The model client speaks 3.1.1 instead of 5.0. */
  readonly isModelOld: boolean;
  /** The store makes changes durable late: when a step says so, and now and then. */
  readonly isStoreLate: boolean;
  /** Every bound that a client can reach soon is low. */
  readonly isTight: boolean;
  /** There is an Authorizer that refuses something. */
  readonly isGuarded: boolean;
  /** The broker is closed when the steps are done, and another one goes on with its store. */
  readonly isRestarted: boolean;
}

/** How many different switches there are. */
export const SWITCHES = 32;

/** What two senders do. */
export interface Program {
  readonly switches: Switches;
  readonly steps: readonly Step[];
}

const STEPS_MAX = 40;
const NO_BYTES = new Uint8Array(0);

/** Reads a program; steps past the limit are not done. */
export function parseProgram(input: Uint8Array): Program {
  const first = input[0] ?? 0;
  const steps: Step[] = [];
  for (let at = 1; at < input.length && steps.length < STEPS_MAX; ) {
    const byte = input[at++] as number;
    const kind = STEP_KINDS[byte & 7] ?? 'send';
    const length = hasBytes(kind) ? ((input[at] ?? 0) << 8) | (input[at + 1] ?? 0) : 0;
    const start = hasBytes(kind) ? at + 2 : at;
    const bytes = length === 0 ? NO_BYTES : input.subarray(start, start + length);
    steps.push({ kind, sender: (byte & 8) === 0 ? 0 : 1, argument: byte >>> 4, bytes });
    at = start + length;
  }
  return {
    switches: {
      isModelOld: (first & 1) !== 0,
      isStoreLate: (first & 2) !== 0,
      isTight: (first & 4) !== 0,
      isGuarded: (first & 8) !== 0,
      isRestarted: (first & 16) !== 0,
    },
    steps,
  };
}

/** Writes a program. */
export function writeProgram({ switches, steps }: Program): Uint8Array {
  const { isModelOld, isStoreLate, isTight, isGuarded, isRestarted } = switches;
  const bits = [isModelOld, isStoreLate, isTight, isGuarded, isRestarted];
  const first = bits.reduce((sum, isOn, bit) => sum | (isOn ? 1 << bit : 0), 0);
  const size = steps.reduce((sum, { kind, bytes }) => sum + 1 + (hasBytes(kind) ? 2 + bytes.length : 0), 1);
  const input = new Uint8Array(size);
  input[0] = first;
  let at = 1;
  for (const { kind, sender, argument, bytes } of steps) {
    input[at++] = STEP_KINDS.indexOf(kind) | (sender << 3) | (argument << 4);
    if (!hasBytes(kind)) continue;
    input[at] = bytes.length >>> 8;
    input[at + 1] = bytes.length;
    input.set(bytes, at + 2);
    at += 2 + bytes.length;
  }
  return input;
}

/** A program for people, a line a step. */
export function sayProgram({ switches, steps }: Program): string {
  const on = Object.entries<boolean>({ ...switches }).flatMap(([name, isOn]) => (isOn ? [name] : []));
  const lines = steps.map(({ kind, sender, argument, bytes }) => {
    const who = sender === 0 ? 'publisher ' : 'subscriber';
    return `  ${who} ${kind} ${argument} ${Buffer.from(bytes).toString('hex')}`.trimEnd();
  });
  return [`switches: ${on.join(', ') || 'none'}`, ...lines].join('\n');
}

/** Whether a step of this kind has bytes. */
export function hasBytes(kind: StepKind): boolean {
  return kind === 'send' || kind === 'send-in-pieces';
}
