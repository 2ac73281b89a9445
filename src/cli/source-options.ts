// Where the payload of a message comes from: the options of `vouch pub` and `vouch rr` that say so, of which one is given.

import { UsageError } from '../base/errors.ts';
import { type Option, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';
import type { Source } from './pub-source.ts';

const MESSAGE = 'Message';

/** The rows. */
export type SourceOptions = {
  readonly message: Option<string | undefined>;
  readonly file: Option<string | undefined>;
  readonly stdinFile: Option<boolean>;
  readonly nullMessage: Option<boolean>;
};

/** The rows, to be spread into a command's own. */
export const SOURCE_OPTIONS: SourceOptions = {
  message: valueOption({ short: 'm', metavar: 'TEXT', group: MESSAGE, sentence: 'Publish this text.' }, text),
  file: valueOption({ short: 'f', metavar: 'FILE', group: MESSAGE, sentence: 'Publish what is in the file.' }, text),
  stdinFile: switchOption({ short: 's', group: MESSAGE, sentence: 'Publish all of standard input as one message.' }),
  nullMessage: switchOption({ short: 'n', group: MESSAGE, sentence: 'Publish an empty message.' }),
};

/**
 * The place that was given; `undefined`: none.
 * @throws {UsageError} `invalid-option`: two of them.
 */
export function sourceIn(values: ValuesOf<SourceOptions> & { readonly stdinLine?: boolean }): Source | undefined {
  const given: readonly (readonly [string, Source | undefined])[] = [
    ['-m', values.message === undefined ? undefined : { kind: 'bytes', payload: values.message }],
    ['-n', values.nullMessage ? { kind: 'nothing' } : undefined],
    ['-f', values.file === undefined ? undefined : { kind: 'file', path: values.file }],
    ['-s', values.stdinFile ? { kind: 'input' } : undefined],
    ['-l', values.stdinLine === true ? { kind: 'lines' } : undefined],
  ];
  const [first, second] = given.filter(([, source]) => source !== undefined);
  if (second === undefined) return first?.[1];
  throw new UsageError('invalid-option', `${first?.[0]} and ${second[0]} do not go together: choose one.`);
}
