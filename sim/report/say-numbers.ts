// Counts, rates and spans of time, as people read them.

/** A count of something: `1 seed`, `12,000 seeds`. */
export function sayCount(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** With commas between thousands. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** In at most five characters: `17`, `9999`, `12k`, `1.2M`. */
export function brief(count: number): string {
  if (count < 10_000) return `${count}`;
  if (count < 1_000_000) return `${Math.floor(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(count < 10_000_000 ? 1 : 0)}M`;
}

/** A span of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `12 d 3 h`. */
export function saySpan(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
