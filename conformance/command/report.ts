// Verdicts as data, for a file: the same for the same broker each time, but for the bytes.

import type { Played, Row, Side, Verdict } from './verdicts.ts';

/** What a file of verdicts has. */
export interface Report {
  readonly peer: { readonly name: string; readonly version: string };
  readonly statements: readonly StatementReport[];
}

/** One half of one statement. */
export interface StatementReport {
  readonly id: string;
  readonly version: string;
  readonly side: Side;
  readonly verdict: Verdict['kind'];
  /** Why it was not played. */
  readonly why?: string;
  readonly checks: readonly CheckReport[];
}

interface CheckReport {
  readonly claim: string;
  readonly outcome: Played['outcome']['kind'];
  readonly why?: string;
  /** What the check sent (>) and received (<), by connection. */
  readonly bytes?: readonly string[];
}

/** @param withBytes  With what was exchanged in checks that failed. */
export function reportOf(peer: Report['peer'], rows: readonly Row[], withBytes: boolean): Report {
  return {
    peer: { name: peer.name, version: peer.version },
    statements: rows.map(({ id, version, side, verdict, played }) => ({
      id,
      version,
      side,
      verdict: verdict.kind,
      ...('why' in verdict ? { why: verdict.why } : {}),
      checks: played.map((check) => checkReport(check, withBytes)),
    })),
  };
}

/** The text of the file. */
export function reportText(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function checkReport({ claim, outcome }: Played, withBytes: boolean): CheckReport {
  if (outcome.kind === 'passed') return { claim, outcome: outcome.kind };
  const { kind, why } = outcome;
  if (kind === 'failed' && withBytes) return { claim, outcome: kind, why, bytes: outcome.transcript };
  return { claim, outcome: kind, why };
}
