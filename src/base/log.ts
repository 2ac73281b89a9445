// What the code tells its operator. The contract only: server/ supplies the writer.

/** How much an operator should care. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Named facts beside the sentence; keys are camelCase, values as they are. */
export type LogFields = { readonly [name: string]: string | number | boolean | undefined };

/** Takes one sentence and its facts. Never throws, never blocks. */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
}

/** A log that keeps nothing, for embedders and tests that do not want one. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
