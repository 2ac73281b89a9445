// What a message of the harness carries: who sent it and the how-manieth it is, so that every copy that arrives anywhere
// can be held against what its publisher remembers. The rest of the payload is filler that follows from the label: a
// payload that was cut short, stretched or mixed up with another is not read as a label.

/** Names one message: its publisher, and its number among that publisher's messages. */
export interface Label {
  readonly publisher: string;
  readonly number: number;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A label as a key of a Map. */
export function labelKey({ publisher, number }: Label): string {
  return `${publisher}#${number}`;
}

/** The payload that carries a label, of this size if the label fits. */
export function labelPayload(label: Label, size: number): Uint8Array {
  const head = headOf(label, size);
  return ENCODER.encode(head + fillerOf(label).repeat(Math.max(0, size - head.length)));
}

/** The label that a payload carries; `undefined`: it is not a payload of the harness as it was sent. */
export function readLabel(payload: Uint8Array): Label | undefined {
  const text = DECODER.decode(payload);
  const [, publisher, number, size] = /^<(\w+)#(\d+) (\d+)>/.exec(text) ?? [];
  if (publisher === undefined) return undefined;
  const label: Label = { publisher, number: Number(number) };
  return DECODER.decode(labelPayload(label, Number(size))) === text ? label : undefined;
}

function headOf(label: Label, size: number): string {
  return `<${labelKey(label)} ${size}>`;
}

/** Neighbours have different ones. */
function fillerOf({ number }: Label): string {
  return String.fromCharCode(97 + (number % 26));
}
