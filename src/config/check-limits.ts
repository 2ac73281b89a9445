// Limits that come from code, not from text: an embedder's options. The same rows, the same bounds.

import { UsageError } from '../base/errors.ts';
import type { BrokerLimits } from '../broker/limits.ts';
import { DEFAULT_LIMITS } from '../broker/limits.ts';
import { LIMIT_ROWS } from './limit-rows.ts';
import { nearest } from './nearest.ts';
import { quote } from './spelling.ts';

/**
 * The defaults with the given limits in their place.
 * @throws {UsageError} `invalid-option` for a name that is no limit or a value out of bounds.
 */
export function completeLimits(given: Partial<BrokerLimits>): BrokerLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!isLimitName(name)) {
      const near = nearest(name, Object.keys(LIMIT_ROWS));
      throw new UsageError(
        'invalid-option',
        `${quote(name)} is not a limit${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
    }
    const { isWithinBounds, takes } = LIMIT_ROWS[name];
    // Callers in JavaScript are not held to the type; a row finds that out like any other bad value.
    if (!(isWithinBounds as (value: unknown) => boolean)(value)) {
      throw new UsageError('invalid-option', `the limit ${name} takes ${takes}; got ${quote(value)}`);
    }
  }
  return { ...DEFAULT_LIMITS, ...given };
}

function isLimitName(name: string): name is keyof BrokerLimits {
  return Object.hasOwn(LIMIT_ROWS, name);
}
