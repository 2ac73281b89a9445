// `vouch ctl kick`: ends the connection of a client.

import { askOne } from '../control/control-client.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { EXIT_NOTE, JSON_OPTION, say, SOCKET_OPTIONS, socketOf } from './ctl-options.ts';
import { type Option, text, type ValuesOf, valueOption } from './option-table.ts';
import { jsonLine, printable } from './table.ts';

/** What the client is told. */
export const REASON_OPTION: Option<string | undefined> = valueOption(
  { metavar: 'TEXT', group: 'Words', sentence: 'Why; for the log, and for a client of MQTT 5.0.' },
  text,
);

const OPTIONS = { reason: REASON_OPTION, json: JSON_OPTION, ...SOCKET_OPTIONS };

/** `vouch ctl kick`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl kick',
    sentence: 'Ends the connection of a client. Its session stays, and its Will is published.',
    usage: ['ID [options]'],
    operands: ['ID'],
    options: OPTIONS,
    examples: [{ line: 'vouch ctl kick meter-1 --reason "Please update."', sentence: 'It may come back at once.' }],
    notes: [
      'A client of MQTT 5.0 hears DISCONNECT 0x98 (administrative action). Most clients connect again: "vouch ctl ban" keeps one away.',
      EXIT_NOTE,
    ],
  },
  kick,
);

async function kick(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [id = ''] = operands;
  const dismissal = await askOne(socketOf(values), 'kick', { id, reason: values.reason });
  if (dismissal === undefined) return EXIT.failure;
  const session = dismissal.keepsSession
    ? 'Its session goes on when it comes back.'
    : 'Its session has ended with that.';
  await say(
    values.json
      ? jsonLine(dismissal)
      : `${printable(JSON.stringify(id))} at ${printable(dismissal.address)} was disconnected. ${session}\n`,
  );
  return EXIT.ok;
}
