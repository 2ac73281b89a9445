// Limits and rules that come from code, not from text: an embedder's options. The same rows, the same bounds.

import type { AuthLimits } from '../auth/limits.ts';
import { DEFAULT_AUTH_LIMITS } from '../auth/limits.ts';
import { UsageError } from '../base/errors.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import { DEFAULT_LIMITS } from '../broker/limits.ts';
import type { BrokerRules } from '../broker/rules.ts';
import { DEFAULT_RULES } from '../broker/rules.ts';
import { AUTH_ROWS } from './auth-rows.ts';
import { LIMIT_ROWS } from './limit-rows.ts';
import { nearest } from './nearest.ts';
import type { Row } from './row.ts';
import { RULE_ROWS } from './rule-rows.ts';
import { quote } from './spelling.ts';

/**
 * The defaults with the given limits in their place.
 * @throws {UsageError} `invalid-option` for a name that is no limit or a value out of bounds.
 */
export function completeLimits(given: Partial<BrokerLimits>): BrokerLimits {
  check('limit', LIMIT_ROWS, given);
  return { ...DEFAULT_LIMITS, ...given };
}

/**
 * The same of the bounds of asking who clients are.
 * @throws {UsageError} `invalid-option`, as `completeLimits`.
 */
export function completeAuthLimits(given: Partial<AuthLimits>): AuthLimits {
  const { passwordFile: _, ...rows } = AUTH_ROWS;
  check('limit', rows, given);
  return { ...DEFAULT_AUTH_LIMITS, ...given };
}

/**
 * The defaults with the given rules in their place.
 * @throws {UsageError} `invalid-option` for a name that is no rule or a value that it does not take.
 */
export function completeRules(given: Partial<BrokerRules>): BrokerRules {
  check('rule', RULE_ROWS, given);
  return { ...DEFAULT_RULES, ...given };
}

function check(
  kind: 'limit' | 'rule',
  rows: { readonly [name: string]: Pick<Row<never>, 'isWithinBounds' | 'takes'> },
  given: object,
): void {
  for (const [name, value] of Object.entries(given)) {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    if (row === undefined) {
      const near = nearest(name, Object.keys(rows));
      throw new UsageError(
        'invalid-option',
        `${quote(name)} is not a ${kind}${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
    }
    // Callers in JavaScript are not held to the type; a row finds that out like any other bad value.
    if (!(row.isWithinBounds as (value: unknown) => boolean)(value)) {
      throw new UsageError('invalid-option', `the ${kind} ${name} takes ${row.takes}; got ${quote(value)}`);
    }
  }
}
