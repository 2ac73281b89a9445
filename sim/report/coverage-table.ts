// Coverage as tables. For each group of faults: a row a state of a handshake, a column a fault, and how often one met the
// other; a dash where they cannot meet, 0 where they should have. Then features, each with the fault that it met least often, and
// the boundaries at which processes were killed.

import type { Coverage } from './coverage.ts';
import { seedsFor } from './expectations.ts';
import { FAULT_GROUPS, type FaultKind } from './faults.ts';
import { HANDSHAKE_STATES } from './handshakes.ts';
import { brief } from './say-numbers.ts';

const COLUMN = 12;

/** All of it. @param features  Their names. */
export function coverageLines(coverage: Coverage, features: readonly string[]): readonly string[] {
  return [
    ...FAULT_GROUPS.flatMap((faults) => [...faultTable(coverage, faults), '']),
    ...featureTable(coverage, features),
    '',
    ...boundaryLines(coverage),
  ];
}

function faultTable(coverage: Coverage, faults: readonly FaultKind[]): readonly string[] {
  const width = Math.max(...HANDSHAKE_STATES.map((state) => state.length));
  const [above, below] = headings(faults);
  const rows = HANDSHAKE_STATES.map((state) => {
    const cells = faults.map((fault) => {
      const hits = coverage.hits(fault, state);
      return hits === 0 && seedsFor(fault, state) === undefined ? '-' : brief(hits);
    });
    return row(state.padEnd(width), cells);
  });
  return [row(''.padEnd(width), above), row(''.padEnd(width), below), ...rows];
}

/** In two lines: who, and what. */
function headings(faults: readonly FaultKind[]): readonly [readonly string[], readonly string[]] {
  const words = faults.map((fault) => SHORT[fault] ?? fault).map((name) => name.split(' '));
  const above = words.map((parts) => (parts.length === 1 ? '' : parts.slice(0, -1).join(' ')));
  return [above, words.map((parts) => parts.at(-1) ?? '')];
}

const SHORT: { readonly [Fault in FaultKind]?: string } = {
  'broker killed at a boundary': 'broker killed-at',
  'broker loses its power': 'broker power',
  'client killed at a boundary': 'client killed-at',
  'client loses its power': 'client power',
  'broker disk failing': 'broker disk fails',
  'client disk failing': 'client disk fails',
};

function featureTable(coverage: Coverage, features: readonly string[]): readonly string[] {
  const width = Math.max(...features.map((feature) => feature.length));
  const lines = features.map((feature) => {
    const hits = FAULT_GROUPS.flat().map((fault) => ({ fault, count: coverage.featureHits(fault, feature) }));
    const [rarest] = hits.toSorted((one, other) => one.count - other.count);
    const said = rarest === undefined ? '' : `${brief(rarest.count).padStart(COLUMN)}  ${rarest.fault}`;
    return `${row(feature.padEnd(width), [brief(coverage.plans(feature))])}${said}`;
  });
  return [`${row(''.padEnd(width), ['plans'])}   met least often`, ...lines];
}

function boundaryLines(coverage: Coverage): readonly string[] {
  const boundaries = Array.from(coverage.boundaries()).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return ['killed at these boundaries:', ...boundaries.map(([name, count]) => `  ${name}: ${brief(count)}`)];
}

function row(title: string, cells: readonly string[]): string {
  return `${title}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`;
}
