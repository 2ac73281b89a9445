// Words of the protocol for mutators to put in: properties with all kinds of values, texts that mean something
// to a broker, texts that are none, and numbers at which something changes.

import { PROPERTY_ROWS, PropertyOwner, type PropertyRow, USER_PROPERTY } from '../../src/packet/property-codec.ts';
import { Reason } from '../../src/packet/reason-codes.ts';
import type { Chance } from '../engine/chance.ts';
import { variableInteger } from './frames.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Topics and filters by which the clients of a session meet each other, and some that are none. */
export const TOPIC_WORDS: readonly string[] = ['a', 'a/b', 'b', '/', '$x', 'a/b/c', 'model/0'];
/** Filters, besides. */
export const FILTER_WORDS: readonly string[] = [
  '#',
  ...TOPIC_WORDS,
  '+',
  'a/+',
  'a/#',
  '+/b',
  '$x/#',
  '$share/g/a',
  '$share/g/#',
  '$share/h/a/+',
  '$share/g/model/+',
];

/** What may stand where a text is expected. */
const TEXTS: readonly Uint8Array[] = [
  ...[
    ...FILTER_WORDS,
    '',
    '$share/g/',
    '$share//a',
    '#/a',
    'a#',
    '\u{feff}',
    'ä',
    '😀',
    '\u0001',
    '\u007f',
    'MQTT',
  ].map(utf8),
  utf8('MQIsdp'),
  utf8('ab'.repeat(40)),
  Uint8Array.of(0), // U+0000.
  Uint8Array.of(0xed, 0xa0, 0x80), // A surrogate.
  Uint8Array.of(0xc0, 0xaf), // An overlong slash.
  Uint8Array.of(0xf4, 0x90, 0x80, 0x80), // Above U+10FFFF.
  Uint8Array.of(0xef, 0xbf, 0xbf), // U+FFFF, which is no character.
  Uint8Array.of(0xe2, 0x82), // Cut short.
];

/** Where flags, lengths and codes begin and end, and all Reason Codes. */
const BYTES: readonly number[] = [
  0,
  1,
  2,
  3,
  4,
  0x0b,
  0x10,
  0x26,
  0x7f,
  0x80,
  0x81,
  0x92,
  0xfe,
  0xff,
  ...Object.values(Reason),
];
const WORDS = [0, 1, 2, 3, 10, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff] as const;
const LONG_WORDS = [0, 1, 2, 60, 1_000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff] as const;
const LENGTHS = [0, 1, 2, 127, 128, 16_383, 16_384, 65_536, 2_097_151, 2_097_152, 268_435_455] as const;
/** Variable Byte Integers in more bytes than they need, or than there may be. */
const BAD_LENGTHS: readonly Uint8Array[] = [
  Uint8Array.of(0x80, 0),
  Uint8Array.of(0x81, 0),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0x80, 0x80, 0x80, 0x01),
];

/** A byte at which something changes, or any. */
export function anyByte(chance: Chance): number {
  return chance.oneIn(3) ? chance.bits() & 255 : chance.pick(BYTES);
}

/** A Two Byte Integer at which something changes. */
export function anyU16(chance: Chance): number {
  return chance.oneIn(4) ? chance.below(40) : chance.pick(WORDS);
}

/** A Variable Byte Integer, good or bad. */
export function anyLength(chance: Chance): Uint8Array {
  return chance.oneIn(3) ? chance.pick(BAD_LENGTHS) : variableInteger(chance.pick(LENGTHS));
}

/** A run of bytes that means something somewhere. */
export function anyToken(chance: Chance): Uint8Array {
  switch (chance.below(4)) {
    case 0:
      return prefixed(chance.pick(TEXTS));
    case 1:
      return chance.pick(TEXTS);
    case 2:
      return anyLength(chance);
    default:
      return anyProperty(chance);
  }
}

/** One property with its identifier, and a value of its type. @param owner  Which of them mostly; 0: any. */
export function anyProperty(chance: Chance, owner = 0): Uint8Array {
  if (chance.oneIn(5)) return joined(Uint8Array.of(USER_PROPERTY), anyPrefixed(chance), anyPrefixed(chance));
  const rows = chance.oneIn(6) ? PROPERTY_ROWS : (rowsOf(owner) ?? PROPERTY_ROWS);
  const { identifier, kind } = chance.pick(rows);
  const first = Uint8Array.of(chance.oneIn(30) ? anyByte(chance) : identifier);
  switch (kind) {
    case 'byte':
      return joined(first, Uint8Array.of(chance.oneIn(4) ? anyByte(chance) : chance.below(2)));
    case 'two-byte':
      return joined(first, u16(anyU16(chance)));
    case 'four-byte':
      return joined(first, u32(chance.pick(LONG_WORDS)));
    case 'variable-byte':
      return joined(first, chance.oneIn(2) ? variableInteger(1 + chance.below(3)) : anyLength(chance));
    case 'text':
    case 'binary':
      return joined(first, anyPrefixed(chance));
    case 'text-pair':
      return joined(first, anyPrefixed(chance), anyPrefixed(chance));
    default:
      return kind satisfies never;
  }
}

const ROWS_BY_OWNER: ReadonlyMap<number, readonly PropertyRow[]> = new Map(
  Object.values(PropertyOwner).map((owner) => [owner, PROPERTY_ROWS.filter((row) => (row.owners & owner) !== 0)]),
);

/** The properties that an owner may have, besides User Properties; `undefined`: it has no others. */
function rowsOf(owner: number): readonly PropertyRow[] | undefined {
  const rows = ROWS_BY_OWNER.get(owner);
  return rows === undefined || rows.length === 0 ? undefined : rows;
}

function anyPrefixed(chance: Chance): Uint8Array {
  return prefixed(chance.pick(TEXTS));
}

function prefixed(bytes: Uint8Array): Uint8Array {
  return joined(u16(bytes.length), bytes);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 255);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
