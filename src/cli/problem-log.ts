// The log of a command that people watch: each sentence is a line on standard error, named after the command, its facts in brackets;
// what a broker or a client has chosen of it is shown, never obeyed by the terminal. Standard output stays what the command was asked for.

import type { Log, LogFields, LogLevel } from '../base/log.ts';
import { visible } from '../base/visible.ts';

const RANKS: { readonly [Level in LogLevel]: number } = { debug: 0, info: 1, warn: 2, error: 3 };

/** Tells what is at least this grave. */
export function problemLog(command: string, least: LogLevel): Log {
  const tell = (level: LogLevel, sentence: string, fields: LogFields | undefined): void => {
    if (RANKS[level] < RANKS[least]) return;
    process.stderr.write(`${command}: ${visible(`${sentence}${factsText(fields)}`)}\n`);
  };
  return {
    debug: (sentence, fields) => tell('debug', sentence, fields),
    info: (sentence, fields) => tell('info', sentence, fields),
    warn: (sentence, fields) => tell('warn', sentence, fields),
    error: (sentence, fields) => tell('error', sentence, fields),
  };
}

function factsText(fields: LogFields = {}): string {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (facts.length === 0) return '';
  return ` (${facts.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')})`;
}
