// Changes to bytes that are packets, or were: to any bytes, and to one packet with the lengths round the change put
// right again, mostly, so that what was changed is looked at and not only the length that no longer fits.

import { PropertyOwner } from '../../src/packet/property-codec.ts';
import type { ProtocolVersion } from '../../src/packet/protocol-version.ts';
import type { Chance } from '../engine/chance.ts';
import { anyByte, anyLength, anyProperty, anyToken, anyU16 } from './dictionary.ts';
import type { Draft } from './draft.ts';
import {
  type Frame,
  framesOf,
  propertiesAt,
  propertyOwner,
  readVariableInteger,
  variableInteger,
  willPropertiesAt,
} from './frames.ts';

/** The longest run that is copied or removed at once. */
const RUN_MAX = 12;

/**
 * Changes something.
 * @param from     Where the packets begin in the draft.
 * @param version  What they are supposed to be.
 * @param other    Packets to take some from.
 */
export function mutatePackets(
  draft: Draft,
  from: number,
  version: ProtocolVersion,
  other: Uint8Array,
  chance: Chance,
): void {
  const frames = framesOf(draft.bytes, from, draft.length);
  const whole = frames.filter((frame) => frame.end <= draft.length);
  if (whole.length === 0 || chance.oneIn(12)) {
    changeRun(draft, from, draft.length, chance);
    return;
  }
  const frame = chance.pick(whole);
  const at = chance.below(12);
  if (at < 5) mendLength(draft, frame, chance, () => changeRun(draft, frame.bodyStart, frame.end, chance));
  else if (at < 8) changeProperties(draft, frame, version, chance);
  else if (at === 8) changeHeader(draft, frame, chance);
  else changeOrder(draft, frame, other, chance);
}

/** Changes bytes, adds some or takes some away, from `start` to `end`. */
function changeRun(draft: Draft, start: number, end: number, chance: Chance): void {
  const length = end - start;
  const at = start + chance.below(length + 1);
  const isInside = at < end;
  switch (chance.below(8)) {
    case 0:
      if (isInside) draft.bytes[at] = (draft.bytes[at] as number) ^ (1 << chance.below(8));
      return;
    case 1:
      if (isInside) draft.bytes[at] = anyByte(chance);
      return;
    case 2:
      if (at + 2 <= end) draft.setU16(at, anyU16(chance));
      return;
    case 3:
      // A length that is off by a little, or as much as there is.
      if (at + 2 <= end) draft.setU16(at, Math.max(0, end - at - 2 + chance.below(3) - 1));
      return;
    case 4:
      draft.insert(at, Uint8Array.of(anyByte(chance)));
      return;
    case 5:
      draft.insert(at, anyToken(chance));
      return;
    case 6: {
      const count = Math.min(end - at, 1 + chance.below(RUN_MAX));
      draft.remove(at, count);
      return;
    }
    default: {
      const count = Math.min(end - at, 1 + chance.below(RUN_MAX));
      draft.insert(start + chance.below(length + 1), draft.bytes.subarray(at, at + count));
    }
  }
}

/** Adds a property, takes one byte run of them away, or says another length of them. */
function changeProperties(draft: Draft, frame: Frame, version: ProtocolVersion, chance: Chance): void {
  const willAt = chance.oneIn(2) ? willPropertiesAt(draft.bytes, frame) : undefined;
  const at = willAt ?? propertiesAt(draft.bytes, frame, version);
  const owner = willAt === undefined ? propertyOwner(draft.bytes[frame.start] as number) : PropertyOwner.will;
  if (at === undefined || at > frame.end) {
    mendLength(draft, frame, chance, () => changeRun(draft, frame.bodyStart, frame.end, chance));
    return;
  }
  mendLength(draft, frame, chance, () => {
    if (at === frame.end) {
      draft.insert(at, Uint8Array.of(0));
      if (chance.oneIn(4)) return;
    }
    const { value, width } = readVariableInteger(draft.bytes, at, draft.length);
    const start = at + width;
    const end = Math.min(start + value, draft.length);
    if (chance.oneIn(10)) {
      replace(draft, at, width, anyLength(chance));
      return;
    }
    const before = draft.length;
    if (value > 0 && chance.oneIn(3)) changeRun(draft, start, end, chance);
    else insertProperty(draft, chance.oneIn(2) ? start : end, owner, chance);
    const grown = value + draft.length - before;
    if (grown >= 0 && !chance.oneIn(8)) replace(draft, at, width, variableInteger(grown));
  });
}

/** A property, at times more than once. */
function insertProperty(draft: Draft, at: number, owner: number, chance: Chance): void {
  const property = anyProperty(chance, owner);
  for (let times = chance.oneIn(4) ? 1 + chance.below(4) : 1; times > 0; times--) draft.insert(at, property);
}

/** Another type, other flags, another length. */
function changeHeader(draft: Draft, frame: Frame, chance: Chance): void {
  const first = draft.bytes[frame.start] as number;
  const length = frame.end - frame.bodyStart;
  switch (chance.below(4)) {
    case 0:
      draft.bytes[frame.start] = (first & 0xf0) | chance.below(16);
      return;
    case 1:
      draft.bytes[frame.start] = (chance.below(16) << 4) | (first & 0x0f);
      return;
    case 2:
      replace(draft, frame.start + 1, frame.bodyStart - frame.start - 1, anyLength(chance));
      return;
    default:
      setRemainingLength(draft, frame, Math.max(0, length + chance.below(5) - 2));
  }
}

/** Packets come twice, not at all, after others, or from elsewhere. */
function changeOrder(draft: Draft, frame: Frame, other: Uint8Array, chance: Chance): void {
  const strangers = framesOf(other, 0, other.length);
  if (strangers.length > 0 && chance.oneIn(2)) {
    const stranger = chance.pick(strangers);
    draft.insert(chance.oneIn(2) ? frame.start : frame.end, other.subarray(stranger.start, stranger.end));
    return;
  }
  switch (chance.below(4)) {
    case 0:
      draft.remove(frame.start, frame.end - frame.start);
      return;
    case 1:
      draft.length = frame.start + chance.below(frame.end - frame.start);
      return;
    default: {
      const at = chance.oneIn(2) ? frame.end : draft.length;
      draft.insert(at, draft.bytes.subarray(frame.start, frame.end));
    }
  }
}

/** Does something to the body of a packet, and says its new length, mostly. */
function mendLength(draft: Draft, frame: Frame, chance: Chance, change: () => void): void {
  const before = draft.length;
  change();
  const length = frame.end - frame.bodyStart + draft.length - before;
  if (length >= 0 && !chance.oneIn(12)) setRemainingLength(draft, frame, length);
}

function setRemainingLength(draft: Draft, { start, bodyStart }: Frame, length: number): void {
  replace(draft, start + 1, bodyStart - start - 1, variableInteger(length));
}

function replace(draft: Draft, at: number, count: number, bytes: Uint8Array): void {
  draft.remove(at, Math.min(count, draft.length - at));
  draft.insert(at, bytes);
}
