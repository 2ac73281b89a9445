// `vouch ctl bans`: who is banned.

import { UsageError } from '../base/errors.ts';
import { askBroker } from '../control/control-client.ts';
import { BAN_KINDS, type RowsOf } from '../control/operations.ts';
import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  EXIT_NOTE,
  JSON_OPTION,
  LIMIT_OPTION,
  type Listing,
  showRows,
  SOCKET_OPTIONS,
  socketOf,
} from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';

const OPTIONS = { limit: LIMIT_OPTION, json: JSON_OPTION, ...SOCKET_OPTIONS };

const LISTING: Listing<RowsOf['bans']> = {
  columns: [
    { title: 'KIND', align: 'left' },
    { title: 'VALUE', align: 'left' },
    { title: 'BY', align: 'left' },
    { title: 'UNTIL', align: 'left' },
    { title: 'REASON', align: 'left' },
  ],
  cells: ({ kind, value, by, until, reason }) => [kind, value, by, until ?? 'unban', reason],
  nothing: 'Nobody is banned.',
};

/** `vouch ctl bans`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl bans',
    sentence: 'Lists who is banned, the oldest ban first.',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch ctl bans --json | jq \'select(.by == "flapping")\'', sentence: 'Who comes and goes without end?' },
    ],
    notes: [
      'Bans by "flapping" are the broker’s own: a client that comes and goes without end is held off for a while.',
      EXIT_NOTE,
    ],
  },
  bans,
);

async function bans(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  await showRows(askBroker(socketOf(values), 'bans', {}), values, LISTING);
  return EXIT.ok;
}

/**
 * What is banned.
 * @throws {UsageError} `invalid-argument`: that cannot be.
 */
export function banKind(word: string): (typeof BAN_KINDS)[number] {
  const kind = BAN_KINDS.find((known) => known === word);
  if (kind !== undefined) return kind;
  throw new UsageError(
    'invalid-argument',
    `KIND is ${BAN_KINDS.slice(0, -1).join(', ')} or ${BAN_KINDS.at(-1)}; got ${quote(word)}.`,
  );
}
