// `vouch ctl reload`: what is read from files is read again, as at SIGHUP, and what became of each is told.

import { askBroker } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { JSON_OPTION, say, SOCKET_OPTIONS, socketOf } from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { jsonLine, printable } from './table.ts';

const OPTIONS = { json: JSON_OPTION, ...SOCKET_OPTIONS };

const RESULTS: { readonly [Result in RowsOf['reload']['result']]: string } = {
  changed: 'has changed, and is in force',
  unchanged: 'is as it was',
  refused: 'is wrong: what was in force stays so',
};

/** `vouch ctl reload`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl reload',
    sentence: 'Reads users, rules, keys and certificates again, and says what became of each.',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [{ line: 'vouch ctl reload', sentence: 'After a certificate was renewed.' }],
    notes: [
      'Files that change are read again by themselves, within a second or two; this is for whoever wants to know what came of it.',
      'Exit codes: 0 all are in force; 1 one is wrong, or no broker answers; 2 called wrongly; 70 a bug in Vouch.',
    ],
  },
  reload,
);

async function reload(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  let isWrong = false;
  let isAny = false;
  for await (const row of askBroker(socketOf(values), 'reload', {})) {
    isAny = true;
    isWrong ||= row.result === 'refused';
    await say(values.json ? jsonLine(row) : linesOf(row));
  }
  if (!isAny && !values.json) await say('The broker reads nothing from files that could be read again.\n');
  return isWrong ? EXIT.failure : EXIT.ok;
}

function linesOf({ what, files, result, remarks }: RowsOf['reload']): string {
  const lines = [`The ${what} (${files.join(', ')}) ${RESULTS[result]}.`, ...remarks.map((remark) => `  ${remark}`)];
  return lines.map((line) => `${printable(line)}\n`).join('');
}
