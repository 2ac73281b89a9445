// One row of the schema: everything there is to know about one option. A row reads a raw value (the
// text of a flag or an environment variable, or a scalar of the YAML file) and shows a value in the
// form in which it can be read again. Where a value came from is not its business.

import { readDuration, readSize, showDuration, showSize } from './units.ts';

/** The headings under which help and documentation show options. */
export type Group = 'Listening' | 'Security' | 'Storage' | 'Operation' | 'Logging' | 'Protocol' | 'Limits' | 'Queues';

/** One option, whose value is a `Value`. */
export interface Row<Value> {
  readonly group: Group;
  /** What it is for: sentences with full stops. */
  readonly sentence: string;
  /** What is allowed, after the word "takes": `a whole number from 0 to 65535`. */
  readonly takes: string;
  /** In which units, where that is not plain: `in B, KiB, MiB or GiB; a plain number is bytes`; '' otherwise. */
  readonly units: string;
  /** Stands for the value in the help; `undefined`: a switch. */
  readonly metavar: string | undefined;
  /** The one-letter flag; `undefined`: none. */
  readonly short: string | undefined;
  readonly default: Value;
  /** Words to suggest from when somebody mistypes one; often none. */
  readonly words: readonly string[];
  /** The first version that has the option. */
  readonly since: string;
  /** Reads a raw value; `undefined` when it is not taken. */
  readonly read: (raw: unknown) => Value | undefined;
  /** Whether a value that is already of the right type is within bounds; for callers that write no text. */
  readonly isWithinBounds: (value: Value) => boolean;
  readonly show: (value: Value) => string;
}

/** What every row says of itself. */
export interface RowDescription<Value> {
  readonly group: Group;
  readonly sentence: string;
  readonly default: Value;
  readonly since: string;
  readonly short?: string;
}

/** What a row of a count, duration or size says of itself. */
export interface BoundedDescription<Value> extends RowDescription<Value> {
  /** What 0 means, where it is taken besides what is within the bounds: `no limit`. */
  readonly zero?: string;
}

/** A whole number from `minimum` to `maximum`. */
export function numberRow(
  description: BoundedDescription<number> & { readonly metavar?: string },
  minimum: number,
  maximum: number,
): Row<number> {
  const row = boundedRow(description, minimum, maximum);
  return {
    ...row,
    takes: orZero(`a whole number from ${minimum} to ${maximum}`, description),
    metavar: description.metavar ?? 'COUNT',
    read: (raw) => within(wholeNumber(raw), row),
    show: String,
  };
}

/**
 * A duration from `minimum` to `maximum`; a plain number is seconds.
 * @param unitMillis  The unit of the value, the default and the bounds, in milliseconds: 1 or 1000.
 */
export function durationRow<Value extends number>(
  description: BoundedDescription<Value>,
  minimum: number,
  maximum: number,
  unitMillis: number,
  make: (count: number) => Value,
): Row<Value> {
  const row = boundedRow(description, minimum, maximum);
  const show = (value: number): string => showDuration(value * unitMillis);
  const read = (raw: unknown): Value | undefined => {
    const text = scalarText(raw);
    const milliseconds = text === undefined ? undefined : readDuration(text, 1000);
    if (milliseconds === undefined || milliseconds % unitMillis !== 0) return undefined;
    return within(make(milliseconds / unitMillis), row);
  };
  return {
    ...row,
    takes: orZero(`a duration from ${show(minimum)} to ${show(maximum)}`, description),
    units: 'in ms, s, min, h or days; a plain number is seconds',
    metavar: 'TIME',
    read,
    show,
  };
}

/** A size from `minimum` to `maximum` bytes. */
export function sizeRow(description: BoundedDescription<number>, minimum: number, maximum: number): Row<number> {
  const row = boundedRow(description, minimum, maximum);
  const read = (raw: unknown): number | undefined => {
    const text = scalarText(raw);
    return text === undefined ? undefined : within(readSize(text), row);
  };
  return {
    ...row,
    takes: orZero(`a size from ${showSize(minimum)} to ${showSize(maximum)}`, description),
    units: 'in B, KiB, MiB or GiB; a plain number is bytes',
    metavar: 'SIZE',
    read,
    show: showSize,
  };
}

/** One of a few words. */
export function wordRow<const Word extends string>(
  description: RowDescription<Word> & { readonly metavar: string },
  words: readonly Word[],
): Row<Word> {
  return {
    ...commonOf(description),
    takes: words.length === 1 ? `only ${words[0]} so far` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    metavar: description.metavar,
    words,
    read: (raw) => words.find((word) => word === raw),
    isWithinBounds: (value) => words.includes(value),
    show: (value) => value,
  };
}

/** Yes or no. */
export function switchRow(description: RowDescription<boolean>): Row<boolean> {
  return {
    ...commonOf(description),
    takes: 'true or false',
    metavar: undefined,
    words: ['true', 'false'],
    read: (raw) => (raw === true || raw === 'true' ? true : raw === false || raw === 'false' ? false : undefined),
    isWithinBounds: (value) => typeof value === 'boolean',
    show: String,
  };
}

/** Text of a form that `read` knows. */
export function textRow<Value>(
  description: RowDescription<Value> & { readonly metavar: string; readonly takes: string },
  read: (raw: unknown) => Value | undefined,
  show: (value: Value) => string,
): Row<Value> {
  const { takes, metavar } = description;
  return { ...commonOf(description), takes, metavar, words: [], read, isWithinBounds: () => true, show };
}

function commonOf<Value>(description: RowDescription<Value>) {
  return {
    group: description.group,
    sentence: description.sentence,
    default: description.default,
    units: '',
    since: description.since,
    short: description.short,
  };
}

function boundedRow<Value extends number>(description: BoundedDescription<Value>, minimum: number, maximum: number) {
  const { sentence, zero } = description;
  return {
    ...commonOf(description),
    sentence: zero === undefined ? sentence : `${sentence} 0: ${zero}.`,
    words: [],
    isWithinBounds: (value: Value) =>
      Number.isInteger(value) && ((value >= minimum && value <= maximum) || (value === 0 && zero !== undefined)),
  };
}

/** What is allowed, and 0 if that means something of its own. */
function orZero(takes: string, { zero }: BoundedDescription<number>): string {
  return zero === undefined ? takes : `${takes}, or 0`;
}

function within<Value extends number>(
  count: Value | undefined,
  row: { readonly isWithinBounds: (value: Value) => boolean },
): Value | undefined {
  return count !== undefined && row.isWithinBounds(count) ? count : undefined;
}

function wholeNumber(raw: unknown): number | undefined {
  if (typeof raw === 'number') return Number.isSafeInteger(raw) ? raw : undefined;
  return typeof raw === 'string' && /^[+-]?\d{1,15}$/.test(raw) ? Number(raw) : undefined;
}

function scalarText(raw: unknown): string | undefined {
  if (typeof raw === 'number') return String(raw);
  return typeof raw === 'string' ? raw : undefined;
}
