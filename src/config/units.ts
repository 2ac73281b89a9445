// Durations and sizes as people write them: `10 s`, `30 days`, `16 MiB`. A plain number is in a unit
// that the caller names. What is printed can be read back and means the same.

const MILLIS_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['second', 1000],
  ['seconds', 1000],
  ['min', 60_000],
  ['minute', 60_000],
  ['minutes', 60_000],
  ['h', 3_600_000],
  ['hour', 3_600_000],
  ['hours', 3_600_000],
  ['d', 86_400_000],
  ['day', 86_400_000],
  ['days', 86_400_000],
]);

const BYTES_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['byte', 1],
  ['bytes', 1],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
]);

/** A number, then perhaps a unit. */
const QUANTITY = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)$/;

/**
 * Reads a duration.
 * @param plainUnitMillis  What a number without a unit counts, in milliseconds.
 * @returns Whole milliseconds; `undefined` when the text is no duration.
 */
export function readDuration(text: string, plainUnitMillis: number): number | undefined {
  return readQuantity(text, MILLIS_BY_UNIT, plainUnitMillis);
}

/**
 * Reads a size; a number without a unit counts bytes.
 * @returns Whole bytes; `undefined` when the text is no size.
 */
export function readSize(text: string): number | undefined {
  return readQuantity(text, BYTES_BY_UNIT, 1);
}

/** A duration in the largest unit that leaves no fraction: `30 days`, `1500 ms`. */
export function showDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0 s';
  const days = milliseconds / 86_400_000;
  if (Number.isInteger(days)) return days === 1 ? '1 day' : `${days} days`;
  for (const unit of ['h', 'min', 's']) {
    const count = milliseconds / (MILLIS_BY_UNIT.get(unit) ?? 1);
    if (Number.isInteger(count)) return `${count} ${unit}`;
  }
  return `${milliseconds} ms`;
}

/** A size in the largest binary unit that leaves no fraction: `16 MiB`, `1000 B`. */
export function showSize(bytes: number): string {
  if (bytes === 0) return '0 B';
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const count = bytes / (BYTES_BY_UNIT.get(unit.toLowerCase()) ?? 1);
    if (Number.isInteger(count)) return `${count} ${unit}`;
  }
  return `${bytes} B`;
}

function readQuantity(text: string, units: ReadonlyMap<string, number>, plainUnit: number): number | undefined {
  const [, digits, unit] = QUANTITY.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const factor = unit === '' ? plainUnit : units.get(unit.toLowerCase());
  if (factor === undefined) return undefined;
  const count = Number(digits) * factor;
  // 0.1 s is 100.00000000000001 ms in floating point; a real fraction of a unit is refused.
  const whole = Math.round(count);
  return Math.abs(count - whole) < 1e-6 && Number.isSafeInteger(whole) ? whole : undefined;
}
