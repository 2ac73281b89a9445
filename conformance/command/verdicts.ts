// From checks that were played to statements that hold or do not: a statement passes when every check of it that could be
// played has passed.

import type { ServerCheck, ClientCheck, Version } from '../check.ts';
import { CLIENT_CHECKS, SERVER_CHECKS } from '../checks.ts';
import { NOT_OBSERVABLE } from '../not-observable.ts';
import type { Outcome } from '../play.ts';
import { REQUIREMENTS } from '../requirements.ts';
import { isWithin } from './options.ts';

/** Whose half of a statement. */
export type Side = 'server' | 'client';

/** A check after its play in one version. */
export interface Played {
  readonly side: Side;
  readonly version: Version;
  readonly claim: string;
  /** The statements that it shows. */
  readonly ids: readonly string[];
  readonly outcome: Outcome;
}

/** What there is to say about a statement. */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'not-offered'; readonly why: string }
  | { readonly kind: 'not-observable'; readonly why: string }
  /** All its checks are for brokers that are set up in another way than this one. */
  | { readonly kind: 'other-set-up' }
  /** Nothing was played, nor is there a reason: only while a check is being written. */
  | { readonly kind: 'no-check' };

/** One half of one statement. */
export interface Row {
  readonly version: Version;
  readonly id: string;
  readonly side: Side;
  /** What it demands. */
  readonly says: string;
  readonly verdict: Verdict;
  /** Its checks, as they went. */
  readonly played: readonly Played[];
}

/** What the verdicts are about. */
export interface Scope {
  readonly versions: readonly Version[];
  readonly sides: readonly Side[];
  readonly only: string | undefined;
  /** Versions that the broker does not speak, each with how it says so. */
  readonly unspoken: ReadonlyMap<Version, string>;
}

/** The verdicts, in the order of the specifications. */
export function verdictsOf(played: readonly Played[], scope: Scope): readonly Row[] {
  const rows: Row[] = [];
  for (const { id, version, binds, says } of REQUIREMENTS) {
    if (!scope.versions.includes(version) || !isWithin(id, scope.only)) continue;
    for (const side of scope.sides) {
      if (binds !== side && binds !== 'both') continue;
      const about = played.filter((it) => it.side === side && it.version === version && it.ids.includes(id));
      const verdict = verdictOf(about, reasonFor(id, version, side, scope));
      rows.push({ version, id, side, says, verdict, played: about });
    }
  }
  return rows;
}

function verdictOf(about: readonly Played[], withoutPlay: Verdict): Verdict {
  if (about.some(({ outcome }) => outcome.kind === 'failed')) return { kind: 'fail' };
  if (about.some(({ outcome }) => outcome.kind === 'passed')) return { kind: 'pass' };
  for (const { outcome } of about) if (outcome.kind === 'not-offered') return outcome;
  return withoutPlay;
}

/** The verdict when no check of it was played. */
function reasonFor(id: string, version: Version, side: Side, { unspoken }: Scope): Verdict {
  const hidden = NOT_OBSERVABLE.find((it) => it.id === id && it.version === version && it.binds === side);
  if (hidden !== undefined) return { kind: 'not-observable', why: hidden.why };
  const refusal = unspoken.get(version);
  if (refusal !== undefined) return { kind: 'not-offered', why: `It takes no client of MQTT ${version}. ${refusal}` };
  const checks: readonly (ServerCheck | ClientCheck)[] = side === 'server' ? SERVER_CHECKS : CLIENT_CHECKS;
  const isShown = checks.some(({ shows }) => shows.some((it) => it.id === id && it.version === version));
  return { kind: isShown ? 'other-set-up' : 'no-check' };
}
