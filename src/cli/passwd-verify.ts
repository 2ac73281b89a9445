// `vouch passwd verify`: would the broker let this user in with this password?

import { quote } from '../config/spelling.ts';
import { EXIT } from '../server/exit-codes.ts';
import { verifyPassword } from '../server/password-tools.ts';
import type { Command } from './command.ts';
import type { ValuesOf } from './option-table.ts';
import { EXIT_NOTE, operandCommand, type Operands, PASSWORD_FROM } from './passwd-operands.ts';
import { readSecret } from './secret-input.ts';

const OPTIONS = { passwordFrom: PASSWORD_FROM };

/** `vouch passwd verify`. */
export const command: Command = operandCommand(
  {
    command: 'vouch passwd verify',
    sentence: 'Says whether a password is right, and whether a broker would take the file.',
    usage: ['FILE USER [options]'],
    options: OPTIONS,
    examples: [{ line: 'vouch passwd verify users.passwd anna', sentence: 'Ask for the password, and say.' }],
    notes: [`${EXIT_NOTE} Also 1 when the password is wrong or the user is not there.`],
  },
  verify,
);

async function verify({ file, user }: Operands, { passwordFrom }: ValuesOf<typeof OPTIONS>): Promise<number> {
  const secret = await readSecret({ file: passwordFrom, prompt: `Password of ${user}`, isNew: false });
  const verdict = await verifyPassword(file, user, secret);
  if (verdict === 'unknown') process.stdout.write(`There is no user ${quote(user)}.\n`);
  else process.stdout.write(`The password of ${quote(user)} is ${verdict}.\n`);
  return verdict === 'right' ? EXIT.ok : EXIT.failure;
}
