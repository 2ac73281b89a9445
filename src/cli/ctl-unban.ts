// `vouch ctl unban`: ends a ban.

import { OperationError } from '../base/errors.ts';
import { askOne } from '../control/control-client.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { banKind } from './ctl-bans.ts';
import { EXIT_NOTE, JSON_OPTION, say, SOCKET_OPTIONS, socketOf } from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { jsonLine, printable } from './table.ts';

const OPTIONS = { json: JSON_OPTION, ...SOCKET_OPTIONS };

/** `vouch ctl unban`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl unban',
    sentence: 'Ends a ban.',
    usage: ['client|user|address VALUE [options]'],
    operands: ['KIND', 'VALUE'],
    options: OPTIONS,
    examples: [{ line: 'vouch ctl unban client meter-1', sentence: 'It may connect again.' }],
    notes: [EXIT_NOTE],
  },
  unban,
);

async function unban(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [kindText = '', value = ''] = operands;
  const kind = banKind(kindText);
  const answer = await askOne(socketOf(values), 'unban', { kind, value });
  const name = `The ${kind} ${printable(JSON.stringify(value))}`;
  if (answer?.wasBanned !== true) throw new OperationError('not-found', `${name} is not banned.`);
  await say(values.json ? jsonLine(answer) : `${name} is not banned any more.\n`);
  return EXIT.ok;
}
