// The log of a process: pino's JSON lines, or lines for people on a terminal, written by a LogSink.
// Whatever clients choose (names, topics) is shown to people without control characters, so that
// nobody can paint on the operator's terminal; in JSON lines they are escaped.

import { pino } from 'pino';

import type { Log, LogFields, LogLevel } from '../base/log.ts';
import { visible } from '../base/visible.ts';
import { LogSink } from './log-sink.ts';

/** How to write. */
export interface LogOutputOptions {
  readonly level: LogLevel;
  readonly isPretty: boolean;
  /** Whether lines for people are coloured. */
  readonly isColored: boolean;
  /** The file descriptor to write to; 1 is standard output. */
  readonly descriptor: number;
}

/** An open log. */
export interface LogOutput {
  readonly log: Log;
  /** Writes text as it is, in order with the log lines. */
  write(text: string): void;
  /** Writes out what waits, for at most `millisMax`, and takes nothing more. */
  close(millisMax: number): Promise<void>;
  /** The same at once, for a process that must end in this turn. */
  closeNow(): void;
}

/** Opens the log. The library of the pretty form is loaded only where it is used. */
export async function openLogOutput(options: LogOutputOptions): Promise<LogOutput> {
  const sink = new LogSink(options.descriptor);
  const show = options.isPretty ? await linesForPeople(options.isColored) : escapedJson;
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line) {
        if (sink.linesLost > 0) tellLost(sink, show);
        sink.write(show(line));
      },
    },
  );
  const log: Log = {
    debug: (sentence, fields) => logger.debug(fields, sentence),
    info: (sentence, fields) => logger.info(fields, sentence),
    warn: (sentence, fields) => logger.warn(fields, sentence),
    error: (sentence, fields) => logger.error(fields, sentence),
  };
  return {
    log,
    write: (text) => sink.write(text),
    close: (millisMax) => sink.close(millisMax),
    closeNow: () => sink.closeNow(),
  };
}

/** A JSON line with the control characters escaped that JSON allows as they are; it means the same. */
function escapedJson(line: string): string {
  return line.replaceAll(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Facts beside a sentence, as people read them: `client="a b" packets=3`. */
export function showFields(fields: LogFields): string {
  const shown: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const isPlain = typeof value !== 'string' || /^[\w.:/[\]@+#$-]+$/.test(value);
    shown.push(`${name}=${isPlain ? value : visible(JSON.stringify(value))}`);
  }
  return shown.join(' ');
}

async function linesForPeople(isColored: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const show = prettyFactory({
    colorize: isColored,
    customColors: { message: 'reset' },
    useOnlyCustomProps: false,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    messageFormat(line, messageKey, _levelLabel, { colors }) {
      const { level: _level, time: _time, [messageKey]: sentence, ...fields } = line;
      const facts = showFields(fields as LogFields);
      return facts === '' ? visible(String(sentence)) : `${visible(String(sentence))}  ${colors.gray(facts)}`;
    },
  });
  return (line) => show(line);
}

/** Tells of lost lines once there is room again; while there is none, this line is lost like the others. */
function tellLost(sink: LogSink, show: (line: string) => string): void {
  const lost = sink.linesLost;
  sink.linesLost = 0;
  const line = {
    level: 'warn',
    time: new Date().toISOString(),
    lines: lost,
    msg: 'Log lines were lost: nobody read them',
  };
  sink.write(show(`${JSON.stringify(line)}\n`));
  // Without room for it the count goes on from where it was.
  if (sink.linesLost > 0) sink.linesLost = lost;
}
