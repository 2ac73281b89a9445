// Where it is found out who a client is, as a program says it: the same rows as those of the file, the same bounds.

import { type AuthSources, DEFAULT_AUTH_SOURCES } from '../auth/sources.ts';
import { UsageError } from '../base/errors.ts';
import { asSentence } from './problem.ts';
import type { Row } from './row.ts';
import { faultsOfSources, SOURCE_ROWS, type SourceOption } from './source-rows.ts';
import { quote } from './spelling.ts';

/** What a program may say of it. */
export type GivenSources = { readonly [Name in SourceOption]?: AuthSources[Name] | undefined };

/** What is needed of a row of whatever value. */
type AnyRow = Pick<Row<unknown>, 'read' | 'takes'> & { readonly isWithinBounds: (value: never) => boolean };

/**
 * The defaults with what was given in their place; other options of the same object are passed over.
 * @throws {UsageError} `invalid-option` for a value that is not taken, or does not fit another one.
 */
export function completeSources(given: GivenSources): AuthSources {
  const complete: { [name: string]: unknown } = { ...DEFAULT_AUTH_SOURCES };
  for (const [name, row] of Object.entries<AnyRow>(SOURCE_ROWS)) {
    const value: unknown = Reflect.get(given, name);
    if (value === undefined) continue;
    const taken = take(row, value);
    if (taken === undefined) throw new UsageError('invalid-option', `${name} takes ${row.takes}; got ${quote(value)}.`);
    complete[name] = taken;
  }
  // Every name is set, to what its own row takes.
  const sources = complete as unknown as AuthSources;
  const [fault] = faultsOfSources(sources);
  if (fault !== undefined) throw new UsageError('invalid-option', asSentence(fault.sentence));
  return sources;
}

/** A value as its row has it; `undefined`: it is not taken. */
function take(row: AnyRow, value: unknown): unknown {
  // Callers in JavaScript are not held to the type; a row finds that out like any other bad value.
  if (typeof value === 'number') return (row.isWithinBounds as (value: unknown) => boolean)(value) ? value : undefined;
  if (Array.isArray(value)) return value.length === 0 ? value : row.read(value.join(','));
  return value === '' ? value : row.read(value);
}
