// Verdicts as lines for people.

import type { Version } from '../check.ts';
import { REQUIREMENTS } from '../requirements.ts';
import type { Played, Row, Side, Verdict } from './verdicts.ts';

const WORDS: { readonly [Kind in Verdict['kind']]: string } = {
  pass: 'pass',
  fail: 'FAIL',
  'not-offered': 'not offered',
  'not-observable': 'not observable',
  'other-set-up': 'other set-up',
  'no-check': 'no check',
};
const WORD_WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length)) + 2;
const ID_WIDTH = Math.max(...REQUIREMENTS.map(({ id }) => id.length)) + 2;
const INDENT = ' '.repeat(2 + WORD_WIDTH + 2);

/** All verdicts, a heading for each version and side. What failed comes with what was seen, once for each check. */
export function showRows(rows: readonly Row[]): readonly string[] {
  const lines: string[] = [];
  const shown = new Set<Played>();
  for (const [heading, group] of Map.groupBy(rows, headingOf)) {
    lines.push(heading);
    for (const row of group) lines.push(...showRow(row, shown));
    lines.push('');
  }
  return lines;
}

/** A line for each version and side: how many statements there are of each verdict. */
export function showSummary(rows: readonly Row[]): readonly string[] {
  return Array.from(Map.groupBy(rows, headingOf), ([heading, group]) => {
    const counts = (Object.keys(WORDS) as Verdict['kind'][]).flatMap((kind) => {
      const count = group.filter(({ verdict }) => verdict.kind === kind).length;
      return count === 0 ? [] : [`${count} ${WORDS[kind]}`];
    });
    return `${heading}: ${counts.join(', ')}`;
  });
}

function headingOf({ version, side }: { readonly version: Version; readonly side: Side }): string {
  return `MQTT ${version}, ${side}`;
}

function showRow({ id, says, verdict, played }: Row, shown: Set<Played>): readonly string[] {
  const head = `  ${WORDS[verdict.kind].padEnd(WORD_WIDTH)}${id.padEnd(ID_WIDTH)}${says}`;
  const below = verdict.kind === 'fail' ? played.flatMap((check) => showFailure(check, shown)) : [];
  if ('why' in verdict) below.push(verdict.why);
  return [head, ...below.map((line) => `${INDENT}${line}`)];
}

function showFailure(check: Played, shown: Set<Played>): readonly string[] {
  const { outcome, claim } = check;
  if (outcome.kind !== 'failed') return [];
  if (shown.has(check)) return [`${claim}: see above`];
  shown.add(check);
  return [claim, `  ${outcome.why}`, ...outcome.transcript.map((line) => `    ${line}`)];
}
