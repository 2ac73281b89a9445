// Moments as strftime(3) shows them, in local time and English: what follows an @ in the formats of mosquitto_sub. One table, a row a
// letter; a letter that is not in it has no meaning here. Rows that are others put together are written as those.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAY_MILLIS = 86_400_000;

const LETTERS: ReadonlyMap<string, string | ((now: Date) => string)> = new Map<
  string,
  string | ((now: Date) => string)
>([
  ['a', (now) => dayName(now).slice(0, 3)],
  ['A', dayName],
  ['b', (now) => monthName(now).slice(0, 3)],
  ['B', monthName],
  ['c', 'a b e T Y'],
  ['C', (now) => digits(Math.floor(now.getFullYear() / 100), 2)],
  ['d', (now) => digits(now.getDate(), 2)],
  ['D', 'm/d/y'],
  ['e', (now) => String(now.getDate()).padStart(2)],
  ['F', 'Y-m-d'],
  ['H', (now) => digits(now.getHours(), 2)],
  ['I', (now) => digits(hourOfHalf(now), 2)],
  ['j', (now) => digits(dayOfYear(now) + 1, 3)],
  ['k', (now) => String(now.getHours()).padStart(2)],
  ['l', (now) => String(hourOfHalf(now)).padStart(2)],
  ['m', (now) => digits(now.getMonth() + 1, 2)],
  ['M', (now) => digits(now.getMinutes(), 2)],
  ['n', () => '\n'],
  ['N', (now) => `${digits(now.getMilliseconds(), 3)}000000`],
  ['p', (now) => (now.getHours() < 12 ? 'AM' : 'PM')],
  ['r', 'I:M:S p'],
  ['R', 'H:M'],
  ['s', (now) => String(Math.floor(now.getTime() / 1000))],
  ['S', (now) => digits(now.getSeconds(), 2)],
  ['t', () => '\t'],
  ['T', 'H:M:S'],
  ['u', (now) => String(now.getDay() === 0 ? 7 : now.getDay())],
  ['U', (now) => digits(Math.floor((dayOfYear(now) + 7 - now.getDay()) / 7), 2)],
  ['w', (now) => String(now.getDay())],
  ['W', (now) => digits(Math.floor((dayOfYear(now) + 7 - ((now.getDay() + 6) % 7)) / 7), 2)],
  ['x', 'm/d/y'],
  ['X', 'H:M:S'],
  ['y', (now) => digits(now.getFullYear() % 100, 2)],
  ['Y', (now) => String(now.getFullYear())],
  ['z', offset],
]);

/** The letters that mean something. */
export const TIME_LETTERS: readonly string[] = [...LETTERS.keys()];

/** What a letter shows of a moment. `N`, nanoseconds, is none of strftime's; its last six digits are always 0. */
export function timePart(letter: string, now: Date): string {
  const row = LETTERS.get(letter) ?? '';
  if (typeof row === 'function') return row(now);
  return row.replaceAll(/[A-Za-z]/g, (part) => timePart(part, now));
}

/** How far local time is from UTC: `+0100`. */
function offset(now: Date): string {
  const minutes = -now.getTimezoneOffset();
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `${minutes < 0 ? '-' : '+'}${digits(hours, 2)}${digits(Math.abs(minutes) % 60, 2)}`;
}

function dayName(now: Date): string {
  return DAYS[now.getDay()] ?? '';
}

function monthName(now: Date): string {
  return MONTHS[now.getMonth()] ?? '';
}

/** 12 for midnight and for noon. */
function hourOfHalf(now: Date): number {
  return ((now.getHours() + 11) % 12) + 1;
}

/** 0 for the first of January. */
function dayOfYear(now: Date): number {
  const day = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  return Math.round((day - Date.UTC(now.getFullYear(), 0, 1)) / DAY_MILLIS);
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
