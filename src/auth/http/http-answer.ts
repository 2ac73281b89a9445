// What an HTTP server says of a client, read strictly: an answer with a field that is not known, or of another type, is none, since
// it may be a limit that was misspelled. Nothing of an answer is repeated in what is said of it but the names of its fields.

import { type Millis, seconds } from '../../base/millis.ts';
import type { Rule } from '../rules/rule.ts';
import type { ReadAnswer } from './http-endpoint.ts';

/** An answer. */
export interface HttpAnswer {
  readonly result: 'allow' | 'deny' | 'ignore';
  /** `null`: the client is anonymous; `undefined`: it is whom it says. */
  readonly user: string | null | undefined;
  readonly groups: readonly string[];
  readonly expiresAt: Millis | undefined;
  /** For the log; '': none. */
  readonly reason: string;
  /** `undefined`: the answer has none. */
  readonly rules: readonly Rule[] | undefined;
}

/** Reads rules: those of the answer in their order, or what is wrong with them. */
export type ReadRules = (
  rules: readonly unknown[],
) => { readonly kind: 'rules'; readonly rules: readonly Rule[] } | { readonly kind: 'wrong'; readonly why: string };

const FIELDS = ['result', 'user', 'groups', 'expiresAt', 'reason', 'rules'];
const GROUPS_MAX = 100;
const RULES_MAX = 200;
const REASON_LENGTH_MAX = 256;

/** Reads the text of an answer. */
export function readAnswer(text: string, readRules: ReadRules): ReadAnswer<HttpAnswer> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unusable('it is no JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return unusable('it is no JSON object');
  const fields = new Map<string, unknown>(Object.entries(json));
  const unknown = [...fields.keys()].find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    return unusable(`it has the field ${JSON.stringify(unknown.slice(0, 64))}, which is not known`);
  const [result, user, groups, expiresAt, reason, rules] = FIELDS.map((name) => fields.get(name));
  if (result !== 'allow' && result !== 'deny' && result !== 'ignore') {
    return unusable('its result is neither allow, deny nor ignore');
  }
  if (user !== undefined && user !== null && !isName(user)) return unusable('its user is no name, and not null');
  if (groups !== undefined && !isNames(groups))
    return unusable(`its groups are no list of at most ${GROUPS_MAX} names`);
  if (expiresAt !== undefined && !isMoment(expiresAt))
    return unusable('its expiresAt is no number of seconds since 1970');
  if (reason !== undefined && typeof reason !== 'string') return unusable('its reason is no text');
  if (rules !== undefined && (!Array.isArray(rules) || rules.length > RULES_MAX)) {
    return unusable(`its rules are no list of at most ${RULES_MAX}`);
  }
  const read = rules === undefined ? undefined : readRules(rules);
  if (read?.kind === 'wrong') return unusable(`its rules are wrong: ${read.why}`);
  return {
    kind: 'read',
    answer: {
      result,
      user,
      groups: groups ?? [],
      expiresAt: expiresAt === undefined ? undefined : seconds(expiresAt),
      reason: (reason ?? '').slice(0, REASON_LENGTH_MAX),
      rules: read?.rules,
    },
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0');
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= GROUPS_MAX && value.every(isName);
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function unusable(why: string): ReadAnswer<HttpAnswer> {
  return { kind: 'unusable', why };
}
