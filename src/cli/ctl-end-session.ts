// `vouch ctl end-session`: a session, with everything that it is owed, is no more.

import { askOne } from '../control/control-client.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { REASON_OPTION } from './ctl-kick.ts';
import { EXIT_NOTE, isMeant, JSON_OPTION, say, SOCKET_OPTIONS, socketOf, YES_OPTION } from './ctl-options.ts';
import type { ValuesOf } from './option-table.ts';
import { counted } from './store-options.ts';
import { jsonLine, printable } from './table.ts';

const OPTIONS = { reason: REASON_OPTION, yes: YES_OPTION, json: JSON_OPTION, ...SOCKET_OPTIONS };

/** `vouch ctl end-session`. */
export const command: Command = defineCommand(
  {
    command: 'vouch ctl end-session',
    sentence:
      'Ends a session with its subscriptions and everything that it is owed, and the connection that it may have.',
    usage: ['ID [options]'],
    operands: ['ID'],
    options: OPTIONS,
    examples: [
      { line: 'vouch ctl end-session meter-1', sentence: 'Asks first, and says how much goes with it.' },
      { line: 'vouch ctl end-session meter-1 --yes', sentence: 'For scripts.' },
    ],
    notes: [
      'What it was owed is gone, and counted as dropped; messages of shared subscriptions go to another member. Its Will is published. The ' +
        'session does not come back after a crash.',
      EXIT_NOTE,
    ],
  },
  endSession,
);

async function endSession(values: ValuesOf<typeof OPTIONS>, operands: readonly string[]): Promise<number> {
  const [id = ''] = operands;
  const socket = socketOf(values);
  const name = printable(JSON.stringify(id));
  if (!values.yes) {
    const found = await askOne(socket, 'client', { id });
    const messages = counted((found?.queuedMessages ?? 0) + (found?.inFlight ?? 0), 'message');
    const question = `End the session of ${name}, with ${messages} that it is owed?`;
    if (!(await isMeant(question, values.yes))) return EXIT.failure;
  }
  const ended = await askOne(socket, 'end-session', { id, reason: values.reason });
  if (ended === undefined) return EXIT.failure;
  const connection = ended.wasConnected ? 'and its connection have' : 'has';
  const subscriptions = counted(ended.subscriptions, 'subscription');
  await say(
    values.json
      ? jsonLine(ended)
      : `The session of ${name} ${connection} ended, with ${subscriptions} and ${counted(ended.messages, 'message')} that it was owed.\n`,
  );
  return EXIT.ok;
}
