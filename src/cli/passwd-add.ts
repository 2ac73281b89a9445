// `vouch passwd add`: a user of a password file, or its new password.

import { addPassword, ITERATIONS } from '../server/password-tools.ts';
import { UsageError } from '../base/errors.ts';
import type { Command } from './command.ts';
import { integer, type ValuesOf, switchOption, valueOption } from './option-table.ts';
import { EXIT_NOTE, operandCommand, type Operands, PASSWORD_FROM, tellChange } from './passwd-operands.ts';
import { readSecret } from './secret-input.ts';

const NAME = 'vouch passwd add';

const OPTIONS = {
  passwordFrom: PASSWORD_FROM,
  scram: switchOption({
    group: 'Kind',
    sentence:
      'Keep keys for SCRAM-SHA-256, with which a client of MQTT 5 need not send its password; one that sends it is let in, too.',
  }),
  iterations: valueOption(
    {
      metavar: 'COUNT',
      group: 'Kind',
      sentence: 'How dear these keys are, for each connection of the client and for whoever guesses.',
      defaultText: String(ITERATIONS.usual),
    },
    integer(ITERATIONS.least, ITERATIONS.most),
  ),
};

/** `vouch passwd add`. */
export const command: Command = operandCommand(
  {
    command: NAME,
    sentence: 'Adds a user to a password file, or changes its password.',
    usage: ['FILE USER [options]'],
    options: OPTIONS,
    examples: [
      {
        line: 'vouch passwd add users.passwd anna',
        sentence: 'Ask for the password, twice; the file is made if it is not there.',
      },
      { line: 'pass show mqtt/anna | vouch passwd add users.passwd anna', sentence: 'Take it from another program.' },
      { line: 'vouch passwd add users.passwd meter --scram', sentence: 'For a client that does not send it.' },
    ],
    notes: [
      'The password is kept as argon2id. A broker that runs with the file takes the change within a second or two.',
      EXIT_NOTE,
    ],
  },
  add,
);

async function add(operands: Operands, { passwordFrom, scram, iterations }: ValuesOf<typeof OPTIONS>): Promise<number> {
  if (iterations !== undefined && !scram) throw new UsageError('invalid-option', '--iterations needs --scram.');
  const { file, user } = operands;
  const secret = await readSecret({ file: passwordFrom, prompt: `Password of ${user}`, isNew: true });
  const changed = await addPassword(file, user, secret, scram ? (iterations ?? ITERATIONS.usual) : undefined);
  return tellChange(NAME, operands, changed);
}
