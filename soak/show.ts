// What was measured, as lines for people.

import { type FloodMeasure, problemsOf } from './verdict.ts';

const MEBIBYTE = 2 ** 20;

/** One flood: what it was, what good clients had to suffer, what it cost, and the verdict. */
export function showFlood(measure: FloodMeasure): readonly string[] {
  const { name, sentence, before, during, echoBefore, echoDuring } = measure;
  const problems = problemsOf(measure);
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const mib = (bytes: number): string => (bytes / MEBIBYTE).toFixed(0);
  const rate = Math.round(measure.count / measure.seconds).toLocaleString('en');
  const memory = [measure.residentBefore, measure.residentPeak, measure.residentAfter].map(mib).join(', ');
  return [
    `${name}: ${sentence}`,
    `  done        ${measure.count.toLocaleString('en')} ${measure.unit}, ${rate} a second, for ${measure.seconds} s`,
    `  p99         ${ms(before.latency.p99)} before, ${ms(during.latency.p99)} during (median ${ms(before.latency.median)}, ${ms(during.latency.median)})`,
    `  an echo     ${ms(echoBefore.p99)} before, ${ms(echoDuring.p99)} during, past the broker`,
    `  the broker  ${measure.coresBefore.toFixed(2)} cores before, ${measure.coresDuring.toFixed(2)} during; ${memory} MiB before, at most, after`,
    ...(measure.limit === undefined
      ? []
      : [`  it held     ${measure.limit} ${measure.held.toLocaleString('en')} times`]),
    ...(problems.length === 0 ? ['  verdict     good'] : problems.map((problem) => `  WRONG       ${problem}`)),
  ];
}
