// `vouch ctl retained clear`: retained messages that match a filter are no more.

import { askBroker, askOne } from '../control/control-client.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { EXIT_NOTE, isMeant, JSON_OPTION, say, SOCKET_OPTIONS, socketOf, YES_OPTION } from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { counted } from './store-options.ts';
import { jsonLine, printable } from './table.ts';

const OPTIONS = { yes: YES_OPTION, json: JSON_OPTION, ...SOCKET_OPTIONS };

/** `vouch ctl retained clear`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl retained clear',
    sentence: 'Removes the retained messages that a Topic Filter matches.',
    usage: ['FILTER [options]'],
    operands: ['FILTER'],
    options: OPTIONS,
    examples: [
      { line: "vouch ctl retained clear 'lamps/#'", sentence: 'Asks first, and says how many there are.' },
      { line: 'vouch ctl retained clear lamps/7 --yes', sentence: 'For scripts.' },
    ],
    notes: ['Subscribers hear nothing of it. The topics of the broker itself ($SYS) stay.', EXIT_NOTE],
  },
  clear,
);

async function clear(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [filter = ''] = operands;
  const socket = socketOf(values);
  const name = printable(JSON.stringify(filter));
  if (!values.yes) {
    let found = 0;
    for await (const _ of askBroker(socket, 'retained', { filter, limit: undefined, payload: false })) found++;
    const question = `Remove ${counted(found, 'retained message')} that ${name} matches?`;
    if (!(await isMeant(question, values.yes))) return EXIT.failure;
  }
  const answer = await askOne(socket, 'clear-retained', { filter });
  if (answer === undefined) return EXIT.failure;
  await say(values.json ? jsonLine(answer) : `${counted(answer.cleared, 'retained message')} removed.\n`);
  return EXIT.ok;
}
