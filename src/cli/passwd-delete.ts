// `vouch passwd delete`: a user of a password file is no user any more.

import { deletePassword } from '../server/password-tools.ts';
import type { Command } from './command.ts';
import { EXIT_NOTE, operandCommand, tellChange } from './passwd-operands.ts';

const NAME = 'vouch passwd delete';

/** `vouch passwd delete`. */
export const command: Command = operandCommand(
  {
    command: NAME,
    sentence: 'Deletes a user from a password file.',
    usage: ['FILE USER'],
    options: {},
    examples: [{ line: 'vouch passwd delete users.passwd anna', sentence: 'Anna is let in no more.' }],
    notes: [
      'A broker that runs with the file refuses the user within a second or two when it connects; a client that is connected stays so.',
      EXIT_NOTE,
    ],
  },
  async (operands) => tellChange(NAME, operands, deletePassword(operands.file, operands.user)),
);
